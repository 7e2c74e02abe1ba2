"""Summarise the distribution of a metric over reports."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """A distribution of values, in their unit (ROUGE: 0 to 1), under the column names of `evaluations`."""

    n: int
    mean: float
    sd: float | None
    """Sample standard deviation (divisor n - 1); None for fewer than 2 values."""
    min: float
    p25: float
    p50: float
    p75: float
    max: float


def summarise(values: Values) -> Summary:
    """Return the summary of `values`; quartiles by linear interpolation (type 7 of Hyndman and Fan, 1996).

    Raises ValueError when there is no value, or one that is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError("no value to summarise")
    if not np.isfinite(array).all():
        raise ValueError(f"{int((~np.isfinite(array)).sum())} of {array.size} values to summarise are not finite")
    p25, p50, p75 = (float(q) for q in np.quantile(array, (0.25, 0.5, 0.75)))
    return Summary(
        n=int(array.size),
        mean=float(array.mean()),
        sd=float(array.std(ddof=1)) if array.size > 1 else None,
        min=float(array.min()),
        p25=p25,
        p50=p50,
        p75=p75,
        max=float(array.max()),
    )


def summarise_weighted(values: Values, weights: Values) -> Summary:
    """Return the summary of `values`, each with its weight; the weights sum to 1.

    A quartile is the lowest value that, with those below it, has that share of the weight; sd is None, and n counts the
    values. Raises ValueError when there is no value.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError("no value to summarise")
    order = np.argsort(array, kind="stable")
    share = np.cumsum(np.asarray(weights, dtype=np.float64)[order])
    # tolerate a share that float64 sums to slightly less than a quarter
    p25, p50, p75 = (float(array[order][np.searchsorted(share, q - 1e-9)]) for q in (0.25, 0.5, 0.75))
    return Summary(
        n=int(array.size),
        mean=float(np.dot(array, weights)),
        sd=None,
        min=float(array.min()),
        p25=p25,
        p50=p50,
        p75=p75,
        max=float(array.max()),
    )
