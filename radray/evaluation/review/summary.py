"""The results of a review: means and shares with intervals, prediction beside reference, and reader agreement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from radray.evaluation.bootstrap import Floats, codes_of, intervals, resampled_means, unanimous_bound
from radray.evaluation.review.agreement import alpha
from radray.evaluation.review.files import Reading
from radray.evaluation.review.sheet import PREFERRED, QUESTIONS, SIDES, Question

PREDICTION, REFERENCE, DIFFERENCE = "prediction", "reference", "difference"


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure of a review: a mean (1 to 5), a share (0 to 1), or a paired difference of two."""

    question: str
    level: str
    """'mean' for a scale; else the answer whose share it is, or with higher ones: 'moderate or more'."""
    author: str
    """prediction, reference, or difference (prediction minus reference on the same items); '' for the preference."""
    items: int
    """Items with an answer (difference: for both)."""
    value: float
    """Mean over items, each the mean of its readers, weighted by the number of reports that an item represents."""
    low: float
    high: float
    """End of the 95 % interval, by resampling clusters. A share of 0 or 1: other end by Clopper and Pearson."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The readers' agreement on one question."""

    question: str
    units: int
    """Impressions (preferred: items) judged by at least two readers."""
    alpha: float | None
    """Krippendorff's alpha, ordinal where the answers are ordered; None where there is nothing to compare."""


def summarise_review(key: pa.Table, readings: Sequence[Reading], resamples: int, seed: int) -> list[Estimate]:
    """Return the estimates of all questions that anybody answered; [] for none.

    Weighted to represent all reports that the sheet was drawn from. Intervals are seeded percentile bootstraps over
    `split_key`; readers are not resampled, so the intervals do not generalise to other readers.
    """
    rows = key.to_pylist()
    clusters = codes_of(np.array([row["split_key"] for row in rows]))
    weights = np.array([row["weight"] for row in rows], dtype=np.float64)
    columns: list[tuple[str, str, str, Floats]] = []
    for question in QUESTIONS:
        for level, value_of in _levels(question):
            by_author = {
                author: np.array([_mean(_answers(row, readings, question.name, author), value_of) for row in rows])
                for author in (PREDICTION, REFERENCE)
            }
            by_author[DIFFERENCE] = by_author[PREDICTION] - by_author[REFERENCE]
            columns += [(question.name, level, author, values) for author, values in by_author.items()]
    preferences = [[_preferred(row, reading) for reading in readings] for row in rows]
    for answer in (PREDICTION, REFERENCE, "same"):
        value_of = {choice: float(choice == answer) for choice in (PREDICTION, REFERENCE, "same")}
        shares = np.array([_mean([choice for choice in given if choice], value_of) for given in preferences])
        columns.append((PREFERRED.name, answer, "", shares))
    columns = [column for column in columns if not np.isnan(column[3]).all()]
    if not columns:
        return []
    values = np.column_stack([column[3] for column in columns])
    known = np.where(np.isnan(values), np.nan, weights[:, None])
    # with the same seed both draw the same clusters: their quotient is the weighted mean of each resample
    means = resampled_means(values * known, clusters, resamples, seed) / resampled_means(
        known, clusters, resamples, seed
    )
    lows, highs = intervals(means)
    estimates = []
    for place, (name, level, author, given) in enumerate(columns):
        has = ~np.isnan(given)
        low, high = float(lows[place]), float(highs[place])
        if level != "mean" and author != DIFFERENCE:
            bound = unanimous_bound(len(np.unique(clusters[has])))
            low = 1 - bound if (given[has] == 1).all() else low
            high = bound if (given[has] == 0).all() else high
        value = float(np.average(given[has], weights=weights[has]))
        estimates.append(Estimate(name, level, author, int(has.sum()), value, low, high))
    return estimates


def agreements(key: pa.Table, readings: Sequence[Reading]) -> list[Agreement]:
    """Return the readers' agreement on each question, over predictions and references together."""
    rows = key.to_pylist()
    results = []
    for question in QUESTIONS:
        units = [_answers(row, readings, question.name, author) for row in rows for author in (PREDICTION, REFERENCE)]
        results.append(_agreement(question, units))
    preferences = [[choice for choice in (_preferred(row, reading) for reading in readings) if choice] for row in rows]
    preferred = Question(PREFERRED.name, (PREDICTION, REFERENCE, "same"), ordered=False)
    return [*results, _agreement(preferred, preferences)]


def _agreement(question: Question, units: Sequence[Sequence[str]]) -> Agreement:
    judged = sum(len(unit) > 1 for unit in units)
    return Agreement(question.name, judged, alpha(units, question.answers, ordered=question.ordered))


def _levels(question: Question) -> list[tuple[str, dict[str, float]]]:
    """Return the levels that are reported for a question: (level, value of each answer)."""
    answers = question.answers
    if question.is_scale:
        return [("mean", {answer: float(answer) for answer in answers})]
    levels = []
    for lowest, level in enumerate(answers[1:], 1):
        has_higher = question.ordered and lowest < len(answers) - 1
        counted = answers[lowest:] if question.ordered else (level,)
        value_of = {answer: float(answer in counted) for answer in answers}
        levels.append((f"{level} or more" if has_higher else level, value_of))
    return levels


def _answers(row: dict[str, str], readings: Sequence[Reading], question: str, author: str) -> list[str]:
    """Return the readers' answers about the prediction, or the reference, of the item in `row` of the key."""
    side = row["prediction_is"]
    if author == REFERENCE:
        side = next(other for other in SIDES if other != side)
    given = (reading.answers.get(int(row["item"]), {}).get(f"{side}_{question}") for reading in readings)
    return [answer for answer in given if answer is not None]


def _preferred(row: dict[str, str], reading: Reading) -> str | None:
    """Return the reader's preference: prediction, reference or same; None where not answered."""
    answer = reading.answers.get(int(row["item"]), {}).get(PREFERRED.name)
    if answer is None or answer == "same":
        return answer
    return PREDICTION if answer == row["prediction_is"] else REFERENCE


def _mean(answers: Sequence[str], value_of: Mapping[str, float]) -> float:
    return float(np.mean([value_of[answer] for answer in answers])) if answers else np.nan
