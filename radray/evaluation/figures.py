"""The figures of the table `evaluations`: each system on each stratum by each metric, with an interval."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import Codes, Floats, codes_of, intervals, resampled_means, unanimous_bound
from radray.evaluation.scoring import F_MEASURES, PARTS, SHARES, Key
from radray.evaluation.strata import ABNORMAL, ALL, NORMAL, STANDARDISED, Bools
from radray.evaluation.summary import summarise, summarise_weighted
from radray.evaluation.systems import AGREES, FLAGS_OF_BOTH, SideBySide, System

ROUGE = (*F_MEASURES, *PARTS, *SHARES)
WIDE = (ALL, NORMAL, ABNORMAL, STANDARDISED)
"""Strata with figures of all scorers, and of precision and recall; the others have the main scorer's F-measures and
shares only."""

OUTSIDE = "scores;"
"""What the scorer ids of another program's scores begin with: `radray.evaluation.outside.scores`."""

COLUMNS = 256
"""Columns processed at once: 41 MB per array for 20,000 reports. All columns share the draws."""


@dataclass(frozen=True, slots=True)
class FigureChoices:
    """The choices behind the figures of an evaluation."""

    main_scorer: str
    """Id of the scorer of the headlines."""
    normal_weight: float
    """Weight of normal references in a standardised mean, 0 to 1."""
    resamples: int
    """Draws for each interval and test."""
    seed: int

    def covers(self, stratum: str, key: Key) -> bool:
        """Return whether the figures of `key` are computed for `stratum`."""
        scorer_id, metric = key
        return metric not in ROUGE or stratum in WIDE or (scorer_id == self.main_scorer and metric not in PARTS)


def is_share(metric: str) -> bool:
    """Return whether `metric` is 0 or 1 for each report, so that its mean is a share."""
    return metric in SHARES or of_checks(metric)


def of_checks(metric: str) -> bool:
    """Return whether `metric` is a result of the checks, which need no reference."""
    return metric.startswith("flag_") or metric in (*FLAGS_OF_BOTH, AGREES)


@dataclass(frozen=True, slots=True)
class Cells:
    """Values of many columns on the reports of one stratum, or of the two behind a standardised mean."""

    stratum: str
    values: Floats
    """(reports, columns); NaN where there is none."""
    clusters: Codes
    normal: Bools | None = None
    """(reports,): which are normal, for a standardised mean; else None."""
    normal_weight: float = 0.0

    def means(self, values: Floats) -> Floats:
        """Return the mean of each column of `values`, standardised if this stratum is; NaN for one without a value."""
        if self.normal is None:
            return _means(values)
        w = self.normal_weight
        return np.asarray(w * _means(values[self.normal]) + (1 - w) * _means(values[~self.normal]))

    def intervals(self, values: Floats, choices: FigureChoices) -> tuple[Floats, Floats]:
        """Return the lower and the upper ends of the intervals of the means, by column."""
        if self.normal is None:
            return intervals(resampled_means(values, self.clusters, choices.resamples, choices.seed))
        # both strata side by side, so that they share the draws: a patient may have reports in both
        split = np.hstack([np.where(which[:, None], values, np.nan) for which in (self.normal, ~self.normal)])
        halves = np.split(resampled_means(split, self.clusters, choices.resamples, choices.seed), 2, axis=1)
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
    """Return the members of a stratum, (reports,); None where a standardised mean is not possible."""
    if stratum != STANDARDISED:
        return side.strata[stratum]
    if NORMAL not in side.strata or ABNORMAL not in side.strata:
        return None
    return np.asarray(side.strata[NORMAL] | side.strata[ABNORMAL])


def strata_names(side: SideBySide) -> list[str]:
    """Return the strata that figures are computed for."""
    return [*side.strata, STANDARDISED]


def cells(side: SideBySide, stratum: str, inside: Bools, columns: list[Floats], choices: FigureChoices) -> Cells:
    """Return the values of the stratum `inside` in `columns`, each (reports,)."""
    values, clusters = np.column_stack(columns)[inside], codes_of(side.clusters[inside])
    if stratum != STANDARDISED:
        return Cells(stratum, values, clusters)
    return Cells(stratum, values, clusters, side.strata[NORMAL][inside], choices.normal_weight)


def evaluations(side: SideBySide, choices: FigureChoices) -> Iterator[dict[str, Any]]:
    """Yield the rows of `evaluations` without run and date; none for a system without a value in a stratum."""
    for stratum in strata_names(side):
        inside = members(side, stratum)
        if inside is None:
            continue
        chosen = [
            (system, key)
            for system in side.systems.values()
            for key in sorted(system.values)
            if choices.covers(stratum, key)
        ]
        for start in range(0, len(chosen), COLUMNS):
            yield from _figures(side, stratum, inside, chosen[start : start + COLUMNS], choices)


def _figures(
    side: SideBySide, stratum: str, inside: Bools, chosen: list[tuple[System, Key]], choices: FigureChoices
) -> Iterator[dict[str, Any]]:
    here = cells(side, stratum, inside, [system.values[key] for system, key in chosen], choices)
    low, high = here.intervals(here.values, choices)
    for place, (system, (scorer_id, metric)) in enumerate(chosen):
        known = ~np.isnan(here.values[:, place])
        if not here.whole(known):
            continue
        values = here.values[known, place]
        clusters = len(np.unique(here.clusters[known]))
        ends = interval_of(float(low[place]), float(high[place]), clusters)
        if is_share(metric) and ends is not None and values.min() == values.max():
            bound = unanimous_bound(clusters)
            ends = (0.0, bound) if values[0] == 0 else (1 - bound, 1.0)
        expected = inside if of_checks(metric) else inside & side.referenced
        lacking = np.isnan(system.values[scorer_id, metric]) if scorer_id.startswith(OUTSIDE) else ~system.present
        yield {
            "dataset": side.dataset,
            "split": side.split,
            "system": system.name,
            "kind": system.kind,
            "stratum": stratum,
            "scorer_id": scorer_id,
            "metric": metric,
            **_summary(here, values, known),
            "missing": int((expected & lacking).sum()),
            "failed": int((inside & system.failed).sum()),
            "clusters": clusters,
            "ci_low": ends and ends[0],
            "ci_high": ends and ends[1],
            "resamples": choices.resamples,
            "seed": choices.seed,
            "normal_weight": choices.normal_weight if stratum == STANDARDISED else None,
        }


def interval_of(low: float, high: float, clusters: int) -> tuple[float, float] | None:
    """Return the ends of an interval; None for fewer than 2 clusters, or where no resample has a value."""
    return None if clusters < 2 or np.isnan(low) else (low, high)


def _summary(here: Cells, values: Floats, known: Bools) -> dict[str, Any]:
    weighted = here.normal is not None
    summary = summarise_weighted(values, here.weights(known)[known]) if weighted else summarise(values)
    return {name: getattr(summary, name) for name in ("n", "mean", "sd", "min", "p25", "p50", "p75", "max")}


def _means(values: Floats) -> Floats:
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0))
