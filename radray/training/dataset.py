"""What a fine-tuning learns from: the training and validation examples in the table `reports`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from radray.errors import InputError
from radray.models.neighbours import Neighbours, carried
from radray.reports.splits import SplitCut
from radray.schema.reports import REPORTS
from radray.schema.statuses import ReportStatus
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.identity import digest
from radray.tasks.registry import Asked
from radray.tasks.task import Exemplar, TargetCounts
from radray.training.copies import copies_of

EXAMPLES = pa.schema(
    [*((name, pa.string()) for name in ("unit_id", "input", "target", "reference")), ("copy", pa.int32())]
)
"""Columns of both tables.

input: the prompt. target: the impression without what must not be learnt (masks, communications); null where nothing
is left of it. reference: the impression as the radiologist wrote it, which ROUGE is scored against; null outside the
sample of the validation reports. copy: the number of the form of a report that an epoch learns several times, see
`copies_of`; 0: the first.
"""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The examples of a fine-tuning, in the order of unit_id and copy.

    A report without a target is left out, unless it is in the sample that ROUGE is scored on.
    """

    train: pa.Table
    validation: pa.Table
    target_counts: Mapping[str, TargetCounts]
    """By split (train, validation): how many targets were shortened or left empty."""
    patients: tuple[str, ...] = ()
    """The split key of each training example: whose text it is."""
    neighbours: pa.Table | None = None
    """The training reports that the model carries with it, as `models.neighbours` has them; None: it needs none."""

    @property
    def train_reports(self) -> int:
        """Training reports; an epoch has as many examples, or more where there are copies."""
        return pc.sum(pc.equal(self.train["copy"], 0)).as_py() or 0

    @property
    def validation_targets(self) -> int:
        """Validation examples that have a target, and so a loss."""
        return self.validation.num_rows - int(self.validation["target"].null_count)

    def digest(self) -> str:
        """Return the hex sha256 of all tables: part of the run's key."""
        tables = (self.train, self.validation, *([] if self.neighbours is None else [self.neighbours]))
        return digest([table.to_pydict() for table in tables])


def read_examples(warehouse: Warehouse, settings: Settings, ask: Callable[[], Asked]) -> TrainingData:
    """Return the examples of the reports of `date` and, where it is set, `source.dataset`.

    `ask` returns what the model is to learn; it is called once there are reports. Raises InputError for a split without
    a single target.
    """
    reports = _read_reports(warehouse, settings)
    asked = ask() if reports else None
    cut = SplitCut(settings.split.validation_fraction, settings.split.seed)
    keep = {"keep_masks": settings.train.keep_masks, "keep_communications": settings.train.keep_communications}
    tables: dict[str, pa.Table] = {}
    target_counts: dict[str, TargetCounts] = {}
    patients: tuple[str, ...] = ()
    neighbours: pa.Table | None = None
    shown: Sequence[Sequence[Exemplar]]
    for split in ("train", "validation"):
        rows = [row for row in reports if cut.split_of(row["split"], row["split_key"]) == split]
        if asked is None or not rows:
            raise _no_reports(split, settings)
        if split == "train":
            rows = _drawn(rows, settings)
        targets, target_counts[split] = asked.task.make_targets([row["reference"] for row in rows], **keep)
        if split == "train" and (asked.exemplars or settings.train.store_neighbours):
            neighbours = carried(rows, targets)
        shown = [()] * len(rows)
        if asked.exemplars and neighbours is not None and neighbours.num_rows:
            shown = Neighbours(neighbours).nearest(rows, asked.exemplars)
        sample = _sample(rows, settings) if split == "validation" else frozenset()
        examples = [
            {
                "unit_id": row["unit_id"],
                "copy": copy,
                "input": form.fill(report, exemplars),
                "target": target,
                "reference": row["reference"] if row["unit_id"] in sample else None,
            }
            for row, target, exemplars in zip(rows, targets, shown, strict=True)
            if target or row["unit_id"] in sample
            for copy, (form, report) in enumerate(
                copies_of(row, target, asked.beside(row["findings"]), settings.train)
                if split == "train" and target
                else [(asked.beside(row["findings"]), row)]
            )
        ]
        if split == "train":
            whose = {row["unit_id"]: row["split_key"] or row["unit_id"] for row in rows}
            patients = tuple(whose[example["unit_id"]] for example in examples)
        if not any(example["target"] for example in examples):
            raise _no_reports(split, settings)
        tables[split] = pa.Table.from_pylist(examples, schema=EXAMPLES)
    return TrainingData(tables["train"], tables["validation"], target_counts, patients, neighbours)


def _no_reports(split: str, settings: Settings) -> InputError:
    return InputError(
        f"no {split} reports with findings and impression on batch_date={settings.date}"
        f" (dataset {settings.source.dataset or 'any'}) in {settings.warehouse.uri}: run jobs.prepare first,"
        " or set split.validation_fraction"
    )


def _read_reports(warehouse: Warehouse, settings: Settings) -> list[dict[str, Any]]:
    """Return the reports that have an impression, in the order of unit_id."""
    where = {"batch_date": settings.date, "status": ReportStatus.OK.value}
    if settings.source.dataset is not None:
        where["dataset"] = settings.source.dataset
    columns = ["unit_id", "subject_id", "split", "split_key", "background", "findings", "reference"]
    reports = [row for row in warehouse.read(REPORTS, columns, where).to_pylist() if row["reference"]]
    return sorted(reports, key=lambda row: str(row["unit_id"]))


def _drawn(rows: list[dict[str, Any]], settings: Settings) -> list[dict[str, Any]]:
    """Return the training reports that are learnt from: `train.examples` drawn by `split.seed`, in their order."""
    count = settings.train.examples
    if count is None or count >= len(rows):
        return rows
    places = Random(settings.split.seed).sample(range(len(rows)), count)
    return [rows[place] for place in sorted(places)]


def _sample(rows: list[dict[str, Any]], settings: Settings) -> frozenset[str]:
    """Return the unit_ids that ROUGE is scored on, drawn by `split.seed`; none when ROUGE is off."""
    if settings.train.rouge_every_epochs is None:
        return frozenset()
    ids = [row["unit_id"] for row in rows]
    return frozenset(Random(settings.split.seed).sample(ids, min(settings.train.rouge_reports, len(ids))))
