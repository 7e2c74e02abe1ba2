"""Concept F1 against sums by hand, and what it ignores."""

from itertools import product

import pytest

from radray.evaluation.concept_f1 import Statement, concept_f1, credit, statements
from radray.evaluation.scoring import concept_scores
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import State

LEFT, RIGHT, BOTH, NO_SIDE = frozenset({"left"}), frozenset({"right"}), frozenset({"left", "right"}), frozenset[str]()


def test_the_same_findings_in_other_words_and_order_score_one() -> None:
    reference = "Cardiomegaly. Small left pleural effusion. No pneumothorax."
    assert concept_f1(reference, "There is no pneumothorax; the heart is enlarged. Left-sided effusion.") == 1.0
    for normal in ("No acute disease.", "Normal chest.", "No acute cardiopulmonary abnormality."):
        assert concept_f1("No active disease.", normal) == 1.0


def test_statements_are_once_a_concept_and_state_with_all_sides() -> None:
    assert statements("Left effusion. Right effusion, as before. No effusion on the lateral view. Normal chest.") == (
        Statement("pleural_effusion", State.PRESENT, BOTH),
        Statement("pleural_effusion", State.ABSENT, NO_SIDE),
        Statement("abnormality", State.ABSENT, NO_SIDE),
    )
    assert statements("") == statements("Comparison is made.") == ()


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        (("pneumonia", State.PRESENT, NO_SIDE), ("pneumonia", State.PRESENT, NO_SIDE), 1),
        (("pneumonia", State.PRESENT, NO_SIDE), ("lung_opacity", State.PRESENT, NO_SIDE), 1 / 2),
        (("pneumonia", State.PRESENT, NO_SIDE), ("cardiomegaly", State.PRESENT, NO_SIDE), 0),
        (("pneumonia", State.PRESENT, NO_SIDE), ("pneumonia", State.UNCERTAIN, NO_SIDE), 1 / 2),
        (("pneumonia", State.PRESENT, NO_SIDE), ("pneumonia", State.ABSENT, NO_SIDE), 0),
        (("pneumonia", State.UNCERTAIN, NO_SIDE), ("pneumonia", State.ABSENT, NO_SIDE), 0),
        (("pneumonia", State.PRESENT, LEFT), ("pneumonia", State.PRESENT, RIGHT), 0),
        (("pneumonia", State.PRESENT, LEFT), ("pneumonia", State.PRESENT, NO_SIDE), 1 / 2),
        (("pneumonia", State.PRESENT, LEFT), ("pneumonia", State.PRESENT, BOTH), 1 / 2),
        (("pneumonia", State.PRESENT, LEFT), ("lung_opacity", State.UNCERTAIN, BOTH), 1 / 8),
        (("abnormality", State.ABSENT, NO_SIDE), ("pneumothorax", State.ABSENT, NO_SIDE), 1 / 2),
        (("abnormality", State.ABSENT, NO_SIDE), ("pneumothorax", State.PRESENT, NO_SIDE), 0),
        (("cardiomegaly", State.ABSENT, NO_SIDE), ("pneumothorax", State.ABSENT, NO_SIDE), 0),
    ],
)
def test_credit_is_halved_for_each_way_in_which_statements_differ(
    first: tuple[str, State, frozenset[str]], second: tuple[str, State, frozenset[str]], share: float
) -> None:
    assert credit(Statement(*first), Statement(*second)) == share
    assert credit(Statement(*second), Statement(*first)) == share


def test_precision_and_recall_by_hand() -> None:
    assert (CONCEPTS["pneumothorax"].urgency, CONCEPTS["cardiomegaly"].urgency) == ("critical", None)
    # of 4 + 1 + 1/2 in the reference 1 is found again, of 1 in the prediction 1
    reference = "Right pneumothorax. Cardiomegaly. No pleural effusion."
    precision, recall = 1.0, 1 / 5.5
    assert concept_f1(reference, "Cardiomegaly.") == pytest.approx(2 * precision * recall / (precision + recall))
    # the side is missing: 2 of 4 each way
    precision, recall = 2 / 4, 2 / 5.5
    assert concept_f1(reference, "Pneumothorax.") == pytest.approx(2 * precision * recall / (precision + recall))
    # the wrong side, and asserted for denied
    assert concept_f1(reference, "Left pneumothorax. Pleural effusion.") == 0.0


def test_an_error_costs_the_more_the_more_urgent_the_finding_is() -> None:
    reference = "Right pneumothorax. Cardiomegaly. No pleural effusion."
    left_out = {
        "pneumothorax": concept_f1(reference, "Cardiomegaly. No pleural effusion."),
        "cardiomegaly": concept_f1(reference, "Right pneumothorax. No pleural effusion."),
        "effusion": concept_f1(reference, "Right pneumothorax. Cardiomegaly."),
    }
    assert list(left_out) == sorted(left_out, key=lambda name: left_out[name] or 0.0)


def test_a_reference_without_a_concept_is_not_judged_and_nothing_scores_0() -> None:
    for reference, prediction in product((None, "", "Comparison is made."), (None, "", "Pneumothorax.")):
        assert concept_f1(reference, prediction) is None
    for prediction in (None, "", "Comparison is made."):
        assert concept_f1("Pneumothorax.", prediction) == 0.0


def test_a_system_is_scored_a_report_at_a_time() -> None:
    references = ["Cardiomegaly.", "Comparison is made.", None, "Cardiomegaly.", "Cardiomegaly."]
    (values,) = concept_scores(references, ["Enlarged heart.", "Normal chest.", "Normal chest.", None, ""]).values()
    assert values == pytest.approx([1, float("nan"), float("nan"), float("nan"), 0], nan_ok=True)
