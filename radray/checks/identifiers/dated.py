"""Dates more precise than a year, those of birth and of exams apart, and ages over 89."""

import re
from collections.abc import Iterator

from radray.checks.identifiers.kinds import Identifier, Reading, word_set

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_UNIT = r"(?!\s?(?:x\s|mm|cm|weeks?|months?|days?|hours?|%))"
_YEAR = r"(?:19|20)\d{2}"
_FIGURES = re.compile(
    rf"""
    (?<![\w./-])(?:
        \d{{1,2}}(?P<mark>[/.-])\d{{1,2}}(?P=mark)(?:{_YEAR}|\d{{2}})(?![\w/]|[.-]\d)(?!\s?(?:x|mm|cm)\b)
        | {_YEAR}(?P<iso>[/.-])\d{{1,2}}(?P=iso)\d{{1,2}}(?![\w/]|[.-]\d)
        | {_YEAR}-\d{{2}}-\d{{2}}t\d{{2}}:\d{{2}}
        | \d{{1,2}}/{_YEAR}\b
        | {_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{{4,6}})?(?!\w)
    )""",
    re.VERBOSE,
)
_JOINED = re.compile(r"\d(?:[/.-]\d{1,2}[/.-]\d|/(?:19|20)\d\d|\d{7}|\d{3}[/.-]\d)")
"""What each of them has, which is found faster."""
_DAY_AND_MONTH = re.compile(r"\b(?:on|dated|from|of|since)\s+(?P<first>\d{1,2})/(?P<second>\d{1,2})\b(?!/)")
_WORDED = re.compile(
    rf"""
    \b{_MONTH}[\s-]+\d{{1,2}}(?:st|nd|rd|th)?\b(?!\.\d|/|-\d)(?:,?\s+(?:of\s+)?{_YEAR})?\b{_UNIT}
    | \b\d{{1,2}}(?:st|nd|rd|th)?(?:\s|-)(?:day\s)?(?:of\s)?{_MONTH}(?:,?[\s-](?:{_YEAR}|\d{{2}}))?(?!\w)
        (?!\s+(?:be|represent|reflect|also|indicate|have|relate|suggest|not|need|require)\b)
    | \b{_MONTH},?\s+(?:of\s+)?{_YEAR}\b
    """,
    re.VERBOSE,
)
_MONTHS = word_set(
    "jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july august september"
    " october november december"
)

_BIRTH = re.compile(
    r"(?:\bd\.?\s?o\.?\s?b\b\.?|\bdate\s+of\s+birth|\bbirth\s?(?:date|day)|\bborn(?:\s+on|\s+in)?|\bb\.)"
    r"[\s:=]*(?:is\s+)?\Z"
)
_EXAM = re.compile(
    r"compar|prior|previous|since|exam|\bstud(?:y|ies)|radiograph|x-?ray|film|\bct\b|\bcta\b|\bmr[ia]?\b|scan|ultrasound"
    r"|sonogra|mammogra|dated|imag|\bpet\b|earlier|baseline|\blast\b|\bviews?\b|angiogra|fluoro|arthrogra"
    r"|stable|unchanged"
)
_NO_EXAM = re.compile(
    r"admi(?:t|ssion)|discharg|surg|operat|underwent|status post|s/p|\bfell\b|\bfall\b|injur|accident|died|death"
    r"|deceased|clinic|placed|implant|visit|appointment|diagnos|signed|dictat|transcri|discuss|notif|called"
    r"|report(?:ed)? (?:on|at)"
)
_BEFORE, _AFTER = 80, 24

_OLD = re.compile(
    r"""
    (?<![\w.,/:-])(?:9\d|1[01]\d)(?:
        [\s-]?(?:years?|yrs?\b\.?|y\b\.?)[\s/-]?(?:olds?\b|o\b|of\sage)
        | [\s-]?(?:yo\b|y/o\b|y\.\s?o\.?)
        | \s?(?:year|yr)[\s-]old
        | [mf]\b | \s(?:years?|yrs?)?\s?(?:male|female|man|woman|gentleman|lady)\b
    )
    | \b(?:aged|age\s?[:=]|age(?:\s+of|\s+is)?|at\s+age)\s*(?P<age>9\d|1[01]\d)
        (?![\w./%]|\s?(?:mm|cm|days?|weeks?|months?|hours?))
    | \baged\s+ninety
    | \b(?:ninety|hundred)(?:[\s-](?:and\s)?(?:one|two|three|four|five|six|seven|eight|nine|ten))?[\s-](?:year|yr)
    | \b(?:nonagenarian|centenarian)
    """,
    re.VERBOSE,
)
_AGED = word_set("year years yr yrs y yo o old olds aged age m f male female man woman gentleman lady")
_AGED_IN_WORDS = word_set("ninety hundred nonagenarian centenarian")
_NINETIES = re.compile(r"[91]\d\d?(?!\d)")


def find_dates(reading: Reading) -> Iterator[Identifier]:
    """Yield the dates in a text that has digits, each as `birth`, `exam_date` or `date`."""
    lowered = reading.lowered
    if _JOINED.search(lowered):
        for match in _FIGURES.finditer(lowered):
            if _possible(match[0]):
                yield _dated(lowered, match)
    if "/" in lowered:
        for match in _DAY_AND_MONTH.finditer(lowered):
            first, second = int(match["first"]), int(match["second"])
            # "of 1/3", "from 2/6": parts and grades
            if max(first, second) > 6 and 0 < min(first, second) <= 12 and max(first, second) <= 31:
                yield _dated(lowered, match)
    if reading.has(_MONTHS):
        for match in _WORDED.finditer(lowered):
            yield _dated(lowered, match)


def find_ages(reading: Reading) -> Iterator[Identifier]:
    """Yield the ages over 89 in a text."""
    in_figures = reading.digits and reading.has(_AGED) and _NINETIES.search(reading.lowered)
    if in_figures or reading.has(_AGED_IN_WORDS):
        for match in _OLD.finditer(reading.lowered):
            yield Identifier("age", *match.span(), match[0])


def _possible(figures: str) -> bool:
    """Return whether a day and a month can be among the figures: "1.2.45" can, "99.99.12" cannot."""
    parts = [int(part) for part in re.split(r"[/.-]", figures) if part.isdigit()]
    if len(parts) < 3:
        return True
    day_and_month = sorted(parts[1:] if parts[0] > 31 else parts[:2])
    return 0 < day_and_month[0] <= 12 and day_and_month[1] <= 31


def _dated(lowered: str, match: re.Match[str]) -> Identifier:
    start, end = match.span()
    floor = max(0, start - _BEFORE)
    birth = _BIRTH.search(lowered, floor, start)
    if birth is not None:
        return Identifier("birth", birth.start(), end, match[0])
    sentence = max(lowered.rfind(". ", floor, start), lowered.rfind("\n", floor, start), floor)
    of_exam = (
        _EXAM.search(lowered, sentence, start) or _EXAM.search(lowered, end, end + _AFTER)
    ) and not _NO_EXAM.search(lowered, sentence, start)
    return Identifier("exam_date" if of_exam else "date", start, end, match[0])
