"""How many errors are seen at a rate of false alarms, by the suspicions of a task that looks for errors."""

from dataclasses import dataclass

import numpy as np

from radray.evaluation.bootstrap import Codes, Floats
from radray.evaluation.strata import Bools

FALSE_ALARMS = 0.05
"""Share of what is fine that may raise an alarm."""

_CELLS = 1_000_000
"""Resamples times answers held in memory at once: 8 MB each of half a dozen arrays."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Answers as an order of suspicion: the first are the likeliest to have an error."""

    suspicions: Floats
    """(answers,)."""
    wrong: Bools
    """(answers,): which are to something that has an error."""
    clusters: Codes
    """(answers,)."""

    def sensitivity(self, times: Floats) -> Floats:
        """Return the share of the errors that is seen, FALSE_ALARMS of what is fine raising an alarm: (rows,).

        `times` has how often each cluster counts, (rows, clusters). It is the ROC curve at FALSE_ALARMS: an alarm is
        raised from a threshold of suspicion on, which each row has its own of, and between two thresholds the curve is
        a straight line, which is what drawing lots among equal suspicions gives on average (Fawcett 2006).
        Equal ones throughout give FALSE_ALARMS. NaN where nothing is wrong or nothing fine.
        """
        seen = np.full(len(times), np.nan)
        if not len(self.suspicions):
            return seen
        order = np.argsort(-self.suspicions, kind="stable")
        lowered = np.flatnonzero(np.append(np.diff(self.suspicions[order]) != 0, True)) + 1
        thresholds = np.concatenate(([0], lowered))
        rows = max(1, _CELLS // len(order))
        for start in range(0, len(times), rows):
            counted = times[start : start + rows, self.clusters[order]]
            raised = _running(np.where(self.wrong[order], 0.0, counted))[:, thresholds]
            caught = _running(np.where(self.wrong[order], counted, 0.0))[:, thresholds]
            seen[start : start + rows] = _at_false_alarms(raised, caught)
        return seen

    def beside(self, other: "Ranking") -> "Ranking":
        """Return both, the clusters of `other` numbered after as many of this.

        Each suspicion becomes its place among those of its own, as the scales of two systems may differ (Venkatraman
        and Begg 1996, Biometrika 83:835).
        """
        after = int(self.clusters.max()) + 1 if len(self.clusters) else 0
        return Ranking(
            np.concatenate([_places(self.suspicions), _places(other.suspicions)]),
            np.concatenate([self.wrong, other.wrong]),
            np.concatenate([self.clusters, other.clusters + after]),
        )


def _at_false_alarms(raised: Floats, caught: Floats) -> Floats:
    """Return the share of the last column of `caught` where `raised` reaches FALSE_ALARMS of its last: (rows,)."""
    allowed = FALSE_ALARMS * raised[:, -1]
    beyond = (raised > allowed[:, None]).argmax(axis=1)
    row, last = np.arange(len(raised)), np.maximum(beyond - 1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (allowed - raised[row, last]) / (raised[row, beyond] - raised[row, last])
        seen = caught[row, last] + share * (caught[row, beyond] - caught[row, last])
        return np.asarray(seen / caught[:, -1])


def _running(counts: Floats) -> Floats:
    """Return the sums of the first 0, 1, ... columns: (rows, columns + 1)."""
    return np.pad(np.cumsum(counts, axis=1), ((0, 0), (1, 0)))


def _places(values: Floats) -> Floats:
    """Return the place of each of `values` in their order, 1 the least; equal ones share their mean place."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(-1)], dtype=np.float64)
