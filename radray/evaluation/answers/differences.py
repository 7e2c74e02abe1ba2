"""The paired differences of answers, as rows of `comparisons`: two systems on the examples that both have answered."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from radray.evaluation.answers.side import Answered, Answers, pairs
from radray.evaluation.answers.tally import F1, MACRO_F1, PRECISION, RECALL, Figure, Tally, support_of, tally
from radray.evaluation.bootstrap import Floats, cluster_draws, intervals, p_of, sign_patterns, unanimous_bound
from radray.evaluation.strata import ALL

TEST = "answers swapped by cluster"
"""Approximate randomisation (Noreen 1989; of F1: Yeh, COLING 2000): if two systems are equivalent, the answers of a
cluster might as well have been the other's. Enumerated or drawn, and counted, as in `bootstrap.sign_flip_p`."""

_TIE = 1e-9
"""Differences closer than this are equal: float64 sums depend on the order of their terms."""


def comparisons(side: Answered, *, resamples: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of `comparisons` without run and date; none for two systems without an example in common.

    Strata and metrics are those of `figures.evaluations` but for precision and recall.
    """
    for stratum, inside in side.strata().items():
        for a, b in pairs(side):
            known = inside & side.known(a, b)
            if known.any():
                support = support_of(a, known)
                both = (tally(side, a, known, support), tally(side, b, known, support))
                yield from _differences(side, stratum, (a, b), both, resamples, seed)


def _differences(
    side: Answered, stratum: str, systems: tuple[Answers, Answers], both: tuple[Tally, Tally], resamples: int, seed: int
) -> Iterator[dict[str, Any]]:
    a, b = both
    means = [counts.values for counts in both]
    drawn = [a.drawn(times) - b.drawn(times) for times in cluster_draws(len(a.sums), resamples, seed)]
    low, high = intervals(np.vstack(drawn))
    p_values = _swapped_p(a, b, resamples, seed)
    for place, figure in enumerate(a.figures()):
        difference = means[0][place] - means[1][place]
        if np.isnan(difference) or figure.metric in (PRECISION, RECALL) or (figure.label and stratum != ALL):
            continue
        n_clusters = a.clusters(figure)
        ends = None if n_clusters < 2 or np.isnan(low[place]) else (float(low[place]), float(high[place]))
        if ends == (0.0, 0.0):
            # the two never differ: a bootstrap would conclude that they never can
            ends = (-_unseen(a, figure), _unseen(a, figure))
        yield {
            "dataset": side.dataset,
            "split": side.split,
            "system_a": systems[0].name,
            "system_b": systems[1].name,
            "stratum": figure.stratum(stratum),
            "scorer_id": side.scorer_id,
            "metric": figure.metric,
            "n": a.n(figure),
            "clusters": n_clusters,
            "mean_a": float(means[0][place]),
            "mean_b": float(means[1][place]),
            "difference": float(difference),
            "ci_low": ends and ends[0],
            "ci_high": ends and ends[1],
            "p_value": None if ends is None else float(p_values[place]),
            "test": TEST,
            "resamples": resamples,
            "seed": seed,
            "normal_weight": None,
        }


def _swapped_p(a: Tally, b: Tally, resamples: int, seed: int) -> Floats:
    """Return the two-sided p-value of "no difference" of each figure: (figures,)."""
    middle, half = (a.total + b.total) / 2, (a.sums - b.sums) / 2
    ranking = a.ranking.beside(b.ranking)
    least = np.abs(a.values - b.values) - _TIE
    extreme = np.zeros(len(least), dtype=np.int64)
    for signs in sign_patterns(len(half), resamples, seed):
        swapped = np.asarray(signs @ half)
        kept = np.hstack([1 + signs, 1 - signs]) / 2
        apart = np.column_stack(
            [
                a.rates(middle + swapped) - b.rates(middle - swapped),
                ranking.sensitivity(kept) - ranking.sensitivity(1 - kept),
            ]
        )
        extreme += (np.abs(apart) >= least).sum(axis=0)
    return p_of(extreme, len(half), resamples)


def _unseen(counts: Tally, figure: Figure) -> float:
    """Return how far two figures that never differ may yet be apart: `unanimous_bound` of a share, in F1 of one."""
    if figure.metric == MACRO_F1:
        wide = [label for label, inside in zip(counts.labels, counts.wide, strict=True) if inside]
        return float(np.mean([_unseen(counts, Figure(F1, label)) for label in wide]))
    share = unanimous_bound(counts.clusters(figure))
    return 2 * share / (1 + share) if figure.metric == F1 else share
