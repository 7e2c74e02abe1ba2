"""A threshold of confidence with a bound on the worst error: an impression that reads normal over an abnormal report.

Learn then Test (Angelopoulos, Bates, Candes, Jordan and Lei, "Learn then Test: Calibrating predictive algorithms to
achieve risk control", 2021) with fixed-sequence testing and exact binomial p-values. Only a prediction that reads
normal can make the error, so only such ones are deferred: those whose confidence is below the threshold. All others
are kept. Three risks can be bounded, alone or together:

- ``r1`` = P(abnormal and reads normal | kept), of all that is kept;
- ``r1_normal`` = P(abnormal | kept and reads normal). Predictions that cannot make the error do not dilute it, and it
  is at least r1: a bound on it is one on r1 too;
- ``r2`` = P(kept and reads normal | abnormal), of all abnormal reports.

The theorem: let the reports of the sample and those of a night be exchangeable, each cluster once. Then with
probability 1 - delta over the sample every risk at the threshold is at most its alpha. Each threshold that is tried is
tested against "some risk is above its alpha" with the largest of the binomial p-values P(Bin(n, alpha) <= k); they are
tried from the highest on, and the first that is not rejected ends it.

That wants thresholds and order fixed before the test. r2 falls as the threshold rises, so that the confidences of the
sample itself may be tried: the error needs the p-value at the one threshold where r2 passes alpha to be wrong. r1 and
r1_normal need not fall: there the clusters of a pilot, a fifth, say which thresholds are tried and where it begins,
and take no part in the test (split fixed sequence testing, section 4 of the paper).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from radray.evaluation.bootstrap import Floats
from radray.evaluation.deferral.sample import Sample

R1, R1_NORMAL, R2 = RISKS = ("r1", "r1_normal", "r2")
PILOT = 5
"""One of so many clusters is in the pilot."""
START_ERRORS = {R1: 0, R1_NORMAL: 8}
"""The first threshold that is tried is expected to keep so many reports that this number of errors would pass.

Of r1 nothing is wrong as long as all that read normal are deferred. With r1_normal a single error more ends the test at
once where few are kept: in 100 halvings of Open-i (cosine of the nearest neighbour, 15 %) nothing passed in 86, 29, 11
and 0 with 0, 2, 4 and 8."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One risk at a threshold, as it was tested."""

    risk: str
    alpha: float
    n: int
    """Reports that the risk is a share of."""
    k: int
    """Errors among them."""
    p_value: float
    """P(Bin(n, alpha) <= k); 1 without reports."""
    upper: float
    """Upper end of k / n by Clopper and Pearson, one-sided, at level delta: at most alpha where p_value is at most
    delta."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The lowest threshold of which all bounds hold, and what it keeps of the sample."""

    threshold: float | None
    """Lowest confidence with which a prediction that reads normal is kept; None: no threshold passed, and all that
    read normal are deferred."""
    delta: float
    bounds: tuple[Bound, ...]
    """Each risk at the threshold; where none passed, at the first that was tried."""
    reports: int
    """Reports of the sample."""
    pilot: int
    """Those of the pilot, which took no part in the test."""
    tried: int
    """Thresholds tried."""
    kept: float
    """Share of all predictions that are kept."""
    kept_normal: float
    """Share of the predictions that read normal that are kept. Of all flatters: the others are kept in any case."""
    normal: int
    """Kept predictions that read normal."""
    wrong: int
    """Those of them whose reference is abnormal. Counted where the threshold was chosen: no bound of its own."""


def lowest_threshold(sample: Sample, alphas: Mapping[str, float], delta: float) -> Threshold:
    """Return the lowest threshold at which each risk of `alphas` is at most its alpha with probability 1 - `delta`.

    Without reports, or with too few for any threshold to pass, there is none. Raises ValueError for no risk, an unknown
    one, and an alpha or delta that is not between 0 and 1.
    """
    if not alphas or not set(alphas) <= set(RISKS) or not all(0 < share < 1 for share in (*alphas.values(), delta)):
        raise ValueError(f"expected some of {', '.join(RISKS)}, each with an alpha, and delta, between 0 and 1")
    has_pilot = bool(START_ERRORS.keys() & alphas.keys())
    pilot = _in_pilot(sample) if has_pilot else np.zeros(len(sample), dtype=np.bool_)
    tested = _Counts(sample.part(~pilot))
    tried = _tried(_Counts(sample.part(pilot)), alphas, delta) if has_pilot else tested.thresholds()
    p_values = [
        binomial_p_values(tested.errors(tried), tested.reports(risk, tried), alpha) for risk, alpha in alphas.items()
    ]
    rejected = np.max(p_values, axis=0) <= delta
    passed = len(rejected) if rejected.all() else int(np.argmin(rejected))
    threshold = float(tried[passed - 1]) if passed else None
    at = tried[max(passed - 1, 0) :][:1]
    all_of_it = _Counts(sample)
    kept = tried[passed - 1 : passed] if passed else np.array([np.inf])
    normal = int(all_of_it.reports(R1_NORMAL, kept)[0])
    return Threshold(
        threshold=threshold,
        delta=delta,
        bounds=tuple(_bound(tested, risk, alpha, delta, at) for risk, alpha in alphas.items()),
        reports=len(sample),
        pilot=int(pilot.sum()),
        tried=min(passed + 1, len(tried)),
        kept=int(all_of_it.reports(R1, kept)[0]) / max(len(sample), 1),
        kept_normal=normal / max(int(sample.reads_normal.sum()), 1),
        normal=normal,
        wrong=int(all_of_it.errors(kept)[0]),
    )


def binomial_p_values(k: Floats, n: Floats, alpha: float) -> Floats:
    """Return P(Bin(n, alpha) <= k) of each `k` and `n`: p-values of "the risk is above alpha"; 1 where n is 0."""
    # scipy takes half a second to import, and few who import this module compute
    from scipy.stats import binom

    return np.asarray(binom.cdf(k, n, alpha), dtype=np.float64)


def least_reports(alpha: float, delta: float, errors: int) -> int:
    """Return the least number of reports with which so many `errors` still pass: P(Bin(n, alpha) <= errors) <= delta.

    Without an error 59 at alpha 5 % and delta 5 %.
    """
    low, high = errors, errors + 1
    while binomial_p_values(np.array([errors]), np.array([high]), alpha)[0] > delta:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        passes = binomial_p_values(np.array([errors]), np.array([middle]), alpha)[0] <= delta
        low, high = (low, middle) if passes else (middle, high)
    return high


class _Counts:
    """Reports and errors of a sample at thresholds."""

    def __init__(self, sample: Sample) -> None:
        self._normal = np.sort(sample.confidence[sample.reads_normal])
        self._wrong = np.sort(sample.confidence[sample.reads_normal & sample.abnormal])
        self._others = int((sample.written & ~sample.reads_normal).sum())
        self._abnormal = int(sample.abnormal.sum())

    def thresholds(self) -> Floats:
        """Return the confidences of the predictions that read normal, highest first, each once."""
        return np.unique(self._normal[np.isfinite(self._normal)])[::-1]

    def errors(self, thresholds: Floats) -> Floats:
        """Return how many errors are kept at each of `thresholds`."""
        return np.asarray(len(self._wrong) - np.searchsorted(self._wrong, thresholds), dtype=np.float64)

    def reports(self, risk: str, thresholds: Floats) -> Floats:
        """Return how many reports `risk` is a share of at each of `thresholds`."""
        normal = np.asarray(len(self._normal) - np.searchsorted(self._normal, thresholds), dtype=np.float64)
        if risk == R2:
            return np.full(normal.shape, float(self._abnormal))
        return normal + self._others if risk == R1 else normal


def _in_pilot(sample: Sample) -> np.typing.NDArray[np.bool_]:
    """Return whether each report is in the pilot: decided by its key, in no relation to what the report says."""
    tickets = (hashlib.sha256(f"pilot {key}".encode()).digest() for key in sample.keys)
    return np.array([int.from_bytes(ticket[:8]) % PILOT == 0 for ticket in tickets], dtype=np.bool_)


def _tried(pilot: _Counts, alphas: Mapping[str, float], delta: float) -> Floats:
    """Return the thresholds that the pilot proposes, highest first, from the first on that keeps enough reports.

    Where every threshold keeps too few, the lowest is the only one. An empty pilot proposes none.
    """
    thresholds = pilot.thresholds()
    enough = np.ones(len(thresholds), dtype=np.bool_)
    for risk, alpha in alphas.items():
        if risk in START_ERRORS:
            enough &= pilot.reports(risk, thresholds) * (PILOT - 1) >= least_reports(alpha, delta, START_ERRORS[risk])
    return thresholds[enough] if enough.any() else thresholds[-1:]


def _bound(counts: _Counts, risk: str, alpha: float, delta: float, at: Floats) -> Bound:
    from scipy.stats import beta

    n, k = (int(counts.reports(risk, at)[0]), int(counts.errors(at)[0])) if len(at) else (0, 0)
    upper = 1.0 if k >= n else float(beta.ppf(1 - delta, k + 1, n - k))
    return Bound(risk, alpha, n, k, float(binomial_p_values(np.array([k]), np.array([n]), alpha)[0]), upper)
