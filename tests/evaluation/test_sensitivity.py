"""Errors seen at 5 % false alarms: figures, intervals and differences, against counts made by hand."""

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from radray.evaluation.answers.differences import comparisons
from radray.evaluation.answers.figures import evaluations
from radray.evaluation.answers.ranking import Ranking
from radray.evaluation.answers.side import Answered, Answers
from radray.evaluation.systems import FLOOR, MODEL
from radray.tasks.answering import Detection, Example, GoldSource, Outcome, Parsed
from radray.tasks.correction.suspicion import ERROR, FINE
from radray.tasks.correction.task import TASK
from radray.tasks.judging import Given, Judged, judge

SENSITIVITY = "sensitivity_at_5_false_alarms"


def seen(fine: Sequence[float], wrong: Sequence[float], times: Sequence[float] | None = None) -> float:
    """Return the sensitivity, each answer a cluster of its own."""
    n = len(fine) + len(wrong)
    ranking = Ranking(np.array([*fine, *wrong]), np.arange(n) >= len(fine), np.arange(n))
    return float(ranking.sensitivity(np.array([[1.0] * n if times is None else times]))[0])


def plainly(fine: Sequence[float], wrong: Sequence[float]) -> float:
    """Return the sensitivity from the definition: each threshold in turn, lots drawn at that which raises too many."""
    allowed, caught = 0.05 * len(fine), 0.0
    for threshold in sorted({*fine, *wrong}, reverse=True):
        raised, more = list(fine).count(threshold), list(wrong).count(threshold)
        if raised > allowed:
            return (caught + more * allowed / raised) / len(wrong)
        allowed, caught = allowed - raised, caught + more
    return caught / len(wrong)


def side(
    wrong: Sequence[bool], *suspicions: Sequence[float], keys: Sequence[str] = (), missing: Sequence[int] = ()
) -> Answered:
    """A model, then floors; the model has no answer to the examples `missing`."""
    units = [f"u{place}" for place in range(len(wrong))]
    right: Sequence[Outcome | None] = [Outcome(correct=True, counts={})] * len(wrong)
    some = [None if place in missing else outcome for place, outcome in enumerate(right)]
    systems = [
        Answers(
            f"floor {place}" if place else "model", FLOOR if place else MODEL, right if place else some, 0, False, its
        )
        for place, its in enumerate(suspicions)
    ]
    sources = ["planted"] * len(wrong)
    return Answered("openi", "test", "correction-2", units, keys or units, sources, systems, wrong)


def of_model(answered: Answered, resamples: int = 400) -> dict[str, Any]:
    rows = evaluations(answered, resamples=resamples, seed=3)
    (row,) = [row for row in rows if row["metric"] == SENSITIVITY and row["system"] == "model"]
    return row


def difference(answered: Answered, resamples: int = 400) -> dict[str, Any]:
    (row,) = [row for row in comparisons(answered, resamples=resamples, seed=3) if row["metric"] == SENSITIVITY]
    return row


def test_an_alarm_is_raised_until_5_percent_are_false() -> None:
    fine = [0.1] * 18 + [0.6, 0.8]
    # 1 of 20 may raise one: at 0.8, so 0.9 and 0.7 are seen, and 0.5, below 0.6, is not
    assert seen(fine, [0.9, 0.7, 0.5, 0.05]) == 2 / 4
    assert seen(fine, [0.9, 0.8, 0.8, 0.6]) == 3 / 4


def test_lots_are_drawn_among_equal_suspicions() -> None:
    assert seen([0.3] * 7, [0.3] * 5) == pytest.approx(0.05)
    # of 2 fine 0.1 may raise one: a tenth of the alarms at 1
    assert seen([1.0, 0.0], [1.0, 1.0]) == pytest.approx(0.1)
    # of 40 fine 2 may: one at 0.9, and of the 4 at 0.5 a quarter
    assert seen([0.9] + [0.5] * 4 + [0.0] * 35, [1.0, 0.5, 0.5, 0.0]) == pytest.approx((1 + 2 / 4) / 4)


def test_nothing_wrong_or_nothing_fine_has_no_sensitivity() -> None:
    assert [math.isnan(each) for each in (seen([], []), seen([0.1], []), seen([], [0.1]))] == [True] * 3


def test_a_cluster_drawn_twice_counts_twice() -> None:
    fine, wrong = [0.2] * 9 + [0.7], [0.9, 0.7, 0.1]
    assert seen(fine, wrong, [2.0] * 9 + [0.0] + [1, 2, 3]) == plainly([0.2] * 18, [0.9] + [0.7] * 2 + [0.1] * 3)


def test_the_figure_is_a_row_of_its_errors() -> None:
    row = of_model(side([False] * 20 + [True] * 4, [0.1] * 18 + [0.6, 0.8, 0.9, 0.7, 0.5, 0.05], missing=[21]))
    assert (row["stratum"], row["mean"], row["n"], row["clusters"], row["missing"]) == ("all", 1 / 3, 3, 3, 1)


def test_the_interval_is_that_of_a_bootstrap_by_hand() -> None:
    random = np.random.default_rng(5)
    wrong = np.arange(160) % 2 == 1
    values = np.round(random.normal(size=160) + 1.5 * wrong, 1)
    keys = [f"k{place // 4}" for place in range(160)]
    row = of_model(side(list(wrong), list(values), keys=keys), resamples=2_000)
    members = np.arange(160).reshape(40, 4)
    drawn = []
    for _ in range(2_000):
        places = members[random.integers(0, 40, 40)].reshape(-1)
        drawn.append(plainly(list(values[places][~wrong[places]]), list(values[places][wrong[places]])))
    assert row["mean"] == pytest.approx(plainly(list(values[~wrong]), list(values[wrong])))
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)


def test_all_seen_is_not_certainty() -> None:
    row = of_model(side([False] * 20 + [True] * 10, [0.0] * 20 + [1.0] * 10))
    assert (row["mean"], row["ci_high"]) == (1.0, 1.0)
    assert row["ci_low"] == pytest.approx(0.025 ** (1 / 10))  # Clopper and Pearson, of the clusters with an error
    # a resample may draw the fine one at 0.9 more than once, and see less than that
    shaky = of_model(side([False] * 20 + [True] * 10, [0.0] * 19 + [0.9] + [1.0] + [0.5] * 9))
    assert shaky["mean"] == 1.0
    assert shaky["ci_low"] < row["ci_low"]


def test_who_never_raises_an_alarm_sees_5_percent_for_certain() -> None:
    row = of_model(side([False] * 20 + [True] * 10, [0.0] * 30))
    assert [row["mean"], row["ci_low"], row["ci_high"]] == pytest.approx([0.05] * 3)


def test_a_difference_is_paired_and_has_a_small_p() -> None:
    wrong = [False] * 40 + [True] * 20
    row = difference(side(wrong, [0.1] * 40 + [0.9] * 16 + [0.0] * 4, [0.0] * 60))
    assert (row["system_b"], row["stratum"], row["n"]) == ("floor 1", "all", 20)
    assert row["difference"] == pytest.approx(16 / 20 - 0.05)
    assert 0.5 < row["ci_low"] < row["difference"] < row["ci_high"] < 0.95
    assert row["p_value"] == pytest.approx(1 / 401)


def test_the_test_swaps_the_places_of_whole_clusters_answers() -> None:
    # eight clusters of two fine and one with an error; the places of each system's answers among its own
    wrong, keys = [False, False, True] * 8, [f"k{place // 3}" for place in range(24)]
    a = [1, 2, 24, 3, 4, 23, 5, 6, 22, 7, 8, 21, 9, 10, 20, 11, 19, 18, 12, 17, 13, 14, 16, 15]
    b = [1, 2, 24, 23, 3, 22, 4, 5, 6, 7, 8, 9, 10, 11, 21, 12, 20, 13, 14, 19, 15, 16, 18, 17]
    row = difference(side(wrong, [each / 100 for each in a], b, keys=keys), resamples=256)

    def apart(swapped: Sequence[bool]) -> float:
        mixed: list[tuple[list[int], list[int]]] = [([], []), ([], [])]
        for place, is_wrong in enumerate(wrong):
            mine, others = (b, a) if swapped[place // 3] else (a, b)
            mixed[0][is_wrong].append(mine[place])
            mixed[1][is_wrong].append(others[place])
        return plainly(*mixed[0]) - plainly(*mixed[1])

    every = [abs(apart(swapped)) for swapped in product([False, True], repeat=8)]
    expected = sum(each >= abs(apart([False] * 8)) - 1e-9 for each in every) / 256
    assert row["p_value"] == pytest.approx(expected)
    assert 2 / 256 < expected < 1


def test_another_scale_of_suspicion_makes_no_difference() -> None:
    wrong, values = [False] * 30 + [True] * 10, [place % 7 for place in range(40)]
    row = difference(side(wrong, values, [value**3 - 90 for value in values]))
    assert (row["difference"], row["p_value"]) == (0.0, 1.0)


def test_a_task_that_looks_for_no_errors_has_no_sensitivity() -> None:
    answered = Answered("openi", "test", "t-1", ["u"], ["u"], ["codes"], [Answers("m", MODEL, [Outcome(True, {})])])
    assert SENSITIVITY not in {row["metric"] for row in evaluations(answered, resamples=20, seed=1)}


def test_models_are_ranked_by_logprob_and_floors_by_decision_alone() -> None:
    inputs = {"findings": "Clear lungs.", "background": "", "impression": "Clear."}
    gold = (Parsed(FINE), Parsed(ERROR, "x"), Parsed(FINE))
    judged = [
        Judged(str(at), str(at), Example(str(at), inputs, its, GoldSource.PLANTED)) for at, its in enumerate(gold)
    ]
    given = {0: Given(Parsed(FINE), math.log(0.8)), 1: Given(None, -0.1)}
    answered = judge(TASK, ("openi", "test"), judged, {"m": given}, [])
    assert answered.errors == [False, True, False]
    model, *floors = answered.systems
    assert model.suspicions == pytest.approx([0.1, 0.5, math.nan], nan_ok=True)
    assert model.failed == 1
    assert {floor.name: list(floor.suspicions) for floor in floors}["floor: always fine"] == [0.0] * 3
    assert isinstance(TASK.detection, Detection)


def test_each_part_has_figures_of_its_own() -> None:
    """An example of no part is in those of all; a part that is all of them is not shown twice."""
    inputs = {"findings": "y", "background": "", "impression": "x"}
    fine = [Example(f"{part}fine", inputs, Parsed(FINE), GoldSource.PLANTED) for part in ("own.", "a.", "")]
    wrong = [Example(f"{part}bad", inputs, Parsed(ERROR, "y"), GoldSource.PLANTED) for part in ("own.", "a.")]
    judged = [Judged(f"u{place}", f"u{place}", example) for place, example in enumerate((*fine, *wrong))]
    answers = dict(enumerate(Given(Parsed(value, "y")) for value in (FINE, ERROR, FINE, ERROR, FINE)))
    rows = list(evaluations(judge(TASK, ("openi", "test"), judged, {"model": answers}, []), resamples=100, seed=3))
    accuracy = {row["stratum"]: row["mean"] for row in rows if (row["system"], row["metric"]) == ("model", "accuracy")}
    assert accuracy == {"all": pytest.approx(3 / 5), "part:own": 1.0, "part:a": 0.0}
    alone = judge(TASK, ("openi", "test"), judged[:1], {"model": {0: answers[0]}}, [])
    assert set(alone.strata()) == {"all"}
