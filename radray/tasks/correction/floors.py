"""The floors of `correction`: always fine, the checks, and words alone: those of the impression, and of both texts."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
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
    """Answer by the words of the impression alone, without the findings, as `_learnt`."""
    return _learnt(_of_impression, training, asked)


def both_texts(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Answer by which words the two texts share, without medicine, as `_learnt`.

    By the words of the impression and its pairs of words, each with whether the findings have it, and by the words of
    the findings that the impression lacks.
    """
    return _learnt(_of_both_texts, training, asked)


def _learnt(
    features: Callable[[Example], set[str]], training: Sequence[Example], asked: Sequence[Example]
) -> list[Parsed]:
    """Answer by a logistic regression of error on whether an example has each of `features`.

    ``fine`` where `training` has not both classes.
    """
    known = [its for its in training if its.gold is not None and its.gold.value in (FINE, ERROR)]
    values = [its.gold and its.gold.value for its in known]
    if len(set(values)) < 2 or not asked:
        return [Parsed(FINE) for _ in asked]
    # scikit-learn takes a second to import, and who imports this module may never ask
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = CountVectorizer(analyzer=features, binary=True)
    regression = LogisticRegression(max_iter=1000).fit(vectorizer.fit_transform(known), values)
    return [Parsed(str(value)) for value in regression.predict(vectorizer.transform(asked))]


def _of_impression(example: Example) -> set[str]:
    words = _words(example, "impression")
    return {*words, *(f"{first} {second}" for first, second in pairwise(["", *words, ""]))}


def _of_both_texts(example: Example) -> set[str]:
    words, of_findings = _words(example, "impression"), _words(example, "findings")
    # a text's edges are no words, so that no pair with one is shared
    pairs, known = pairwise(["", *words, ""]), {*pairwise(of_findings)}
    return (
        {f"{word} {word in of_findings}" for word in words}
        | {f"{first} {second} {(first, second) in known}" for first, second in pairs}
        | {f"lacks {word}" for word in {*of_findings} - {*words}}
    )


def _words(example: Example, name: str) -> list[str]:
    return _WORD.findall(example.inputs[name].casefold())


FLOORS: Mapping[str, Floor] = {
    "always fine": always_fine,
    "checks of Tier A": tier_a,
    "all checks": all_checks,
    "wording": wording,
    "both texts": both_texts,
}
"""By name, as `evaluations` has it."""
