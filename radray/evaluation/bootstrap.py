"""Intervals and tests for means over clustered reports: percentile bootstrap and sign flips, by cluster.

Reports of the same patient, or with the same text, are not independent: on Open-i an interval that resamples reports
is half as wide as one that resamples clusters. So whole clusters are drawn (Davison and Hinkley 1997, section 3.8) and
whole clusters change sign. Everything is a matrix product of (draws, clusters) with (clusters, columns), so that many
metrics of many systems share the draws and their differences are paired.

Percentile intervals (Efron and Tibshirani 1993, chapter 13), not BCa: a mean stays within 0 and 1, every column of a
resample is used, and the method does not fail where the jackknife of a rate is constant.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

LEVEL = 0.95
TEST = "sign flip by cluster"

_CELLS = 2_000_000
"""Draws times clusters held in memory at once: 16 MB of random numbers and 16 MB of counts."""
_TIE = 1e-12
"""Relative tolerance for equal statistics: float64 sums depend on the order of their terms."""


def codes_of(keys: NDArray[np.generic]) -> Codes:
    """Return the cluster of each report, numbered 0, 1, ... by sorted key; (n,) for `keys` (n,)."""
    return np.unique(keys, return_inverse=True)[1].astype(np.int64).reshape(-1)


def resampled_means(values: Floats, clusters: Codes, resamples: int, seed: int) -> Floats:
    """Return the mean of each column in each resample of the clusters: (resamples, columns).

    `values` is (reports, columns), NaN where a column has no value for a report; `clusters` is (reports,), see
    `codes_of`. A resample draws as many clusters as there are, with replacement; its mean is over the reports of the
    drawn clusters, NaN in a column for which none of them has a value. The same clusters and seed give the same draws.
    """
    known = ~np.isnan(values)
    sums = _by_cluster(np.where(known, values, 0.0), clusters)
    # a single column of counts where all reports have all values: half the work
    counts = _by_cluster((known if not known.all() else known[:, :1]).astype(np.float64), clusters)
    means = np.empty((resamples, values.shape[1]))
    done = 0
    for drawn in cluster_draws(len(sums), resamples, seed):
        with np.errstate(invalid="ignore", divide="ignore"):
            means[done : done + len(drawn)] = (drawn @ sums) / (drawn @ counts)
        done += len(drawn)
    return means


def intervals(means: Floats) -> tuple[Floats, Floats]:
    """Return the lower and upper end of the 95 % percentile interval of each column of resampled `means`.

    Resamples without a mean (NaN) are left out; a column without any mean has NaN for both ends.
    """
    tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    low, high = np.full(means.shape[1], np.nan), np.full(means.shape[1], np.nan)
    whole = ~np.isnan(means).any(axis=0)
    low[whole], high[whole] = np.quantile(means[:, whole], tails, axis=0)
    for column in np.flatnonzero(~whole):
        known = means[~np.isnan(means[:, column]), column]
        if known.size:
            low[column], high[column] = np.quantile(known, tails)
    return low, high


def unanimous_bound(clusters: int) -> float:
    """Return the upper end of the 95 % interval of a rate after no hit in `clusters` clusters.

    A bootstrap cannot give it: it turns no hit in 20 reports into [0, 0]. Clopper and Pearson (1934), with each cluster
    counted once: 1 - 0.025 ** (1 / clusters).
    """
    return 1.0 - float(((1 - LEVEL) / 2) ** (1 / clusters))


def sign_flip_p(differences: Floats, clusters: Codes, resamples: int, seed: int) -> Floats:
    """Return the two-sided p-value of "no difference" of each column: (columns,).

    `differences` is (reports, columns), NaN where there is none. If two systems are equivalent, the summed difference
    of each cluster might as well have had the other sign (Fisher 1935, chapter 3). All sign patterns are enumerated
    where there are at most `resamples`; otherwise that many are drawn, and p = (1 + as extreme) / (1 + drawn), which is
    never 0 (Phipson and Smyth 2010).
    """
    sums = _by_cluster(np.nan_to_num(differences, nan=0.0), clusters)
    least = np.abs(sums.sum(axis=0)) - _TIE * np.abs(sums).sum(axis=0)
    extreme = np.zeros(differences.shape[1], dtype=np.int64)
    for signs in sign_patterns(len(sums), resamples, seed):
        extreme += (np.abs(signs @ sums) >= least).sum(axis=0)
    return p_of(extreme, len(sums), resamples)


def sign_patterns(clusters: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield the signs of the clusters, (rows, clusters), a pattern per row: all where there are at most `resamples`."""
    return _all_signs(clusters) if _exact(clusters, resamples) else _drawn_signs(clusters, resamples, seed)


def p_of(extreme: NDArray[np.int64], clusters: int, resamples: int) -> Floats:
    """Return p-values where `extreme` of the `sign_patterns` are as extreme as what was seen."""
    if _exact(clusters, resamples):
        return np.asarray(extreme / 2**clusters, dtype=np.float64)
    return np.asarray((1 + extreme) / (1 + resamples), dtype=np.float64)


def _exact(clusters: int, resamples: int) -> bool:
    return clusters <= math.floor(math.log2(resamples))


def _by_cluster(values: Floats, clusters: Codes) -> Floats:
    """Return the sums of `values` (reports, columns) by cluster: (clusters, columns)."""
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    return np.asarray(np.add.reduceat(values[order], starts, axis=0), dtype=np.float64)


def cluster_draws(clusters: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield how often each cluster is drawn: (rows, clusters), a resample per row, a bounded number at once."""
    rng = np.random.default_rng(seed)
    for rows in _chunks(clusters, resamples):
        drawn = rng.integers(0, clusters, size=(rows, clusters))
        drawn += np.arange(rows)[:, None] * clusters
        counts = np.bincount(drawn.ravel(), minlength=rows * clusters)
        yield counts.reshape(rows, clusters).astype(np.float64)


def _drawn_signs(clusters: int, resamples: int, seed: int) -> Iterator[Floats]:
    rng = np.random.default_rng(seed)
    for rows in _chunks(clusters, resamples):
        yield np.where(rng.integers(0, 2, size=(rows, clusters)) == 1, 1.0, -1.0)


def _all_signs(clusters: int) -> Iterator[Floats]:
    patterns = np.arange(2**clusters)[:, None] >> np.arange(clusters)
    yield np.where(patterns & 1, 1.0, -1.0)


def _chunks(clusters: int, resamples: int) -> Iterator[int]:
    rows = max(1, _CELLS // clusters)
    for start in range(0, resamples, rows):
        yield min(rows, resamples - start)
