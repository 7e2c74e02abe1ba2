"""Questions with four choices: one fits, the others state something else."""

from collections import Counter

from radray.evaluation.multiple_choice import CHOICES, ask

FINDINGS = [
    "The heart is enlarged. No effusion.",
    "The heart is mildly enlarged. No effusion is seen.",
    "The heart is normal. Large right effusion.",
    "The heart is normal. The lungs are clear.",
    "The heart is normal. There is a left pneumothorax.",
    "The heart is normal. There is a nodule in the right upper lobe.",
]
IMPRESSIONS = [
    "Cardiomegaly.",
    "Cardiomegaly. No effusion.",
    "Right pleural effusion.",
    "No acute disease.",
    "Left pneumothorax.",
    "Right upper lobe nodule.",
]
KEYS = list("abcdef")


def test_the_right_choice_is_the_reports_own_impression() -> None:
    for place, question in enumerate(ask(FINDINGS, IMPRESSIONS, KEYS, 1)):
        assert question is not None
        assert len(set(question.choices)) == CHOICES
        assert question.choices[question.right] == IMPRESSIONS[place]


def test_an_impression_that_asserts_the_same_is_no_wrong_choice() -> None:
    question = ask(FINDINGS, IMPRESSIONS, KEYS, 1)[0]
    assert question is not None
    assert "Cardiomegaly. No effusion." not in question.choices


def test_normal_impressions_are_not_set_against_each_other() -> None:
    questions = ask([*FINDINGS, "The lungs are clear. No effusion."], [*IMPRESSIONS, "No pneumonia."], [*KEYS, "g"], 1)
    assert questions[3] is not None
    assert "No pneumonia." not in questions[3].choices
    assert all(question is not None and len(question.choices) == CHOICES for question in questions)


def test_an_impression_that_says_more_is_no_wrong_choice() -> None:
    more = [*IMPRESSIONS, "Cardiomegaly and right pleural effusion."]
    questions = ask([*FINDINGS, "The heart is enlarged. Right effusion."], more, [*KEYS, "g"], 1)
    assert questions[0] is not None
    assert questions[0].choices.count(more[-1]) == 0
    assert questions[6] is not None
    assert questions[6].choices[questions[6].right] == more[-1]


def test_a_report_of_the_same_key_gives_no_choice() -> None:
    assert ask(FINDINGS[2:], IMPRESSIONS[2:], ["a", "b", "c", "d"], 1)[0] is not None
    assert ask(FINDINGS[2:], IMPRESSIONS[2:], ["a", "a", "c", "d"], 1)[0] is None


def test_an_impression_without_a_concept_is_not_used() -> None:
    assert ask(FINDINGS[2:], ["As above.", *IMPRESSIONS[3:]], list("abcd"), 1) == [None] * 4


def test_the_seed_decides_the_order_and_no_place_is_favoured() -> None:
    assert ask(FINDINGS, IMPRESSIONS, KEYS, 1) == ask(FINDINGS, IMPRESSIONS, KEYS, 1)
    rights = Counter(
        question.right for seed in range(40) for question in ask(FINDINGS, IMPRESSIONS, KEYS, seed) if question
    )
    assert set(rights) == {0, 1, 2, 3}
    assert min(rights.values()) > 40  # of 60 expected


def test_no_reports_give_no_questions() -> None:
    assert ask([], [], [], 1) == []
