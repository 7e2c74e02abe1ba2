"""Score the predictions of a whole system: by the four ROUGE scorers (stemmed or not, cleaned or raw), by concepts."""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from radray.checks.check import checks_version
from radray.evaluation.bootstrap import Floats
from radray.evaluation.concept_f1 import CONCEPT_F1, concept_f1
from radray.evaluation.rouge import METRICS, Scorer, Tokenizer
from radray.language.normality import is_normal

Key = tuple[str, str]
"""(scorer_id, metric): what a value measures."""

F_MEASURES = tuple(METRICS)
"""The F-measures, under the names that tables have used since the first version."""
PARTS = tuple(f"{metric}_{part}" for metric in METRICS for part in ("precision", "recall"))
EXACT, NO_OVERLAP, READS_NORMAL = "exact", "no_overlap", "reads_normal"
SHARES = (EXACT, NO_OVERLAP, READS_NORMAL)
"""Metrics whose mean is a share of the reports."""

_WORDS = Tokenizer(stemmer=False)
_COLUMNS = (*(f"{metric}_f" for metric in F_MEASURES), *PARTS)


def main_scorer(*, stemmer: bool) -> str:
    """Return the id of the scorer of the headlines: cleaned references, as in `predictions`."""
    return Scorer(stemmer=stemmer).scorer_id


def score_all(
    references: Sequence[str | None], raw_references: Sequence[str | None], predictions: Sequence[str | None]
) -> dict[Key, Floats]:
    """Return the values of each report by scorer and metric, (reports,) each, 0 to 1.

    NaN where there is no reference, or no prediction (None); an empty prediction scores 0, except ``no_overlap``, which
    is 1. Metrics are `F_MEASURES`, `PARTS` and, for each scorer, `SHARES`: ``exact`` is 1 where reference and
    prediction have the same words in the same order (ignoring case, punctuation and masks), ``no_overlap`` where they
    have none in common, ``reads_normal`` where the prediction is a normal impression (`radray.language.normality`): for
    an abnormal reference this is the worst error, which ROUGE does not distinguish from any other.
    """
    values_of: dict[Key, Floats] = {}
    kinds: tuple[tuple[Literal["clean", "raw"], Sequence[str | None]], ...]
    kinds = (("clean", references), ("raw", raw_references))
    for kind, texts in kinds:
        pairs = [_pair(*pair) for pair in zip(texts, predictions, strict=True)]
        places: dict[tuple[str, str], int] = {}
        place_of = np.array([-1 if pair is None else places.setdefault(pair, len(places)) for pair in pairs], dtype=int)
        exact = np.array([_same_words(*pair) for pair in places], dtype=np.float64)
        written = {text: is_normal(text) is True for _, text in places}
        normal = np.array([written[text] for _, text in places], dtype=np.float64)
        for stemmer in (True, False):
            scorer = Scorer(stemmer=stemmer, references=kind)
            values = _scored(scorer, places)
            for metric, column in zip((*F_MEASURES, *PARTS), values.T, strict=True):
                values_of[scorer.scorer_id, metric] = _spread(column, place_of)
            values_of[scorer.scorer_id, EXACT] = _spread(exact, place_of)
            values_of[scorer.scorer_id, READS_NORMAL] = _spread(normal, place_of)
            values_of[scorer.scorer_id, NO_OVERLAP] = _spread((values[:, 0] == 0).astype(np.float64), place_of)
    return values_of


def concept_scores(references: Sequence[str | None], predictions: Sequence[str | None]) -> dict[Key, Floats]:
    """Return the concept F1 of each report, (reports,), under the version of the checks, whose vocabulary it uses.

    NaN where there is no reference, or it names no concept, or there is no prediction (None); an empty prediction
    scores 0. See `radray.evaluation.concept_f1`.
    """
    pairs = [_pair(*pair) for pair in zip(references, predictions, strict=True)]
    value_of: dict[tuple[str, str] | None, float | None] = {None: None}
    value_of |= {pair: concept_f1(*pair) for pair in dict.fromkeys(pairs) if pair is not None}
    values = [np.nan if (value := value_of[pair]) is None else value for pair in pairs]
    return {(checks_version(), CONCEPT_F1): np.array(values, dtype=np.float64)}


def _pair(reference: str | None, prediction: str | None) -> tuple[str, str] | None:
    if reference is None or not reference.strip() or prediction is None:
        return None
    return reference, prediction


def _scored(scorer: Scorer, pairs: Iterable[tuple[str, str]]) -> Floats:
    """Return the scores of the distinct `pairs`: (pairs, columns)."""
    rows = [[scores[name] for name in _COLUMNS] for scores in (scorer.score(*pair) for pair in pairs)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(_COLUMNS))


def _same_words(reference: str, prediction: str) -> bool:
    words = _WORDS.tokenize(reference)
    return bool(words) and words == _WORDS.tokenize(prediction)


def _spread(values: Floats, place_of: np.ndarray) -> Floats:
    """Return `values` at the places of the reports, (reports,); NaN at place -1."""
    return np.append(values, np.nan)[place_of]
