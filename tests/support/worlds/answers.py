"""A small warehouse with made-up examples and answers of two models to a task, as the jobs would have written them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.settings.section import CORPUS_DATE
from radray.tasks.example_rows import answer_columns
from radray.tasks.labels.task import TASK
from tests.support.worlds.evaluate import MODELS, World, append

FINDINGS = {
    "effusion": "There is a left pleural effusion.",
    "heart": "The heart is enlarged.",
    "clear": "The lungs are clear.",
}
WRITTEN = {"effusion": "pleural effusion: present", "heart": "enlarged cardiomediastinum: present", "clear": "none"}
"""A right answer by finding."""


def example(place: int, split: str, source: str = "codes", **changed: Any) -> dict[str, Any]:
    """Return the row of `examples` of report `place`, whose finding is the `place`th of FINDINGS, over and over."""
    finding = list(FINDINGS)[place % len(FINDINGS)]
    unit = f"{split}{place:04d}"
    return {
        **{"example_id": unit, "unit_id": unit, "item": "", "task": TASK.id, "batch_date": CORPUS_DATE},
        **{"dataset": "openi", "status": "ok", "split": split, "split_key": unit, "study_id": unit},
        **{"inputs": f'{{"findings": "{FINDINGS[finding]}", "impression": ""}}', "input_digest": unit},
        **answer_columns(TASK.parse(WRITTEN[finding]), "gold_"),
        **{"gold_source": source, "run_key": "key", "run_id": "prepare-1"},
        **changed,
    }


def answer(asked: Mapping[str, Any], model: str, text: str | None, **changed: Any) -> dict[str, Any]:
    """Return the row of `answers` to an example; None: it could not be parsed."""
    kept = {column.name: asked[column.name] for column in ANSWERS.columns if column.name in asked}
    return {
        **kept,
        **{"model_name": model, "model_digest": MODELS[model], "status": "failed" if text is None else "ok"},
        **{"reason": "unparsed" if text is None else None, "answer": text, "prompt_id": "p", "settings_digest": "s"},
        **answer_columns(None if text is None else TASK.parse(text)),
        **{"engine": "e", "scorer_id": TASK.version, "run_id": "generate-1"},
        **changed,
    }


def make_answers(folder: Path, reports: int = 90) -> World:
    """Return a world with 60 training examples and `reports` of split test.

    Model ``fine`` answers all but the first rightly, which it answers with nothing that can be parsed; ``now`` says
    "none" to all.
    """
    world = World(folder)
    test = [example(place, "test") for place in range(reports)]
    append(world.warehouse, EXAMPLES, [*test, *(example(place, "train") for place in range(60))])
    right = list(WRITTEN.values())
    fine = [answer(row, "fine", right[place % 3] if place else None) for place, row in enumerate(test)]
    append(world.warehouse, ANSWERS, [*fine, *(answer(row, "now", "none") for row in test)])
    return world
