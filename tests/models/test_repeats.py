from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.models.engines.engine import Answer, Failed, Generation, Hypothesis
from radray.models.engines.repeats import AnswerOnce
from radray.schema.statuses import FailReason


class Echo:
    """Answers a prompt with itself and keeps what it was asked."""

    name = "echo"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def generate(self, prompts: Sequence[str]) -> list[Answer]:
        self.asked.append(list(prompts))
        if "poison" in prompts:
            raise RuntimeError
        return [
            Failed(FailReason.TIMEOUT)
            if prompt == "slow"
            else Generation((Hypothesis(prompt, 0.0),), 1, 1, False, False)
            for prompt in prompts
        ]


def _answers(engine: AnswerOnce, prompts: Sequence[str]) -> list[tuple[str, bool]]:
    return [(answer.hypotheses[0].text, answer.repeated) for answer in engine.generate(prompts)]


def test_an_equal_prompt_is_asked_once_in_a_call_and_later() -> None:
    echo = Echo()
    engine = AnswerOnce(echo, 10)
    assert _answers(engine, ["a", "b", "a"]) == [("a", False), ("b", False), ("a", True)]
    assert _answers(engine, ["c", "b"]) == [("c", False), ("b", True)]
    assert echo.asked == [["a", "b"], ["c"]]
    assert engine.name == "echo"


def test_the_least_lately_used_answer_goes_first() -> None:
    echo = Echo()
    engine = AnswerOnce(echo, 2)
    for prompts in (["a", "b"], ["a"], ["c"]):  # b is the one that was not used lately
        engine.generate(prompts)
    assert _answers(engine, ["a", "b"]) == [("a", True), ("b", False)]
    assert echo.asked == [["a", "b"], [], ["c"], ["b"]]


def test_a_call_with_more_prompts_than_are_kept_is_answered_whole() -> None:
    prompts = ["a", "b", "c", "a"]
    assert [text for text, _ in _answers(AnswerOnce(Echo(), 1), prompts)] == prompts


def test_none_kept_asks_everything_again() -> None:
    echo = Echo()
    engine = AnswerOnce(echo, 0)
    assert _answers(engine, ["a", "a"]) == [("a", False), ("a", False)]
    assert echo.asked == [["a", "a"]]


def test_nothing_is_kept_of_a_call_that_failed() -> None:
    engine = AnswerOnce(Echo(), 10)
    with pytest.raises(RuntimeError):
        engine.generate(["a", "poison"])
    assert _answers(engine, ["a"]) == [("a", False)]


def test_a_prompt_that_failed_fails_for_all_that_are_equal_and_is_not_kept() -> None:
    echo = Echo()
    engine = AnswerOnce(echo, 10)
    failed = Failed(FailReason.TIMEOUT)
    answers = engine.generate(["slow", "a", "slow"])
    assert [answers[0], answers[2]] == [failed, failed]
    assert engine.generate(["slow", "b"])[0] == failed
    assert _answers(engine, ["a", "b"]) == [("a", True), ("b", True)]
    assert echo.asked == [["slow", "a"], ["slow", "b"], []]
    assert AnswerOnce(Echo(), 0).generate(["slow", "slow"]) == [failed, failed]


@given(calls=st.lists(st.lists(st.sampled_from("abcde"), max_size=6), max_size=6), kept=st.integers(0, 4))
def test_every_prompt_gets_its_own_answer(calls: list[list[str]], kept: int) -> None:
    engine = AnswerOnce(Echo(), kept)
    for prompts in calls:
        assert [text for text, _ in _answers(engine, prompts)] == prompts
