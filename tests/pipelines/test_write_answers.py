"""The stages of answers without Ray: one engine for the prompts of all tasks, and what becomes of what it writes."""

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from radray.models.engines.engine import Answer, Generation
from radray.models.families.pieces import PATIENTS
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.pipelines.answers.score import ScoreAnswers
from radray.pipelines.answers.write import WriteAnswers
from radray.schema.answers import ANSWERS
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings
from radray.tasks.decoding import ANSWER_TOKENS, answer_settings
from tests.support.tasks import SIDES, SIZE
from tests.support.worlds.answered import ASKED
from tests.support.worlds.night_tables import NIGHT

TASKS = {"sides": SIDES, "size": SIZE}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    folder = tmp_path_factory.mktemp("model")
    size = TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1)
    build_tiny(["small left effusion"] * PATIENTS, folder, size=size, seed=1)
    write_manifest(folder, "m", {})
    return open_model(str(folder))


def example(task: str, findings: str, **columns: Any) -> dict[str, Any]:
    """Return what the stages read of an example, before it is answered."""
    inputs = {"findings": findings} | ({"side": "left"} if task == "sides" else {})
    row: dict[str, Any] = {"task": task, "example_id": "u", "unit_id": "u", "item": "", "inputs": json.dumps(inputs)}
    row |= {"study_id": "s123456", "subject_id": None, "split_key": "k", "input_digest": "i", "status": "ok"}
    gold = {"gold_value": None, "gold_rewritten": None, "gold_entries": None, "gold_source": None}
    return row | gold | columns


def scored(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of `answers` of rows that were answered."""
    known = {"input_tokens": 1, "output_tokens": 1, "input_truncated": False, "output_cut": False, "repeated": False}
    constants = {
        task: {column.name: "x" for column in ANSWERS.columns if column.name in ("dataset", "model_digest", "engine")}
        | {"batch_date": NIGHT, "task": task, "split": "live", "model_name": "m", "prompt_id": "p", "scorer_id": "s"}
        | {"settings_digest": "d", "run_key": "k", "run_id": "r"}
        for task in TASKS
    }
    whole = [{"reason": None, "logprob_per_token": -0.5, **known, **row} for row in rows]
    types = {column.name: column.type for column in ANSWERS.columns}
    batch = pa.table({name: pa.array([row[name] for row in whole], types[name]) for name in whole[0]})
    return ScoreAnswers(TASKS, constants)(batch).to_pylist()


def generated(answer: Answer) -> Generation:
    assert isinstance(answer, Generation)
    return answer


def test_answers_are_greedy_whatever_the_impressions_beam() -> None:
    beams = GenerateSettings(num_beams=6, num_return_sequences=3, max_new_tokens=40, length_penalty=2.0, batch_size=7)
    greedy = answer_settings(beams)
    assert (greedy.num_beams, greedy.num_return_sequences, greedy.max_new_tokens) == (1, 1, ANSWER_TOKENS)
    assert (greedy.length_penalty, greedy.batch_size) == (1.0, 7)
    assert greedy == answer_settings(GenerateSettings(batch_size=7))


def test_one_engine_answers_the_prompts_of_all_tasks_and_equal_ones_once(model: ModelFolder) -> None:
    settings = answer_settings(GenerateSettings(engine="transformers", max_input_tokens=120))
    rows = [example(task, findings) for findings in ("Clear.", "Clear.") for task in ("sides", "size")]
    stage = WriteAnswers(model, ASKED, settings)
    written = stage(pa.Table.from_pylist(rows)).to_pylist()
    assert [row["repeated"] for row in written] == [False, False, True, True]
    assert [row["answer"] for row in written[:2]] == [row["answer"] for row in written[2:]]
    assert all(row["output_tokens"] <= ANSWER_TOKENS for row in written)
    assert {(row["status"], row["reason"]) for row in written} <= {("ok", None), ("failed", "empty_output")}
    prompts = [ASKED[row["task"]].fill(json.loads(row["inputs"])) for row in rows[:2]]
    alone = [generation.hypotheses[0].text for generation in map(generated, stage.engine.generate(prompts))]
    assert [row["answer"] for row in written[:2]] == [text or None for text in alone]


def test_an_answer_is_right_wrong_unparsed_or_of_no_known_gold() -> None:
    gold = {"gold_value": "yes", "gold_source": "rules"}
    rows = [
        example("sides", "Left.", answer="yes", **gold),
        example("sides", "Left.", answer="no", **gold),
        example("sides", "Left.", answer="perhaps", **gold),
        example("sides", "Left.", answer="yes"),
        example("size", "Clear.", answer="none", gold_entries=[], gold_source="rules"),
    ]
    names = ("status", "reason", "answer", "value", "entries", "correct", "f1")
    assert [tuple(row[name] for name in names) for row in scored(*rows)] == [
        ("ok", None, "yes", "yes", None, True, 1.0),
        ("ok", None, "no", "no", None, False, 0.0),
        ("failed", "unparsed", "perhaps", None, None, False, 0.0),
        ("ok", None, "yes", "yes", None, None, None),
        ("ok", None, "none", None, [], True, 1.0),
    ]


def test_an_identifier_that_the_input_lacks_is_shown_nowhere() -> None:
    given = example("sides", "Seen for s123456, left.", answer="yes s123456")
    invented = example("sides", "Left.", answer="yes s123456", gold_value="yes", gold_source="rules")
    first, second = scored(given, invented)
    assert (first["reason"], first["answer"]) == ("unparsed", "yes s123456")
    assert (second["status"], second["reason"], second["correct"]) == ("failed", "identifier", False)
    assert "s123456" not in json.dumps({**second, "study_id": None}, default=str)
    assert second["logprob_per_token"] is None


def test_a_parser_that_raises_costs_its_row_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(text: str) -> None:
        raise ValueError(text)

    monkeypatch.setitem(TASKS, "size", replace(SIZE, parse=parse))
    rows = scored(example("size", "Clear.", answer="none"), example("sides", "Left.", answer="yes"))
    assert [(row["status"], row["reason"], row["answer"]) for row in rows] == [
        ("failed", "scoring_error", None),
        ("ok", None, "yes"),
    ]
