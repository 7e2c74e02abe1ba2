"""The pipeline of answers: rows of `examples` of several tasks → answers of one model → rows of `answers`, staged."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray
from ray.util.annotations import RayDeprecationWarning

from radray.cluster.actors import ActorPlan
from radray.models.folder import ModelFolder
from radray.pipelines.answers.score import ScoreAnswers, StageAnswers
from radray.pipelines.answers.write import WriteAnswers
from radray.pipelines.generate import ACTOR_RESTARTS, BLOCK_RETRIES, actor_pool, limit_waiting
from radray.pipelines.report_rows import ReadRows, UnitIds
from radray.pipelines.stage import Stage
from radray.reports.splits import SplitCut
from radray.schema.examples import EXAMPLES
from radray.schema.statuses import ExampleStatus
from radray.settings.generate import GenerateSettings
from radray.settings.section import SplitName
from radray.storage.files import Storage
from radray.tasks.answering import AskedTask

EXAMPLE_COLUMNS = tuple(
    column.name for column in EXAMPLES.columns if column.name not in ("reason", "target", "run_key", "run_id")
)
"""Columns of `examples` that generation reads."""


@dataclass(frozen=True, slots=True)
class TaskWork:
    """What the pipeline is to make of one task's examples."""

    asked: AskedTask
    constants: Mapping[str, Any]
    """Columns that its rows share: the partition, model, prompt, scorer, engine, run."""
    staging: str
    """Folder that its rows are written below, as Parquet."""


@dataclass(frozen=True, slots=True)
class AnswersJob:
    """What the pipeline is to make of the examples of a dataset in a split, however often it is begun."""

    storage: Storage
    files: Sequence[str]
    """Data files of `examples` that hold them, among others."""
    cut: SplitCut
    split: SplitName
    """Examples of other splits are passed over."""
    model: ModelFolder
    works: Mapping[str, TaskWork]
    """By task; examples of other tasks are passed over."""
    settings: GenerateSettings
    """Those of `answer_settings`, with the engine as it was chosen."""
    run: str
    """Names the run for the actors of a node, which check the model's files once."""
    converted: str | None = None
    """Digest of the converted copy that the engine was chosen with; None: the engine needs none."""


def stage_answers(job: AnswersJob, plan: ActorPlan, done: Mapping[str, Collection[str]]) -> None:
    """Run the pipeline of `job` with the actors of `plan`, in each of which the model is loaded once.

    Examples whose id is in `done`, by task, have their row already and are passed over, and so is what is not asked.
    Raises what Ray ends a pipeline with.
    """
    reads, scores = limit_waiting(plan, job.settings, len(job.files))
    reading, scoring = ray.data.TaskPoolStrategy(size=reads), ray.data.TaskPoolStrategy(size=scores)
    data = ray.data.from_items([{"uri": uri} for uri in job.files], override_num_blocks=len(job.files))
    read = ReadRows(job.storage, EXAMPLES, EXAMPLE_COLUMNS).__call__
    select = SelectExamples(job.cut, job.split, {task: done.get(task, ()) for task in job.works}).__call__
    data = data.map_batches(read, batch_format="pyarrow", batch_size=1, compute=reading)
    data = data.map_batches(select, batch_format="pyarrow", batch_size=None, compute=reading)
    # a data file is one task's: this is what spreads its rows over actors
    data = data.repartition(target_num_rows_per_block=job.settings.block_rows)
    asked = {task: work.asked for task, work in job.works.items()}
    with warnings.catch_warnings():
        # Ray 2.60 deprecates the one way to say max_restarts and has no other yet; its default is without limit
        warnings.simplefilter("ignore", RayDeprecationWarning)
        data = data.map_batches(
            WriteAnswers,
            fn_constructor_args=(job.model, asked, job.settings, job.converted, job.run),
            batch_format="pyarrow",
            batch_size=job.settings.block_rows,
            compute=actor_pool(plan),
            num_cpus=plan.cpus,
            num_gpus=plan.gpus,
            memory=plan.memory,
            max_restarts=ACTOR_RESTARTS,
            max_task_retries=BLOCK_RETRIES,
        )
    constants = {task: work.constants for task, work in job.works.items()}
    score = ScoreAnswers({task: its.task for task, its in asked.items()}, constants).__call__
    stage = StageAnswers(job.storage, {task: work.staging for task, work in job.works.items()}).__call__
    data = data.map_batches(score, batch_format="pyarrow", batch_size=None, compute=scoring)
    data = data.map_batches(stage, batch_format="pyarrow", batch_size=None, compute=scoring)
    with warnings.catch_warnings():
        # a small night has fewer blocks than may be scored at once: nothing to tell
        warnings.filterwarnings("ignore", "The maximum number of concurrent tasks", UserWarning)
        for _ in data.iter_batches(batch_size=None, batch_format="pyarrow"):
            pass


class SelectExamples(Stage):
    """Keep the asked examples of a split, of the tasks that are answered, that are not staged yet."""

    reads = ("example_id", "task", "status", "split", "split_key")
    keeps_rows = False

    def __init__(self, cut: SplitCut, split: SplitName, done: Mapping[str, Collection[str]]) -> None:
        """`done` are the ids of examples that have their row, by task: those of other tasks are left out."""
        self._cut = cut
        self._split = split
        self._done = {task: UnitIds(ids) for task, ids in done.items()}

    def run(self, batch: pa.Table) -> pa.Table:
        """Return the rows that are kept, in order."""
        ids, tasks, statuses = (batch.column(name).to_pylist() for name in ("example_id", "task", "status"))
        asked = np.array([status == ExampleStatus.OK for status in statuses], dtype=bool)
        left = np.zeros(batch.num_rows, dtype=bool)
        for task, done in self._done.items():
            left |= np.array([each == task for each in tasks], dtype=bool) & ~done.have(ids)
        return batch.filter(pa.array(np.array(self._cut.rows_in(self._split, batch), dtype=bool) & asked & left))
