"""Measurements: a number with a unit in the impression that is not in findings or background."""

import re
from functools import lru_cache
from typing import NamedTuple

from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Hit, Place
from radray.language.alternation import holds
from radray.language.numbers import NUMBER_WORDS

_UNITS = {
    "mm": ("length", 1.0),
    "millimeter": ("length", 1.0),
    "cm": ("length", 10.0),
    "centimeter": ("length", 10.0),
    "inch": ("length", 25.4),
    "ml": ("volume", 1.0),
    "cc": ("volume", 1.0),
    "milliliter": ("volume", 1.0),
    "liter": ("volume", 1000.0),
    "hu": ("density", 1.0),
    "%": ("share", 1.0),
    "percent": ("share", 1.0),
    "degree": ("angle", 1.0),
    "french": ("french", 1.0),
    "gauge": ("gauge", 1.0),
    "bpm": ("rate", 1.0),
    "mmhg": ("pressure", 1.0),
    "cm/s": ("speed", 1.0),
    "cm/sec": ("speed", 1.0),
    "m/s": ("speed", 100.0),
    "m/sec": ("speed", 100.0),
}
"""Units in the singular, in American spelling: (quantity, factor to the quantity's base unit)."""

_WORDS: dict[str, float] = {**NUMBER_WORDS, "half": 0.5}
_NUMBER = r"\d{1,6}(?:[.,]\d{1,4})?|\.\d{1,4}|" + "|".join(_WORDS)
_UNIT = (
    r"mmhg|c?m/s(?:ec)?|french|gauge|bpm|millimet(?:er|re)s?|centimet(?:er|re)s?|millilit(?:er|re)s?|lit(?:er|re)s?|inch(?:es)?|degrees?|percent|mms?|cms?"
    r"|mls?|ccs?|hu|%"
)
_BETWEEN = r"\s?(?:x|by|-|\u2013|to|and|/|\u00d7|\*)\s?"
_MEASUREMENT = re.compile(
    rf"(?<![\w.,/])(?P<numbers>(?:{_NUMBER})(?:\s?-?\s?(?:{_UNIT})?{_BETWEEN}(?:{_NUMBER})){{0,3}})"
    rf"\s?-?\s?(?P<unit>{_UNIT})(?![a-z])",
    re.IGNORECASE,
)
_UNIT_STEMS = (
    *("mm", "cm", "met", "inch", "ml", "cc", "lit", "hu", "%", "percent", "degree", "french", "gauge", "bpm"),
    *("ejection", "ef "),
)
"""Every unit contains one of these, in lower case: a quick first test, as most texts have none."""
_SINGLE = re.compile(rf"(?P<number>{_NUMBER})\s?-?\s?(?P<unit>(?:{_UNIT})(?![a-z]))?", re.IGNORECASE)
# "nodules under 6 mm need no follow-up": a bound and not a size; "up to 11 mm" and "at least 3 cm" are sizes
_BOUND = re.compile(
    r"(?:less than|under|below|smaller than|more than|greater than|larger than|over|above|exceed\w*"
    r"|within|every|\bsub|[<>\u2264\u2265]=?|\bnormal(?: range)?(?: is)?:?(?: up to)?)\s*$",
    re.IGNORECASE,
)
_BOUND_AFTER = re.compile(
    r"\s*(?:or|and)\s+(?:less|smaller|under|below|more|greater|larger|above|over)\b", re.IGNORECASE
)
_DATE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d\d\b")
# where the findings measure nothing, "up to 7 mm" is the reader's own estimate
_UP_TO = re.compile(r"\bup to\s+(?:about\s+)?$", re.IGNORECASE)
# "consider retracting 2 cm": how far to move a tube is the reader's own advice
_ADVICE = re.compile(
    r"\b(?:(?:retract|withdraw|advanc|pull|reposition|push)(?:ing|al)?|(?:be|to)\s+(?:retracted|withdrawn|advanced|pulled))"
    r"(?:\s+(?!was|were|has|have)[\w-]+){0,5}?\s*$",
    re.IGNORECASE,
)
# "follow-up for nodules of 6-8 mm": whom a guideline is for
_GUIDELINE = re.compile(
    r"\bfor\s+(?:[\w-]+\s+){0,3}?(?:nodules|lesions|cysts|aneurysms|masses|stones|nodes|polyps)\s+"
    r"(?:(?:of|measuring|between|from|that\s+are)\s+)?(?:[\d.]+\s?(?:-|to|and)\s?)?$",
    re.IGNORECASE,
)
# "grown by 3 mm": the difference of two sizes of the input
_DIFFERENCE = re.compile(r"\bby\s+(?:about\s+|approximately\s+|some\s+|roughly\s+)?$", re.IGNORECASE)
_EJECTION = re.compile(
    r"\b(?:ejection\s+fraction|lvef|ef)\b[^\d.;]{0,24}(?P<number>\d{1,2})(?![\d.]*\s?(?:%|percent|-|to)|\d)",
    re.IGNORECASE,
)


_SHARE_STEP = 5.0
"""Percentage points by which a stated change in per cent may be rounded."""
MAX_MEASUREMENTS = 128
"""Measurements of a text that are read, its first ones: no report has more, and each is compared with each."""


class Measurement(NamedTuple):
    """A number with its unit."""

    quantity: str
    value: float
    """In the base unit of the quantity: mm, ml, HU, %, degrees."""
    step: float
    """Weight of its last digit in that unit: 1.0 (mm) for 1.4 cm."""
    start: int
    end: int
    bound: bool = False
    """Whether it limits a size and is none: "less than 1 cm"."""


@lru_cache(maxsize=512)
def find_measurements(text: str) -> tuple[Measurement, ...]:
    """Return the measurements of `text` in order, both of "1.9 x 1.8 cm"; an ejection fraction needs no unit."""
    lowered = text.lower()
    if not holds(lowered, _UNIT_STEMS):
        return ()
    measurements = [
        Measurement("share", float(match["number"]), 1.0, match.start("number"), match.end("number"))
        for match in (_EJECTION.finditer(text) if "ef" in lowered or "ejection" in lowered else ())
    ]
    for match in _MEASUREMENT.finditer(text):
        bound = (
            _BOUND.search(text, max(0, match.start() - 20), match.start()) is not None
            or _BOUND_AFTER.match(text, match.end()) is not None
        )
        shared = match["unit"]
        date = _DATE.search(text, match.start(), match.end())
        for single in _SINGLE.finditer(text, date.end() if date else match.start(), match.end()):
            quantity, factor = _unit(single["unit"] or shared)
            value, step = _number(single["number"])
            size = Measurement(quantity, value * factor, step * factor, single.start(), match.end(), bound)
            measurements.append(size)
        if len(measurements) >= MAX_MEASUREMENTS:
            break
    return tuple(measurements[:MAX_MEASUREMENTS])


def _unit(written: str) -> tuple[str, float]:
    word = written.lower().replace("metre", "meter").replace("litre", "liter")
    return _UNITS.get(word) or _UNITS.get(word.removesuffix("s")) or _UNITS[word.removesuffix("es")]


def _number(written: str) -> tuple[float, float]:
    word = _WORDS.get(written.lower())
    if word is not None:
        return word, 1.0 if word >= 1 else 0.1
    plain = written.replace(",", ".")
    decimals = len(plain.partition(".")[2])
    return float(plain), 10.0**-decimals


def find_changed(impression: str, findings: str, background: str) -> list[Hit]:
    """Return the measurements of `impression` that are in neither `findings` nor `background`; [] for none.

    Units are converted, and numbers are compared at the precision of the impression: after 1.8 cm in the findings,
    18 mm and 2 cm are right, 8 mm and 1.8 mm are wrong. A bound of the findings ("up to 11 mm", "at least 3 cm")
    supports its number; one of the impression is no measurement. Where the input has the same digits with another unit
    or decimal point, the hit names that place too.
    """
    in_impression = find_measurements(impression)
    if not in_impression:
        return []
    known = [(FINDINGS, stated) for stated in find_measurements(findings)]
    known += [(BACKGROUND, stated) for stated in find_measurements(background)]
    hits: list[Hit] = []
    for stated in sorted(set(in_impression), key=lambda stated: stated.start):
        if stated.bound or any(same(stated, other) for _, other in known):
            continue
        if _GUIDELINE.search(impression, max(0, stated.start - 60), stated.start):
            continue
        if _ADVICE.search(impression, max(0, stated.start - 60), stated.start) and not _moved(findings):
            continue
        if _DIFFERENCE.search(impression, max(0, stated.start - 20), stated.start) and _is_difference(stated, known):
            continue
        rough = _UP_TO.search(impression, max(0, stated.start - 12), stated.start) is not None
        if rough and all(other.quantity != stated.quantity for _, other in known):
            continue
        near = next(((form, other) for form, other in known if _same_digits(stated, other)), None)
        place = Place(IMPRESSION, stated.start, stated.end)
        hits.append((place, Place(near[0], near[1].start, near[1].end)) if near else (place,))
    return hits


def _moved(findings: str) -> bool:
    """Return whether the findings advise by how far to move a tube themselves."""
    return any(
        _ADVICE.search(findings, max(0, known.start - 60), known.start) is not None
        for known in find_measurements(findings)
    )


def _is_difference(stated: Measurement, known: list[tuple[str, Measurement]]) -> bool:
    """Return whether a measurement is the difference of two of the input, or the share of one by which it differs."""
    values = [other.value for _, other in known if other.quantity in (stated.quantity, "length")]
    for first in values:
        for second in values:
            gap = abs(first - second)
            share = 100 * gap / first if first else 0.0
            if stated.quantity == "share" and gap and abs(share - stated.value) <= _SHARE_STEP:
                return True
            if stated.quantity == "length" and gap and abs(gap - stated.value) <= stated.step / 2 + 1e-6:
                return True
    return False


def same(stated: Measurement, known: Measurement) -> bool:
    """Return whether a measurement of an impression is `known` in its input, at the precision of the impression."""
    return stated.quantity == known.quantity and abs(stated.value - known.value) <= stated.step / 2 + 1e-6


def _same_digits(stated: Measurement, known: Measurement) -> bool:
    """Return whether two measurements differ only by unit or decimal point."""
    if stated.quantity != known.quantity or not stated.value or not known.value:
        return stated.quantity != known.quantity and stated.value == known.value
    ratio = max(stated.value, known.value) / min(stated.value, known.value)
    return any(abs(ratio - power) < 1e-6 for power in (10, 100, 1000))
