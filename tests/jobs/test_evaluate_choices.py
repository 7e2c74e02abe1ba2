"""Questions of others by `jobs.evaluate`: asked of a model of either family, into the tables of evaluation."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from transformers import AutoTokenizer

from jobs.evaluate import describe, evaluate
from radray.errors import ConfigError
from radray.evaluation.outside.choices import read_choices
from radray.models.choices import answer_choices, write_prompt
from radray.models.families.registry import open_family
from radray.models.folder import open_model
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.runs import RUNS
from radray.settings.generate import GenerateSettings
from radray.settings.loading import load_settings
from radray.tables.catalog import Warehouse
from tests.support.worlds.loop import tiny_causal_model, tiny_model

ROWS = [
    {"question": "Which side?", "context": {"contexts": ["Small right effusion."]}, "final_decision": "yes"},
    {"question": "Is the heart normal?", "options": ["yes", "no", "not\nsaid"], "answer": "no"},
    {"question": "Which drug?", "options": {"A": "Aspirin", "B": "Ibuprofen"}, "answer_idx": "B"},
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("choices") / "medqa.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), encoding="utf-8")
    return file


@pytest.mark.parametrize("family", ["t5", "causal"])
def test_a_model_is_asked_and_its_figures_are_kept(file: Path, tmp_path: Path, family: str) -> None:
    build: Any = tiny_model if family == "t5" else tiny_causal_model
    model = build(tmp_path / "model", ["Which side? Aspirin Ibuprofen yes no maybe heart normal effusion"])
    places = [f"warehouse.uri={tmp_path / 'warehouse'}", f"model.uri={model}", f"evaluate.choices={file}"]
    settings = load_settings([], [*places, "evaluate.resamples=200"])
    assert describe(settings)[0].endswith("3 questions")
    with pytest.raises(ConfigError, match=r"^model\.uri is not set"):
        describe(load_settings([], [places[0], places[2], "model.uri=[]"]))
    output = io.StringIO()
    evaluate(settings, Console(file=output, width=120))
    assert "medqa: 3 questions" in output.getvalue()
    kept = Warehouse(settings.warehouse).read(EVALUATIONS).to_pylist()
    assert {(row["dataset"], row["metric"], row["n"]) for row in kept} == {("medqa", "accuracy", 3)}
    assert len(kept) == 8
    assert len(Warehouse(settings.warehouse).read(COMPARISONS).to_pylist()) == 6
    assert [row["status"] for row in Warehouse(settings.warehouse).read(RUNS).to_pylist()] == ["finished"]


def test_the_likeliest_option_is_that_of_the_model_itself(file: Path, tmp_path: Path) -> None:
    folder = tiny_causal_model(tmp_path / "model", ["Aspirin Ibuprofen yes no maybe"])
    questions = read_choices(str(file))
    answers = answer_choices(open_model(str(folder)), GenerateSettings(batch_size=2), questions)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = open_family(folder).load_model(folder)
    for question, place in zip(questions, answers.likeliest, strict=True):
        prompt = tokenizer(write_prompt(question, decoder_only=True))["input_ids"]
        means = []
        for option in question.options:
            target = [*tokenizer(f" {option}", add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
            with torch.inference_mode():
                logits = model(torch.tensor([[*prompt, *target]])).logits[0].log_softmax(-1)
            means.append(
                sum(float(logits[len(prompt) - 1 + at, token]) for at, token in enumerate(target)) / len(target)
            )
        assert place == means.index(max(means))


def test_a_question_is_kept_where_its_context_is_cut(file: Path) -> None:
    question = read_choices(str(file))[0]
    assert write_prompt(question, decoder_only=True).endswith("\nQuestion: Which side? A. yes B. no C. maybe Answer:")
    assert write_prompt(question, decoder_only=False).startswith("Answer the question: Which side? A. yes")
