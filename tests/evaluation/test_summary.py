"""The summary of a distribution against hand-computed figures."""

import math
from typing import Any

import pytest

from radray.evaluation.summary import Summary, summarise, summarise_weighted


def approx(value: float) -> Any:
    return pytest.approx(value)


def test_hand_computed_figures() -> None:
    # quartiles of 4 values lie at positions 0.75, 1.5 and 2.25 of 0..3
    assert summarise([0.4, 0.0, 1.0, 0.2]) == Summary(
        n=4,
        mean=approx(0.4),
        sd=approx(math.sqrt((0 + 0.16 + 0.36 + 0.04) / 3)),
        min=0.0,
        p25=approx(0.15),
        p50=approx(0.3),
        p75=approx(0.55),
        max=1.0,
    )


def test_one_value_has_no_deviation() -> None:
    assert summarise([0.25]) == Summary(n=1, mean=0.25, sd=None, min=0.25, p25=0.25, p50=0.25, p75=0.25, max=0.25)


@pytest.mark.parametrize(("values", "message"), [([], "no value"), ([0.5, math.nan, math.inf], "2 of 3 values")])
def test_what_is_no_distribution_is_refused(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summarise(values)


def test_weighted_figures_by_hand() -> None:
    # shares of the weight up to each value: 0 -> 0.5, 0.4 -> 0.7, 1 -> 1
    assert summarise_weighted([1.0, 0.0, 0.4], [0.3, 0.5, 0.2]) == Summary(
        n=3, mean=approx(0.38), sd=None, min=0.0, p25=0.0, p50=0.0, p75=1.0, max=1.0
    )
    thirds = summarise_weighted([0.1, 0.2, 0.3, 0.4], [0.25] * 4)
    assert (thirds.p25, thirds.p50, thirds.p75) == (0.1, 0.2, 0.3)


def test_no_weighted_value_is_refused() -> None:
    with pytest.raises(ValueError, match="no value"):
        summarise_weighted([], [])
