"""Figures and differences of answers, against counts made by hand."""

from typing import Any

import numpy as np
import pytest

from radray.evaluation.answers.differences import comparisons
from radray.evaluation.answers.figures import evaluations
from radray.evaluation.answers.side import Answered, Answers
from radray.evaluation.systems import FLOOR, MODEL
from radray.tasks.answering import Counts, Outcome

RIGHT, WRONG, MISSED = Counts(1, 0, 0), Counts(0, 1, 0), Counts(0, 0, 1)
DRAWS = {"resamples": 400, "seed": 3}


def outcome(**counts: Counts) -> Outcome:
    return Outcome(all(each == RIGHT for each in counts.values()), counts)


def answered(
    *systems: Answers,
    units: list[str] | None = None,
    keys: list[str] | None = None,
    gold_sources: list[str] | None = None,
) -> Answered:
    n = len(systems[0].outcomes)
    units = units or [f"u{place}" for place in range(n)]
    return Answered("openi", "test", "labels-1", units, keys or units, gold_sources or ["codes"] * n, systems)


def figure(rows: list[dict[str, Any]], metric: str, stratum: str = "all", system: str = "model") -> dict[str, Any]:
    (row,) = [
        row
        for row in rows
        if (row.get("system", row.get("system_a")), row["stratum"], row["metric"]) == (system, stratum, metric)
    ]
    return row


def halves() -> Answered:
    """The model: 30 effusions, of which 24 are seen, and 6 too many. The floor: none of them, and 4 too many."""
    model = [outcome(effusion=RIGHT)] * 24 + [outcome(effusion=MISSED)] * 6 + [outcome(effusion=WRONG)] * 6
    floor = [outcome(effusion=MISSED)] * 30 + [outcome(effusion=WRONG)] * 4 + [outcome()] * 2
    return answered(Answers("model", MODEL, model, failed=2), Answers("floor: x", FLOOR, floor))


def test_f1_of_a_label_is_of_the_counts_of_all_examples() -> None:
    row = figure(list(evaluations(halves(), **DRAWS)), "f1", "label:effusion")
    assert row["mean"] == pytest.approx(2 * 24 / (2 * 24 + 6 + 6))
    assert (row["n"], row["clusters"], row["failed"], row["scorer_id"]) == (30, 30, 2, "labels-1")
    assert row["ci_low"] < 0.8 < row["ci_high"]


def test_precision_and_recall_of_a_label() -> None:
    rows = list(evaluations(halves(), **DRAWS))
    assert figure(rows, "precision", "label:effusion")["mean"] == pytest.approx(24 / 30)
    assert figure(rows, "recall", "label:effusion")["mean"] == pytest.approx(24 / 30)


def test_the_interval_of_f1_is_that_of_a_bootstrap_by_hand() -> None:
    row = figure(list(evaluations(halves(), resamples=4_000, seed=1)), "f1", "label:effusion")
    counts = np.array([[1, 0, 0]] * 24 + [[0, 0, 1]] * 6 + [[0, 1, 0]] * 6)
    random = np.random.default_rng(8)
    sums = np.array([counts[random.integers(0, 36, 36)].sum(axis=0) for _ in range(4_000)])
    expected = np.quantile(2 * sums[:, 0] / (2 * sums[:, 0] + sums[:, 1] + sums[:, 2]), [0.025, 0.975])
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(expected, abs=0.02)


def test_macro_f1_is_over_labels_that_are_there_often_enough() -> None:
    often = [outcome(effusion=RIGHT, mass=MISSED)] * 10 + [outcome(effusion=RIGHT, nodule=RIGHT)] * 20
    row = figure(list(evaluations(answered(Answers("model", MODEL, often)), **DRAWS)), "macro_f1")
    # mass, 10 times and never seen, does not count
    assert (row["mean"], row["min"], row["max"], row["n"]) == (1.0, 1.0, 1.0, 30)


def test_macro_f1_is_absent_where_every_label_is_rare() -> None:
    rows = list(evaluations(answered(Answers("model", MODEL, [outcome(mass=RIGHT)] * 19)), **DRAWS))
    assert {row["metric"] for row in rows} == {"accuracy", "report_accuracy", "f1", "precision", "recall"}


def test_a_report_is_right_if_all_its_examples_are() -> None:
    outcomes = [outcome(yes=RIGHT), outcome(yes=MISSED), outcome(no=RIGHT), outcome(no=RIGHT)]
    side = answered(Answers("model", MODEL, outcomes), units=["a", "a", "b", "b"])
    rows = list(evaluations(side, **DRAWS))
    assert (figure(rows, "accuracy")["mean"], figure(rows, "accuracy")["n"]) == (0.75, 4)
    assert (figure(rows, "report_accuracy")["mean"], figure(rows, "report_accuracy")["n"]) == (0.5, 2)


def test_reports_of_a_cluster_are_drawn_together() -> None:
    outcomes = [outcome(yes=RIGHT)] * 10 + [outcome(yes=MISSED)] * 10
    apart = answered(Answers("model", MODEL, outcomes))
    together = answered(Answers("model", MODEL, outcomes), keys=["a"] * 5 + ["b"] * 5 + ["c"] * 5 + ["d"] * 5)
    widths = [row["ci_high"] - row["ci_low"] for side in (apart, together) for row in [_accuracy(side)]]
    assert widths[1] > 1.5 * widths[0]


def _accuracy(side: Answered) -> dict[str, Any]:
    return figure(list(evaluations(side, **DRAWS)), "accuracy")


def test_nothing_wrong_in_20_clusters_is_not_certainty() -> None:
    rows = list(evaluations(answered(Answers("model", MODEL, [outcome(yes=RIGHT)] * 20)), **DRAWS))
    accuracy, f1 = figure(rows, "accuracy"), figure(rows, "f1", "label:yes")
    lost = 1 - 0.025 ** (1 / 20)  # Clopper and Pearson
    assert (accuracy["ci_low"], accuracy["ci_high"]) == (pytest.approx(1 - lost), 1.0)
    assert f1["ci_low"] == pytest.approx(2 * (1 - lost) / (2 - lost))
    assert figure(rows, "macro_f1")["ci_low"] == f1["ci_low"]


def test_gold_of_our_rules_judges_models_apart_and_no_rules() -> None:
    outcomes = [outcome(yes=RIGHT), outcome(yes=RIGHT), outcome(yes=MISSED)]
    model, rules = Answers("model", MODEL, outcomes), Answers("floor: rules", FLOOR, outcomes, by_rules=True)
    side = answered(model, rules, gold_sources=["codes", "rules", "rules"])
    rows = list(evaluations(side, **DRAWS))
    assert figure(rows, "accuracy")["mean"] == 1.0
    assert figure(rows, "accuracy", "gold:rules")["mean"] == 0.5
    assert {row["stratum"] for row in rows if row["system"] == "floor: rules"} == {"all", "label:yes"}
    assert "gold:rules" not in {row["stratum"] for row in rows if row["system"] == "floor: rules"}
    assert "gold:rules" not in {row["stratum"] for row in comparisons(side, **DRAWS)}


def test_gold_that_our_rules_agreed_to_judges_models_and_no_rules() -> None:
    outcomes = [outcome(yes=RIGHT), outcome(no=RIGHT), outcome(no=MISSED), outcome(yes=MISSED)]
    model, rules = Answers("model", MODEL, outcomes), Answers("floor: rules", FLOOR, outcomes, by_rules=True)
    side = answered(model, rules, gold_sources=["codes", "agreed", "agreed", "codes"])
    rows = list(evaluations(side, **DRAWS))
    whole = figure(rows, "accuracy"), figure(rows, "accuracy", "all", "floor: rules")
    assert [(row["n"], row["missing"]) for row in whole] == [(4, 0), (2, 0)]
    assert figure(rows, "accuracy", "gold:agreed")["n"] == 2
    assert {row["n"] for row in comparisons(side, **DRAWS) if row["metric"] == "accuracy"} == {2}


def test_an_example_without_an_answer_is_missing_and_not_wrong() -> None:
    outcomes = [outcome(yes=RIGHT), None, outcome(yes=MISSED)]
    row = _accuracy(answered(Answers("model", MODEL, outcomes)))
    assert (row["n"], row["mean"], row["missing"]) == (2, 0.5, 1)


def test_a_difference_is_of_the_examples_that_both_answered() -> None:
    a = Answers("model", MODEL, [outcome(yes=RIGHT), outcome(yes=RIGHT), None])
    b = Answers("floor: x", FLOOR, [outcome(yes=MISSED), outcome(yes=RIGHT), outcome(yes=RIGHT)])
    row = figure(list(comparisons(answered(a, b), **DRAWS)), "accuracy")
    assert (row["n"], row["mean_a"], row["mean_b"], row["difference"]) == (2, 1.0, 0.5, 0.5)


def test_a_difference_of_f1_has_an_interval_and_a_small_p() -> None:
    row = figure(list(comparisons(halves(), **DRAWS)), "f1", "label:effusion")
    assert (row["system_b"], row["mean_b"]) == ("floor: x", 0.0)
    assert row["difference"] == pytest.approx(0.8)
    assert row["ci_low"] < 0.8 < row["ci_high"]
    assert row["p_value"] == pytest.approx(1 / 401)


def test_the_test_of_accuracy_is_the_sign_test_by_hand() -> None:
    a = Answers("model", MODEL, [outcome(yes=RIGHT)] * 4)
    b = Answers("floor: x", FLOOR, [outcome(yes=MISSED)] * 3 + [outcome(yes=RIGHT)])
    # 3 clusters differ, all one way: 2 of the 8 patterns are as extreme
    assert figure(list(comparisons(answered(a, b), **DRAWS)), "accuracy")["p_value"] == pytest.approx(2 / 8)


def test_equal_systems_may_yet_differ() -> None:
    outcomes = [outcome(yes=RIGHT)] * 10 + [outcome(yes=MISSED)] * 10
    side = answered(Answers("model", MODEL, outcomes), Answers("floor: x", FLOOR, outcomes))
    row = figure(list(comparisons(side, **DRAWS)), "accuracy")
    assert (row["difference"], row["p_value"]) == (0.0, 1.0)
    assert row["ci_high"] == -row["ci_low"] == pytest.approx(1 - 0.025 ** (1 / 20))


def test_a_single_cluster_has_no_interval() -> None:
    side = answered(Answers("model", MODEL, [outcome(yes=RIGHT)] * 3), keys=["a"] * 3)
    row = _accuracy(side)
    assert (row["clusters"], row["ci_low"], row["ci_high"]) == (1, None, None)


def test_no_example_gives_no_figure() -> None:
    side = answered(Answers("model", MODEL, []), Answers("floor: x", FLOOR, []))
    assert list(evaluations(side, **DRAWS)) == list(comparisons(side, **DRAWS)) == []


def test_sides_have_figures_of_their_own_and_no_part_in_macro_f1() -> None:
    a = Answers("model", MODEL, [outcome(effusion=RIGHT, side=RIGHT)] * 20)
    b = Answers("floor: x", FLOOR, [outcome(effusion=RIGHT, side=MISSED)] * 20)
    rows = list(comparisons(answered(a, b), **DRAWS))
    assert (figure(rows, "macro_f1")["mean_a"], figure(rows, "macro_f1")["mean_b"]) == (1.0, 1.0)
    side = figure(rows, "f1", "label:side")
    assert (side["mean_a"], side["mean_b"]) == (1.0, 0.0)
