"""Measurements: a number with a unit in the impression that is not in findings or background."""

import re
from functools import lru_cache
from typing import NamedTuple

from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Hit, Place

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
}
"""Units in the singular, in American spelling: (quantity, factor to the quantity's base unit)."""

_WORDS = {
    word: float(number)
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
} | {"half": 0.5}
_NUMBER = r"\d{1,6}(?:[.,]\d{1,4})?|\.\d{1,4}|" + "|".join(_WORDS)
_UNIT = (
    r"millimet(?:er|re)s?|centimet(?:er|re)s?|millilit(?:er|re)s?|lit(?:er|re)s?|inch(?:es)?|degrees?|percent|mms?|cms?"
    r"|mls?|ccs?|hu|%"
)
_BETWEEN = r"\s?(?:x|by|-|\u2013|to|and|/|\u00d7|\*)\s?"
_MEASUREMENT = re.compile(
    rf"(?<![\w.,/])(?P<numbers>(?:{_NUMBER})(?:\s?-?\s?(?:{_UNIT})?{_BETWEEN}(?:{_NUMBER})){{0,3}})"
    rf"\s?-?\s?(?P<unit>{_UNIT})(?![a-z])",
    re.IGNORECASE,
)
_UNIT_STEMS = ("mm", "cm", "met", "inch", "ml", "cc", "lit", "hu", "%", "percent", "degree")
"""Every unit contains one of these, in lower case: a quick first test, as most texts have none."""
_SINGLE = re.compile(rf"(?P<number>{_NUMBER})\s?-?\s?(?P<unit>(?:{_UNIT})(?![a-z]))?", re.IGNORECASE)
# "nodules under 6 mm need no follow-up": a bound and not a size
_BOUND = re.compile(
    r"(?:less than|under|below|smaller than|more than|greater than|larger than|over|above|exceed\w*|up to|at least"
    r"|within|every|\bsub|[<>\u2264\u2265]=?)\s*$",
    re.IGNORECASE,
)


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


@lru_cache(maxsize=512)
def find_measurements(text: str) -> tuple[Measurement, ...]:
    """Return the measurements of `text` in order, both of "1.9 x 1.8 cm"; bounds ("less than 1 cm") do not count."""
    lowered = text.lower()
    if not any(stem in lowered for stem in _UNIT_STEMS):
        return ()
    measurements = []
    for match in _MEASUREMENT.finditer(text):
        if _BOUND.search(text, max(0, match.start() - 16), match.start()):
            continue
        shared = match["unit"]
        for single in _SINGLE.finditer(text, match.start(), match.end()):
            quantity, factor = _unit(single["unit"] or shared)
            value, step = _number(single["number"])
            measurements.append(Measurement(quantity, value * factor, step * factor, single.start(), match.end()))
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
    18 mm and 2 cm are right, 8 mm and 1.8 mm are wrong. Where the input has the same digits with another unit or
    decimal point, the hit names that place too.
    """
    in_impression = find_measurements(impression)
    if not in_impression:
        return []
    known = [(FINDINGS, stated) for stated in find_measurements(findings)]
    known += [(BACKGROUND, stated) for stated in find_measurements(background)]
    hits: list[Hit] = []
    for stated in sorted(set(in_impression), key=lambda stated: stated.start):
        if any(_same(stated, other) for _, other in known):
            continue
        near = next(((form, other) for form, other in known if _same_digits(stated, other)), None)
        place = Place(IMPRESSION, stated.start, stated.end)
        hits.append((place, Place(near[0], near[1].start, near[1].end)) if near else (place,))
    return hits


def _same(stated: Measurement, known: Measurement) -> bool:
    return stated.quantity == known.quantity and abs(stated.value - known.value) <= stated.step / 2 + 1e-6


def _same_digits(stated: Measurement, known: Measurement) -> bool:
    """Return whether two measurements differ only by unit or decimal point."""
    if stated.quantity != known.quantity or not stated.value or not known.value:
        return stated.quantity != known.quantity and stated.value == known.value
    ratio = max(stated.value, known.value) / min(stated.value, known.value)
    return any(abs(ratio - power) < 1e-6 for power in (10, 100, 1000))
