"""One night of `reports`: its files frozen, their units parsed, and one partition committed."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from rich.console import Console

from radray.console import print_line
from radray.errors import AuditError, ConfigError, InputError
from radray.messages import source_place
from radray.nights.arrivals import Arrivals
from radray.nights.dataset_splits import default_split
from radray.nights.dated import fixed_folder
from radray.nights.final_line import FinalLine
from radray.nights.rejects import count_ignored_cancellations, refuse_rejects, refuse_withdrawn
from radray.pipelines.parse_reports import RowContext, stage_reports
from radray.pipelines.plan import plan
from radray.pipelines.progress import staged_rows
from radray.pipelines.work import PlannedUnit, SourceSpec
from radray.reports.record.fields import Fields
from radray.reports.record.residual import count_residual, refuse_residual
from radray.reports.splits import count_missing, digest_split, read_split_file
from radray.schema.reports import REPORTS
from radray.schema.statuses import ReportStatus
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.settings.source import SourceSettings
from radray.storage.files import Storage, absolute_uri
from radray.storage.requested import requested_file
from radray.storage.whole import PRIVATE
from radray.tables.catalog import Warehouse
from radray.tables.commit import PartitionBase, pin
from radray.tables.counts import RowCounts
from radray.tables.identity import digest, new_run_id, run_key
from radray.tables.merge import Merged
from radray.tables.partition import PartitionRun, RecordedRun, StagedRun
from radray.tables.runs import RunRow
from radray.tasks.impression.pairs import pair_line

COUNTED = ("reason", "split", "identifiers")
"""Columns by which the rows of a night are counted besides status, for its summary."""


@dataclass(frozen=True)
class ReportsPartition:
    """A night's partition of `reports`, pinned, with the input that it is made from, frozen."""

    warehouse: Warehouse
    settings: Settings
    base: PartitionBase
    arrivals: Arrivals
    source: SourceSpec
    units: list[PlannedUnit]
    """Units of work; a night without files has none."""
    splits: dict[str, str] | None
    """Split by study_id of the split file; None where there is none."""

    @property
    def where(self) -> str:
        """Dataset and date, for messages."""
        return f"{self.base.partition['dataset']} {self.settings.date}"

    @cached_property
    def unit_ids(self) -> list[str]:
        """The input units, each of which is to be a row."""
        return [unit_id for unit in self.units for unit_id in unit.unit_ids]

    @property
    def format(self) -> str:
        """The format of the files as in source.format, auto resolved: several, where they have several, joined by +."""
        return "+".join(sorted({unit.work.format for unit in self.units} - {"auto"})) or self.source.format

    def row(self) -> RunRow:
        """Return the `runs` row of a new run over the partition."""
        settings, source = self.settings, self.source
        input_digest = digest([[file.path, file.bytes, file.digest] for file in self.arrivals.files])
        key = run_key(
            "prepare",
            {
                "date": str(settings.date),
                "dataset": source.dataset,
                "format": self.format,
                "fields": dict(source.fields.items()),
                "input": input_digest,
                "splits": default_split(settings) if self.splits is None else digest_split(self.splits),
            },
        )
        return RunRow(
            run_id=new_run_id("prepare"),
            job="prepare",
            run_key=key,
            config=dump_settings(settings),
            about={**self.base.partition, "input_digest": input_digest},
            price_per_hour=settings.cluster.price_per_hour,
        )


def prepare_night(
    settings: Settings,
    console: Console,
    *,
    line: FinalLine,
    start_ray: Callable[[], None],
    may_replace: bool = True,
) -> None:
    """Parse the source into one partition of `reports`; nothing is written when it holds just that already.

    Without `may_replace` a partition that was made from other input is left alone: ConfigError. What was done is added
    to `line`; `start_ray` is called before there is something to parse.

    Raises InputError for a source that cannot be read and a night of which some files are gone and others new,
    AuditError when the files changed meanwhile, too many units were rejected or may hold identifiers, ConflictError
    when another run came first.
    """
    night = freeze_night(settings)
    row = night.row()
    run = PartitionRun(night.warehouse, night.base, row)
    if reason := why_nothing_is_to_do(night, run, line):
        print_line(console, f"prepare: {reason}")
        line.there += 1
        write_pairs(night, console)
        return
    announce(night, run, console, may_replace=may_replace)
    with run.leased() as leased, leased.recorded(row) as recorded:
        staged = parse_night(night, row, recorded, start_ray, console)
        gate = partial(refuse_night, settings=settings.source, storage=night.warehouse.storage)
        merged = staged.commit(night.unit_ids, gate, night.arrivals.refuse_taken, COUNTED).merged
        residual = count_residual(merged.counts.by("identifiers"))
        recorded.figures["rows_identified"] = residual.reports
        recorded.texts["identifiers"] = json.dumps(residual.kinds)
    line.add_prepared(row.run_id, merged.rows, merged.rows_ok)
    print_line(console, f"prepare: {merged.rows:,} units in: {describe_counts(merged.counts)}")
    if residual.kinds:
        text = f"{residual.reports:,} units may hold identifiers, by rules that prove nothing; by kind, exam_date apart"
        print_line(console, f"prepare: {text}: {residual.describe()}")
    if ignored := count_ignored_cancellations(merged, night.warehouse.storage):
        print_line(
            console,
            f"prepare: {ignored:,} cancellations name a report of another subject or sender; those reports stay",
        )
    print_missing_studies(night, console)
    write_pairs(night, console)


def freeze_night(settings: Settings) -> ReportsPartition:
    """Pin the night's partition, then freeze its files and plan how they are read.

    Raises ConfigError without a source, InputError for one that is not there or is not of its format.
    """
    source, format_, dataset = settings.source, settings.source.format, settings.source.dataset
    if source.uri is None or format_ is None or dataset is None:
        raise ConfigError("source is not set")
    splits = read_splits(settings)
    Storage.of(settings.warehouse.s3).require(absolute_uri(fixed_folder(source.uri)))  # before a warehouse is made
    warehouse = Warehouse(settings.warehouse)
    base = pin(warehouse, REPORTS, {"batch_date": settings.date, "dataset": dataset})
    arrivals = Arrivals(warehouse, base.table, settings, source.uri, dataset)
    files = arrivals.files
    spec = SourceSpec(format_, Fields.of(source.fields.model_dump()), dataset)
    units = plan(warehouse.storage, files, spec)
    return ReportsPartition(warehouse, settings, base, arrivals, spec, units, splits)


def why_nothing_is_to_do(night: ReportsPartition, run: PartitionRun, line: FinalLine) -> str | None:
    """Return in a sentence why the partition stays as it is; None when there is something to do.

    A night without files is added to `line`. Raises InputError when some of the files that the night took are gone and
    others are new: to read them would drop the rows of the first.
    """
    arrivals, replaced = night.arrivals, run.rows_replaced()
    if replaced and arrivals.gone:
        gone = f"{arrivals.gone:,} of the files that it took are gone from {source_place(arrivals.uri)}"
        if arrivals.fresh:
            raise InputError(
                f"{night.where}: {gone}, and {arrivals.fresh:,} are new or were changed; to replace its {replaced:,}"
                f" rows by what is there, name that folder: source.uri={source_place(arrivals.uri)}"
            )
        return f"{night.where}: {gone}: its {replaced:,} rows stay"
    if not arrivals.files:
        line.empty.append(night.settings.date)
    if run.is_committed():
        return f"{night.where} is there already, made from the same input; nothing written"
    return None


def announce(night: ReportsPartition, run: PartitionRun, console: Console, *, may_replace: bool) -> None:
    """Print what the run replaces, and that a night is empty. Raises ConfigError for what it may not replace."""
    if replaced := run.rows_replaced():
        if not may_replace:
            raise ConfigError(
                f"{night.where} holds {replaced:,} reports made from other input; give the night's date=YYYY-MM-DD, or"
                " run jobs.prepare to replace them"
            )
        text = f"{night.where} holds {replaced:,} rows made from other input; they will be replaced"
        print_line(console, f"prepare: {text}")
    if not night.arrivals.files:
        print_line(
            console,
            f"prepare: {night.where}: no file in {source_place(night.arrivals.uri)} is this night's: an empty night",
        )


def parse_night(
    night: ReportsPartition, row: RunRow, run: RecordedRun, start_ray: Callable[[], None], console: Console
) -> StagedRun:
    """Parse the units that are not staged yet; return the run, staged.

    Raises AuditError, with nothing left in staging, when the files changed while they were read.
    """
    context = RowContext(
        source=night.source,
        constants={"batch_date": night.settings.date, "run_key": row.run_key, "run_id": row.run_id},
        splits=night.splits,
        default_split=default_split(night.settings),
    )
    storage, units, expected = night.warehouse.storage, night.units, len(night.unit_ids)
    done = frozenset(run.staged_ids())

    def parse() -> None:
        with staged_rows(console, "prepare", storage, run.staging, expected):
            stage_reports(storage, units, context, run.staging, done)

    if units:
        start_ray()
    staged = run.stage(parse if units else None)
    if not night.arrivals.unchanged():
        staged.discard()
        raise AuditError(
            f"source.uri={source_place(night.arrivals.uri)}: the files changed while they were read; nothing committed;"
            " run again"
        )
    return staged


def refuse_night(merged: Merged, settings: SourceSettings, storage: Storage) -> None:
    """Raise AuditError when too many units were rejected or withdrawn; a night without any passes.

    So it does when too many units of a source that is declared de-identified may hold identifiers.
    """
    refuse_rejects(merged, settings.max_rejected_fraction, storage)
    refuse_withdrawn(merged, settings.max_withdrawn_fraction)
    if settings.deidentified:
        residual = count_residual(merged.counts.by("identifiers"))
        refuse_residual(residual, merged.rows, settings.max_identified_fraction)


def describe_counts(counts: RowCounts) -> str:
    """Return in words how many units are ok, why the others are not, and in which split the ok ones are."""
    not_ok: Counter[str] = Counter()
    for (status, reason), count in counts.by("status", "reason").items():
        if status != ReportStatus.OK:
            not_ok[f"{status} ({reason})"] += count
    splits: Counter[str] = Counter()
    for split, count in counts.by("split", status=ReportStatus.OK.value).items():
        splits[split or "no split"] += count
    ok = counts.where(status=ReportStatus.OK.value)
    return f"{ok:,} ok{_listed(not_ok)}" + (f"; of the ok{_listed(splits)}" if splits else "")


def print_missing_studies(night: ReportsPartition, console: Console) -> None:
    """Print how many studies of the split file have no ok report; nothing where all have one."""
    if night.splits is None:
        return
    # read back, not kept by the merge: the ids of a corpus are as many as its rows, and most nights have no split file
    where = {**night.base.partition, "status": ReportStatus.OK.value}
    study_ids = night.warehouse.read(REPORTS, ["study_id"], where).column("study_id")
    missing = count_missing(night.splits, (study_id.as_py() for study_id in study_ids))
    if missing:
        print_line(
            console,
            f"prepare: {missing:,} of the {len(night.splits):,} studies of split.file have no ok report; those that"
            " have one: jobs.query \"SELECT DISTINCT study_id FROM reports WHERE status = 'ok'\"",
        )


def write_pairs(night: ReportsPartition, console: Console) -> None:
    """Write the pairs of a partition's reports to `source.pairs`, whole or not at all; nothing where that is not set.

    Raises ConfigError when the file cannot be written.
    """
    if night.settings.source.pairs is None:
        return
    columns = ["study_id", "subject_id", "split", "findings", "reference"]
    where: dict[str, Any] = {**night.base.partition, "status": ReportStatus.OK.value}
    reports = night.warehouse.read(REPORTS, columns, where)
    rows = (row for batch in reports.to_batches(1_000) for row in batch.to_pylist())
    lines = (pair_line(**row) for row in rows if row["reference"])
    file = night.settings.source.pairs
    written = 0
    with requested_file(file, "source.pairs", mode=PRIVATE) as part, part.open("w", encoding="utf-8") as opened:
        for line in lines:
            opened.write(f"{line}\n")
            written += 1
    print_line(console, f"prepare: {written:,} pairs of prompt and completion in {file}")


def read_splits(settings: Settings) -> dict[str, str] | None:
    """Return the split by study_id of `split.file`; None where there is none. Raises InputError, naming the file."""
    if settings.split.file is None:
        return None
    with Storage.of(settings.warehouse.s3).open_input(settings.split.file) as file:
        try:
            return read_split_file(file)
        except InputError as error:
            raise InputError(f"split.file={settings.split.file}: {error}") from None


def _listed(counts: Counter[str]) -> str:
    return "".join(f", {count:,} {name}" for name, count in counts.most_common())
