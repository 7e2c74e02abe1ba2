"""Systems side by side: models in order, the radiologist, floors, and the remarks about what is missing."""

from typing import Any

import numpy as np
import pytest

from radray.checks.check import CHECKS_ID
from radray.errors import InputError
from radray.evaluation.floors import Training
from radray.evaluation.scoring import main_scorer
from radray.evaluation.systems import FLOORS, choose, remarks, training_of
from tests.support.worlds.side import build_side, row, rows_of

MAIN = main_scorer(stemmer=True)
TEXTS: dict[str, str | None] = {"u1": "No acute disease.", "u2": "", "u3": "Small effusion.", "u4": None}
TRAINING = Training(
    ["Clear lungs.", "Left effusion."], ["No acute disease.", "Effusion."], frozenset({"clear lungs."}), str.lower
)


def test_models_stand_in_the_order_asked_for_and_floors_last() -> None:
    rows = [row for model in ("alpha", "beta", "gamma") for row in rows_of(model, TEXTS)]
    assert list(build_side(rows, ("gamma", "a0"), TRAINING).systems) == [
        *("gamma g0000000", "alpha a0000000", "beta b0000000"),
        *FLOORS,
    ]
    assert list(build_side(rows[4:]).systems) == ["beta b0000000", "gamma g0000000", FLOORS[1]]


def test_failed_and_empty_predictions_score_0_and_missing_ones_nothing() -> None:
    side = build_side([*rows_of("alpha", TEXTS), *rows_of("beta", {"u3": "Small left effusion."})])
    alpha, beta = side.systems["alpha a0000000"], side.systems["beta b0000000"]
    assert alpha.values[MAIN, "rouge1"] == pytest.approx([1, 0, 0.8, 0])
    assert alpha.failed.tolist() == [False, False, False, True]
    assert alpha.present.tolist() == [True] * 4
    assert beta.values[MAIN, "rouge1"] == pytest.approx([np.nan, np.nan, 1, np.nan], nan_ok=True)
    assert beta.present.tolist() == [False, False, True, False]
    assert not beta.failed.any()


def test_a_text_beside_a_failure_is_not_scored() -> None:
    side = build_side([row("u1", "alpha", "No acute disease.", status="failed")])
    assert side.systems["alpha a0000000"].values[MAIN, "rouge1"].tolist() == [0.0]


def test_floors_write_what_they_are() -> None:
    side = build_side(rows_of("alpha", TEXTS), training=TRAINING)
    assert side.systems["floor: first sentence"].values[MAIN, "exact"].tolist() == [0, 0, 0, 1]
    assert side.systems["floor: nearest neighbour"].values[MAIN, "rouge1"].tolist() == [1, 1, 0.5, 0]
    assert side.strata["seen"].tolist() == [False, True, False, False]
    assert side.strata["unseen"].tolist() == [True, False, True, True]


def test_training_holds_no_evaluated_report_and_none_without_reference() -> None:
    pairs: list[dict[str, Any]] = [
        {"findings": "A b.", "reference": "C.", "split_key": "t1"},
        {"findings": "D.", "reference": "E.", "split_key": "p1"},
        {"findings": "F.", "reference": None, "split_key": "t2"},
    ]
    training = training_of(pairs, [row("u1", "alpha", "x", split="validation")], str.upper)
    assert (training.findings, training.references) == (["A b."], ["C."])
    assert [training.saw(text) for text in ("a B.", "D.")] == [True, False]
    # of a corpus's own test split: a patient, or a text, that training has as well was seen
    training = training_of(pairs, [row("u1", "alpha", "x")], str.upper)
    assert [training.saw(text) for text in ("a B.", "D.")] == [True, True]
    assert training_of([], [], str.upper).saw("A b.") is None


def test_flags_are_given_by_checks_version_beside_the_radiologists() -> None:
    rows = [
        row("u1", "alpha", "x", checks_id="checks-1;defer", flag_side=True, reference_flag_side=False, followup=True,
            reference_followup=True),
        row("u2", "alpha", "x", checks_id="checks-1", flag_side=None, reference_flag_side=True, followup=False,
            reference_followup=True),
        row("u3", "alpha", "x", checks_id="checks-2", flag_side=False, reference_flag_side=None),
        row("u4", "alpha", "x"),
    ]  # fmt: skip
    side = build_side(rows)
    nan = np.nan
    values = side.systems["alpha a0000000"].values
    assert values["checks-1", "flag_side"] == pytest.approx([1, nan, nan, nan], nan_ok=True)
    assert values["checks-2", "flag_side"] == pytest.approx([nan, nan, 0, nan], nan_ok=True)
    assert values["checks-1", "followup_agrees"] == pytest.approx([1, 0, nan, nan], nan_ok=True)
    own = side.systems["radiologist"].values
    assert own["checks-1", "flag_side"] == pytest.approx([0, 1, nan, nan], nan_ok=True)
    assert ("checks-2", "flag_side") not in own
    assert ("checks-1", "followup_agrees") not in own


def test_floors_are_checked_where_models_were_by_the_same_checks() -> None:
    rows = rows_of("alpha", TEXTS, checks_id=CHECKS_ID, flag_side=False, followup=True, reference_followup=True)
    values = build_side(rows, training=TRAINING).systems["floor: nearest neighbour"].values
    # of "Right pneumothorax." the neighbour's impression says that there is no disease
    assert values[CHECKS_ID, "flag_critical_missed"][3] == 1
    assert values[CHECKS_ID, "flag_critical_missed"][0] == 0
    assert values[CHECKS_ID, "followup_agrees"].tolist() == [0, 0, 0, 0]
    older = build_side([{**row, "checks_id": "checks-0"} for row in rows], training=TRAINING)
    assert {
        scorer for scorer, metric in older.systems["floor: nearest neighbour"].values if metric[:5] == "flag_"
    } == set()


def test_clusters_are_the_split_keys() -> None:
    assert build_side(rows_of("alpha", TEXTS)).clusters.tolist() == [0, 0, 1, 2]


def test_what_lacks_is_said() -> None:
    rows = [*rows_of("alpha", TEXTS), *rows_of("beta", {"u3": "x"}, checks_id="c-1", flag_side=True)]
    rows += rows_of("gamma", TEXTS, checks_id="c-2", flag_side=True)
    side = build_side(rows)
    assert remarks(side, Training()) == [
        "no training reports of made, and none in this warehouse that one of the models was fine-tuned on: floor: best"
        " constant, floor: nearest neighbour and seen findings are left out; prepare a train part of made, or name in"
        " evaluate.models a model that was fine-tuned on reports of this warehouse",
        "made, test: alpha a0000000 has no clinical checks: its rows are older than the checks",
        "made, test: beta b0000000 lacks 3 of the 4 reports: excluded from its means",
        "made, test: flags of c-1, c-2: flags of different versions are not compared",
    ]
    rows = [{**row, "reference": None, "checks_id": "c-1", "flag_side": True} for row in rows_of("alpha", TEXTS)]
    side = build_side(rows, training=TRAINING)
    assert remarks(side, TRAINING) == ["made, test: 4 of 4 reports have no reference: only checks judge them"]
    assert list(side.systems) == ["alpha a0000000"]  # nothing to score floors against


def test_models_are_chosen_by_name_or_digest() -> None:
    rows = [*rows_of("alpha", TEXTS), *rows_of("beta", TEXTS)]
    assert choose(rows, ()) == rows
    assert choose(rows, ("b0",)) == rows[4:]
    assert choose(rows, ("alpha", "beta")) == rows
    with pytest.raises(
        InputError, match="no predictions of the model nothing; there are predictions of: alpha a0000000, beta"
    ):
        choose(rows, ("alpha", "nothing"))


def test_exams_that_the_checks_do_not_judge_are_named() -> None:
    rows = rows_of("alpha", TEXTS, checks_id="c-1", flag_side=True)
    exams = [("MG", "breast"), ("MG", "breast"), ("NM", None), ("CR", "chest")]
    rows = [{**row, "modality": modality, "body_part": part} for row, (modality, part) in zip(rows, exams, strict=True)]
    (sentence,) = remarks(build_side(rows, training=TRAINING), TRAINING)
    assert sentence == (
        "made, test: not judged by the checks of findings, which were tried on no such exams: 2 of MG, breast; 1 of NM,"
        " unknown body part"
    )


def test_the_order_as_written_is_a_figure_where_items_were_put_in_order() -> None:
    about = {"checks_id": "checks-1", "flag_side": False, "reference_flag_side": False, "reference_urgent_first": False}
    orders = {"u1": (True, "2,1"), "u2": (True, "1,3,2"), "u3": (True, None), "u4": (None, None)}
    rows = [
        row(unit, "alpha", "x", **about, urgent_first=first, item_order=order)
        for unit, (first, order) in orders.items()
    ]
    rows += [row(unit, "beta", "x", **about, urgent_first=False) for unit in orders]
    side = build_side(rows)
    key = ("checks-1", "urgent_first_as_written")
    assert side.systems["alpha a0000000"].values[key] == pytest.approx([0, 1, 1, np.nan], nan_ok=True)
    assert side.systems["beta b0000000"].values[key].tolist() == [0] * 4
    assert side.systems["radiologist"].values[key].tolist() == [0] * 4
    plain = build_side([{**each, "item_order": None} for each in rows])
    assert all(key not in system.values for system in plain.systems.values())
