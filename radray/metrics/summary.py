"""Describe the distribution of a metric over reports."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Summary:
    """Distribution of values, in their unit (ROUGE: 0 to 1), under the names of the `evaluations` table."""

    n: int
    mean: float
    sd: float | None
    """Sample standard deviation (n - 1 below the line); None for fewer than 2 values."""
    min: float
    p25: float
    p50: float
    p75: float
    max: float


def summarise(values: Sequence[float]) -> Summary:
    """Return the summary of `values`; quartiles by linear interpolation (type 7 of Hyndman and Fan, 1996).

    Raises ValueError when there is no value, or one that is not finite: either would make a figure of nothing.
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
