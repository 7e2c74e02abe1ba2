"""What the source of an HL7 v2 report names each text: the code, suffix and label of OBX-3.

Codes: the suffixes of HL7 v2 (7.1.3 to 7.1.5 in version 2.3: IMP, REC, GDT, MDT, TCM, ADT, CMS, ...), LOINC (as in the
sections of DICOM PS3.20), DICOM's 113014, and the identifiers of VistA (Radiology/Nuclear Medicine 5.0, HL7 Interface
Specifications: P, I, D, M, TCM, C4, R, H). Others are known by the words of their label ("Radiologist's Impression").
"""

import re
from functools import lru_cache

from radray.reports.text import exams
from radray.reports.text.headings.names import BOTH
from radray.reports.wire.hl7.messages import Delimiters

REPORT = "report"
"""The whole report, a part of it that is not named, or a rendering of it."""
OTHER = ""
"""A text whose name says neither that it is of the report nor that it is not."""
VALUES = frozenset({"findings", "impression", "indication", "comparison"})
"""Names that are fields of a record. A name that is none of those above is a section's: no part of the report."""

_CODES: dict[str, str] = {
    code: name
    for name, codes in {
        "findings": "GDT FND FIND FINDING FINDINGS 59776-5",
        "impression": "IMP IMPRESSION IMPRESSIONS CONCLUSION CONCLUSIONS 19005-8 55110-1",
        "indication": "INDICATION HISTORY CLINICAL_HISTORY 18785-6 59768-2 55752-0",
        "comparison": "CMS COMPARISON 18834-2",
        "technique": "TECHNIQUE 55111-9",
        "prior_exams": "55114-3",
        "recommendations": "REC RECOMMENDATION RECOMMENDATIONS 18783-1",
        "addendum": "ADT ADN ADD ADDENDUM ADDENDA 55107-7",
        "comment": "TCM",
        "notification": "73568-3",
        "examination": "PROC PROCEDURE MODIFIERS MODIFIER C4 55115-0",
        "codes": "DXCODE",
        "identifiers": "113014 110180 110181 112002 UID",
        REPORT: "R RPT REPORT RADRPT RAD_REPORT TXT PIT TEXT HTML XHTML RTF BODY NAR NARRATIVE "
        "18748-4 18782-3 18747-6 11528-7 18755-9 18757-5 18758-3 68604-8 36643-5",
    }.items()
    for code in codes.split()
}
_SUFFIXES = {
    "MDT": "findings",
    **dict.fromkeys(["CMT", "CMR", "CMC"], "prior_exams"),
    "CNF": "recommendations",
    **dict.fromkeys(["PRC", "MED", "DEV", "ANT"], "examination"),
}
"""Codes that are known as suffixes alone: as codes of their own they may be anything."""
_VISTA = {"I": "impression", "H": "indication", "P": "examination", "D": "codes", "M": "examination"}
"""Letters that are identifiers of VistA, where they have no label."""
_RENDERINGS = {"TXT": 0, "PIT": 1, "RTF": 2, "XHTML": 3, "HTML": 4}
"""Display segments of Australia's AUSPDI and others: the same report in several formats; the first is read."""

_CONCEPTS = frozenset({"SCT", "SNM", "SNM3", "SRT", "DCM", "RADLEX", "RADELEMENT", "RDE"})
"""Coding systems of concepts: what is observed of a lesion, not the report ("300332007^Liver Mass^SCT")."""

_WORD = re.compile(r"[A-Z]+")
_APART: tuple[tuple[str, frozenset[str]], ...] = (
    ("addendum", frozenset({"ADDENDUM", "ADDENDA", "ADDENDUMS"})),
    ("attestation", frozenset({"SIGNATURE", "SIGNATURES", "SIGNED", "ATTESTATION", "DICTATED", "TRANSCRIBED"})),
    ("notification", frozenset({"NOTIFICATION", "NOTIFICATIONS", "COMMUNICATION"})),
    ("prior_exams", frozenset({"PRIOR", "PREVIOUS"})),
    ("recommendations", frozenset({"RECOMMENDATION", "RECOMMENDATIONS"})),
)
"""Words of a label that say more than any code: "GDT^ADDENDUM TEXT"."""
_LABELS: tuple[tuple[str, frozenset[str]], ...] = (
    ("impression", frozenset({"IMPRESSION", "IMPRESSIONS", "CONCLUSION", "CONCLUSIONS"})),
    ("findings", frozenset({"FINDINGS", "FINDING"})),
    ("indication", frozenset({"INDICATION", "INDICATIONS", "HISTORY", "REASON"})),
    ("comparison", frozenset({"COMPARISON", "COMPARISONS"})),
    ("technique", frozenset({"TECHNIQUE", "PROTOCOL"})),
    ("examination", frozenset({"MODIFIER", "MODIFIERS"})),
    ("identifiers", frozenset({"UID", "ACCESSION"})),
    ("allergies", frozenset({"ALLERGIES", "ALLERGY"})),
)
_WHOLE_LABELS = {
    **dict.fromkeys(["INTERPRETATION", "OPINION", "SUMMARY"], "impression"),
    **dict.fromkeys(["CLINICAL INFORMATION", "CLINICAL DETAILS", "CLINICAL DATA", "CLINICAL INFO"], "indication"),
    **dict.fromkeys(["PROCEDURE", "PROCEDURES", "PROCEDURE CODE", "PROCEDURE NAME", "EXAM", "STUDY"], "examination"),
    **dict.fromkeys(["MODALITY", "BODY PART", "BODY PART EXAMINED", "LATERALITY", "SIDE"], "examination"),
    **dict.fromkeys(["DIAGNOSTIC CODE", "DIAGNOSTIC CODES", "DIAGNOSIS CODE", "DIAGNOSIS CODES"], "codes"),
    **dict.fromkeys(["RADIOLOGIST", "TRANSCRIPTIONIST", "TECHNOLOGIST", "DICTATION TS"], "attestation"),
    "CRITICAL": "notification",
}
"""Labels that name something only if they are all of it: "Outside film interpretation" is an exam."""
_REPORT_WORDS = frozenset({"REPORT", "NARRATIVE", "TEXT", "BODY", "RESULT", "RESULTS", "DESCRIPTION", "DISPLAY"})
_TECHNOLOGIST = frozenset({"TECH", "TECHS", "TECHNOLOGIST", "TECHNOLOGISTS", "TECHNICIAN", "TECHNICIANS"})
_NOTES = frozenset({"COMMENT", "COMMENTS", "NOTE", "NOTES"})
_CRITICAL = frozenset({"RESULT", "RESULTS", "FINDING", "FINDINGS", "VALUE", "VALUES", "TEST"})


@lru_cache(maxsize=4096)
def name_of_observation(identifier: str, delimiters: Delimiters, exam: frozenset[str] = frozenset()) -> str:
    """Return what OBX-3 `identifier` names: one of VALUES, REPORT, OTHER, or the section of a text apart.

    `exam` are the codes and labels of OBR-4: an observation of the exam itself is of the report. The suffix decides
    before the code and the code before the label, but for labels that name an addendum or the like. A blank identifier,
    and a number without a label (senders number their lines so), is REPORT.
    """
    components = [
        [delimiters.unescape(word).strip().upper() for word in component.split(delimiters.subcomponent)]
        for component in identifier.split(delimiters.component)
    ]
    codes = [*reversed(components[0]), *(components[3] if len(components) > 3 else ())]
    suffix = next((word for word in components[0][1:] if word), "")
    labels = [" ".join(components[place]) for place in (1, 4) if place < len(components)]
    words = [frozenset(_WORD.findall(label)) for label in labels]
    for of_label in words:
        if section := _apart(of_label):
            return section
    by_label = next((name for pair in zip(labels, words, strict=True) if (name := _of_label(*pair)) is not None), None)
    for code in codes:
        if (name := _CODES.get(code)) is not None:
            # "GDT^IMPRESSION": a description may be anything
            return by_label if code == "GDT" and by_label in ("impression", BOTH) else name
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    is_exam = not suffix and components[0][0] != "" and components[0][0] in exam
    if is_exam and all(label in exam for label in labels if label):
        return REPORT
    if by_label is not None:
        return by_label
    if is_exam:
        return REPORT
    if not any(labels) and (name := _VISTA.get(components[0][0])) is not None:
        return name
    if suffix or (len(components) > 2 and components[2][0] in _CONCEPTS):
        return OTHER
    if name := _of_code(components[0][0]):
        return name
    name_given = " ".join([components[0][0], *labels]).strip()
    if any(not of_label.isdisjoint(_NOTES) for of_label in words):
        return OTHER
    is_of_exam = exams.body_part(name_given) or exams.modality(name_given)
    return REPORT if is_of_exam or not _WORD.search(name_given) else OTHER


def rendering_of(identifier: str, delimiters: Delimiters) -> int | None:
    """Return the rank of the format, from the best, if OBX-3 `identifier` names a format of the report; else None."""
    return _RENDERINGS.get(identifier.split(delimiters.component, 1)[0].strip().upper())


def _apart(words: frozenset[str]) -> str | None:
    """Return the section of a label with `words` that is not of the report whatever its code; else None."""
    if not words.isdisjoint(_TECHNOLOGIST) and not words.isdisjoint(_NOTES):
        return "comment"
    if {"PEER", "REVIEW"} <= words:
        return "comment"
    if {"WET", "READ"} <= words:
        return "wet_read"
    if "DOSE" in words and "LOW" not in words:
        # not "Low dose CT"
        return "technique"
    if "CRITICAL" in words and not words.isdisjoint(_CRITICAL):
        return "notification"
    for section, of_section in _APART:
        if not words.isdisjoint(of_section):
            # "Impression and Recommendation"
            return None if section == "recommendations" and not words.isdisjoint(_LABELS[0][1]) else section
    return None


def _of_label(label: str, words: frozenset[str]) -> str | None:
    label = " ".join(label.replace("_", " ").split())
    if (name := _WHOLE_LABELS.get(label)) is not None:
        return name
    names = [name for name, of_name in _LABELS if not words.isdisjoint(of_name)]
    if "findings" in names and "impression" in names:
        return BOTH
    if names:
        return names[0]
    return REPORT if not words.isdisjoint(_REPORT_WORDS) else None


def _of_code(code: str) -> str:
    """Return what a code made of words names: "ECHO_IMP", "RADIOLOGY_FINDINGS", "CT_REPORT"."""
    words = re.split(r"[^A-Z0-9]+", code)
    if section := _apart(frozenset(words)):
        return section
    # not "KNEE_R", "SPINE_C4"
    last = _CODES.get(words[-1], OTHER) if len(words[-1]) > 2 else OTHER
    return _of_label(" ".join(words), frozenset(words)) or last
