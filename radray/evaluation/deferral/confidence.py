"""How well a confidence separates good predictions from bad: risk and coverage, and what deferral gains.

Risk at coverage k/n is the mean loss of the k predictions with the highest confidence (Geifman and El-Yaniv, "Selective
classification for deep neural networks", NeurIPS 2017). AURC is its mean over k = 1..n (Geifman, Uziel and El-Yaniv,
"Bias-reduced uncertainty estimation for deep neural classifiers", ICLR 2019). AURC counts the loss of the most
confident predictions many times; AUGRC (Traub et al., "Overcoming common flaws in the evaluation of selective
classification systems", NeurIPS 2024) does not: it is the area under (summed loss of those kept) / n over coverage, by
trapezoids from 0.

Predictions of equal confidence have no order: every figure here is the exact mean over all their orders. Predictions
without a confidence (failed ones; for margin and agreement also where there was no second candidate) rank last and tie
with each other: they are the first to be deferred. Their number is reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PERCENTS = (5, 10, 20, 30, 50)
"""Shares of deferred predictions in the deferral table, in per cent."""

_Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The curve of one confidence over n predictions, and the areas under it; losses are 0 to 1."""

    n: int
    missing: int
    """Predictions without a confidence."""
    coverage: _Array
    """(n,): 1/n, 2/n, ..., 1."""
    risk: _Array
    """(n,): expected mean loss of the predictions kept at each coverage."""
    aurc: float
    oracle: float
    """AURC of ranking by the loss itself: the lowest possible."""
    random: float
    """Expected AURC of a random ranking: the mean loss."""
    augrc: float


@dataclass(frozen=True, slots=True)
class Deferral:
    """The predictions that remain when the least confident ones go to a person; expected values over ties."""

    percent: int
    deferred: int
    """n * percent / 100, rounded down."""
    rest: int
    threshold: float | None
    """Lowest confidence among the rest; as score.defer_below_... it defers no more.

    None where the rest includes a prediction without a confidence.
    """
    mean: float
    """Mean quality of the rest."""
    flagged: float
    """Flagged share of the rest."""
    caught: float | None
    """Deferred share of all flagged predictions; None where none is flagged."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the table `evaluations`."""

    metric: str
    n: int
    value: float


def risk_coverage(confidence: Sequence[float | None], loss: Sequence[float]) -> RiskCoverage | None:
    """Return the curve of `confidence` over `loss`, both (n,); None where no prediction has a confidence, or n is 0.

    Raises ValueError for values that are not finite and for lengths that differ.
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
    """Return the figures of the rest after deferring each of `percents`; [] where no prediction has a confidence.

    `quality` is a score, higher is better; `flagged` marks the bad predictions. All three are (n,). Raises ValueError
    for values that are not finite and for lengths that differ.
    """
    ranked = _ranked(confidence, quality)
    if ranked is None:
        return []
    values, groups, qualities = ranked
    flags = _ranked(confidence, [float(flag) for flag in flagged])
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
    """Return the figures of the confidence `name` (logprob, margin, agreement); [] where no prediction has it.

    For the loss 1 - quality: ``aurc_NAME``, ``aurc_NAME_oracle``, ``aurc_NAME_random``, ``augrc_NAME``; for the flags
    ``aurc_flags_NAME``, ``aurc_flags_NAME_oracle``, ``aurc_flags_NAME_random``, ``augrc_flags_NAME``; for each of
    PERCENTS ``deferred_20_mean_NAME``, ``deferred_20_flagged_NAME`` (n: the rest), ``deferred_20_caught_NAME`` (n:
    all flagged) and ``deferred_20_threshold_NAME``; ``missing_NAME``: the share without a confidence. Raises ValueError
    for values that are not finite and for lengths that differ.
    """
    figures: list[Figure] = []
    losses = {"": [1.0 - score for score in quality], "flags_": [float(flag) for flag in flagged]}
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
    """Return confidences, highest first, the number of each one's tie, and `values` in that order; all (n,).

    None where no prediction has a confidence. Raises ValueError as its callers document.
    """
    given = np.array([-np.inf if value is None else value for value in confidence], dtype=np.float64)
    array = np.asarray(values, dtype=np.float64)
    if given.shape != array.shape or not np.isfinite(array).all() or np.isnan(given).any() or np.isposinf(given).any():
        raise ValueError(f"{given.size} confidences and {array.size} values: need a finite pair for each prediction")
    if not np.isfinite(given).any():
        return None
    order = np.argsort(-given, kind="stable")
    ordered = given[order]
    ties = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    return ordered, ties, array[order]


def _expected_sums(ties: _Array, values: _Array) -> _Array:
    """Return the expected sum of the first k of `values`, k = 1..n, over all orders within `ties`.

    Within a tie the expected value at each place is the mean of the tie.
    """
    places = ties.astype(np.int64)
    sizes = np.bincount(places)
    means = np.bincount(places, weights=values) / sizes
    return np.cumsum(means[places])
