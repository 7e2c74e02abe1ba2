"""Numbers of systems in footers: workstation, job, accession; and dates of dictation."""

import re

from radray.reports.text.signing.names import goes_on, is_line_end, read_tail
from radray.reports.text.signing.words import DATE, MASK

_NUMBER = re.compile(
    r"""(?i)
    (?:(?:read|reading|dictation|dictating|dictated|finali[sz]ed|interpreted|signed|signing|performing|exam|radiology|voice
       |report|transcription|pacs|on|at|from|the)[ ]){0,4}
    (?:(?P<system>work[ ]?station|wsn?|accession|job|voice[ ]job|speech[ ]job|document|confirmation|dictation
       |transcription
       |transcript|mrn|npi|doc|licen[sc]e|gmc|ahpra|cpt|batch|acc(?=[ ]?(?:\#|no|num|:)))
     |ref(?=[ ]?:)
     |(?:report|order|exam|study|visit|encounter|request|requisition|provider)(?=[ ]?(?:\#|id\b|no\b|no\.|num|code)))
    (?P<what>(?:[ ]?(?:id|no|num|number|nr|name|codes?|performed|\#)(?:\(s\))?\.?(?![a-z])){0,3})
    (?P<mark>[ ]?[:\#=]{1,2})?[ ]*
    """,
    re.VERBOSE,
)
_VALUE = re.compile(
    rf"(?:[A-Za-z]{{0,8}}[0-9][\w./-]*|[A-Z][A-Z0-9_.-]{{2,}}|{MASK})(?!\w)(?:,?[ ](?=[A-Z-]*[0-9]{{3}})[A-Z0-9-]+)*"
)
_PLACE = re.compile(
    r"(?i)(?:reading|signing|dictation|dictating|interpretation)[ ](?:location|site|room|station|facility)"
    r"(?P<label>[ ]?:)[^\n.]{0,60}"
)
_STAMPED = re.compile(
    r"(?i)(?:dd|dt|td|tt|rd|[dtrsv]|d ?/ ?t|t ?/ ?d|tr|dict|trans|orig print d/t|printed(?: date/time)?|print date)"
    r" ?[:=] {0,4}(?:[A-Za-z]{2,6} (?=[0-9_X]))?(?=[0-9_XA-Z\[*])"
)
_DIAGNOSTIC_CODE = re.compile(r"(?i)(?:primary|secondary) diagnostic codes?(?P<label> ?:)[^\n]{0,60}")
_DATE = re.compile(f"{DATE}|{MASK}", re.VERBOSE)


def number_end(text: str, at: int, *, breaks: frozenset[int]) -> int | None:
    """Return where a number of a system, or the dates of dictation, end; None if there are none at `at`."""
    match = _PLACE.match(text, at) or _DIAGNOSTIC_CODE.match(text, at)
    if match is not None:
        # the value is in words of any kind: it ends with the line, or where another footer begins in it
        inside = [place for place in breaks if match.start("label") < place <= match.end()]
        end = min(inside, default=match.end())
        return end if inside or is_line_end(text, end) else None
    match = _STAMPED.match(text, at)
    if match is not None:
        tail = read_tail(text, match.end())
        dated = tail.stamp and not tail.names and _DATE.search(text, match.end(), tail.end)
        return tail.end if dated and not goes_on(text, tail.end) else None
    match = _NUMBER.match(text, at)
    if match is None:
        return None
    # "Workstation RW12" needs no mark; "job 12" is a job
    named = (match["system"] or "").lower().startswith("work") and text[match.end() : match.end() + 1].isupper()
    if not (match["mark"] or match["what"].strip() or named):
        return None
    value = _VALUE.match(text, match.end())
    if value is None or goes_on(text, value.end()) or text[value.end() : value.end() + 1] == ":":
        return None
    digits = sum(character.isdigit() for character in value.group())
    if named and not digits and not match["mark"] and not match["what"].strip():
        return None
    system = (match["system"] or "").lower()
    if not system or system in (
        "document",
        "confirmation",
        "dictation",
        "doc",
        "license",
        "licence",
        "transcription",
        "transcript",
    ):
        return value.end() if digits >= 3 or "_" in value.group() else None
    return value.end() if digits or system.startswith(("w", "accession", "job")) else None
