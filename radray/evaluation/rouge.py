"""ROUGE-1, -2, -L and -Lsum of a prediction against a reference, equal to rouge-score's but faster."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from threading import get_ident
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Literal

from radray.evaluation.common import common_in_sentences, common_length
from radray.language.sentences import SPLITTER_ID, split_sentences

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

METRICS = ("rouge1", "rouge2", "rougel", "rougelsum")
"""Metrics: their names in our tables."""


TEXTS_KEPT = 8192
"""Texts whose tokens are kept: a prediction is compared with the cleaned and with the raw reference, as a whole and by
sentences, and normal sentences recur. rouge-score reads the lists and changes none."""


class Tokenizer:
    """Tokenise as rouge-score does: runs of a-z and 0-9 in lower case, words over 3 letters stemmed if asked for."""

    def __init__(self, stemmer: bool) -> None:
        self._stemmer = stemmer

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens of `text` in order; a mask (``___``) gives none."""
        return _tokenise(self._stemmer)(text)


@functools.cache
def _tokenise(stemmer: bool) -> Callable[[str], list[str]]:
    """Return rouge-score's function, its own stemmer with a cache: 103 instead of 371 us per pair of impressions.

    (Measured on Open-i. The cache is bounded, so that a stream of junk does not fill the memory.)
    """
    # most processes score nothing
    with _hidden("scipy", "sklearn"):
        from rouge_score import tokenize, tokenizers

    if not stemmer:
        return functools.partial(tokenize.tokenize, stemmer=None)
    stem = functools.lru_cache(maxsize=100_000)(tokenizers.porter.PorterStemmer().stem)
    tokens_of = functools.partial(tokenize.tokenize, stemmer=SimpleNamespace(stem=stem))
    return functools.lru_cache(maxsize=TEXTS_KEPT)(tokens_of)


@contextmanager
def _hidden(*libraries: str) -> Iterator[None]:
    """Have this thread's imports in the block not find `libraries`, unless they are imported already.

    rouge-score brings nltk, and nltk brings scipy and scikit-learn where it finds them, for parts that are not used
    here: 1.6 of 1.8 s and 130 of 150 MB of every process that scores.
    """
    finder = _Hiding(libraries)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Hiding(MetaPathFinder):
    def __init__(self, libraries: Sequence[str]) -> None:
        self._libraries, self._thread = libraries, get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self._libraries and get_ident() == self._thread:
            raise ModuleNotFoundError(name=fullname)
        return None


class Scorer:
    """Score one prediction at a time, as rouge-score does; ROUGE-Lsum is over the sentences of `split_sentences`."""

    def __init__(self, stemmer: bool, references: Literal["clean", "raw"] = "clean") -> None:
        """Score with or without the stemmer; `references` says whether these will be cleaned or raw."""
        self._stemmer = stemmer
        self.scorer_id = ";".join(
            (f"rouge-score-{version('rouge-score')}", "stem" if stemmer else "nostem", SPLITTER_ID, references)
        )
        """How scores are computed: library, stemmer, sentence splitter, and whether references are cleaned or raw."""

    def score(self, reference: str, prediction: str) -> dict[str, float]:
        """Return precision, recall and F of each metric, 0 to 1, under the column names of `predictions`.

        An empty prediction gives zeros; so does a reference without a token (a mask alone). Raises ValueError for an
        empty reference: there is nothing to score against.
        """
        if not reference.strip():
            raise ValueError("the reference is empty: score only reports that have one")
        references, predictions = split_sentences(reference), split_sentences(prediction)
        several = len(references) > 1 or len(predictions) > 1
        texts = ("\n".join(references), "\n".join(predictions)) if several else (reference, prediction)
        tokens_of = _tokenise(self._stemmer)
        words, written = tokens_of(texts[0]), tokens_of(texts[1])
        counts = _scorer_of(self._stemmer).score(*texts)
        common = common_length(words, written)
        # for two single sentences Lsum is L: the only union LCS is the LCS, and nothing is clipped
        in_sentences = common
        if several:
            of_each = ([tuple(tokens_of(text)) for text in part] for part in (references, predictions))
            in_sentences = common_in_sentences(*of_each)
        scores = {
            "rouge1": counts["rouge1"],
            "rouge2": counts["rouge2"],
            "rougel": _score(common, len(words), len(written)),
            "rougelsum": _score(in_sentences, len(words), len(written)),
        }
        return {
            f"{metric}_{part}": float(value)
            for metric in METRICS
            for part, value in zip(("precision", "recall", "f"), scores[metric], strict=True)
        }


def _score(common: int, reference: int, prediction: int) -> tuple[float, float, float]:
    """Return precision, recall and F of `common` words; zeros where either text has none."""
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / prediction, common / reference
    return precision, recall, 2 * precision * recall / (precision + recall)


@functools.cache
def _scorer_of(stemmer: bool) -> RougeScorer:
    with _hidden("scipy", "sklearn"):
        from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rouge1", "rouge2"], tokenizer=Tokenizer(stemmer))
