"""ROUGE-1, -2, -L and -Lsum of a prediction against a reference, equal to rouge-score's but faster."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.metadata import version
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal

from radray.language.sentences import SPLITTER_ID, split_sentences

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

METRICS = {"rouge1": "rouge1", "rouge2": "rouge2", "rougel": "rougeL", "rougelsum": "rougeLsum"}
"""Metrics: their names in our tables, and rouge-score's."""


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
    # nltk comes with it, and scipy and scikit-learn with that: over a second, and most processes score nothing
    from rouge_score import tokenize, tokenizers

    if not stemmer:
        return functools.partial(tokenize.tokenize, stemmer=None)
    stem = functools.lru_cache(maxsize=100_000)(tokenizers.porter.PorterStemmer().stem)
    tokens_of = functools.partial(tokenize.tokenize, stemmer=SimpleNamespace(stem=stem))
    return functools.lru_cache(maxsize=TEXTS_KEPT)(tokens_of)


class Scorer:
    """Score one prediction at a time with rouge-score; ROUGE-Lsum is over the sentences of `split_sentences`."""

    def __init__(self, stemmer: bool, references: Literal["clean", "raw"] = "clean") -> None:
        """Score with or without the stemmer; `references` says whether these will be cleaned or raw."""
        self._stemmer = stemmer
        self.scorer_id = ";".join(
            (f"rouge-score-{version('rouge-score')}", "stem" if stemmer else "nostem", SPLITTER_ID, references)
        )
        """How scores are computed: library, stemmer, sentence splitter, and whether references are cleaned or raw."""

    def _scorer(self, *metrics: str) -> RougeScorer:
        return _scorer_of(self._stemmer, metrics)

    def score(self, reference: str, prediction: str) -> dict[str, float]:
        """Return precision, recall and F of each metric, 0 to 1, under the column names of `predictions`.

        An empty prediction gives zeros; so does a reference without a token (a mask alone). Raises ValueError for an
        empty reference: there is nothing to score against.
        """
        if not reference.strip():
            raise ValueError("the reference is empty: score only reports that have one")
        references, predictions = split_sentences(reference), split_sentences(prediction)
        if len(references) <= 1 and len(predictions) <= 1:
            # for two single sentences Lsum is L: the only union LCS is the LCS, and nothing is clipped
            scores = self._scorer("rouge1", "rouge2", "rougeL").score(reference, prediction)
            scores["rougeLsum"] = scores["rougeL"]
        else:
            scores = self._scorer(*METRICS.values()).score("\n".join(references), "\n".join(predictions))
        return {
            f"{metric}_{part}": float(value)
            for metric, name in METRICS.items()
            for part, value in zip(("precision", "recall", "f"), scores[name], strict=True)
        }


@functools.cache
def _scorer_of(stemmer: bool, metrics: tuple[str, ...]) -> RougeScorer:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(metrics), tokenizer=Tokenizer(stemmer))
