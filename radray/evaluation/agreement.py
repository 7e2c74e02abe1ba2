"""How far the candidates for one report agree, and which of them agrees most with the others.

Taken as a sample of what might be written, the candidate with the highest mean agreement is the decision of minimum
Bayes risk (Kumar and Byrne, "Minimum Bayes-risk decoding for statistical machine translation", NAACL 2004); where an
answer is a text it takes the place of the majority vote of self-consistency (Wang et al., ICLR 2023).
"""

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal, get_args

from radray.evaluation.concept_f1 import concept_f1, statements
from radray.evaluation.rouge import Tokenizer
from radray.language.normality import is_normal

Utility = Literal["rouge_l", "concepts", "both"]
UTILITIES: tuple[Utility, ...] = get_args(Utility)
"""What agreement is measured by: words in common and in order, findings in common, or the mean of both."""

TIE = 1e-12
"""Tolerance for equal means: sums of floats depend on the order of their terms."""

_STEMS = Tokenizer(stemmer=True)
"""Always with the stemmer, whatever `score.stemmer`: what is written must not depend on how it is scored."""


def agreements(texts: Sequence[str], utility: Utility, votes: Sequence[float] | None = None) -> list[float | None]:
    """Return the mean agreement of each of `texts` with all of them, 0 to 1; None for a single one; none: [].

    `votes` are the texts' weights in the mean, above 0; None: all alike. Equal texts agree fully, as a text does with
    itself, and count as often as they occur; each pair of different texts is compared once.
    """
    if len(texts) < 2:
        return [None] * len(texts)
    weights: dict[str, float] = {}
    for text, vote in zip(texts, votes or [1.0] * len(texts), strict=True):
        weights[text] = weights.get(text, 0.0) + vote
    of_pair = _pairs(list(weights), utility)
    whole = math.fsum(weights.values())
    means = {
        text: math.fsum([own, *(weights[other] * value for other, value in of_pair[text].items())]) / whole
        for text, own in weights.items()
    }
    return [means[text] for text in texts]


def most_agreed_first(values: Sequence[float | None], faults: Sequence[int] | None = None) -> list[int]:
    """Return the places of `agreements` by falling agreement, ties within TIE in order; none: [].

    With `faults`, a number for each, those of the fewest come first, and agreement orders among equals.
    """
    worse = faults or [0] * len(values)
    return sorted(range(len(values)), key=lambda place: (worse[place], -round((values[place] or 0.0) / TIE), place))


def rouge_l(first: str, second: str) -> float:
    """Return ROUGE-L, F, with the stemmer, 0 to 1, the same either way round; 0 where one has no token."""
    return _lcs_f(_Words(first), _Words(second))


def concept_agreement(first: str, second: str) -> float:
    """Return how far two impressions name the same findings, 0 to 1, the same either way round.

    Concept F1, which is not defined where one of them names no concept ("Unremarkable.", "As above."). Then they agree
    fully if both read normal, or if neither names a concept and neither reads normal; else not at all.
    """
    if statements(first) and statements(second):
        return concept_f1(first, second) or 0.0
    normal = [is_normal(text) is True for text in (first, second)]
    return float(all(normal) or not (any(normal) or statements(first) or statements(second)))


class _Words:
    """A text's tokens, and for each token the places that have it, as bits."""

    __slots__ = ("bits", "tokens")

    def __init__(self, text: str) -> None:
        self.tokens = _STEMS.tokenize(text)
        self.bits: dict[str, int] = {}
        for place, token in enumerate(self.tokens):
            self.bits[token] = self.bits.get(token, 0) | 1 << place


def _lcs_f(first: _Words, second: _Words) -> float:
    """Return F of the longest common subsequence, whose length is counted a row of its table at once.

    Hyyrö, "Bit-parallel LCS-length computation revisited", AWOCA 2004: a bit is 0 where the row's count rises. For 40
    impressions of Open-i 0.3 ms a report instead of rouge-score's 2.4 (``tests/benchmarks/consensus.py``).
    """
    if not first.tokens or not second.tokens:
        return 0.0
    whole = row = (1 << len(first.tokens)) - 1
    for token in second.tokens:
        if matches := row & first.bits.get(token, 0):
            row = (row + matches | row - matches) & whole
    return 2 * (len(first.tokens) - row.bit_count()) / (len(first.tokens) + len(second.tokens))


def _pairs(texts: Sequence[str], utility: Utility) -> dict[str, dict[str, float]]:
    """Return for each of the different `texts` its agreement with each other one."""
    compare: list[Callable[[str, str], float]] = []
    if utility in ("rouge_l", "both"):
        words = {text: _Words(text) for text in texts}
        compare.append(lambda first, second: _lcs_f(words[first], words[second]))
    if utility in ("concepts", "both"):
        compare.append(concept_agreement)
    values: dict[str, dict[str, float]] = {text: {} for text in texts}
    for first, second in combinations(texts, 2):
        values[first][second] = values[second][first] = sum(each(first, second) for each in compare) / len(compare)
    return values
