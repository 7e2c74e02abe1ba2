"""An answer and its columns say the same, also of an empty list, which a reader may give as null."""

from typing import Any

import pytest

from radray.tasks.answering import Entry, Example, GoldSource, Parsed
from radray.tasks.example_rows import answer_columns, answer_of, example_of

ANSWERS = (
    Parsed(value="yes"),
    Parsed(rewritten="No effusion."),
    Parsed(entries=()),
    Parsed(entries=(Entry("effusion", "present", "left"), Entry("nodule", "absent"))),
)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_comes_back_from_its_columns(answer: Parsed) -> None:
    row: dict[str, Any] = {"status": "ok", **answer_columns(answer)}
    assert answer_of(row) == answer
    assert answer_of(row | {"entries": row["entries"] or None}) == answer
    assert answer_of(row | {"status": "failed"}) is None
    assert set(answer_columns(None).values()) == {None}


@pytest.mark.parametrize("gold", [None, *ANSWERS])
def test_an_example_comes_back_from_its_row(gold: Parsed | None) -> None:
    source = None if gold is None else GoldSource.CODES
    row = {"item": "3", "inputs": '{"findings": "Clear."}', "gold_source": source, **answer_columns(gold, "gold_")}
    assert example_of(row) == Example("3", {"findings": "Clear."}, gold, source)
