"""The paired differences of the table `comparisons`: two systems on the reports for which both have a value."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import TEST, Floats, sign_flip_p, unanimous_bound
from radray.evaluation.figures import COLUMNS, Cells, FigureChoices, cells, interval_of, is_share, members, strata_names
from radray.evaluation.scoring import PARTS, Key
from radray.evaluation.strata import STANDARDISED, Bools
from radray.evaluation.systems import FLOOR, MODEL, RADIOLOGIST, SideBySide, System


def pairs(side: SideBySide) -> list[tuple[System, System]]:
    """Return the pairs to compare: each model with those before it (the base is first), the floors, the radiologist.

    Each floor is paired with the radiologist too: where floors were checked, this shows how often copying goes wrong.
    """
    models = side.of(MODEL)
    of_models = [(model, earlier) for place, model in enumerate(models) for earlier in models[:place]]
    return (
        of_models
        + [(model, other) for model in models for other in (*side.of(FLOOR), *side.of(RADIOLOGIST))]
        + [(floor, own) for floor in side.of(FLOOR) for own in side.of(RADIOLOGIST)]
    )


def comparisons(side: SideBySide, choices: FigureChoices) -> Iterator[dict[str, Any]]:
    """Yield the rows of `comparisons` without run and date; none for two systems without a report in common.

    Precision and recall are not compared, only their F-measure.
    """
    for stratum in strata_names(side):
        inside = members(side, stratum)
        if inside is None:
            continue
        chosen = [
            (a, b, key)
            for a, b in pairs(side)
            for key in sorted(a.values.keys() & b.values.keys())
            if choices.covers(stratum, key) and key[1] not in PARTS
        ]
        for start in range(0, len(chosen), COLUMNS):
            yield from _differences(side, stratum, inside, chosen[start : start + COLUMNS], choices)


def _differences(
    side: SideBySide, stratum: str, inside: Bools, chosen: list[tuple[System, System, Key]], choices: FigureChoices
) -> Iterator[dict[str, Any]]:
    columns = [a.values[key] - b.values[key] for a, b, key in chosen]
    here = cells(side, stratum, inside, columns, choices)
    low, high = here.intervals(here.values, choices)
    p_values = sign_flip_p(_weighted(here), here.clusters, choices.resamples, choices.seed)
    for place, (a, b, (scorer_id, metric)) in enumerate(chosen):
        known = ~np.isnan(here.values[:, place])
        if not here.whole(known):
            continue
        clusters = len(np.unique(here.clusters[known]))
        ends = interval_of(float(low[place]), float(high[place]), clusters)
        if is_share(metric) and ends is not None and not here.values[known, place].any():
            # the two never differ: a bootstrap would conclude that they never can
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
            "resamples": choices.resamples,
            "seed": choices.seed,
            "normal_weight": choices.normal_weight if stratum == STANDARDISED else None,
        }


def _weighted(here: Cells) -> Floats:
    """Return the differences times their weights in the mean: the terms of the sign-flip sums."""
    known = ~np.isnan(here.values)
    weights = [here.weights(column) if column.any() else column.astype(np.float64) for column in known.T]
    return np.asarray(here.values * np.column_stack(weights))
