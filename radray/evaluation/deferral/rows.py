"""The figures of the models' confidence as rows of `evaluations`; `confidence` defines them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from radray.evaluation.deferral.calibration import Calibration
from radray.evaluation.deferral.confidence import Figure, confidence_figures
from radray.evaluation.figures import FigureChoices
from radray.evaluation.strata import ABNORMAL, ALL, NORMAL, Bools
from radray.evaluation.systems import CONFIDENCES, MODEL, SideBySide, System
from radray.flags import TIER_A

QUALITY = "rouge1"
"""The main scorer's metric that a confidence is compared with, beside the Tier A flags."""

_TIER_A = frozenset(f"flag_{name}" for name in TIER_A)


def confidence_rows(side: SideBySide, choices: FigureChoices) -> Iterator[dict[str, Any]]:
    """Yield the rows of each model with a confidence, for all, normal and abnormal references, without run and date.

    A figure is a single number and not a mean over reports: the columns from mean to max all hold it, and it has no
    interval.
    """
    for system in side.of(MODEL):
        quality = system.values.get((choices.main_scorer, QUALITY))
        if quality is None:
            continue
        flagged = np.any([system.values[key] == 1 for key in system.values if key[1] in _TIER_A], axis=0)
        bad = np.broadcast_to(flagged, quality.shape)
        for stratum in (name for name in (ALL, NORMAL, ABNORMAL) if name in side.strata):
            inside = side.strata[stratum] & ~np.isnan(quality)
            for name in CONFIDENCES:
                confidence = [system.confidence[name][place] for place in np.flatnonzero(inside)]
                for figure in confidence_figures(name, confidence, quality[inside].tolist(), bad[inside].tolist()):
                    yield _row(side, system, stratum, figure, inside, choices)


def calibration_rows(
    side: SideBySide, system: System, calibration: Calibration, choices: FigureChoices
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a calibration of `system`: ``calibration.CONFIDENCE.RISK.`` and alpha, delta, errors, ...

    ``errors`` has n, k / n as its mean, and as ci_high the bound; ``threshold`` is missing where none passed.
    """
    chosen, everywhere = calibration.chosen, np.ones(len(side.reports), dtype=np.bool_)
    for bound in chosen.bounds:
        values = {
            "alpha": (bound.n, bound.alpha),
            "delta": (bound.n, chosen.delta),
            "errors": (bound.n, bound.k / max(bound.n, 1)),
            "p_value": (bound.n, bound.p_value),
            "threshold": (chosen.reports, chosen.threshold),
            "kept": (chosen.reports, chosen.kept),
            "kept_normal": (chosen.reports, chosen.kept_normal),
        }
        for what, (n, value) in values.items():
            if value is not None:
                figure = Figure(f"calibration.{calibration.confidence}.{bound.risk}.{what}", n, value)
                row = _row(side, system, ALL, figure, everywhere, choices)
                yield row | ({"ci_high": bound.upper} if what == "errors" else {})


def _row(
    side: SideBySide, system: System, stratum: str, figure: Figure, inside: Bools, choices: FigureChoices
) -> dict[str, Any]:
    return {
        "dataset": side.dataset,
        "split": side.split,
        "system": system.name,
        "kind": system.kind,
        "stratum": stratum,
        "scorer_id": choices.main_scorer,
        "metric": figure.metric,
        "n": figure.n,
        **dict.fromkeys(("mean", "min", "p25", "p50", "p75", "max"), figure.value),
        "sd": None,
        "missing": int((side.strata[stratum] & side.referenced & ~system.present).sum()),
        "failed": int((inside & system.failed).sum()),
        "clusters": len(np.unique(side.clusters[inside])),
        **dict.fromkeys(("ci_low", "ci_high", "resamples", "seed", "normal_weight")),
    }
