"""Free report text to sections: "FINDINGS: ..." and the like.

A heading is a name of the table below at the beginning of a line: in capitals or with a first capital before a
colon, or in capitals alone on its line; in capitals with a colon also after the end of a sentence. Any other
"LUNGS:" or "findings:" is text of the section that it stands in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PREAMBLE = "preamble"
"""Text under no heading: before the first one, after "FINAL REPORT", after a rule of underscores."""

_NAMES: dict[str, tuple[str, ...]] = {
    # Frequencies over all 227,835 reports of MIMIC-CXR, as counted in the corpus's own parser
    # (MIT-LCP/mimic-cxr, txt/section_parser.py): impression 187,759, comparison 154,647, indication 153,730,
    # findings 149,842, examination 94,094, technique 81,402, history 45,624, comparisons 8,686, clinical history
    # 7,121, reason for examination 5,845, notification 5,749, reason for exam 4,430, clinical information 4,024,
    # exam 3,907, clinical indication 1,945, conclusion 1,802, "chest, two views" 1,735, recommendation(s) 1,700,
    # type of examination 1,678, reference exam 347, patient history 251, addendum 183, comparison exam 163,
    # wet read 83, and misspellings (1 to 8 each).
    "examination": ("EXAMINATION", "EXAM", "TYPE OF EXAMINATION", "TYPE OF EXAM", "STUDY", "PROCEDURE"),
    "indication": (
        "INDICATION",
        "INDICATIONS",
        "REASON FOR EXAMINATION",
        "REASON FOR EXAM",
        "REASON FOR STUDY",
        "CLINICAL INDICATION",
        # That parser files it under impression, and MEDIQA 2021 with it: the patient's complaint becomes a reference.
        "NDICATION",
        "IDICATION",
    ),
    "history": ("HISTORY", "CLINICAL HISTORY", "CLINICAL INFORMATION", "PATIENT HISTORY", "CLINICAL DATA"),
    "technique": ("TECHNIQUE", "TECHNIQUES"),
    "comparison": (
        "COMPARISON",
        "COMPARISONS",
        "COMPARISON EXAM",
        "COMPARISON FILM",
        "COMPARISON STUDY",
        "COMPARISON STUDIES",
        "REFERENCE EXAM",
        "COMPARISION",
        "COMPARISIONS",
        "COMPARSION",
        "COMPARRISON",
    ),
    "findings": (
        "FINDINGS",
        "FINDING",
        "CHEST, TWO VIEWS",
        "REFERENCE FINDINGS",
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
        "IMPRESSON",
        "IMPRRESSION",
        "IMORESSION",
        "IMPRESSOIN",
        "IMPRSSION",
        "IMPRESION",
        "IMPERSSION",
        "MPRESSION",
        "IMPESSION",
    ),
    # Both at once is neither: as an input it would hold the answer, as a reference the question (87 + 47 reports).
    "findings_and_impression": (
        "FINDINGS AND IMPRESSION",
        "FINDINGS/IMPRESSION",
        "FINDINGS/ IMPRESSION",
        "FINDINGS / IMPRESSION",
        "FINDINGS & IMPRESSION",
        "IMPRESSION AND FINDINGS",
        "IMPRESSION/FINDINGS",
    ),
    "recommendations": ("RECOMMENDATION(S)", "RECOMMENDATION", "RECOMMENDATIONS"),
    "notification": ("NOTIFICATION", "NOTIFICATIONS", "COMMUNICATION", "CRITICAL RESULTS"),
    "addendum": ("ADDENDUM", "FINAL ADDENDUM", "ADDENDA"),
    "wet_read": ("WET READ", "WETREAD", "PFI", "PRELIMINARY REPORT", "PROVISIONAL FINDINGS IMPRESSION"),
    "comment": ("COMMENT", "COMMENTS"),
    "attestation": ("ATTESTATION", "TEACHING PHYSICIAN ATTESTATION", "ELECTRONICALLY SIGNED BY", "DICTATED BY"),
    PREAMBLE: ("FINAL REPORT",),
}
_NAME_OF = {variant: name for name, variants in _NAMES.items() for variant in variants}

_LINE_START = re.compile(
    r"""^[ \t]*+(?:
        (?P<heading>[A-Z][A-Za-z ,/&()]{2,39}?)[ \t]*+(?P<end>:|\r?$)
        | _{10,}[ \t]*+\r?$
    )""",
    re.VERBOSE | re.MULTILINE,
)
_SENTENCE_START = re.compile(r"[.!?][ \t]++(?P<heading>[A-Z][A-Z ,/&()]{2,39}?)[ \t]*+:")


@dataclass(frozen=True, slots=True)
class Section:
    """A span of the text: from its heading to the next one."""

    name: str
    """Normalised name: findings, impression, ..., or preamble."""
    start: int
    """Where the span begins, heading included."""
    text_start: int
    """Where the text after the heading begins."""
    end: int


@dataclass(frozen=True, slots=True)
class Sections:
    """A report's text and its sections, in order; together the spans cover the text and do not overlap."""

    text: str
    spans: tuple[Section, ...]

    def get(self, name: str) -> str | None:
        """Return the text of all sections called `name`, stripped, a blank line between; None if there is none."""
        found = (self.text[span.text_start : span.end].strip() for span in self.spans if span.name == name)
        return "\n\n".join(part for part in found if part) or None

    @property
    def has_headings(self) -> bool:
        """Whether any heading was found."""
        return any(span.name != PREAMBLE for span in self.spans)


def parse(text: str) -> Sections:
    """Return the sections of `text`. Never raises; empty text has no sections, text without headings one preamble."""
    spans: list[Section] = []
    name, start, text_start = PREAMBLE, 0, 0
    for next_name, heading_start, heading_end in _headings(text):
        if heading_start > start:
            spans.append(Section(name, start, text_start, heading_start))
        name, start, text_start = next_name, heading_start, heading_end
    if len(text) > start:
        spans.append(Section(name, start, text_start, len(text)))
    return Sections(text, tuple(spans))


def _headings(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (name, start, end) of each heading, in order."""
    found: list[tuple[int, int, str]] = []
    for match in _LINE_START.finditer(text):
        heading = match.group("heading")
        if heading is None:
            found.append((match.start(), match.end(), PREAMBLE))
        elif (name := _NAME_OF.get(heading.upper())) and (match.group("end") == ":" or heading.isupper()):
            found.append((match.start(), match.end(), name))
    for match in _SENTENCE_START.finditer(text):
        if name := _NAME_OF.get(match.group("heading")):
            found.append((match.start("heading"), match.end(), name))
    for start, end, name in sorted(found):
        yield name, start, end
