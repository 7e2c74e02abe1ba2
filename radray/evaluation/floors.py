"""Floors, the baselines without a model: the best constant, the first sentence, the nearest training report."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from radray.errors import InputError
from radray.evaluation.rouge import Tokenizer
from radray.language.sentences import split_sentences

_TIE = 1e-12
"""Tolerance for equal means or cosines: float64 sums depend on the order of their terms."""
_CHUNK_CELLS = 4_000_000
"""Similarities that the nearest neighbour holds in memory at once: 32 MB."""


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
    return list(first_of.values())[int(np.argmax(means >= means.max() - _TIE))]


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
    r"""Predict the impression of the training report with the most similar findings.

    In detail: scikit-learn's TfidfVectorizer, fitted on the training findings, with ``lowercase=True``,
    ``token_pattern=r"(?u)\b\w\w+\b"`` (words of two letters or more; a mask ``___`` is one),
    ``ngram_range=(1, 2)``, ``sublinear_tf=True`` (1 + ln tf), ``smooth_idf=True`` (ln((1 + n) / (1 + df)) + 1),
    ``norm="l2"``, no stop words, in float64; similarity is the cosine; ties, within 1e-12, go to the first
    training report in the given order, and so do findings that share no word with any report.
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
        # scikit-learn takes a second to import, and this module has more than the neighbour
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(
            lowercase=True,
            token_pattern=r"(?u)\b\w\w+\b",
            ngram_range=(1, 2),
            sublinear_tf=True,
            smooth_idf=True,
            norm="l2",
            dtype=np.float64,
        )
        try:
            self._known = self._vectorizer.fit_transform(findings).T.tocsr()
        except ValueError:
            raise InputError("the training findings contain no word of two letters or more") from None

    def predict(self, findings: Sequence[str]) -> list[str]:
        """Return the reference of the nearest training report for each of `findings`; [] for none.

        Holds at most 32 MB of similarities in memory, or one row of them.
        """
        chunk = max(1, _CHUNK_CELLS // len(self._references))
        predictions: list[str] = []
        for start in range(0, len(findings), chunk):
            queries = self._vectorizer.transform(findings[start : start + chunk])
            similarities = (queries @ self._known).toarray()
            ties = similarities >= similarities.max(axis=1, keepdims=True) - _TIE
            predictions += [self._references[index] for index in ties.argmax(axis=1)]
        return predictions
