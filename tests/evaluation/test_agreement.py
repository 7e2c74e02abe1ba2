"""Krippendorff's alpha against the published example, a count over pairs, and scikit-learn's kappa."""

import random

import pytest
from sklearn.metrics import cohen_kappa_score

from radray.evaluation.review.agreement import alpha

# Krippendorff (2011), section C: four observers, twelve units, 14 values missing
OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
UNITS = [[value for value in unit if value != "."] for unit in zip(*(row.split() for row in OBSERVERS), strict=True)]
VALUES = ("1", "2", "3", "4", "5")


def test_the_published_example() -> None:
    nominal, ordinal = alpha(UNITS, VALUES, ordered=False), alpha(UNITS, VALUES, ordered=True)
    assert nominal == pytest.approx(0.743, abs=0.0005)
    assert ordinal == pytest.approx(0.815, abs=0.0005)


def test_nominal_alpha_is_that_of_a_count_over_all_pairs() -> None:
    units = [unit for unit in UNITS if len(unit) > 1]
    n = sum(len(unit) for unit in units)
    within = sum(
        sum(a != b for i, a in enumerate(unit) for j, b in enumerate(unit) if i != j) / (len(unit) - 1)
        for unit in units
    )
    pooled = [value for unit in units for value in unit]
    across = sum(a != b for i, a in enumerate(pooled) for j, b in enumerate(pooled) if i != j)
    assert alpha(UNITS, VALUES, ordered=False) == pytest.approx(1 - (within / n) / (across / (n * (n - 1))))


def test_two_readers_of_many_units_agree_as_kappa_says() -> None:
    rng = random.Random(5)
    first = [rng.choice("ab") for _ in range(4_000)]
    second = [value if rng.random() < 0.7 else rng.choice("ab") for value in first]
    nominal = alpha(list(zip(first, second, strict=True)), ("a", "b"), ordered=False)
    # alpha takes chance from both readers together and corrects for n: of 4,000 units with like margins all but kappa
    assert nominal == pytest.approx(cohen_kappa_score(first, second), abs=2e-3)
    # between two values the ordinal difference is the nominal one
    assert alpha(list(zip(first, second, strict=True)), ("a", "b"), ordered=True) == pytest.approx(nominal)


def test_what_cannot_be_compared_has_no_alpha() -> None:
    assert alpha([], VALUES, ordered=True) is None
    assert alpha([["1"], ["2"]], VALUES, ordered=True) is None
    assert alpha([["3", "3"], ["3", "3", "3"]], VALUES, ordered=True) is None


def test_full_agreement_is_one_and_readers_at_odds_are_below_chance() -> None:
    assert alpha([["1", "1"], ["4", "4"], ["5", "5"]], VALUES, ordered=True) == pytest.approx(1)
    # two units, each a and b: as often equal as never; by chance 1/3 of the pairs are equal
    assert alpha([["1", "5"], ["5", "1"]], VALUES, ordered=False) == pytest.approx(-0.5)
