"""Whether a night's confidences are those of a calibration: the two-sample test of Kolmogorov and Smirnov.

It sees that confidences are spread otherwise: another scanner's phrases, another mix of cases, a broken feed. It does
not see that the same confidences mean something else (as many errors among the sure as among the unsure, with as many
of each), nor a small difference on few reports: with 500 reports on either side, at level 1 %, shares that differ by
less than 10 points at every confidence pass. That a night passes shows nothing; that it fails says that the night and
the calibration are not exchangeable, which is what the bound needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 100
"""Most bins of the histogram: the test sees differences at their edges alone, and so rejects no more often than on the
values themselves."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How confidences are spread: numbers alone, of no report."""

    edges: tuple[float, ...]
    """Lower edges of the bins but the first, which has what is below them all, and reports without a confidence."""
    counts: tuple[int, ...]
    """Reports in each bin: one more than edges."""


def histogram_of(confidences: Sequence[float | None]) -> Histogram:
    """Return the spread of `confidences`, None for one that is missing; none: a single empty bin."""
    known = np.sort([value for value in confidences if value is not None])
    places = np.linspace(0, len(known) - 1, min(BINS, len(known))).round().astype(int)
    edges = np.unique(known[places]) if len(known) else known
    return Histogram(
        tuple(edges.tolist()), tuple(np.bincount(_bins(edges.tolist(), confidences), minlength=len(edges) + 1).tolist())
    )


def shift_p_value(histogram: Histogram, confidences: Sequence[float | None]) -> float | None:
    """Return the p-value of `confidences` being spread as those of `histogram`; None where either has no report."""
    # scipy takes half a second to import, and few who import this module test
    from scipy.stats import ks_2samp

    if not confidences or not sum(histogram.counts):
        return None
    calibrated = np.repeat(np.arange(len(histogram.counts)), histogram.counts)
    exact = len(calibrated) * len(confidences) <= EXACT_PAIRS
    return float(ks_2samp(calibrated, _bins(histogram.edges, confidences), method="exact" if exact else "asymp").pvalue)


EXACT_PAIRS = 1_000_000
"""Up to so many pairs of reports the p-value is exact; beyond, the limit distribution is as good, and fast."""


def _bins(edges: Sequence[float], confidences: Sequence[float | None]) -> np.typing.NDArray[np.int64]:
    values = [-np.inf if value is None else value for value in confidences]
    return np.asarray(np.searchsorted(edges, values, side="right"), dtype=np.int64)
