"""The headings of report sections: their variants, with the evidence for them."""

import re

PREAMBLE = "preamble"
"""Text under no heading: before the first one, after "FINAL REPORT", after a rule of underscores."""
BOTH = "findings_and_impression"
"""Findings and impression in one: as input it would hold the answer, as a reference the question."""
REPORT = "report"
"""Text under a heading that names the exam or the whole report; `sections` decides what it is."""
LAST_PARAGRAPH = "last_paragraph"
"""Paragraphs without a heading at the end of a report that has neither findings nor impression."""
RESULTS = "results"
"""Text under "RESULTS" and the like: the findings where no other heading names them, else apart; below the findings
part of the text around."""
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
        "CLINICAL QUESTION",
        "INDICATION/CLINICAL QUESTION",  # US Core's example of a report
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
        "CLINICAL HX",
        "CLINICAL INFO",
        "CLINICAL INDICATIONS",
        "REASON FOR REFERRAL",
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
