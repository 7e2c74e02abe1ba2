"""Floors, the baselines without a model: the best constant, the first sentence, the nearest training report."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from radray.errors import InputError
from radray.evaluation.rouge import Tokenizer
from radray.evaluation.similarity import TIE, FindingsSimilarity
from radray.language.sentences import split_sentences


@dataclass(frozen=True, slots=True)
class Training:
    """The training reports, from which floors are built and which show what was seen in training."""

    findings: Sequence[str] = ()
    references: Sequence[str] = ()
    known: frozenset[str] = frozenset()
    """Normalised findings."""
    normalise: Callable[[str], str] = str
    model: str | None = None
    """The model that learnt from them, with dataset and night; None: they are those of the evaluated dataset."""

    def saw(self, findings: str) -> bool | None:
        """Return whether a training report has these findings, word for word; None without training reports."""
        return self.normalise(findings) in self.known if self.findings else None


class Floor(Protocol):
    """Impressions without a model."""

    def __call__(self, training: Training, findings: Sequence[str], *, stemmer: bool) -> list[str] | None:
        """Return the impression of each of `findings`, in order; None: it needs training reports, and has none.

        `stemmer`: whether it compares words by their stems, as ROUGE does.
        """
        ...


def best_constant(references: Sequence[str], stemmer: bool) -> str:
    """Return the training reference with the highest mean ROUGE-1 F against the others; the first of equals.

    Exact over all pairs, without enumerating them. Two texts of n and m tokens with o in common, repeats counted, have
    F = 2 o / (n + m). If the k-th occurrence of a word is a feature of its own, o is the number of common features, so
    the sum of F(c, t) over all t is the sum over the features w of c of G(w, n) = sum over the t that have w of
    2 / (n + m), which depends on w and on lengths, not on pairs. Tokens are rouge-score's, stemmed or not. Of a single
    reference the result is that one. Raises InputError for none.
    """
    if not references:
        raise InputError("no training reference to choose the best constant from")
    tokenizer = Tokenizer(stemmer)
    bags = {text: tuple(sorted(tokenizer.tokenize(text))) for text in dict.fromkeys(references)}
    count_of = Counter(bags[text] for text in references)
    first_of: dict[tuple[str, ...], str] = {}
    for text, bag in bags.items():
        first_of.setdefault(bag, text)
    counts = np.array([count_of[bag] for bag in first_of], dtype=np.float64)
    lengths = np.array([len(bag) for bag in first_of], dtype=np.int64)

    feature_of: dict[tuple[str, int], int] = {}
    features = np.array([feature_of.setdefault(w, len(feature_of)) for bag in first_of for w in _occurrences(bag)], int)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    # how many references of each length have each feature
    longest = int(lengths.max()) + 1
    pairs, pair_of = np.unique(features * longest + lengths[rows], return_inverse=True)
    held = np.bincount(pair_of, weights=counts[rows], minlength=len(pairs))
    pair_features, pair_lengths = np.divmod(pairs, longest)

    sums = np.zeros(len(lengths))
    for length in np.unique(lengths[lengths > 0]):
        gain = np.bincount(pair_features, weights=held * 2 / (length + pair_lengths), minlength=len(feature_of))
        ours = lengths[rows] == length
        sums += np.bincount(rows[ours], weights=gain[features[ours]], minlength=len(lengths))
    # minus the reference itself, with F = 1; one without a token has F = 0 against everything, itself included
    means = (sums - (lengths > 0)) / max(len(references) - 1, 1)
    return list(first_of.values())[int(np.argmax(means >= means.max() - TIE))]


def _occurrences(bag: tuple[str, ...]) -> list[tuple[str, int]]:
    """Return (word, k) for the k-th occurrence of each word of a sorted `bag`."""
    occurrences: list[tuple[str, int]] = []
    for word in bag:
        k = occurrences[-1][1] + 1 if occurrences and occurrences[-1][0] == word else 0
        occurrences.append((word, k))
    return occurrences


def first_sentence(findings: str) -> str:
    """Return the first sentence of `findings` by `split_sentences`; "" when there is none."""
    return next(iter(split_sentences(findings)), "")


class NearestNeighbour:
    """Predict the impression of the training report with the most similar findings, see `similarity`.

    Ties go to the first training report in the given order, and so do findings that share no word with any report.
    """

    def __init__(self, findings: Sequence[str], references: Sequence[str]) -> None:
        """Fit on pairs of training `findings` and `references`, of equal length.

        Raises InputError when there is no pair, or no word in any of the findings.
        """
        if not findings or len(findings) != len(references):
            raise InputError(
                f"the nearest neighbour needs training findings, each with a reference: got {len(findings)} findings"
                f" and {len(references)} references"
            )
        self._references = list(references)
        self._similarity = FindingsSimilarity(findings)

    def predict(self, findings: Sequence[str]) -> list[str]:
        """Return the reference of the nearest training report for each of `findings`; [] for none."""
        return [
            self._references[int((cosines >= cosines.max() - TIE).argmax())]
            for cosines in self._similarity.cosines(findings)
        ]
