"""How far candidates agree: against rouge-score, by hand, and for texts that name no finding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from radray.evaluation.agreement import UTILITIES, Utility, agreements, concept_agreement, most_agreed_first, rouge_l

ORACLE = RougeScorer(["rougeL"], use_stemmer=True)

WORDS = st.lists(
    st.sampled_from(["no", "effusions", "effusion", "left", "small", "___", "the", "1.9", "cm"]), max_size=12
)


@given(WORDS, WORDS)
def test_rouge_l_is_that_of_rouge_score(first: list[str], second: list[str]) -> None:
    texts = " ".join(first), " ".join(second)
    assert rouge_l(*texts) == pytest.approx(ORACLE.score(*texts)["rougeL"].fmeasure, abs=1e-12)
    assert rouge_l(*texts) == rouge_l(*reversed(texts))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Small left effusion.", "Left pleural effusion, small.", 1.0),
        ("Small left effusion.", "Right effusion.", 0.0),
        # a general denial and a special one
        ("No acute disease.", "No effusion.", 0.5),
        # neither names a finding
        ("Unremarkable.", "Clear.", 1.0),
        ("As above.", "See findings.", 1.0),
        ("Unremarkable.", "As above.", 0.0),
        # one of them does
        ("Unremarkable.", "No acute disease.", 1.0),
        ("Unremarkable.", "Small left effusion.", 0.0),
        ("As above.", "No acute disease.", 0.0),
        ("As above.", "Small left effusion.", 0.0),
    ],
)
def test_concepts_agree_where_the_same_is_found(first: str, second: str, expected: float) -> None:
    assert concept_agreement(first, second) == concept_agreement(second, first) == expected


def test_equal_texts_are_votes() -> None:
    # the two share one word of two: F 1/2
    a, b = "left effusion", "left nodule"
    assert agreements([a, b, a], "rouge_l") == [pytest.approx(value) for value in (2.5 / 3, 2 / 3, 2.5 / 3)]
    assert most_agreed_first(agreements([b, a, a], "rouge_l")) == [1, 2, 0]


def test_votes_weigh() -> None:
    a, b = "left effusion", "left nodule"
    assert agreements([a, b], "rouge_l", [3.0, 1.0]) == [pytest.approx((3 + 0.5) / 4), pytest.approx((1 + 1.5) / 4)]
    assert agreements([a, b, b], "rouge_l", [2.0, 1.0, 1.0]) == [0.75] * 3


def test_fewer_faults_go_before_more_agreement() -> None:
    assert most_agreed_first([0.9, 0.5, 0.6], [2, 0, 0]) == [2, 1, 0]


def test_both_is_the_mean_of_the_two() -> None:
    texts = ["Small left effusion.", "Left effusion.", "No acute disease.", "Cardiomegaly without effusion."]
    of = {utility: agreements(texts, utility) for utility in UTILITIES}
    for both, *parts in zip(of["both"], of["rouge_l"], of["concepts"], strict=True):
        assert both == pytest.approx(sum(part or 0.0 for part in parts) / 2)
    assert of["rouge_l"] != of["concepts"]


@pytest.mark.parametrize("utility", UTILITIES)
def test_a_candidate_alone_agrees_with_nothing(utility: Utility) -> None:
    assert agreements([], utility) == []
    assert agreements(["Effusion."], utility) == [None]
    assert most_agreed_first([None]) == [0]


def test_of_equally_agreed_candidates_the_first_is_taken() -> None:
    texts = ["left effusion", "right effusion", "right nodule", "left nodule"]
    assert most_agreed_first(agreements(texts, "rouge_l")) == [0, 1, 2, 3]
    assert most_agreed_first([0.5, 0.5 + 1e-15, 0.6]) == [2, 0, 1]
