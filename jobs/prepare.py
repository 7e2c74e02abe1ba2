"""Raw reports → the table `reports`: every input unit a row, ok or with the reason why not."""

import sys
from collections import Counter

from rich.console import Console

from jobs import cli
from radray.config import CORPUS_DATE, Settings, SplitName, dump_settings
from radray.errors import ConfigError, InputError
from radray.reports.splits import digest_split, read_split_file
from radray.schemas import REPORTS, ReportStatus
from radray.stages.cluster import ray_cluster
from radray.stages.prepare import RowContext, plan, stage_reports
from radray.stages.progress import staged_rows
from radray.tables.catalog import Warehouse
from radray.tables.identity import digest, new_run_id, run_key
from radray.tables.partition import PartitionRun
from radray.tables.runs import RunRow
from radray.tables.storage import absolute_uri, freeze, open_text


def steps(settings: Settings) -> list[str]:
    """Return what the job would do. Raises ConfigError for settings that it needs and does not have."""
    source = settings.source
    for name in ("format", "uri", "dataset"):
        if getattr(source, name) is None:
            raise ConfigError(f"source.{name} is not set: prepare needs source.format, source.uri and source.dataset")
    return [
        f"read {source.uri} as {source.format}",
        f"write {settings.warehouse.uri}: reports, batch_date={settings.date}, dataset={source.dataset}",
    ]


def prepare(settings: Settings, console: Console) -> None:
    """Parse the source into one partition of `reports`; nothing is written when it holds just that already."""
    steps(settings)
    source, format_, dataset = settings.source, settings.source.format, settings.source.dataset
    if source.uri is None or format_ is None or dataset is None:
        raise ConfigError("source is not set")
    files = freeze(absolute_uri(source.uri))
    units = plan(files, format_, dataset)
    expected = [unit_id for unit in units for unit_id in unit.unit_ids]
    splits, split_digest = None, None
    if settings.split.file is not None:
        with open_text(settings.split.file) as file:
            try:
                splits = read_split_file(file)
            except InputError as error:
                raise InputError(f"{settings.split.file}: {error}") from None
        split_digest = digest_split(splits)

    input_digest = digest([[file.path, file.bytes, file.digest] for file in files])
    key = run_key(
        "prepare",
        {
            "date": str(settings.date),
            "dataset": dataset,
            "format": format_,
            "input": input_digest,
            "splits": split_digest,
            "default_split": default_split(settings),
        },
    )
    partition = {"batch_date": settings.date, "dataset": dataset}
    row = RunRow(
        run_id=new_run_id("prepare"),
        job="prepare",
        run_key=key,
        config=dump_settings(settings),
        about={**partition, "input_digest": input_digest},
    )
    warehouse = Warehouse(settings.warehouse)
    run = PartitionRun(warehouse, REPORTS, partition, row)
    if run.is_committed():
        cli.say(
            console, f"prepare: {dataset} {settings.date} is there already, made from the same input; nothing written"
        )
        return
    with run.recorded():
        context = RowContext(
            format=format_,
            dataset=dataset,
            constants={"batch_date": settings.date, "run_key": key, "run_id": row.run_id},
            splits=splits,
            default_split=default_split(settings),
        )
        staged = run.staged_ids()
        with ray_cluster(settings.cluster), staged_rows(console, "prepare", run.staging, len(expected)):
            stage_reports(units, context, run.staging, frozenset(staged))
        merged = run.commit(expected)
    rows = warehouse.read(REPORTS, ["status", "reason", "split"], partition).to_pylist()
    reasons = Counter(f"{row['status']} ({row['reason']})" for row in rows if row["status"] != ReportStatus.OK)
    in_split = Counter(row["split"] or "no split" for row in rows if row["status"] == ReportStatus.OK)
    cli.say(
        console, f"prepare: {merged.rows:,} units in: {merged.rows_ok:,} ok{_told(reasons)}; of the ok{_told(in_split)}"
    )


def default_split(settings: Settings) -> SplitName:
    """Return the split of a report that no split file names: train for a corpus, live for a night."""
    return settings.split.default or ("train" if settings.date == CORPUS_DATE else "live")


def _told(counts: Counter[str]) -> str:
    return "".join(f", {count:,} {what}" for what, count in counts.most_common())


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(prepare, steps, __doc__)


if __name__ == "__main__":
    sys.exit(main())
