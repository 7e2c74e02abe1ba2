"""Which datasets and splits a night has reports in, and the reports of each, frozen: the input of `predictions`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast, get_args

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import And, In

from radray.errors import ConfigError, InputError
from radray.models.folder import ModelFolder
from radray.models.neighbours import ASKED, read_neighbours
from radray.reports.splits import SplitCut, report_units
from radray.schema.column import TableSchema
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import ReportStatus, RunStatus
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE, SplitName
from radray.tables.catalog import Warehouse, equal_to
from radray.tables.identity import digest_columns
from radray.tasks.registry import Asked

INPUT_COLUMNS = (
    *("unit_id", "status", "split", "split_key", "study_id", "subject_id", "text_digest", "reference"),
    *("modality", "body_part", "comparison_state"),
)
"""Columns of `reports` that are frozen as a run's input; text_digest stands for background and findings."""


@dataclass(frozen=True, slots=True)
class DatasetSplit:
    """One dataset in one split, on the run's date: a partition of `predictions` for each model."""

    dataset: str
    split: SplitName
    reports: int
    """How many ok reports it has."""


@dataclass(frozen=True)
class FrozenReports:
    """The ok reports of a dataset in a split as they were when a run began."""

    units: pa.Table
    """INPUT_COLUMNS, sorted by unit_id."""
    files: tuple[str, ...]
    """Data files of `reports` that hold them, among others."""

    @cached_property
    def unit_ids(self) -> list[str]:
        """The units, sorted."""
        return list(self.units.column("unit_id").to_pylist())

    @cached_property
    def digest(self) -> str:
        """Digest of all that is copied into the rows, not only of texts: a corrected study id makes another night."""
        return digest_columns(self.units, INPUT_COLUMNS)


def split_cut(settings: Settings) -> SplitCut:
    """Return how `settings` hold out validation from train."""
    return SplitCut(settings.split.validation_fraction, settings.split.seed)


def default_split(settings: Settings) -> SplitName:
    """Return the split of a report that no split file names: train for a corpus, live for a night."""
    return settings.split.default or ("train" if settings.date == CORPUS_DATE else "live")


def find_dataset_splits(warehouse: Warehouse, settings: Settings) -> list[DatasetSplit]:
    """Return the datasets and splits to work on, sorted: those that `settings` name, or all that `reports` holds.

    A night that was prepared and has no ok report is among them: it is committed empty. Raises InputError for a date
    (and dataset) that was never prepared, and when there are ok reports but none in a requested split.
    """
    where: dict[str, Any] = {"batch_date": settings.date}
    if settings.source.dataset is not None:
        where["dataset"] = settings.source.dataset
    reports = warehouse.read(REPORTS, ["dataset", "split", "split_key"], {**where, "status": ReportStatus.OK.value})
    cut = split_cut(settings)
    counts: Counter[tuple[str, str | None]] = Counter()
    for batch in reports.to_batches(10_000):
        columns = (batch.column(name).to_pylist() for name in ("dataset", "split", "split_key"))
        counts.update((dataset, cut.split_of(split, key)) for dataset, split, key in zip(*columns, strict=True))
    empty = _empty_datasets(warehouse, settings, where, {dataset for dataset, _ in counts})
    wanted = settings.split.name
    named = [
        DatasetSplit(dataset, cast(SplitName, split), count)
        for (dataset, split), count in counts.items()
        if split in ((wanted,) if wanted else get_args(SplitName))
    ]
    if counts and not named:
        has = ", ".join(f"{count:,} in {split or 'no split'}" for (_, split), count in sorted(counts.items(), key=str))
        raise InputError(
            f"no ok report on batch_date={settings.date} is in split {wanted or 'any'} ({has}); see date, split and"
            " split.file"
        )
    named += [DatasetSplit(dataset, wanted or default_split(settings), 0) for dataset in empty]
    return sorted(named, key=lambda split: (split.dataset, split.split))


def find_datasets(warehouse: Warehouse, settings: Settings) -> list[str]:
    """Return the datasets that were prepared on the date of `settings`, sorted: that which they name, or all.

    Raises InputError for a date (and dataset) that was never prepared.
    """
    where: dict[str, Any] = {"batch_date": settings.date}
    if settings.source.dataset is not None:
        where["dataset"] = settings.source.dataset
    reports = warehouse.read(REPORTS, ["dataset"], {**where, "status": ReportStatus.OK.value})
    datasets = set(pc.unique(reports.column("dataset")).to_pylist())
    return sorted(datasets | _empty_datasets(warehouse, settings, where, datasets))


def _empty_datasets(
    warehouse: Warehouse, settings: Settings, where: Mapping[str, Any], with_reports: set[str]
) -> set[str]:
    """Return the datasets that were prepared and are not among those `with_reports`: they have no ok report.

    Raises InputError when there are none of either.
    """
    prepared = warehouse.read(RUNS, ["dataset"], {**where, "job": "prepare", "status": RunStatus.FINISHED.value})
    empty = set(prepared.column("dataset").to_pylist()) - with_reports
    if not empty and not with_reports:
        raise InputError(
            f"no reports of dataset {settings.source.dataset or 'any'} on batch_date={settings.date} in"
            f" {settings.warehouse.uri}: run jobs.prepare first, or give source.uri and source.format"
        )
    return empty


def freeze_reports(warehouse: Warehouse, settings: Settings, dataset_split: DatasetSplit) -> FrozenReports:
    """Return the ok reports of a dataset in a split as they are now."""
    where = equal_to({"batch_date": settings.date, "dataset": dataset_split.dataset})
    scan = warehouse.load(REPORTS).scan(row_filter=where)
    units = report_units(scan.select(*INPUT_COLUMNS).to_arrow(), split_cut(settings), dataset_split.split)
    return FrozenReports(units, tuple(task.file.file_path for task in scan.plan_files()))


def sample_prompts(
    warehouse: Warehouse,
    settings: Settings,
    among: Sequence[DatasetSplit],
    asked: Asked,
    count: int,
    *,
    model: ModelFolder,
) -> list[str]:
    """Return `count` prompts of the reports of `among` as `model` is `asked`, sorted; all if there are fewer.

    They are those of the first reports by unit_id, which is a digest: a sample that any machine repeats.
    """
    ids: list[str] = []
    for dataset_split in among:
        ids += freeze_reports(warehouse, settings, dataset_split).unit_ids[:count]
    drawn = In("unit_id", set(sorted(ids)[:count]))  # type: ignore  # pydantic hides its __init__
    where = And(equal_to({"batch_date": settings.date}), drawn)
    columns = tuple({*asked.task.reads, *ASKED})
    rows = warehouse.load(REPORTS).scan(row_filter=where, selected_fields=columns).to_arrow().to_pylist()
    if not asked.exemplars:
        return sorted(map(asked.fill, rows))
    near = read_neighbours(model.path).nearest(rows, asked.exemplars)
    return sorted(asked.fill(row, exemplars) for row, exemplars in zip(rows, near, strict=True))


def refuse_other_splits(
    warehouse: Warehouse, partition: Mapping[str, Any], ids: Sequence[str], schema: TableSchema = PREDICTIONS
) -> None:
    """Raise InputError when the table has some of the `row_id`s in another split: each is to be there once a model."""
    where = {name: value for name, value in partition.items() if name != "split"}
    rows = warehouse.read(schema, [schema.row_id, "split"], where)
    rows = rows.filter(pc.not_equal(rows.column("split"), partition["split"]))
    if not rows.num_rows:
        return
    wanted = pa.array(ids, pa.string())
    rows = rows.filter(pc.is_in(rows.column(schema.row_id).cast(pa.string()), wanted))
    if rows.num_rows:
        splits = sorted(pc.unique(rows.column("split")).to_pylist())
        units = "reports" if schema.row_id == "unit_id" else "examples"
        raise InputError(
            f"{rows.num_rows:,} of the {len(ids):,} {units} of split {partition['split']} have {schema.name} of"
            f" this model in split {', '.join(splits)}: they were split in another way then; use the same"
            " split.file, split.seed and split.validation_fraction"
        )


def refuse_other_cut(settings: Settings, split: SplitName, model: ModelFolder) -> None:
    """Raise ConfigError when the model was trained with another validation cut than `settings`: it would leak."""
    trained = model.manifest.provenance.get("split")
    ours = {"seed": settings.split.seed, "validation_fraction": settings.split.validation_fraction}
    if trained is not None and split in ("train", "validation") and trained != ours:
        raise ConfigError(
            f"model {model.name} was fine-tuned with split {trained}, the settings say {ours}: its training"
            " reports would stand in validation; set split.seed and split.validation_fraction as it has them"
        )
