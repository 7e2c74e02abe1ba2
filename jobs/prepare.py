"""Raw reports → the table `reports`: every input unit a row, ok or with the reason why not."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rich.console import Console

from jobs import cli
from radray.cluster.connection import ray_on_demand
from radray.errors import AuditError, ConfigError, InputError
from radray.nights.arrivals import Arrivals, fixed_folder, is_nightly
from radray.nights.console import print_line
from radray.nights.final_line import FinalLine
from radray.nights.parts import default_split
from radray.nights.range import each_night
from radray.pipelines.parse_reports import RowContext, stage_reports
from radray.pipelines.progress import staged_rows
from radray.pipelines.work import SourceSpec, detect_format, plan
from radray.reports.record.fields import Fields
from radray.reports.splits import digest_split, missing_studies, read_split_file
from radray.schema.reports import REPORTS
from radray.schema.statuses import ReportStatus
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.storage.files import Storage, absolute_uri
from radray.storage.whole import PRIVATE, requested_file
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import digest, new_run_id, run_key
from radray.tables.merge import Merged
from radray.tables.partition import PartitionRun
from radray.tables.runs import RunRow
from radray.tasks.impression.pairs import pair_line


def check(settings: Settings) -> None:
    """Raise ConfigError for settings that the job needs and does not have."""
    for name in ("format", "uri", "dataset"):
        if getattr(settings.source, name) is None:
            raise ConfigError(f"source.{name} is not set: prepare needs source.format, source.uri and source.dataset")
    is_nightly(settings)
    if settings.until is not None and settings.source.pairs is not None:
        raise ConfigError("source.pairs is one file, and until makes several nights; write the pairs of one date")


def describe(settings: Settings) -> list[str]:
    """Return what the job would do."""
    source = settings.source
    since = "of them what no night of the dataset has taken" if source.since else ""
    nights = f"{settings.date} to {settings.until}, a commit a night" if settings.until else settings.date
    return [
        f"read {source.uri} as {source.format}" + (f", {since}" if since else ""),
        f"write {settings.warehouse.uri}: reports, batch_date={nights}, dataset={source.dataset}",
    ]


def prepare(settings: Settings, console: Console, line: FinalLine | None = None) -> None:
    """Parse the source of each night into one partition of `reports`; see `prepare_night` and `each_night`."""
    line = line or FinalLine("prepare")
    line.price_per_hour = settings.cluster.price_per_hour
    with ray_on_demand(settings.cluster) as start_ray:
        each_night(settings, console, line, lambda night: prepare_night(night, console, line=line, start_ray=start_ray))


def prepare_night(
    settings: Settings,
    console: Console,
    *,
    line: FinalLine,
    start_ray: Callable[[], None],
    may_replace: bool = True,
) -> None:
    """Parse the source into one partition of `reports`; nothing is written when it holds just that already.

    Without `may_replace` a partition that was made from other input is left alone: ConfigError. What came of it is
    added to `line`; `start_ray` is called before there is something to parse.
    """
    source, format_, dataset = settings.source, settings.source.format, settings.source.dataset
    if source.uri is None or format_ is None or dataset is None:
        raise ConfigError("source is not set")
    splits = read_splits(settings)
    Storage.of(settings.warehouse.s3).require(absolute_uri(fixed_folder(source.uri)))  # before a warehouse is made
    warehouse = Warehouse(settings.warehouse)
    storage = warehouse.storage
    partition = {"batch_date": settings.date, "dataset": dataset}
    base = pin(warehouse, REPORTS, partition)
    arrivals = Arrivals(warehouse, base.table, settings, source.uri, dataset)
    files, uri = arrivals.files, arrivals.uri
    spec = SourceSpec(
        format=detect_format(storage, files) if format_ == "auto" and files else format_,
        fields=Fields.of(source.fields.model_dump()),
        dataset=dataset,
    )
    units = plan(storage, files, spec) if files else []
    expected = [unit_id for unit in units for unit_id in unit.unit_ids]
    input_digest = digest([[file.path, file.bytes, file.digest] for file in files])
    key = run_key(
        "prepare",
        {
            "date": str(settings.date),
            "dataset": dataset,
            "format": spec.format,
            "fields": dict(spec.fields.items()),
            "input": input_digest,
            "splits": default_split(settings) if splits is None else digest_split(splits),
        },
    )
    row = RunRow(
        run_id=new_run_id("prepare"),
        job="prepare",
        run_key=key,
        config=dump_settings(settings),
        about={**partition, "input_digest": input_digest},
        price_per_hour=settings.cluster.price_per_hour,
    )
    run = PartitionRun(warehouse, base, row)
    where = f"{dataset} {settings.date}"
    replaced = run.rows_replaced()
    if replaced and arrivals.gone:
        gone = f"{arrivals.gone:,} of the files that it took are gone from {uri}"
        if arrivals.fresh:
            raise InputError(
                f"{where}: {gone}, and {arrivals.fresh:,} are new or were changed; to replace its {replaced:,} rows by"
                f" what is there, name that folder: source.uri={uri}"
            )
        print_line(console, f"prepare: {where}: {gone}: its {replaced:,} rows stay")
        line.there += 1
        write_pairs(settings, warehouse, partition, console)
        return
    if not files:
        line.empty.append(settings.date)
    if run.is_committed():
        print_line(console, f"prepare: {where} is there already, made from the same input; nothing written")
        line.there += 1
        write_pairs(settings, warehouse, partition, console)
        return
    if replaced:
        if not may_replace:
            raise ConfigError(
                f"{where} holds {replaced:,} reports made from other input; give the night's date=YYYY-MM-DD, or run"
                " jobs.prepare to replace them"
            )
        print_line(console, f"prepare: {where} holds {replaced:,} rows made from other input; they will be replaced")
    if not files:
        print_line(console, f"prepare: {where}: no file in {uri} is this night's: an empty night")
    with run.leased(), run.recorded():
        context = RowContext(
            source=spec,
            constants={"batch_date": settings.date, "run_key": key, "run_id": row.run_id},
            splits=splits,
            default_split=default_split(settings),
        )
        staged = run.staged_ids()
        if units:
            start_ray()
            with run.staged(), staged_rows(console, "prepare", storage, run.staging, len(expected)):
                stage_reports(storage, units, context, run.staging, frozenset(staged))
        if not arrivals.unchanged():
            run.discard_staging()
            raise AuditError(f"source.uri={uri}: the files changed while they were read; nothing committed; run again")
        gate = partial(refuse_rejects, most=source.max_rejected_fraction)
        merged = run.commit(expected, gate, arrivals.refuse_taken)
    line.prepared(row.run_id, merged.rows, merged.rows_ok)
    not_ok: Counter[str] = Counter()
    in_split: Counter[str] = Counter()
    for (status, reason, split), number in count_reports(warehouse, partition).items():
        if status == ReportStatus.OK:
            in_split[split or "no split"] += number
        else:
            not_ok[f"{status} ({reason})"] += number
    told = f"{merged.rows_ok:,} ok{_told(not_ok)}; of the ok{_told(in_split)}"
    print_line(console, f"prepare: {merged.rows:,} units in: {told}")
    if splits is not None:
        seen = warehouse.read(REPORTS, ["study_id"], {**partition, "status": ReportStatus.OK.value}).column("study_id")
        missing = missing_studies(splits, (one.as_py() for one in seen))
        if missing.count:
            print_line(
                console,
                f"prepare: {missing.count:,} of the {len(splits):,} studies of split.file have no ok report, such as"
                f" {', '.join(missing.first)}",
            )
    write_pairs(settings, warehouse, partition, console)


def refuse_rejects(made: Merged, most: float) -> None:
    """Raise AuditError when more than the share `most` of the units was rejected."""
    if made.rows_rejected > most * made.rows:
        raise AuditError(
            f"{made.rows_rejected:,} of {made.rows:,} units were rejected, more than source.max_rejected_fraction"
            f" ({most:g}); nothing was committed; see source.format, or raise it"
        )


def count_reports(warehouse: Warehouse, partition: Mapping[str, Any]) -> Counter[tuple[str, str | None, str | None]]:
    """Return the rows of a partition of `reports` by (status, reason, split)."""
    columns = ["status", "reason", "split"]
    counted = warehouse.read(REPORTS, columns, partition).group_by(columns).aggregate([([], "count_all")])
    return Counter({tuple(row[name] for name in columns): row["count_all"] for row in counted.to_pylist()})


def write_pairs(settings: Settings, warehouse: Warehouse, partition: Mapping[str, Any], console: Console) -> None:
    """Write the pairs of a partition's reports to `source.pairs`, whole or not at all; nothing where that is not set.

    Raises ConfigError when the file cannot be written.
    """
    if settings.source.pairs is None:
        return
    columns = ["study_id", "subject_id", "split", "findings", "reference"]
    rows = warehouse.read(REPORTS, columns, {**partition, "status": ReportStatus.OK.value})
    of_all = (row for batch in rows.to_batches(1_000) for row in batch.to_pylist())
    lines = (pair_line(**row) for row in of_all if row["reference"])
    file = settings.source.pairs
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


def _told(counts: Counter[str]) -> str:
    return "".join(f", {count:,} {what}" for what, count in counts.most_common())


def main() -> int:
    """Run the job as a command and return its exit code."""
    line = FinalLine("prepare")
    return cli.run(partial(prepare, line=line), check, describe, __doc__, line)


if __name__ == "__main__":
    sys.exit(main())
