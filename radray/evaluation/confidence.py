"""How well a confidence tells good predictions from bad: risk and coverage, and what deferring the doubtful buys.

Risk at coverage k/n is the mean loss of the k predictions of the highest confidence (Geifman and El-Yaniv, "Selective
classification for deep neural networks", NeurIPS 2017). AURC is its mean over k = 1..n (Geifman, Uziel and El-Yaniv,
"Bias-reduced uncertainty estimation for deep neural classifiers", ICLR 2019). AURC counts the loss of the most
confident predictions many times; AUGRC, of Traub et al. ("Overcoming common flaws in the evaluation of selective
classification systems", NeurIPS 2024), does not: the area under (loss kept) / n over coverage, by trapezoids from 0.

Predictions of equal confidence stand in no order: every figure here is the mean over all orders of theirs, exactly.
A prediction without a confidence (a failed one; margin: where the beam gave no second candidate) is taken for the
least confident, and equal to the others without: it is the first that a person writes. How many there are is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PERCENTS = (5, 10, 20, 30, 50)
"""Shares of the predictions deferred, per cent, in the deferral table."""

_Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The curve of one confidence over n predictions, and its areas; losses 0 to 1."""

    n: int
    missing: int
    """Predictions without a confidence."""
    coverage: _Array
    """(n,): 1/n, 2/n, ..., 1."""
    risk: _Array
    """(n,): expected mean loss of those kept at each coverage."""
    aurc: float
    oracle: float
    """AURC of the order by loss itself: the least there can be."""
    random: float
    """Expected AURC of an order that knows nothing: the mean loss."""
    augrc: float


@dataclass(frozen=True, slots=True)
class Deferral:
    """What is left when the least confident predictions go to a person; expected values over ties."""

    percent: int
    deferred: int
    """n * percent / 100, rounded down."""
    rest: int
    threshold: float | None
    """Least confidence among the rest: as score.defer_below_..., it defers no more. None: one without a confidence."""
    mean: float
    """Mean quality of the rest."""
    flagged: float
    """Share of the rest that is flagged."""
    caught: float | None
    """Share of all flagged predictions that is deferred; None where none is flagged."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure for `evaluations`."""

    metric: str
    n: int
    value: float


def risk_coverage(confidence: Sequence[float | None], loss: Sequence[float]) -> RiskCoverage | None:
    """Return the curve of `confidence` over `loss`, both (n,); None where no prediction has a confidence, or none is.

    Raises ValueError for losses that are not finite, and lengths that differ.
    """
    ranked = _ranked(confidence, loss)
    if ranked is None:
        return None
    values, groups, losses = ranked
    n = len(losses)
    kept = _expected_sums(groups, losses)
    places = np.arange(1, n + 1)
    risk = kept / places
    mean = float(losses.mean())
    return RiskCoverage(
        n=n,
        missing=int(np.isneginf(values).sum()),
        coverage=places / n,
        risk=risk,
        aurc=float(risk.mean()),
        oracle=float((np.cumsum(np.sort(losses)) / places).mean()),
        random=mean,
        augrc=float((kept.sum() - kept[-1] / 2) / n**2),
    )


def deferral_table(
    confidence: Sequence[float | None],
    quality: Sequence[float],
    flagged: Sequence[bool],
    percents: Sequence[int] = PERCENTS,
) -> list[Deferral]:
    """Return what deferring each of `percents` of the predictions leaves; [] where none has a confidence.

    `quality` is a score, higher is better; `flagged` says which predictions are bad. Both (n,).
    """
    ranked = _ranked(confidence, quality)
    if ranked is None:
        return []
    values, groups, qualities = ranked
    flags = _ranked(confidence, [float(one) for one in flagged])
    kept, kept_flags = _expected_sums(groups, qualities), _expected_sums(groups, flags[2] if flags else qualities * 0)
    table = []
    for percent in percents:
        deferred = len(values) * percent // 100
        rest = len(values) - deferred
        if rest == 0:
            continue
        last, bad, of_all = float(values[rest - 1]), float(kept_flags[rest - 1]), float(kept_flags[-1])
        table.append(
            Deferral(
                percent=percent,
                deferred=deferred,
                rest=rest,
                threshold=None if np.isneginf(last) else last,
                mean=float(kept[rest - 1]) / rest,
                flagged=bad / rest,
                caught=(of_all - bad) / of_all if of_all else None,
            )
        )
    return table


def confidence_figures(
    name: str, confidence: Sequence[float | None], quality: Sequence[float], flagged: Sequence[bool]
) -> list[Figure]:
    """Return the figures of one confidence, `name` (logprob, margin); [] where no prediction has it.

    Of the loss 1 - quality: ``aurc_NAME``, ``aurc_NAME_oracle``, ``aurc_NAME_random``, ``augrc_NAME``; of the flags
    ``aurc_flags_NAME``, ``aurc_flags_NAME_oracle``, ``aurc_flags_NAME_random``, ``augrc_flags_NAME``; for each of
    PERCENTS ``deferred_20_mean_NAME``, ``deferred_20_flagged_NAME`` (n: the rest), ``deferred_20_caught_NAME`` (n:
    all flagged) and ``deferred_20_threshold_NAME``; ``missing_NAME``: the share without a confidence.
    """
    figures: list[Figure] = []
    losses = {"": [1.0 - one for one in quality], "flags_": [float(one) for one in flagged]}
    for kind, loss in losses.items():
        curve = risk_coverage(confidence, loss)
        if curve is None:
            return []
        areas = {"": curve.aurc, "_oracle": curve.oracle, "_random": curve.random}
        figures += [Figure(f"aurc_{kind}{name}{suffix}", curve.n, area) for suffix, area in areas.items()]
        figures.append(Figure(f"augrc_{kind}{name}", curve.n, curve.augrc))
        if not kind:
            figures.append(Figure(f"missing_{name}", curve.n, curve.missing / curve.n))
    for row in deferral_table(confidence, quality, flagged):
        of = {"mean": row.mean, "flagged": row.flagged, "caught": row.caught, "threshold": row.threshold}
        n_of = {"caught": sum(flagged)}
        figures += [
            Figure(f"deferred_{row.percent}_{what}_{name}", n_of.get(what, row.rest), value)
            for what, value in of.items()
            if value is not None
        ]
    return figures


def _ranked(confidence: Sequence[float | None], values: Sequence[float]) -> tuple[_Array, _Array, _Array] | None:
    """Return confidences, highest first, the tie that each belongs to, and `values` in that order; all (n,)."""
    given = np.array([-np.inf if one is None else one for one in confidence], dtype=np.float64)
    array = np.asarray(values, dtype=np.float64)
    if given.shape != array.shape or not np.isfinite(array).all() or np.isnan(given).any() or np.isposinf(given).any():
        raise ValueError(f"{given.size} confidences and {array.size} values: all must be finite, a pair a prediction")
    if not np.isfinite(given).any():
        return None
    order = np.argsort(-given, kind="stable")
    ordered = given[order]
    ties = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    return ordered, ties, array[order]


def _expected_sums(ties: _Array, values: _Array) -> _Array:
    """Return the expected sum of the first k of `values`, k = 1..n, over all orders within `ties`.

    Within a tie each place holds, in expectation, the mean of the tie.
    """
    places = ties.astype(np.int64)
    sizes = np.bincount(places)
    means = np.bincount(places, weights=values) / sizes
    return np.cumsum(means[places])
