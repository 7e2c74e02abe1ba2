"""Floors that tasks share: the commonest answer, and that of the most similar report."""

from radray.tasks.answering import Example, Parsed
from radray.tasks.floors import constant, nearest

NOT_KNOWN = Parsed(value="not known")


def _example(text: str, value: str | None = None) -> Example:
    return Example(inputs={"findings": text}, gold=None if value is None else Parsed(value=value))


def _write(answer: Parsed) -> str:
    return answer.value or ""


TRAINING = [_example("large effusion", "b"), _example("heart enlarged", "a"), _example("clear lungs", "a")]


def test_the_constant_is_the_commonest_right_answer() -> None:
    floor = constant(_write, NOT_KNOWN)
    assert floor(TRAINING, [_example("effusion"), _example("")]) == [Parsed(value="a")] * 2
    assert floor(TRAINING[:2], [_example("x")]) == [Parsed(value="b")]  # the first of equals


def test_the_nearest_is_the_answer_to_the_most_similar_text() -> None:
    floor = nearest(NOT_KNOWN)
    asked = [_example("an effusion, large"), _example("lungs are clear"), _example("nothing alike")]
    assert [answer.value for answer in floor(TRAINING, asked)] == ["b", "a", "b"]


def test_without_training_or_words_both_give_what_they_have() -> None:
    for floor in (constant(_write, NOT_KNOWN), nearest(NOT_KNOWN)):
        assert floor([], [_example("effusion")]) == [NOT_KNOWN]
        assert floor([_example("effusion")], [_example("effusion")]) == [NOT_KNOWN]
        assert floor(TRAINING, []) == []
    assert nearest(NOT_KNOWN)([_example("- -", "b")], [_example("effusion")]) == [NOT_KNOWN]
