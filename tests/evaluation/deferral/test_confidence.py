"""Risk, coverage and deferral against hand counts, against all orders of ties, and against what must hold."""

import itertools
import math
from collections.abc import Sequence
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.evaluation.deferral.confidence import PERCENTS, confidence_figures, deferral_table, risk_coverage


def orders(confidence: Sequence[float | None], values: Sequence[float]) -> list[list[float]]:
    """Return `values` by falling confidence, in every order that ties allow."""
    key = [-math.inf if value is None else value for value in confidence]
    return [
        [values[place] for place in order]
        for order in itertools.permutations(range(len(values)))
        if all(key[a] >= key[b] for a, b in itertools.pairwise(order))
    ]


def aurc(losses: Sequence[float]) -> float:
    return fmean(fmean(losses[:k]) for k in range(1, len(losses) + 1))


def test_a_curve_by_hand() -> None:
    # by confidence: losses 0, 1, 0, 1; risks 0, 1/2, 1/3, 1/2
    curve = risk_coverage([-0.1, -0.2, -0.3, -0.4], [0, 1, 0, 1])
    assert curve is not None
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert curve.aurc == pytest.approx(1 / 3)
    assert curve.oracle == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)
    assert curve.random == 0.5
    # of the generalised curve 0, 0, 1/4, 1/4, 1/2 over coverage: trapezoids of width 1/4
    assert curve.augrc == pytest.approx((0 + 1 / 8 + 1 / 4 + 3 / 8) / 4)
    assert curve.missing == 0


def test_a_missing_confidence_is_the_least_and_none_at_all_has_no_curve() -> None:
    curve = risk_coverage([None, -5.0, None], [1, 0, 0])
    assert curve is not None
    assert curve.missing == 2
    assert curve.risk.tolist() == pytest.approx([0, 1 / 4, 1 / 3])
    assert risk_coverage([None, None], [1, 0]) is None
    assert risk_coverage([], []) is None
    assert deferral_table([None], [0.5], [True]) == []
    assert confidence_figures("margin", [None], [0.5], [True]) == []


@pytest.mark.parametrize(
    ("confidence", "loss"), [([0.1], [0.1, 0.2]), ([math.nan], [0.1]), ([0.1], [math.nan]), ([math.inf], [0.1])]
)
def test_what_is_no_pair_of_figures_is_refused(confidence: list[float], loss: list[float]) -> None:
    with pytest.raises(ValueError, match="need a finite pair for each prediction"):
        risk_coverage(confidence, loss)


confidences = st.lists(st.tuples(st.sampled_from([None, -2.0, -1.0, -0.5]), st.floats(0, 1)), min_size=1, max_size=6)


@given(confidences)
def test_ties_give_the_mean_over_all_orders(pairs: list[tuple[float | None, float]]) -> None:
    confidence, losses = [value for value, _ in pairs], [loss for _, loss in pairs]
    curve = risk_coverage(confidence, losses)
    if curve is None:
        assert all(value is None for value in confidence)
        return
    all_orders = orders(confidence, losses)
    assert curve.aurc == pytest.approx(fmean(aurc(order) for order in all_orders), abs=1e-12)
    assert curve.oracle == pytest.approx(min(aurc(order) for order in itertools.permutations(losses)), abs=1e-12)
    assert curve.oracle <= curve.aurc + 1e-12
    n = len(losses)
    areas = [fmean((sum(order[:k]) + sum(order[: k + 1])) / 2 / n for k in range(n)) for order in all_orders]
    assert curve.augrc == pytest.approx(fmean(areas), abs=1e-12)


def test_one_confidence_for_all_is_worth_what_chance_is() -> None:
    curve = risk_coverage([-1.0] * 5, [0.1, 0.9, 0.5, 0.2, 0.3])
    assert curve is not None
    assert curve.aurc == pytest.approx(curve.random) == pytest.approx(0.4)
    assert curve.augrc == pytest.approx(0.2)


def test_a_deferral_table_by_hand() -> None:
    confidence = [-0.1 * place for place in range(1, 11)]
    quality = [1.0] * 5 + [0.5] * 3 + [0.0, 0.2]
    flagged = [False] * 4 + [True] + [False] * 3 + [True, False]
    table = {row.percent: row for row in deferral_table(confidence, quality, flagged, (0, 5, 20, 50, 100))}
    assert sorted(table) == [0, 5, 20, 50]  # nothing is left of 100
    assert (table[0].deferred, table[0].mean, table[0].flagged, table[0].caught) == (0, pytest.approx(0.67), 0.2, 0.0)
    assert (table[5].deferred, table[5].rest) == (0, 10)  # half a prediction is none
    row = table[20]
    assert (row.deferred, row.rest, row.threshold) == (2, 8, pytest.approx(-0.8))
    assert (row.mean, row.flagged, row.caught) == (pytest.approx(6.5 / 8), pytest.approx(1 / 8), pytest.approx(0.5))
    assert table[50].mean == 1.0
    (none_bad,) = deferral_table(confidence, quality, [False] * 10, (20,))
    assert none_bad.caught is None


def test_deferring_among_ties_catches_in_proportion() -> None:
    # the last three are alike, one of them is bad, and two are deferred
    (row,) = deferral_table([-1, -1, -1, -1, -1, -1, -1, -2, -2, -2], [1.0] * 9 + [0.4], [False] * 9 + [True], (20,))
    assert row.caught == pytest.approx(2 / 3)
    assert row.mean == pytest.approx((7 + 0.8) / 8)
    assert row.flagged == pytest.approx((1 / 3) / 8)


def test_figures_have_names_and_counts_for_the_table() -> None:
    confidence = [-0.1 * place for place in range(1, 11)]
    quality, flagged = [0.9] * 8 + [0.1] * 2, [False] * 9 + [True]
    figures = {figure.metric: figure for figure in confidence_figures("logprob", confidence, quality, flagged)}
    assert len(figures) == 9 + 4 * len(PERCENTS)
    assert figures["aurc_logprob_random"].value == pytest.approx(0.26)
    assert figures["aurc_logprob"].value == pytest.approx(figures["aurc_logprob_oracle"].value)
    assert figures["aurc_flags_logprob_random"].value == pytest.approx(0.1)
    assert (figures["deferred_20_mean_logprob"].n, figures["deferred_20_mean_logprob"].value) == (8, pytest.approx(0.9))
    assert (figures["deferred_20_caught_logprob"].n, figures["deferred_20_caught_logprob"].value) == (1, 1.0)
    assert figures["deferred_20_threshold_logprob"].value == pytest.approx(-0.8)
    assert figures["missing_logprob"].value == 0.0
