"""The floors of `correction`: always fine, the checks of Tier A, all checks, and the impression's wording alone."""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from radray.checks.check import check
from radray.flags import CLASSES, TIER_A
from radray.tasks.answering import Example, Floor, Parsed
from radray.tasks.correction.planting.statements import sentences
from radray.tasks.correction.suspicion import ERROR, FINE

_PLACE = re.compile(r"(\w+) impression:(\d+)-(\d+)")
_NOT_OF_FINDINGS = frozenset({"mask", "communication", "identifier"})
"""Classes of which no error is planted: de-identified impressions have masks and calls."""
_WORD = re.compile(r"\w+")


def always_fine(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Answer ``fine``."""
    return [Parsed(FINE) for _ in asked]


def tier_a(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Answer as the checks of Tier A flag the impression; the repaired one lacks the sentences with the error."""
    return [_checked(example.inputs, frozenset(TIER_A) - _NOT_OF_FINDINGS) for example in asked]


def all_checks(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Answer as any check flags the impression, likewise."""
    return [_checked(example.inputs, frozenset(CLASSES) - _NOT_OF_FINDINGS) for example in asked]


def _checked(inputs: Mapping[str, str], classes: Collection[str]) -> Parsed:
    # the exam is not among the inputs: what applies is decided by the findings, see `check`
    result = check(inputs["impression"], inputs["findings"], inputs["background"] or None)
    if not any(result.flags[name] for name in classes):
        return Parsed(FINE)
    places = [(int(start), int(end)) for name, start, end in _PLACE.findall(result.evidence) if name in classes]
    kept, at = [], 0
    for sentence in sentences(inputs["impression"]):
        start = inputs["impression"].index(sentence, at)
        at = start + len(sentence)
        if not any(begin < at and end > start for begin, end in places):
            kept.append(sentence)
    return Parsed(ERROR, " ".join(kept))


def wording(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Answer by the words of the impression alone, without the findings: which class of `training` has them more often.

    Naive Bayes over words and pairs of words, each counted once, smoothed by one. Without training: ``fine``.
    """
    words: dict[str, Counter[str]] = {FINE: Counter(), ERROR: Counter()}
    totals: Counter[str] = Counter()
    for example in training:
        if example.gold is not None and example.gold.value in words:
            words[example.gold.value].update(_features(example))
            totals[example.gold.value] += 1
    if not all(totals[value] for value in words):
        return [Parsed(FINE) for _ in asked]

    def log_likelihood(value: str, features: Collection[str]) -> float:
        return math.log(totals[value]) + sum(
            math.log((words[value][feature] + 1) / (totals[value] + 2)) for feature in features
        )

    return [
        Parsed(max((FINE, ERROR), key=lambda value: log_likelihood(value, features)))
        for features in map(_features, asked)
    ]


def _features(example: Example) -> set[str]:
    words = ["", *_WORD.findall(example.inputs["impression"].casefold()), ""]
    return {*words, *(f"{first} {second}" for first, second in pairwise(words))} - {""}


FLOORS: Mapping[str, Floor] = {
    "always fine": always_fine,
    "checks of Tier A": tier_a,
    "all checks": all_checks,
    "wording": wording,
}
"""By name, as `evaluations` has it."""
