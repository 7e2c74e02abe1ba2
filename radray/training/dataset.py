"""What a fine-tuning learns from: the training and validation examples of all tasks, mixed by weight."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from radray.errors import InputError
from radray.settings.root import Settings
from radray.settings.train import IMPRESSION
from radray.tables.catalog import Warehouse
from radray.tables.identity import digest
from radray.tasks.task import TargetCounts
from radray.training.lessons import Lessons
from radray.training.sources.impressions import impression_examples
from radray.training.sources.instructions import instruction_examples
from radray.training.sources.reports import no_reports, read_reports, where_of
from radray.training.sources.source import TaskExamples
from radray.training.sources.tasks import task_examples

EXAMPLES = pa.schema(
    [*((name, pa.string()) for name in ("task", "unit_id", "input", "target", "reference")), ("copy", pa.int32())]
)
"""Columns of both tables.

unit_id: of the report, or in another task than the impression the id of the example. input: the prompt. target: the
impression without what must not be learnt (masks, communications), null where nothing is left of it; else the right
answer. reference: the impression as the radiologist wrote it, which ROUGE is scored against; null outside the sample of
the validation reports. copy: the number of an example among those that an epoch learns several times, see `copies_of`
and `times_drawn`; 0: the first.
"""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The examples of a fine-tuning, in the order of task, unit_id and copy."""

    train: pa.Table
    validation: pa.Table
    target_counts: Mapping[str, TargetCounts]
    """By split (train, validation): how many impressions were shortened or left empty; {}: none is learnt."""
    patients: tuple[str, ...] = ()
    """The split key of each training example: whose text it is."""
    neighbours: pa.Table | None = None
    """The training reports that the model carries with it, as `models.neighbours` has them; None: it needs none."""
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of each task, where another than the impression is learnt: how often an epoch draws its examples (weight), how
    many there are (train, epoch, validation), where their answers are from (gold), how many were left out and why."""

    @property
    def train_reports(self) -> int:
        """Training reports, or examples; an epoch has as many, or more where there are copies."""
        return pc.sum(pc.equal(self.train["copy"], 0)).as_py() or 0

    @property
    def validation_targets(self) -> int:
        """Validation examples that have a target, and so a loss."""
        return self.validation.num_rows - int(self.validation["target"].null_count)

    def digest(self) -> str:
        """Return the hex sha256 of all tables: part of the run's key."""
        tables = (self.train, self.validation, *([] if self.neighbours is None else [self.neighbours]))
        return digest([table.to_pydict() for table in tables])


def read_examples(warehouse: Warehouse, settings: Settings, ask: Callable[[], Lessons]) -> TrainingData:
    """Return the examples of `train.tasks` of the reports of `date` and, where it is set, `source.dataset`.

    `ask` returns what the model is to learn; it is called once there are reports. Raises InputError for a split without
    a single target, and as `impression_examples`, `task_examples` and `instruction_examples`.
    """
    reports = read_reports(warehouse, settings) if settings.train.reads_reports else []
    if settings.train.reads_reports and not reports:
        raise no_reports("train", settings)
    lessons = ask()
    parts: list[TaskExamples] = []
    target_counts: Mapping[str, TargetCounts] = {}
    neighbours: pa.Table | None = None
    if lessons.impression is not None:
        own, target_counts, neighbours = impression_examples(reports, settings, lessons.impression)
        parts.append(own)
    parts += [task_examples(warehouse, settings, reports, asked) for asked in lessons.answered]
    if lessons.instructions:
        parts.append(instruction_examples(settings, warehouse.storage))
    parts.sort(key=lambda part: part.task)
    if not any(part.validation for part in parts):
        raise InputError(
            f"no validation examples of {', '.join(part.task for part in parts)} on {where_of(settings)}: set"
            " split.validation_fraction"
        )
    tables = [
        pa.Table.from_pylist([{"task": part.task, **row} for part in parts for row in rows(part)], schema=EXAMPLES)
        for rows in (lambda part: part.train, lambda part: part.validation)
    ]
    return TrainingData(
        tables[0],
        tables[1],
        target_counts,
        tuple(patient for part in parts for patient in part.patients),
        neighbours,
        {} if [part.task for part in parts] == [IMPRESSION] else {part.task: _counts(part, settings) for part in parts},
    )


def _counts(part: TaskExamples, settings: Settings) -> dict[str, Any]:
    return {
        "weight": settings.train.weights[part.task],
        "train": part.examples,
        "epoch": len(part.train),
        "validation": sum(row["target"] is not None for row in part.validation),
        "gold": dict(sorted(part.gold.items())),
        "left out": dict(sorted(part.left_out.items())),
    }
