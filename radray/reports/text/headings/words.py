"""How words become a heading: variants, and words that contain a heading, or misspell it."""

import re

from radray.reports.text.exams import body_part, modality
from radray.reports.text.headings.names import BOTH, NAME_OF, NAMES, REPORT, SUMMARY
from radray.reports.text.headings.spelling import correct

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
CONCLUDING = frozenset({"IMPRESSION", "IMPRESSIONS", "CONCLUSION", "CONCLUSIONS", "OPINION"})
SUMMING = frozenset({"INTERPRETATION", "SUMMARY", "ASSESSMENT", "DIAGNOSIS"})
_CONCLUDED = (
    CONCLUDING
    | SUMMING
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
    concludes = not kinds.isdisjoint(CONCLUDING)
    if not kinds.isdisjoint(_FINDING):
        if concludes:
            return BOTH
        if not kinds.isdisjoint(SUMMING):
            return SUMMARY
    elif kinds <= _CONCLUDED and (concludes or not kinds.isdisjoint(SUMMING)):
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
    if not parts or not parts[0][0].isupper() or parts[0] in ("The", "Of", "And"):
        return False
    return all(part[0].isupper() for part in parts if len(part) > 3) or all(
        correct(word) in LAST_WORDS for word in _WORD.findall(words.upper())
    )


def names_exam(words: str) -> bool:
    """Return whether `words` name an exam or its body part: "CT CERVICAL SPINE"."""
    return modality(words) is not None or body_part(words) is not None
