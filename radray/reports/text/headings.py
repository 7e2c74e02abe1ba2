"""The headings of report sections: their variants, with the evidence for them, and how words become a heading."""

import re

from radray.reports.text.exams import body_part, modality
from radray.reports.text.spelling import correct

PREAMBLE = "preamble"
"""Text under no heading: before the first one, after "FINAL REPORT", after a rule of underscores."""
BOTH = "findings_and_impression"
"""Findings and impression in one: as input it would hold the answer, as a reference the question."""
REPORT = "report"
"""Text under a heading that names the exam or the whole report; `sections` decides what it is."""
LAST_PARAGRAPH = "last_paragraph"
"""Paragraphs without a heading at the end of a report that has neither findings nor impression."""
RESULTS = "results"
"""Text under "RESULTS" and the like: the findings where no other heading names them, else part of the text around."""
SUMMARY = "summary"
"""Text under "INTERPRETATION", "SUMMARY" and the like: the impression where it follows the findings and no other
heading names one; else kept apart, since it may hold the answer."""
DIAGNOSIS = "diagnosis"
"""Text under "DIAGNOSIS": before the findings the clinical one, an indication; after them like SUMMARY."""

NAMES: dict[str, tuple[str, ...]] = {
    # Frequencies over all 227,835 reports of MIMIC-CXR, as counted in the corpus's own parser
    # (MIT-LCP/mimic-cxr, txt/section_parser.py): impression 187,759, comparison 154,647, indication 153,730,
    # findings 149,842, examination 94,094, technique 81,402, history 45,624, comparisons 8,686, clinical history
    # 7,121, reason for examination 5,845, notification 5,749, reason for exam 4,430, clinical information 4,024,
    # exam 3,907, clinical indication 1,945, conclusion 1,802, "chest, two views" 1,735, recommendation(s) 1,700,
    # type of examination 1,678, reference exam 347, patient history 251, addendum 183, comparison exam 163,
    # date 108, comment 88, findings and impression 87, wet read 83, comparison film 79, recommendations 72,
    # findings/impression 47, and misspellings (1 to 8 each). Names without a number here are used by other hospitals;
    # none of them is a word that begins a sentence before a colon.
    "examination": (
        "EXAMINATION",
        "EXAM",
        "TYPE OF EXAMINATION",
        "TYPE OF EXAM",
        "STUDY",
        "PROCEDURE",
        "EXAMINATIONS",
        "EXAMS",
    ),
    "indication": (
        "INDICATION",
        "INDICATIONS",
        "REASON FOR EXAMINATION",
        "REASON FOR EXAM",
        "REASON FOR THE EXAM",
        "REASON FOR STUDY",
        "CLINICAL INDICATION",
        # That parser, and MEDIQA 2021 after it, files it under impression: the patient's complaint becomes a reference.
        "NDICATION",
        "IDICATION",
        "INDICATION(S)",
        "INDICATON",
    ),
    "history": (
        "HISTORY",
        "CLINICAL HISTORY",
        "CLINICAL INFORMATION",
        "PATIENT HISTORY",
        "CLINICAL DATA",
        "CLINICAL DETAILS",
    ),
    "technique": ("TECHNIQUE", "TECHNIQUES", "DOSE", "RADIATION DOSE", "CONTRAST", "PROTOCOL"),
    "comparison": (
        "COMPARISON",
        "COMPARISONS",
        "COMPARISON EXAM",
        "COMPARISON FILM",
        "COMPARISON STUDY",
        "COMPARISON STUDIES",
        "REFERENCE EXAM",
        "COMPARISON(S)",
        "COMPARISION",
        "COMPARISIONS",
        "COMPARSION",
        "COMPARRISON",
    ),
    "findings": (
        "FINDINGS",
        "FINDING",
        "REFERENCE FINDINGS",
        "FINDING(S)",
        "DETAILED FINDINGS",
        "RADIOLOGICAL FINDINGS",
        "RADIOLOGIC FINDINGS",
        "RADIOGRAPHIC FINDINGS",
        "SONOGRAPHIC FINDINGS",
        "CT FINDINGS",
        "MRI FINDINGS",
        "MR FINDINGS",
        "FINDINGS/RESULTS",
        "FINDINS",
        "FINDINDGS",
        "FINDGINGS",
        "FINDNGS",
        "FINDNINGS",
        "FINIDNGS",
    ),
    "impression": (
        "IMPRESSION",
        "IMPRESSIONS",
        "CONCLUSION",
        "CONCLUSIONS",
        "OPINION",
        "FINAL IMPRESSION",
        "OVERALL IMPRESSION",
        "RADIOLOGICAL IMPRESSION",
        "RADIOLOGIC IMPRESSION",
        "RADIOGRAPHIC IMPRESSION",
        "DIAGNOSTIC IMPRESSION",
        "FINAL CONCLUSION",
        "FINAL OPINION",
        "IMPRESSION(S)",
        "CONCLUSION(S)",
        "IMP",
        "IMPRESSON",
        "IMPRRESSION",
        "IMPRESSSION",
        "IMPRESSIO",
        "IMORESSION",
        "IMPRESSOIN",
        "IMPRSSION",
        "IMPRESION",
        "IMPERSSION",
        "MPRESSION",
        "IMPESSION",
        "PRESSION",
        "CONCUSION",
        "COINCLUSION",
    ),
    BOTH: (
        "FINDINGS AND IMPRESSION",
        "FINDINGS AND IMPRESSIONS",
        "FINDINGS/IMPRESSION",
        "FINDINGS/IMPRESSIONS",
        "FINDINGS & IMPRESSION",
        "IMPRESSION AND FINDINGS",
        "IMPRESSION/FINDINGS",
        "FINDINGS/CONCLUSION",
        "FINDINGS AND CONCLUSION",
    ),
    REPORT: ("CHEST, TWO VIEWS", "REPORT", "NARRATIVE"),
    RESULTS: (
        "RESULTS",
        "RESULT",
        "OBSERVATIONS",
        "OBSERVATION",
        "DESCRIPTION",
        "BODY",
        "BODY OF REPORT",
        "REPORT BODY",
        "REPORT TEXT",
    ),
    SUMMARY: (
        "INTERPRETATION",
        "FINAL INTERPRETATION",
        "RADIOLOGICAL INTERPRETATION",
        "SUMMARY",
        "ASSESSMENT",
        "OVERALL ASSESSMENT",
        "FINAL ASSESSMENT",
        "ASSESSMENT AND PLAN",
    ),
    DIAGNOSIS: (
        "DIAGNOSIS",
        "DIAGNOSES",
        "FINAL DIAGNOSIS",
        "RADIOLOGICAL DIAGNOSIS",
        "RADIOLOGIC DIAGNOSIS",
        "IMAGING DIAGNOSIS",
        "CLINICAL DIAGNOSIS",
        "CLINICAL IMPRESSION",
        "PROVISIONAL DIAGNOSIS",
        "ADMITTING DIAGNOSIS",
    ),
    "recommendations": ("RECOMMENDATION(S)", "RECOMMENDATION", "RECOMMENDATIONS"),
    "notification": ("NOTIFICATION", "NOTIFICATIONS", "NOTIFICATION(S)", "COMMUNICATION", "CRITICAL RESULTS"),
    "addendum": (
        "ADDENDUM",
        "FINAL ADDENDUM",
        "ADDENDA",
        "AMENDMENT",
        "AMENDMENTS",
        "AMENDED REPORT",
        "CORRECTION",
        "CORRECTED REPORT",
        "REVISION",
        "REVISED REPORT",
        "SUPPLEMENTARY REPORT",
        "SUPPLEMENTAL REPORT",
        "LATE ENTRY",
    ),
    "wet_read": ("WET READ", "WETREAD", "PFI", "PRELIMINARY REPORT", "PROVISIONAL FINDINGS IMPRESSION"),
    "comment": ("COMMENT", "COMMENTS"),
    "date": ("DATE",),
    "attestation": (
        "ATTESTATION",
        "TEACHING PHYSICIAN ATTESTATION",
        "ELECTRONICALLY SIGNED BY",
        "SIGNED BY",
        "DICTATED BY",
    ),
    PREAMBLE: ("FINAL REPORT",),
}
"""Variants of each section's heading, in capitals; " / " and "/" are equal."""

NAME_OF = {variant: name for name, variants in NAMES.items() for variant in variants}

ASIDES = frozenset({"addendum", "wet_read"})
"""Sections that may hold a report of their own."""
BACKGROUND = frozenset({PREAMBLE, "examination", "indication", "history", "technique", "comparison", "date"})
"""Sections that come before the findings."""
MAIN = frozenset({"findings", "impression", BOTH, REPORT, RESULTS, SUMMARY})
"""Sections with findings or impression."""
BARE = frozenset(
    variant
    for name in ("indication", "history", "technique", "comparison", "findings", "impression", BOTH, *ASIDES)
    for variant in NAMES[name]
) - {"PFI", "OPINION", "PROTOCOL", "DOSE", "CONTRAST"}
"""Variants recognised in capitals, without a colon, before text on the same line: "FINDINGS The lungs are clear."."""
INLINE = ("indication", "technique", "comparison", "findings", "impression", BOTH)
"""Sections whose heading is recognised inside a line without a stop before it: "Cough FINDINGS: Clear."."""

_VIEW_WORDS = re.compile(
    r"""
    1|2|3|A|AND|AP|BONE|CHEST|CXR|FRONTAL|FILM|IMAGE|LAT|LATERAL|OF|ONE|PA|PORTABLE|
    RADIOGRAPH|RADIOGRAPHS|RIBS|SEMI|SEMIUPRIGHT|SINGLE|SUPINE|THE|THREE|TWO|UPRIGHT|VIEW|VIEWS|
    WINDOWS|X|XRAY|RAY
    """,
    re.VERBOSE,
)
_VIEW_NOUNS = frozenset({"CHEST", "CXR", "VIEW", "VIEWS", "RADIOGRAPH", "RADIOGRAPHS", "RIBS", "PA", "AP", "PORTABLE"})
_MAIN_WORDS = {
    "IMPRESSION": "impression",
    "IMPRESSIONS": "impression",
    "CONCLUSION": "impression",
    "CONCLUSIONS": "impression",
    "FINDINGS": "findings",
    "HISTORY": "history",
    "INDICATION": "indication",
    "COMPARISON": "comparison",
    "TECHNIQUE": "technique",
}
_FINDING = frozenset({"FINDINGS", "FINDING"})
_CONCLUDING = frozenset({"IMPRESSION", "IMPRESSIONS", "CONCLUSION", "CONCLUSIONS", "OPINION"})
_SUMMING = frozenset({"INTERPRETATION", "SUMMARY", "ASSESSMENT", "DIAGNOSIS"})
_CONCLUDED = (
    _CONCLUDING
    | _SUMMING
    | frozenset(
        {"AND", "OF", "THE", "FINAL", "OVERALL", "GENERAL", "RADIOLOGICAL", "RADIOLOGIC", "RADIOGRAPHIC"}
        | {"RADIOLOGY", "RADIOLOGIST", "RADIOLOGISTS", "S", "IMAGING", "DIAGNOSTIC", "REPORT", "RECOMMENDATION"}
        | {"RECOMMENDATIONS", "PLAN", "COMMENT", "COMMENTS", "ADVICE", "SUGGESTION", "SUGGESTIONS"}
        | {"MANAGEMENT", "FOLLOWUP", "FOLLOW", "UP"}
    )
)
"""The words of headings such as "Impression and Recommendations", "Radiologist's conclusion"."""
_MOST_WORDS = 8
LAST_WORDS = frozenset(_MAIN_WORDS) | _FINDING | _CONCLUDED
"""The last words of headings that `qualified_name_of` knows."""
_NOT_OF_THIS_REPORT = re.compile(
    r"""
    PRIOR|PREVIOUS|OLD|PRELIMINARY|PROVISIONAL|RESIDENT|OUTSIDE|NO|SEE|PLEASE|ABOVE|BELOW|AS|PER|
    UNDER
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[A-Z0-9]+")


def name_of(heading: str) -> str | None:
    """Return the section of `heading`; None for words that are not a heading. Case and spaces do not matter."""
    words = heading.upper()
    if (name := NAME_OF.get(words)) is not None:
        return name
    words = " ".join(words.split()).replace(" / ", "/").replace("/ ", "/").replace(" /", "/")
    if (name := NAME_OF.get(words)) is not None:
        return name
    if words.startswith(("WET READ", "ADDEND", "FINAL ADDEND")):
        return "wet_read" if words[0] == "W" else "addendum"
    return None


def qualified_name_of(heading: str) -> str | None:
    """Return the section of a heading in capitals that contains a known heading, or names only views; else None.

    "CHEST FINDINGS", "CT HEAD IMPRESSION", "PAST MEDICAL HISTORY", "PA AND LATERAL CHEST" (MIMIC-CXR's own parser has
    the same rules); "IMPRESSION AND RECOMMENDATION"; misspelt words too. Headings that refer to another report ("PRIOR
    IMPRESSION") give None.
    """
    words = _WORD.findall(heading)
    if not words or any(_NOT_OF_THIS_REPORT.fullmatch(word) for word in words):
        return None
    words = [correct(word) for word in words]
    kinds = set(words)
    concludes = not kinds.isdisjoint(_CONCLUDING)
    if not kinds.isdisjoint(_FINDING):
        if concludes:
            return BOTH
        if not kinds.isdisjoint(_SUMMING):
            return SUMMARY
    elif kinds <= _CONCLUDED and (concludes or not kinds.isdisjoint(_SUMMING)):
        return "impression" if concludes else SUMMARY
    if len(words) == 1:
        return NAME_OF.get(words[0])
    if len(words) <= 4 and (name := _MAIN_WORDS.get(words[-1]) or _MAIN_WORDS.get(words[0])):
        return name
    if len(words) <= _MOST_WORDS and (name := _MAIN_WORDS.get(words[-1]) or _MAIN_WORDS.get(words[0])):
        return name if names_exam(" ".join(words)) else None
    if all(_VIEW_WORDS.fullmatch(word) for word in words) and not _VIEW_NOUNS.isdisjoint(words):
        return REPORT
    return None


def is_stamped(heading: str) -> bool:
    """Return whether `heading` may stand before a name or a time without a colon: "ADDENDUM by ___ on ___"."""
    words = heading.upper()
    return words in NAMES["wet_read"] or words.startswith(("WET", "ADDEND", "FINAL ADDEND"))


def is_title(words: str) -> bool:
    """Return whether `words` are written as a heading: all with a capital, or the first and no others than headings'.

    "CT Head Impression", "Impression and recommendation"; not "In the findings".
    """
    parts = words.split()
    if not parts or not parts[0][0].isupper():
        return False
    return all(part[0].isupper() for part in parts if len(part) > 3) or all(
        correct(word) in LAST_WORDS for word in _WORD.findall(words.upper())
    )


def names_exam(words: str) -> bool:
    """Return whether `words` name an exam or its body part: "CT CERVICAL SPINE"."""
    return modality(words) is not None or body_part(words) is not None


def _alternatives() -> str:
    """Return the variants as one pattern, longest first, ignoring case; grouped by first letter, which fails fast."""
    by_letter: dict[str, list[str]] = {}
    for variant in sorted(NAME_OF, key=len, reverse=True):
        rest = re.escape(variant[1:]).replace(r"\ ", "[ ]+").replace("/", "[ ]?/[ ]?")
        by_letter.setdefault(variant[0], []).append(rest)
    by_letter["W"].insert(0, r"ET[ ]+READ[ ]+VERSION[ ]*\#?[0-9]{0,2}")
    by_letter["A"].insert(0, r"DDENDUM[ ]*\#?[0-9]{1,2}(?![0-9/.-])")
    groups = (f"[{letter}{letter.lower()}](?i:{'|'.join(rests)})" for letter, rests in by_letter.items())
    return "(?:" + "|".join(groups) + ")(?![A-Za-z0-9])"


KNOWN = _alternatives()
"""Pattern of a known heading in any case (verbose: a space is written [ ])."""
