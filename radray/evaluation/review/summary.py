"""What the readers of a review said: means and shares with intervals, prediction beside reference, and agreement."""

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
    """'mean' of a scale; else the answer whose share it is, of ordered ones with all beyond: 'moderate or more'."""
    of: str
    """prediction, reference, or difference: prediction less reference, on the same items; '' of what is preferred."""
    items: int
    """Items with an answer (difference: for both)."""
    value: float
    """Mean over items, each the mean of its readers, weighted by the reports that an item stands for."""
    low: float
    high: float
    """95 % interval: whole clusters drawn anew. Of a share that is 0 or 1, its other end is Clopper and Pearson's."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the readers agree on one question."""

    question: str
    units: int
    """Impressions (preferred: items) that two readers or more judged."""
    alpha: float | None
    """Krippendorff's, ordinal where the answers are ordered; None where there is nothing to compare."""


def summarise_review(key: pa.Table, readings: Sequence[Reading], resamples: int, seed: int) -> list[Estimate]:
    """Return the estimates of all questions; those that nobody answered are left out.

    Weighted back to all reports that the sheet was drawn from. Intervals by the seeded percentile bootstrap over
    `split_key`: the readers are taken as they are, so it says nothing of other readers.
    """
    rows = key.to_pylist()
    clusters = codes_of(np.array([row["split_key"] for row in rows]))
    weights = np.array([row["weight"] for row in rows], dtype=np.float64)
    columns: list[tuple[str, str, str, Floats]] = []
    for question in QUESTIONS:
        for level, value_of in _levels(question):
            found = {
                of: np.array([_mean(_answers(row, readings, question.name, of), value_of) for row in rows])
                for of in (PREDICTION, REFERENCE)
            }
            found[DIFFERENCE] = found[PREDICTION] - found[REFERENCE]
            columns += [(question.name, level, of, values) for of, values in found.items()]
    chosen = [[_preferred(row, one) for one in readings] for row in rows]
    for answer in (PREDICTION, REFERENCE, "same"):
        value_of = {one: float(one == answer) for one in (PREDICTION, REFERENCE, "same")}
        shares = np.array([_mean([one for one in given if one], value_of) for given in chosen])
        columns.append((PREFERRED.name, answer, "", shares))
    columns = [column for column in columns if not np.isnan(column[3]).all()]
    if not columns:
        return []
    values = np.column_stack([column[3] for column in columns])
    known = np.where(np.isnan(values), np.nan, weights[:, None])
    # one seed: both draw the same clusters, and their quotient is the weighted mean of each resample
    means = resampled_means(values * known, clusters, resamples, seed) / resampled_means(
        known, clusters, resamples, seed
    )
    lows, highs = intervals(means)
    estimates = []
    for place, (name, level, of, given) in enumerate(columns):
        has = ~np.isnan(given)
        low, high = float(lows[place]), float(highs[place])
        if level != "mean" and of != DIFFERENCE:
            bound = unanimous_bound(len(np.unique(clusters[has])))
            low = 1 - bound if (given[has] == 1).all() else low
            high = bound if (given[has] == 0).all() else high
        value = float(np.average(given[has], weights=weights[has]))
        estimates.append(Estimate(name, level, of, int(has.sum()), value, low, high))
    return estimates


def agreements(key: pa.Table, readings: Sequence[Reading]) -> list[Agreement]:
    """Return the agreement of the readers on each question, of prediction and reference together."""
    rows = key.to_pylist()
    found = []
    for question in QUESTIONS:
        units = [_answers(row, readings, question.name, of) for row in rows for of in (PREDICTION, REFERENCE)]
        found.append(_agreement(question, units))
    chosen = [[one for one in (_preferred(row, reading) for reading in readings) if one] for row in rows]
    preferred = Question(PREFERRED.name, (PREDICTION, REFERENCE, "same"), ordered=False)
    return [*found, _agreement(preferred, chosen)]


def _agreement(question: Question, units: Sequence[Sequence[str]]) -> Agreement:
    judged = sum(len(unit) > 1 for unit in units)
    return Agreement(question.name, judged, alpha(units, question.answers, ordered=question.ordered))


def _levels(question: Question) -> list[tuple[str, dict[str, float]]]:
    """Return what is told of the question: (level, value of each answer)."""
    answers = question.answers
    if question.is_scale:
        return [("mean", {answer: float(answer) for answer in answers})]
    levels = []
    for least, one in enumerate(answers[1:], 1):
        beyond = question.ordered and least < len(answers) - 1
        counted = answers[least:] if question.ordered else (one,)
        levels.append((f"{one} or more" if beyond else one, {answer: float(answer in counted) for answer in answers}))
    return levels


def _answers(row: dict[str, str], readings: Sequence[Reading], question: str, of: str) -> list[str]:
    """Return what the readers answered of the prediction, or the reference, of the item in `row` of the key."""
    side = row["prediction_is"]
    if of == REFERENCE:
        side = next(other for other in SIDES if other != side)
    given = (reading.answers.get(int(row["item"]), {}).get(f"{side}_{question}") for reading in readings)
    return [one for one in given if one is not None]


def _preferred(row: dict[str, str], reading: Reading) -> str | None:
    """Return prediction, reference or same, as the reader prefers; None: not answered."""
    answer = reading.answers.get(int(row["item"]), {}).get(PREFERRED.name)
    if answer is None or answer == "same":
        return answer
    return PREDICTION if answer == row["prediction_is"] else REFERENCE


def _mean(answers: Sequence[str], value_of: Mapping[str, float]) -> float:
    return float(np.mean([value_of[answer] for answer in answers])) if answers else np.nan
