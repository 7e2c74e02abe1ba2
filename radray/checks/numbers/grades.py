"""Grades, classes, scores and ratios: numbers without a unit, each on the scale that its words name."""

import re
from functools import lru_cache
from typing import NamedTuple

from radray.language.alternation import holds

_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"}
_LINK = (
    r"(?::?\s+(?:assessment|category|class|classification|grade|score|stage|type|fracture|lesion|of|is|was|measures|total|at"
    r"|=|:))*"
)
_ORDINAL = r"(?:viii|vii|vi|iv|v|iii|ii|i|\d{1,2})(?:[a-fsx]|\s(?-i:[A-F]))?"
_CLASS = rf"{_ORDINAL}(?:\s?(?:-|/|\u2013|to)\s?{_ORDINAL})?(?![\w%]|[.,]\d|\s?(?:mm|cm|ml|cc|%))"
_NUMBER = r"[-\u2212+]?\d{1,5}(?:[.,]\d{1,3})?(?![\w%]|\s?(?:mm|cm|%))"
_RADS = r"\b(?:bi|li|ti|pi|lung|cad|o|c|ni|vi)[\s-]?rads"
_SCALES: tuple[tuple[str, str, str], ...] = (
    ("rads", rf"(?P<scale>{_RADS})(?:\s+v\d[\d.]*)?(?:\s*(?:\(|:|-))?", _CLASS),
    ("li-rads", r"\blr-?", r"[1-5m](?!\w|\.\d)"),
    ("ti-rads", r"\btr-?", r"[1-5](?!\w|\.\d)"),
    ("bosniak", r"\bbosniak", _CLASS),
    ("kellgren", r"\b(?:kellgren[\s-]+(?:and\s+)?lawrence|k-?l)(?=\s+(?:grade|score|stage|[0-4ivx]))", _CLASS),
    ("aspects", r"\b(?-i:ASPECTS)(?=\s)", r"(?:10|\d)(?!\w|\.\d)"),
    ("fazekas", r"\bfazekas", _CLASS),
    ("hunt", r"\bhunt[\s-]+(?:and\s+)?hess", _CLASS),
    ("fisher", r"\bfisher", _CLASS),
    ("salter", r"\bsalter[\s-]+harris", _CLASS),
    ("garden", r"\bgarden", _CLASS),
    ("schatzker", r"\bschatzker", _CLASS),
    ("weber", r"\bweber", r"[a-c](?!\w)"),
    ("stanford", r"\bstanford", r"[ab](?!\w)"),
    ("pfirrmann", r"\bpfirrmann", _CLASS),
    ("meyerding", r"\bmeyerding", _CLASS),
    ("modic", r"\bmodic", _CLASS),
    ("deauville", r"\bdeauville", _CLASS),
    ("gleason", r"\bgleason", r"\d\s?\+\s?\d|\d{1,2}(?!\w)"),
    ("calcium", r"\b(?:agatston\)?|calcium(?:\s+\(agatston\))?)(?=\s+score)", _NUMBER),
    ("t-score", r"\bt[\s-]score", _NUMBER),
    ("z-score", r"\bz[\s-]score", _NUMBER),
    ("suv", r"\bsuv(?:\s?\(?max\)?|\s?\(?mean\)?)?", _NUMBER),
    ("resistive", r"\bresisti(?:ve|vity)\s+ind(?:ex|ices)", _NUMBER),
    ("cardiothoracic", r"\b(?:cardiothoracic\s+ratio|ctr)", _NUMBER),
    ("ventricles", r"\brv\s?[:/]\s?lv(?:\s+ratio)?", _NUMBER),
    ("ankle", r"\b(?:ankle[\s-]+brachial\s+index|abi)", _NUMBER),
    ("gestation", r"\b(?:gestation\w*(?:\s+age)?|pregnancy|fetus)", r"\d{1,2}(?=\s?(?:w\b|wks?|weeks?))"),
)
"""Scales that are known by name: (scale, its words, its values). Sources: the ACR's reporting systems, and the
classifications in daily use that carry a name."""
_NAMED = tuple(
    (name, re.compile(rf"{words}{_LINK}\s*[:(=#-]?\s*(?P<value>{value})", re.IGNORECASE))
    for name, words, value in _SCALES
)
_STEMS = (
    *(
        "rads",
        "lr",
        "tr",
        "bosniak",
        "kellgren",
        "kl",
        "k-l",
        "aspect",
        "fazekas",
        "hunt",
        "fisher",
        "salter",
        "garden",
    ),
    *("schatzker", "weber", "stanford", "pfirrmann", "meyerding", "modic", "deauville", "gleason", "agatston"),
    *(
        "calcium",
        "score",
        "suv",
        "resisti",
        "cardiothoracic",
        "ctr",
        "rv/",
        "rv:",
        "rv ",
        "ankle",
        "abi",
        "gestation",
        "pregnan",
    ),
    *("grade", "stage", "type", "class", "category"),
)
# "grade III laceration", "type II endoleak", "category 4B": the noun beside says of what; "high-grade" has no number
_PLAIN = re.compile(
    rf"(?<!-)\b(?P<scale>grade|stage|type|class|category)\s*[:#-]?\s*(?P<value>{_CLASS}|(?-i:[A-D])(?![\w-]))",
    re.IGNORECASE,
)
_VALUE = re.compile(r"(?P<number>\d+(?:[.,]\d+)?|\b[ivx]+(?=[a-fsx]?\b)|m\b)\s?(?P<letter>[a-fsx]?)\b", re.IGNORECASE)
_VALUED = re.compile(r"\d|\b[ivx]+[a-fsx]?\b|\b[a-dm]\b", re.IGNORECASE)
"""What every grade contains: a second quick test, since words such as "type" are common."""
MAX_GRADES = 64
"""Grades of a text that are read, its first ones: each is compared with each."""


class Grade(NamedTuple):
    """A value on a scale."""

    scale: str
    """The scale's name, in lower case; "grade", "stage", "type", "class" or "category" where it has none."""
    values: frozenset[str]
    """What is stated, Arabic and in lower case: {"4b"}; both ends of "II-III"."""
    named: bool
    start: int
    end: int


@lru_cache(maxsize=512)
def find_grades(text: str) -> tuple[Grade, ...]:
    """Return the grades of `text` in order, Roman numerals as Arabic ones; () for none."""
    lowered = text.lower()
    if not holds(lowered, _STEMS) or _VALUED.search(text) is None:
        return ()
    grades: list[Grade] = []
    for name, pattern in _NAMED:
        for match in pattern.finditer(text):
            scale = _rads(match["scale"]) if name == "rads" else name
            grades.append(Grade(scale, _values(match["value"]), True, match.start(), match.end()))
    taken = [(grade.start, grade.end) for grade in grades]
    for match in _PLAIN.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            scale, value = match["scale"].lower(), match["value"]
            values = frozenset({value.lower()}) if value in "ABCD" else _values(value)
            if value not in "ABCD" or scale == "type":
                grades.append(Grade(scale, values, False, match.start(), match.end()))
    grades.sort(key=lambda grade: grade.start)
    return tuple(_apart(grades)[:MAX_GRADES])


def _apart(grades: list[Grade]) -> list[Grade]:
    """Return `grades` without those that overlap an earlier one ("TI-RADS 4 (TR4)" are two)."""
    kept: list[Grade] = []
    for grade in grades:
        if not kept or grade.start >= kept[-1].end:
            kept.append(grade)
    return kept


def _rads(written: str) -> str:
    return f"{re.sub(r'[^a-z]', '', written.lower()).removesuffix('rads')}-rads"


def _values(written: str) -> frozenset[str]:
    plain = written.lower().replace("\u2212", "-").replace(",", ".")
    if re.fullmatch(r"[-+]?\d+(?:\.\d+)?", plain):
        return frozenset({plain.lstrip("+")})
    if len(plain) == 1:
        return frozenset({_ROMAN.get(plain, plain)})
    return frozenset(
        _ROMAN.get(match["number"], match["number"]) + match["letter"] for match in _VALUE.finditer(plain)
    ) or frozenset({plain})


def agree(stated: Grade, known: Grade) -> bool:
    """Return whether two grades of one scale agree: "4" with "4a", "II-III" with "2", numbers as they are rounded."""
    return any(_match(first, second) for first in stated.values for second in known.values)


def _match(stated: str, known: str) -> bool:
    if stated == known or stated.rstrip("s") == known.rstrip("s"):
        return True
    longer, shorter = (stated, known) if len(stated) > len(known) else (known, stated)
    if longer[:-1] == shorter and longer[-1] in "abcx":  # "IIF" is another class than "II"
        return True
    try:
        step = 10.0 ** -len(stated.partition(".")[2])
        return "." in known and abs(float(stated) - float(known)) <= step / 2 + 1e-6
    except ValueError:
        return False
