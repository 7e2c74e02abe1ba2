"""Measurements: a number with its unit in the impression that findings and background do not have."""

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
"""Units by their singular, spelt the American way: quantity, and how many of the quantity's own unit each is."""

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
"""What every unit holds, in lower case: looked for first, as most texts have none."""
_ONE = re.compile(rf"(?P<number>{_NUMBER})\s?-?\s?(?P<unit>(?:{_UNIT})(?![a-z]))?", re.IGNORECASE)
# "nodules under 6 mm need no follow-up": a bound, not the size of anything
_BOUND = re.compile(
    r"(?:less than|under|below|smaller than|more than|greater than|larger than|over|above|exceed\w*|up to|at least"
    r"|within|every|\bsub|[<>\u2264\u2265]=?)\s*$",
    re.IGNORECASE,
)


MAX_MEASUREMENTS = 128
"""Measurements that are read of a text, its first ones: no report has as many, and each is compared with each."""


class Measurement(NamedTuple):
    """One number with its unit."""

    quantity: str
    value: float
    """In the quantity's own unit: mm, ml, HU, %, degrees."""
    step: float
    """What its last digit stands for, in that unit: 1.4 cm has 1.0 (mm)."""
    start: int
    end: int


@lru_cache(maxsize=512)
def find_measurements(text: str) -> tuple[Measurement, ...]:
    """Return the measurements of `text` in order; of "1.9 x 1.8 cm" both. Bounds ("less than 1 cm") are none."""
    lowered = text.lower()
    if not any(stem in lowered for stem in _UNIT_STEMS):
        return ()
    found = []
    for match in _MEASUREMENT.finditer(text):
        if _BOUND.search(text, max(0, match.start() - 16), match.start()):
            continue
        shared = match["unit"]
        for one in _ONE.finditer(text, match.start(), match.end()):
            quantity, factor = _unit(one["unit"] or shared)
            value, step = _number(one["number"])
            found.append(Measurement(quantity, value * factor, step * factor, one.start(), match.end()))
        if len(found) >= MAX_MEASUREMENTS:
            break
    return tuple(found[:MAX_MEASUREMENTS])


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
    """Return the measurements of the `impression` that neither `findings` nor `background` have.

    Units are converted, and a number that is rounded to the impression's own precision is the same: 1.8 cm of the
    findings makes 18 mm and 2 cm right, 8 mm and 1.8 mm wrong. The same number with another unit stands first in the
    evidence with the place that has it.
    """
    measured = find_measurements(impression)
    if not measured:
        return []
    known = [(FINDINGS, one) for one in find_measurements(findings)]
    known += [(BACKGROUND, one) for one in find_measurements(background)]
    hits: list[Hit] = []
    for one in sorted(set(measured), key=lambda one: one.start):
        if any(_same(one, other) for _, other in known):
            continue
        near = next(((form, other) for form, other in known if _same_digits(one, other)), None)
        place = Place(IMPRESSION, one.start, one.end)
        hits.append((place, Place(near[0], near[1].start, near[1].end)) if near else (place,))
    return hits


def _same(one: Measurement, other: Measurement) -> bool:
    return one.quantity == other.quantity and abs(one.value - other.value) <= one.step / 2 + 1e-6


def _same_digits(one: Measurement, other: Measurement) -> bool:
    """Whether a power of ten is all that is between them: the number kept, the unit or the point moved."""
    if one.quantity != other.quantity or not one.value or not other.value:
        return one.quantity != other.quantity and one.value == other.value
    ratio = max(one.value, other.value) / min(one.value, other.value)
    return any(abs(ratio - power) < 1e-6 for power in (10, 100, 1000))
