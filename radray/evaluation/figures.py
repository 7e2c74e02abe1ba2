"""The figures of `evaluations`: of each system, on each stratum, by each metric, with its interval."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import Codes, Floats, codes_of, intervals, resampled_means, unanimous_bound
from radray.evaluation.scoring import F_MEASURES, PARTS, SHARES, Key
from radray.evaluation.strata import ABNORMAL, ALL, NORMAL, STANDARDISED, Bools
from radray.evaluation.summary import summarise, summarise_weighted
from radray.evaluation.systems import SideBySide, System

ROUGE = (*F_MEASURES, *PARTS, *SHARES)
WIDE = (ALL, NORMAL, ABNORMAL, STANDARDISED)
"""Strata that all scorers, precision and recall are told for; in the others the main scorer's F-measures and shares."""

COLUMNS = 256
"""Columns that are worked on at once: 41 MB of each array of 20,000 reports. The draws are the same for all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How figures are made."""

    main_scorer: str
    normal_weight: float
    resamples: int
    seed: int

    def tells(self, stratum: str, key: Key) -> bool:
        """Return whether the figures of `key` are told for `stratum`."""
        scorer_id, metric = key
        return metric not in ROUGE or stratum in WIDE or (scorer_id == self.main_scorer and metric not in PARTS)


def is_share(metric: str) -> bool:
    """Return whether the metric is 0 or 1 for each report."""
    return metric in SHARES or metric not in ROUGE


@dataclass(frozen=True, slots=True)
class Cells:
    """Values of many columns on the reports of one stratum, or of the two that a standardised mean is made of."""

    stratum: str
    values: Floats
    """(reports, columns); NaN: none."""
    clusters: Codes
    normal: Bools | None = None
    """Which of the reports are normal, when they are to be weighted."""
    normal_weight: float = 0.0

    def means(self, values: Floats) -> Floats:
        """Return the mean of each column of `values`, standardised where it is so; NaN where it has none."""
        if self.normal is None:
            return _means(values)
        w = self.normal_weight
        return np.asarray(w * _means(values[self.normal]) + (1 - w) * _means(values[~self.normal]))

    def intervals(self, values: Floats, plan: Plan) -> tuple[Floats, Floats]:
        """Return the ends of the intervals of the means, by column."""
        if self.normal is None:
            return intervals(resampled_means(values, self.clusters, plan.resamples, plan.seed))
        # the two strata side by side, so that they share the draws: a patient's reports may stand in both
        split = np.hstack([np.where(which[:, None], values, np.nan) for which in (self.normal, ~self.normal)])
        halves = np.split(resampled_means(split, self.clusters, plan.resamples, plan.seed), 2, axis=1)
        return intervals(self.normal_weight * halves[0] + (1 - self.normal_weight) * halves[1])

    def weights(self, known: Bools) -> Floats:
        """Return the weight of each report in the mean of a column that has values where `known`; they sum to 1."""
        if self.normal is None:
            return known / known.sum()
        normal, abnormal = known & self.normal, known & ~self.normal
        return np.asarray(
            self.normal_weight * normal / max(normal.sum(), 1)
            + (1 - self.normal_weight) * abnormal / max(abnormal.sum(), 1)
        )

    def whole(self, known: Bools) -> bool:
        """Return whether a column that has values where `known` has a mean."""
        if self.normal is None:
            return bool(known.any())
        return bool((known & self.normal).any() and (known & ~self.normal).any())


def members(side: SideBySide, stratum: str) -> Bools | None:
    """Return which reports the stratum's figures are of; None where a standardised mean cannot be made."""
    if stratum != STANDARDISED:
        return side.strata[stratum]
    if NORMAL not in side.strata or ABNORMAL not in side.strata:
        return None
    return np.asarray(side.strata[NORMAL] | side.strata[ABNORMAL])


def strata_names(side: SideBySide) -> list[str]:
    """Return the strata that figures are told for."""
    return [*side.strata, STANDARDISED]


def cells(side: SideBySide, stratum: str, inside: Bools, columns: list[Floats], plan: Plan) -> Cells:
    """Return the stratum's part of `columns`, each (reports,)."""
    values, clusters = np.column_stack(columns)[inside], codes_of(side.clusters[inside])
    if stratum != STANDARDISED:
        return Cells(stratum, values, clusters)
    return Cells(stratum, values, clusters, side.strata[NORMAL][inside], plan.normal_weight)


def evaluations(side: SideBySide, plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield the rows of `evaluations` but for run and date; a system without a value in a stratum has none there."""
    for stratum in strata_names(side):
        inside = members(side, stratum)
        if inside is None:
            continue
        told = [
            (system, key)
            for system in side.systems.values()
            for key in sorted(system.values)
            if plan.tells(stratum, key)
        ]
        for start in range(0, len(told), COLUMNS):
            yield from _figures(side, stratum, inside, told[start : start + COLUMNS], plan)


def _figures(
    side: SideBySide, stratum: str, inside: Bools, told: list[tuple[System, Key]], plan: Plan
) -> Iterator[dict[str, Any]]:
    here = cells(side, stratum, inside, [system.values[key] for system, key in told], plan)
    low, high = here.intervals(here.values, plan)
    for place, (system, (scorer_id, metric)) in enumerate(told):
        known = ~np.isnan(here.values[:, place])
        if not here.whole(known):
            continue
        values = here.values[known, place]
        clusters = len(np.unique(here.clusters[known]))
        ends = interval_of(float(low[place]), float(high[place]), clusters)
        if is_share(metric) and ends is not None and values.min() == values.max():
            bound = unanimous_bound(clusters)
            ends = (0.0, bound) if values[0] == 0 else (1 - bound, 1.0)
        expected = inside & side.referenced if metric in ROUGE else inside
        yield {
            "dataset": side.dataset,
            "split": side.split,
            "system": system.name,
            "kind": system.kind,
            "stratum": stratum,
            "scorer_id": scorer_id,
            "metric": metric,
            **_summary(here, values, known),
            "missing": int((expected & ~system.present).sum()),
            "failed": int((inside & system.failed).sum()),
            "clusters": clusters,
            "ci_low": ends and ends[0],
            "ci_high": ends and ends[1],
            "resamples": plan.resamples,
            "seed": plan.seed,
            "normal_weight": plan.normal_weight if stratum == STANDARDISED else None,
        }


def interval_of(low: float, high: float, clusters: int) -> tuple[float, float] | None:
    """Return the ends, or None where fewer than 2 clusters, or no resample with a value, make no interval."""
    return None if clusters < 2 or np.isnan(low) else (low, high)


def _summary(here: Cells, values: Floats, known: Bools) -> dict[str, Any]:
    weighted = here.normal is not None
    summary = summarise_weighted(values, here.weights(known)[known]) if weighted else summarise(values)
    return {name: getattr(summary, name) for name in ("n", "mean", "sd", "min", "p25", "p50", "p75", "max")}


def _means(values: Floats) -> Floats:
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0))
