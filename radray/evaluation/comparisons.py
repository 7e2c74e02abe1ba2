"""The paired differences of `comparisons`: two systems on the reports for which both have a value."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import TEST, Floats, sign_flip_p, unanimous_bound
from radray.evaluation.figures import COLUMNS, Cells, Plan, cells, interval_of, is_share, members, strata_names
from radray.evaluation.scoring import PARTS, Key
from radray.evaluation.strata import STANDARDISED, Bools
from radray.evaluation.systems import FLOOR, MODEL, RADIOLOGIST, SideBySide, System


def pairs(side: SideBySide) -> list[tuple[System, System]]:
    """Return what is compared: models with those before them (the base comes first), with floors, the radiologist.

    And floors with the radiologist, where they were checked: how often copying an impression goes wrong.
    """
    models = side.of(MODEL)
    found = [(one, other) for place, one in enumerate(models) for other in models[:place]]
    return (
        found
        + [(one, other) for one in models for other in (*side.of(FLOOR), *side.of(RADIOLOGIST))]
        + [(floor, own) for floor in side.of(FLOOR) for own in side.of(RADIOLOGIST)]
    )


def comparisons(side: SideBySide, plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield the rows of `comparisons` but for run and date; two systems without a report in common have none.

    Precision and recall are not compared: their F-measure is.
    """
    for stratum in strata_names(side):
        inside = members(side, stratum)
        if inside is None:
            continue
        told = [
            (a, b, key)
            for a, b in pairs(side)
            for key in sorted(a.values.keys() & b.values.keys())
            if plan.tells(stratum, key) and key[1] not in PARTS
        ]
        for start in range(0, len(told), COLUMNS):
            yield from _differences(side, stratum, inside, told[start : start + COLUMNS], plan)


def _differences(
    side: SideBySide, stratum: str, inside: Bools, told: list[tuple[System, System, Key]], plan: Plan
) -> Iterator[dict[str, Any]]:
    columns = [a.values[key] - b.values[key] for a, b, key in told]
    here = cells(side, stratum, inside, columns, plan)
    low, high = here.intervals(here.values, plan)
    p_values = sign_flip_p(_weighted(here), here.clusters, plan.resamples, plan.seed)
    for place, (a, b, (scorer_id, metric)) in enumerate(told):
        known = ~np.isnan(here.values[:, place])
        if not here.whole(known):
            continue
        clusters = len(np.unique(here.clusters[known]))
        ends = interval_of(float(low[place]), float(high[place]), clusters)
        if is_share(metric) and ends is not None and not here.values[known, place].any():
            # never a different verdict: a bootstrap would say that there can be none
            ends = (-unanimous_bound(clusters), unanimous_bound(clusters))
        both = np.column_stack([system.values[scorer_id, metric][inside] for system in (a, b)])
        mean_a, mean_b = (float(mean) for mean in here.means(np.where(known[:, None], both, np.nan)))
        yield {
            "dataset": side.dataset,
            "split": side.split,
            "system_a": a.name,
            "system_b": b.name,
            "stratum": stratum,
            "scorer_id": scorer_id,
            "metric": metric,
            "n": int(known.sum()),
            "clusters": clusters,
            "mean_a": mean_a,
            "mean_b": mean_b,
            "difference": mean_a - mean_b,
            "ci_low": ends and ends[0],
            "ci_high": ends and ends[1],
            "p_value": None if ends is None else float(p_values[place]),
            "test": TEST,
            "resamples": plan.resamples,
            "seed": plan.seed,
            "normal_weight": plan.normal_weight if stratum == STANDARDISED else None,
        }


def _weighted(here: Cells) -> Floats:
    """Return the differences times their weights in the mean: what the sign flips sum."""
    known = ~np.isnan(here.values)
    weights = [here.weights(column) if column.any() else column.astype(np.float64) for column in known.T]
    return np.asarray(here.values * np.column_stack(weights))
