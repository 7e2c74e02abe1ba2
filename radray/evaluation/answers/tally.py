"""Counts of right and wrong answers by cluster, and the rates and F1 that any sum of them gives.

All metrics but one are functions of sums over examples, so that a resample of clusters, or answers of two systems that
are swapped in some clusters, need no more than a matrix product, and F1 is computed from the counts of each resample
anew: its mean over examples, or over clusters, would be another number. So is the sensitivity at a rate of false
alarms, from the order of each resample's answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from radray.evaluation.answers.ranking import FALSE_ALARMS, Ranking
from radray.evaluation.answers.side import LABEL, Answered, Answers
from radray.evaluation.bootstrap import Codes, Floats
from radray.evaluation.strata import Bools

MACRO_F1, F1, PRECISION, RECALL = "macro_f1", "f1", "precision", "recall"
ACCURACY, REPORT_ACCURACY = "accuracy", "report_accuracy"
SENSITIVITY = f"sensitivity_at_{FALSE_ALARMS * 100:.0f}_false_alarms"
METRICS = (MACRO_F1, ACCURACY, REPORT_ACCURACY, F1, PRECISION, RECALL, SENSITIVITY)

ENOUGH = 20
"""A label counts in macro F1 if the right answers have it so often: with fewer its F1 is noise."""

SIDE = "side"
"""Label of the sides of findings. It has figures of its own, and no part in macro F1: it is no finding."""

_PLAIN = 5
"""Columns before those of labels: right examples, examples, right reports, reports, errors to be found."""


class Figure(NamedTuple):
    """A number that a tally gives."""

    metric: str
    label: str | None = None
    """The label that it is of; None: all."""

    def stratum(self, stratum: str) -> str:
        """Return the stratum that the figure of `stratum` is of."""
        return stratum if self.label is None else f"{LABEL}{self.label}"


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of one system in one stratum."""

    labels: Sequence[str]
    sums: Floats
    """(clusters, 5 + 3 labels): see `_PLAIN`, then true positives, false positives, false negatives of each label."""
    wide: Bools
    """(labels,): which count in macro F1."""
    ranking: Ranking
    """The answers, where the task looks for errors; else without any."""

    def figures(self) -> list[Figure]:
        """Return what `drawn` gives, in its order."""
        of_labels = [Figure(metric, label) for metric in (F1, PRECISION, RECALL) for label in self.labels]
        return [Figure(ACCURACY), Figure(REPORT_ACCURACY), Figure(MACRO_F1), *of_labels, Figure(SENSITIVITY)]

    def drawn(self, times: Floats) -> Floats:
        """Return the figures where each cluster counts so many `times`, (rows, clusters): (rows, figures).

        NaN where there is nothing to divide by, and in the sensitivity of a task that looks for no errors.
        """
        return np.column_stack([self.rates(np.asarray(times @ self.sums)), self.ranking.sensitivity(times)])

    @property
    def values(self) -> Floats:
        """The figures, (figures,)."""
        return np.asarray(self.drawn(np.ones((1, len(self.sums))))[0])

    def rates(self, sums: Floats) -> Floats:
        """Return the figures of `sums`, (rows, columns), all but the sensitivity: (rows, figures - 1)."""
        hits, wrong, missed = (sums[:, _PLAIN + place :: 3] for place in range(3))
        with np.errstate(invalid="ignore", divide="ignore"):
            f1 = 2 * hits / (2 * hits + wrong + missed)
            precision, recall = hits / (hits + wrong), hits / (hits + missed)
            plain = [sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 3]]
        return np.column_stack([*plain, _mean(f1[:, self.wide]), f1, precision, recall])

    @property
    def total(self) -> Floats:
        """The sums over all clusters, (1, columns)."""
        return np.asarray(self.sums.sum(axis=0, keepdims=True))

    def n(self, figure: Figure) -> int:
        """Return the number of instances behind a figure: of a label, those that the right answers have of it.

        Behind the sensitivity: errors to be found.
        """
        return int(self.total[0, self._denominator(figure)].sum())

    def clusters(self, figure: Figure) -> int:
        """Return the number of clusters with any instance behind a figure."""
        return int((self.sums[:, self._denominator(figure)].sum(axis=1) > 0).sum())

    def _denominator(self, figure: Figure) -> list[int]:
        if figure.label is None:
            return [{REPORT_ACCURACY: 3, SENSITIVITY: 4}.get(figure.metric, 1)]
        start = _PLAIN + 3 * list(self.labels).index(figure.label)
        return [start, start + 1] if figure.metric == PRECISION else [start, start + 2]


def support_of(system: Answers, known: Bools) -> dict[str, int]:
    """Return how often the right answers of the examples `known` have each label, by label in order; {} for none.

    They are the same for every system that has answered those.
    """
    support: dict[str, int] = {}
    for outcome, inside in zip(system.outcomes, known, strict=True):
        for label, (hits, _, missed) in outcome.counts.items() if inside and outcome else ():
            support[label] = support.get(label, 0) + hits + missed
    return {label: n for label, n in sorted(support.items()) if n}


def tally(side: Answered, system: Answers, known: Bools, support: Mapping[str, int]) -> Tally:
    """Return the counts of `system` on the examples `known`, to all of which it has an answer.

    Labels are those of `support`; in macro F1 are those but SIDE that have it ENOUGH times. A report is right if all
    its examples are. Clusters are numbered as `side.clusters(known)`. No example: no cluster.
    """
    codes = side.clusters(known)
    outcomes = [outcome for outcome, inside in zip(system.outcomes, known, strict=True) if inside and outcome]
    place = {label: _PLAIN + 3 * number for number, label in enumerate(support)}
    rows = np.zeros((len(outcomes), _PLAIN + 3 * len(support)))
    for row, outcome in zip(rows, outcomes, strict=True):
        row[0], row[1] = outcome.correct, 1
        for label, counts in outcome.counts.items():
            if label in place:
                row[place[label] : place[label] + 3] = counts
    units = np.array(side.units, dtype=np.str_)[known]
    _, first, report = np.unique(units, return_index=True, return_inverse=True)
    right = np.ones(len(first))
    np.minimum.at(right, report.reshape(-1), rows[:, 0])
    rows[first, 2], rows[first, 3] = right, 1
    ranking = _ranking(side, system, known, codes)
    rows[: len(ranking.wrong), 4] = ranking.wrong
    sums = np.zeros((int(codes.max()) + 1 if codes.size else 0, rows.shape[1]))
    np.add.at(sums, codes, rows)
    wide = np.array([n >= ENOUGH and label != SIDE for label, n in support.items()], dtype=np.bool_)
    return Tally(list(support), sums, wide, ranking)


def _ranking(side: Answered, system: Answers, known: Bools, clusters: Codes) -> Ranking:
    if not side.errors:
        return Ranking(np.empty(0), np.empty(0, dtype=np.bool_), np.empty(0, dtype=np.int64))
    suspicions = np.array(system.suspicions, dtype=np.float64)
    return Ranking(suspicions[known], np.array(side.errors, dtype=np.bool_)[known], clusters)


def _mean(f1: Floats) -> Floats:
    """Return the mean over labels of those that have an F1, (rows,); NaN where none has."""
    known = ~np.isnan(f1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, f1, 0.0).sum(axis=1) / known.sum(axis=1))
