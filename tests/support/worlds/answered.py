"""Nights of answers without Ray and without a model: the pipeline's stages, one after the other, in this process."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
from rich.console import Console

from radray.cluster.actors import ActorPlan
from radray.models.folder import ModelFolder
from radray.models.manifest import Manifest
from radray.nights.answers import run
from radray.nights.answers.night import answer_night
from radray.nights.dataset_splits import find_dataset_splits
from radray.nights.engine_choice import EngineChoice, no_engine
from radray.nights.examples_run import prepare_examples
from radray.nights.final_line import FinalLine
from radray.pipelines.answers.pipeline import EXAMPLE_COLUMNS, AnswersJob, SelectExamples
from radray.pipelines.answers.score import ScoreAnswers, StageAnswers
from radray.pipelines.report_rows import ReadRows
from radray.pipelines.stage import Stage
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.settings.generate import GenerateSettings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tasks.answering import AskedTask
from radray.tasks.decoding import answer_settings
from tests.support.tasks import SIDES, SIZE
from tests.support.worlds.examples import stage_here

MODEL = ModelFolder("model", Path("nowhere"), Manifest("model", {}, {}), "m" * 64)
ASKED = {task.id: AskedTask(task, task.prompts[task.defaults["t5"]]) for task in (SIDES, SIZE)}
ROWS_A_BLOCK = 3
LOADED: list[tuple[str, ...]] = []
"""The tasks of each writer that was made, in order: a model that was loaded."""


class Rules(Stage):
    """Stands in for WriteAnswers: answers by the words of the findings, and by `maybe` where they have it."""

    reads = ("task", "inputs")
    keeps_rows = True

    def __init__(self, model: ModelFolder, asked: Mapping[str, AskedTask]) -> None:
        LOADED.append(tuple(sorted(asked)))

    def run(self, batch: pa.Table) -> pa.Table:
        """Return `batch` with an answer for each row."""
        texts = [_answer(row["task"], json.loads(row["inputs"])) for row in batch.to_pylist()]
        failed = pa.array([None] * len(texts), pa.string())
        reasons = pa.array([None if text else "empty_output" for text in texts], pa.string())
        batch = batch.append_column("answer", pa.array(texts, pa.string())).append_column("reason", reasons)
        statuses = pa.array(["ok" if text else "failed" for text in texts])
        batch = batch.set_column(batch.column_names.index("status"), "status", statuses)
        for name in ("input_tokens", "output_tokens", "logprob_per_token", "input_truncated", "output_cut", "repeated"):
            batch = batch.append_column(name, failed.cast(ANSWERS.arrow().field(name).type))
        return batch


def _answer(task: str, inputs: Mapping[str, str]) -> str | None:
    text = inputs["findings"].lower()
    if "silent" in text:
        return None
    if "maybe" in text:
        return "maybe"
    if "identify" in text:
        return "yes, MRN 84739201"
    if task == "sides":
        return "yes" if inputs["side"] in text else "no"
    return ", ".join(size for size in ("small", "large") if size in text) or "none"


def stage_in_place(job: AnswersJob, plan: ActorPlan, done: Mapping[str, Collection[str]]) -> None:
    """Do what `stage_answers` does."""
    asked = {task: work.asked for task, work in job.works.items()}
    write = Rules(job.model, asked)
    select = SelectExamples(job.cut, job.split, {task: done.get(task, ()) for task in job.works})
    constants = {task: work.constants for task, work in job.works.items()}
    score = ScoreAnswers({task: its.task for task, its in asked.items()}, constants)
    stage = StageAnswers(job.storage, {task: work.staging for task, work in job.works.items()})
    tables = ReadRows(job.storage, EXAMPLES, EXAMPLE_COLUMNS)(pa.table({"uri": list(job.files)}))
    kept = pa.concat_tables([select(table) for table in tables])
    for start in range(0, kept.num_rows, ROWS_A_BLOCK):
        stage(score(write(kept.slice(start, ROWS_A_BLOCK))))


class OneEngine:
    """Stands in for EngineOfModel: one that is known."""

    def __init__(self, name: str = "rules-1") -> None:
        self._name = name

    def possible(self, reports: int) -> list[EngineChoice]:
        """Return the engine."""
        return [self.choose(reports)]

    def choose(self, reports: int, *_: object) -> EngineChoice:
        """Return the engine."""
        settings = answer_settings(GenerateSettings())
        return EngineChoice(self._name, settings, "a test") if reports else no_engine(settings)


@contextmanager
def in_place(engine: str = "rules-1") -> Iterator[None]:
    """Let examples and answers be made in this process while the block runs."""
    plan = ActorPlan(1, cpus=1, gpus=0, memory=1, threads=1, nodes=1, cpus_kept=1)
    with (
        patch("radray.nights.examples_run.stage_examples", stage_here),
        patch("radray.nights.answers.night.EngineOfModel", lambda *_, **__: OneEngine(engine)),
        patch("radray.cluster.losses.alive_nodes", dict),
        patch.object(EngineChoice, "plan", lambda *_: plan),
        patch.object(run, "stage_answers", stage_in_place),
    ):
        yield


def answer(
    settings: Settings,
    tasks: Sequence[str] = ("sides", "size"),
    line: FinalLine | None = None,
    console: Console | None = None,
) -> list[str]:
    """Make the examples of a night and answer them; return what was refused."""
    line, console = line or FinalLine("generate"), console or Console(quiet=True)
    asked = [ASKED[task] for task in tasks]
    with in_place():
        missing = prepare_examples(settings, [its.task for its in asked], _no_ray, console, line)
        splits = find_dataset_splits(Warehouse(settings.warehouse), settings)
        answered = answer_night(settings, splits, [(MODEL, asked)], _no_ray, console, line, missing)
        return [str(error) for error in (*missing.values(), *answered)]


def _no_ray() -> None:
    """Stands in for the start of Ray."""
