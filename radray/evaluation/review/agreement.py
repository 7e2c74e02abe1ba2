"""Krippendorff's alpha: how far several readers agree beyond chance, with missing answers."""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np


def alpha(units: Sequence[Sequence[Hashable]], values: Sequence[Hashable], *, ordered: bool) -> float | None:
    """Return Krippendorff's alpha: 1 for full agreement, 0 for chance agreement, below 0 for less than chance.

    `units` holds the answers to each unit (an item), in any order, of any number of readers; units with fewer than two
    are left out. `values` are all possible answers, from lowest to highest where `ordered`. The difference of two
    answers is nominal (equal or not) or, where `ordered`, ordinal: how many answers were given between them. None where
    no unit has two answers, or all answers are equal.

    Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), C and D: with o the coincidences of values c, k
    within units, n_c their sums and n the sum of all, alpha = 1 - (n - 1) sum(o d2) / sum(n_c n_k d2).
    """
    place = {value: index for index, value in enumerate(values)}
    coincidences = np.zeros((len(values), len(values)))
    for unit in units:
        if len(unit) < 2:
            continue
        counts = np.zeros(len(values))
        for value, times in Counter(unit).items():
            counts[place[value]] = times
        coincidences += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    of_value = coincidences.sum(axis=1)
    n = of_value.sum()
    if ordered:
        upto = np.cumsum(of_value) - of_value / 2
        squared = (upto[:, None] - upto[None, :]) ** 2
    else:
        squared = 1.0 - np.eye(len(values))
    by_chance = float((np.outer(of_value, of_value) * squared).sum())
    if by_chance == 0:
        return None
    return 1.0 - float((n - 1) * (coincidences * squared).sum()) / by_chance
