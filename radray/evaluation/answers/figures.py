"""The figures of answers, as rows of `evaluations`: accuracy, F1 and errors seen of each system, with intervals."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from radray.evaluation.answers.side import Answered, Answers
from radray.evaluation.answers.tally import ACCURACY, F1, MACRO_F1, REPORT_ACCURACY, Figure, Tally, support_of, tally
from radray.evaluation.bootstrap import Floats, cluster_draws, intervals, unanimous_bound
from radray.evaluation.strata import ALL
from radray.evaluation.summary import summarise

Ends = tuple[float, float] | None


def evaluations(side: Answered, *, resamples: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of `evaluations` without run and date; none for a system without an answer in a stratum.

    In stratum ``all``: accuracy, that of whole reports, macro F1 and, where the task looks for errors, the sensitivity
    at a rate of false alarms; F1, precision and recall of each label, in stratum ``label:NAME``. Where there are
    several sources of gold, or our rules, those of ``all`` again of each, in stratum ``gold:SOURCE``; where the task
    has parts, in ``part:PART``. Intervals are percentile bootstraps of whole clusters; where all is right, or nothing,
    at least by `bound`.
    """
    for stratum, inside in side.strata().items():
        for system in side.systems:
            known = inside & side.known(system)
            if known.any():
                missing = int((inside & ~side.answered(system)).sum())
                of_system = tally(side, system, known, support_of(system, known))
                yield from _figures(side, stratum, system, of_system, missing, resamples=resamples, seed=seed)


def _figures(
    side: Answered, stratum: str, system: Answers, counts: Tally, missing: int, *, resamples: int, seed: int
) -> Iterator[dict[str, Any]]:
    values = counts.values
    low, high = intervals(resampled(counts, resamples, seed))
    for place, figure in enumerate(counts.figures()):
        if np.isnan(values[place]) or (figure.label is not None and stratum != ALL):
            continue
        value, clusters = float(values[place]), counts.clusters(figure)
        ends: Ends = None if clusters < 2 or np.isnan(low[place]) else (float(low[place]), float(high[place]))
        if ends is not None and value in (0.0, 1.0):
            # of the sensitivity a resample may differ even so: its threshold is another
            far = bound(counts, figure)
            ends = (0.0, max(far, ends[1])) if value == 0 else (min(1 - far, ends[0]), 1.0)
        yield {
            "dataset": side.dataset,
            "split": side.split,
            "system": system.name,
            "kind": system.kind,
            "stratum": figure.stratum(stratum),
            "scorer_id": side.scorer_id,
            "metric": figure.metric,
            **_spread(counts, figure, value),
            "missing": missing,
            "failed": system.failed,
            "clusters": clusters,
            "ci_low": ends and ends[0],
            "ci_high": ends and ends[1],
            "resamples": resamples,
            "seed": seed,
            "normal_weight": None,
        }


def resampled(counts: Tally, resamples: int, seed: int) -> Floats:
    """Return the figures in each resample of the clusters: (resamples, figures)."""
    drawn = cluster_draws(len(counts.sums), resamples, seed)
    return np.vstack([counts.drawn(times) for times in drawn])


def bound(counts: Tally, figure: Figure) -> float:
    """Return how far from 0 or 1 the figure may yet be where all answers behind it are right, or none is.

    A share: `unanimous_bound`. F1 is 2 J / (1 + J) of the share J of right ones among all instances of a label that
    the right answer or the system's has, so its bounds are those of J; macro F1: the mean of its labels' bounds.
    """
    if figure.metric == MACRO_F1:
        wide = [label for label, inside in zip(counts.labels, counts.wide, strict=True) if inside]
        return float(np.mean([bound(counts, Figure(F1, label)) for label in wide]))
    share = unanimous_bound(max(counts.clusters(figure), 1))
    if figure.metric != F1:
        return share
    right = counts.values[counts.figures().index(figure)] == 1
    return share / (2 - share) if right else 2 * share / (1 + share)


def _spread(counts: Tally, figure: Figure, value: float) -> dict[str, Any]:
    """Return n, mean and spread: over examples or reports, of macro F1 over labels; other figures have none."""
    n = counts.n(figure)
    if figure.metric in (ACCURACY, REPORT_ACCURACY):
        right = round(value * n)
        summary = summarise([0.0] * (n - right) + [1.0] * right)
    elif figure.metric == MACRO_F1:
        f1 = counts.values[3 : 3 + len(counts.labels)]
        summary = summarise(np.nan_to_num(f1[counts.wide]))
    else:
        summary = summarise([value])
    spread = {name: getattr(summary, name) for name in ("sd", "min", "p25", "p50", "p75", "max")}
    return {"n": n, "mean": value, **spread}
