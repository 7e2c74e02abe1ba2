"""A partition of `answers` to be written: one task's, its place, its frozen examples, and its run's key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from radray.models.engines.engine import DECIDES
from radray.models.folder import ModelFolder
from radray.nights.dataset_splits import DatasetSplit, refuse_other_splits, split_cut
from radray.nights.engine_choice import EngineChoice
from radray.pipelines.answers.pipeline import TaskWork
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.schema.statuses import ExampleStatus
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse, equal_to
from radray.tables.commit import PartitionBase, pin
from radray.tables.identity import ROWS_VERSION, digest, digest_columns, new_run_id, run_key
from radray.tables.partition import PartitionRun
from radray.tables.runs import RunRow
from radray.tasks.answering import AskedTask

INPUT_COLUMNS = (
    *("example_id", "unit_id", "item", "task", "status", "reason", "split", "split_key", "study_id", "subject_id"),
    *("input_digest", "gold_source"),
)
"""Columns of `examples` that are frozen as a run's input; input_digest stands for inputs and right answer."""


@dataclass(frozen=True)
class FrozenExamples:
    """What a task asks of the reports of a dataset in a split, as it was when a run began."""

    units: pa.Table
    """INPUT_COLUMNS, sorted by example_id."""
    files: tuple[str, ...]
    """Data files of `examples` that hold them, among others."""

    @cached_property
    def ids(self) -> list[str]:
        """All examples, sorted, those that stand for a report of which nothing is asked too."""
        return list(self.units.column("example_id").to_pylist())

    @cached_property
    def asked(self) -> frozenset[str]:
        """The examples that a model must answer."""
        ok = self.units.filter(pc.equal(self.units.column("status"), ExampleStatus.OK.value))
        return frozenset(ok.column("example_id").to_pylist())

    @cached_property
    def digest(self) -> str:
        """Digest of all that is copied into the rows or decides them."""
        return digest_columns(self.units, INPUT_COLUMNS)


def freeze_examples(
    warehouse: Warehouse, settings: Settings, dataset_split: DatasetSplit, task_id: str
) -> FrozenExamples:
    """Return the examples of a task in a dataset and split as they are now."""
    where = equal_to({"batch_date": settings.date, "dataset": dataset_split.dataset, "task": task_id})
    scan = warehouse.load(EXAMPLES).scan(row_filter=where)
    rows, cut = scan.select(*INPUT_COLUMNS).to_arrow(), split_cut(settings)
    wanted = [pa.array(cut.rows_in(dataset_split.split, batch), pa.bool_()) for batch in rows.to_batches(10_000)]
    units = rows.filter(pa.chunked_array(wanted, pa.bool_()))
    units = units.take(pc.sort_indices(units, sort_keys=[("example_id", "ascending")]))
    return FrozenExamples(units, tuple(task.file.file_path for task in scan.plan_files()))


@dataclass(frozen=True)
class AnswersPartition:
    """A task's examples of a dataset in a split under one model, pinned and frozen. Its engine may be known late."""

    warehouse: Warehouse
    settings: Settings
    dataset_split: DatasetSplit
    model: ModelFolder
    base: PartitionBase
    asked: AskedTask
    input: FrozenExamples
    run_id: str
    """Of the run over it, under whatever engine."""

    @property
    def where(self) -> str:
        """Task, dataset, date, split and model, for messages."""
        reports, model = self.dataset_split, self.model
        place = f"{reports.dataset} {self.settings.date} {reports.split}, model {model.name} {model.digest[:12]}"
        return f"{self.asked.task.id}, {place}"

    def open(self, engines: Sequence[EngineChoice]) -> PartitionRun:
        """Return the run over the partition, opened for all the `engines` that it may take, at least one."""
        return PartitionRun(self.warehouse, self.base, *(self.row(engine) for engine in engines))

    def row(self, engine: EngineChoice) -> RunRow:
        """Return the run's row in `runs` under `engine`, begun now."""
        about = {**self.base.partition, "model_name": self.model.name, "input_digest": self.input.digest}
        return engine.row(self.settings, self.run_id, self._key(engine), about)

    def alike(self, engine: EngineChoice) -> dict[str, str]:
        """Return what the rows of equal examples must share for one to be taken for the other, by column."""
        decides = engine.settings.model_dump(include=set(DECIDES))
        return {
            "prompt_id": self.asked.prompt.id,
            # with the version of the rows, whose older ones are not copied
            "settings_digest": digest({"rows_version": ROWS_VERSION, **decides})[:16],
            "engine": engine.name,
        }

    @property
    def scorer_id(self) -> str:
        """What the answers are parsed and scored by."""
        return self.asked.task.version

    def work(self, engine: EngineChoice, staging: str) -> TaskWork:
        """Return what the pipeline is to make of it below `staging` with `engine`."""
        constants: Mapping[str, Any] = {
            **self.base.partition,
            **self.alike(engine),
            "model_name": self.model.name,
            "scorer_id": self.scorer_id,
            "run_key": self._key(engine),
            "run_id": self.run_id,
        }
        return TaskWork(self.asked, constants, staging)

    def _key(self, engine: EngineChoice) -> str:
        decides: Mapping[str, Any] = {
            **{name: str(value) for name, value in self.base.partition.items()},
            "input": self.input.digest,
            "prompt": self.asked.prompt.id,
            "generation": engine.settings.model_dump(include=set(DECIDES)),
            "scorer": self.scorer_id,
            "engine": engine.name,
        }
        return run_key("generate", decides)


def freeze_partition(
    warehouse: Warehouse, settings: Settings, dataset_split: DatasetSplit, model: ModelFolder, asked: AskedTask
) -> AnswersPartition:
    """Pin the partition of a task for a dataset in a split under `model`, then freeze its examples.

    Raises InputError when some of the examples have answers of the model in another split.
    """
    partition = {
        "batch_date": settings.date,
        "dataset": dataset_split.dataset,
        "split": dataset_split.split,
        "model_digest": model.digest,
        "task": asked.task.id,
    }
    base = pin(warehouse, ANSWERS, partition)
    examples = freeze_examples(warehouse, settings, dataset_split, asked.task.id)
    refuse_other_splits(warehouse, partition, examples.ids, ANSWERS)
    return AnswersPartition(warehouse, settings, dataset_split, model, base, asked, examples, new_run_id("generate"))
