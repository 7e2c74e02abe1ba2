"""One night of `examples`: its reports frozen, what several tasks ask of them made in one pass, a commit a task."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from radray.console import print_line
from radray.errors import AuditError, ConflictError, RadrayError
from radray.nights.dataset_splits import find_datasets
from radray.nights.final_line import FinalLine
from radray.pipelines.answers.examples import ExamplesJob, stage_examples
from radray.pipelines.progress import count_reports
from radray.schema.examples import EXAMPLES
from radray.schema.reports import REPORTS
from radray.schema.statuses import ExampleStatus, NotAskedReason, ReportStatus
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse, equal_to
from radray.tables.commit import PartitionBase, pin
from radray.tables.counts import RowCounts
from radray.tables.identity import READ_BY_TASKS, digest_columns, examples_key, new_run_id
from radray.tables.merge import Merged, staged_ids
from radray.tables.partition import JointRun, PartitionRun, StagedRun, free_runs, stage_jointly
from radray.tables.patients.priors import Priors, digest_with_priors, find_priors
from radray.tables.runs import RunRow
from radray.tasks.answering import PRIOR_READS, AnswerTask

MAX_BROKEN = 0.1
"""Largest share of reports on which a task's own code may fail. It is a defect, and never the reports': one report of a
kind that nobody foresaw is to stop no night, and a task that fails on all must not be committed as asking nothing."""

COUNTED = ("reason", "split", "gold_source")
"""Columns by which the rows of a run are counted besides status, for its summary."""


@dataclass(frozen=True)
class NightReports:
    """The ok reports of a dataset on a date, frozen."""

    units: pa.Table
    """READ_BY_TASKS, sorted by unit_id."""
    files: tuple[str, ...]
    """Data files of `reports` that hold them, among others."""
    priors: Priors | None = None
    """The reports before of the same patients; None: no task reads them."""

    @cached_property
    def unit_ids(self) -> frozenset[str]:
        """The reports."""
        return frozenset(self.units.column("unit_id").to_pylist())

    @cached_property
    def digest(self) -> str:
        """Digest of all that decides what tasks read of them, but of the reports before."""
        return digest_columns(self.units, READ_BY_TASKS)

    def digest_for(self, task: AnswerTask) -> str:
        """Return the digest of all that decides what `task` reads."""
        if self.priors is None or not reads_priors(task):
            return self.digest
        return digest_with_priors(self.digest, self.priors.rows)


@dataclass(frozen=True)
class ExamplesPartition:
    """A task's partition of `examples`, pinned, with the reports that it is made of, frozen."""

    warehouse: Warehouse
    settings: Settings
    task: AnswerTask
    base: PartitionBase
    input: NightReports

    @property
    def key(self) -> tuple[str, str]:
        """Dataset and task."""
        return self.base.partition["dataset"], self.task.id

    @property
    def where(self) -> str:
        """Task, dataset and date, for messages."""
        return f"examples of {self.task.id}, {self.base.partition['dataset']} {self.settings.date}"

    @cached_property
    def row(self) -> RunRow:
        """The `runs` row of a new run over the partition."""
        key = examples_key(self.base.partition, self.task.version, self.input.digest_for(self.task))
        return RunRow(
            run_id=new_run_id("prepare"),
            job="prepare",
            run_key=key,
            config=dump_settings(self.settings),
            about={**self.base.partition, "input_digest": self.input.digest_for(self.task)},
            price_per_hour=self.settings.cluster.price_per_hour,
        )

    def job(self, run: JointRun) -> ExamplesJob:
        """Return what the pipeline is to make for `run`; what its earlier attempts have staged counts as resumed."""
        constants = {**self.base.partition, "run_key": self.row.run_key, "run_id": self.row.run_id}
        return ExamplesJob(self.task, constants, run.recorded.staging, units_of(run.recorded.staged_ids()))


def prepare_examples(
    settings: Settings,
    tasks: Sequence[AnswerTask],
    start_ray: Callable[[], None],
    console: Console,
    line: FinalLine,
) -> dict[tuple[str, str], RadrayError]:
    """Make what `tasks` ask of the reports of a night, a partition of `examples` for each dataset and task.

    Nothing is written where they are there already, made of the same reports by the same version of the task. What was
    done is added to `line`; `start_ray` is called before anything runs in Ray. No tasks: nothing is done.

    Return by dataset and task what refused those that were not made, while all that passes is committed: AuditError for
    a task that failed on too many reports, ConflictError where another run works or came first with other rows. The
    caller raises it. Raises InputError for a night that was never prepared.
    """
    if not tasks:
        return {}
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    refused: dict[tuple[str, str], RadrayError] = {}
    for dataset in find_datasets(warehouse, settings):
        night = freeze_examples(warehouse, settings, tasks, dataset)
        refused |= make_examples(night, start_ray, console, line)
    return refused


def freeze_examples(
    warehouse: Warehouse, settings: Settings, tasks: Sequence[AnswerTask], dataset: str
) -> list[ExamplesPartition]:
    """Pin the partitions of `tasks` for the date of `settings` and `dataset`, then freeze the ok reports of these."""
    night = {"batch_date": settings.date, "dataset": dataset}
    bases = [pin(warehouse, EXAMPLES, {**night, "task": task.id}) for task in tasks]
    table = warehouse.load(REPORTS)
    scan = table.scan(row_filter=equal_to({**night, "status": ReportStatus.OK.value}))
    units = scan.select(*READ_BY_TASKS).to_arrow()
    units = units.take(pc.sort_indices(units, sort_keys=[("unit_id", "ascending")]))
    priors = find_priors(table, dataset, settings.date, units) if any(map(reads_priors, tasks)) else None
    reports = NightReports(units, tuple(task.file.file_path for task in scan.plan_files()), priors)
    return [
        ExamplesPartition(warehouse, settings, task, base, reports) for task, base in zip(tasks, bases, strict=True)
    ]


def make_examples(
    night: Sequence[ExamplesPartition], start_ray: Callable[[], None], console: Console, line: FinalLine
) -> dict[tuple[str, str], RadrayError]:
    """Make and commit those partitions of a dataset on a date that are not there.

    Return what refused some of them, by `key`; {} where nothing did.
    """
    left = []
    for partition in sorted(night, key=lambda partition: partition.task.id):  # so that two jobs lease in one order
        run = PartitionRun(partition.warehouse, partition.base, partition.row)
        if _is_there(partition, run, console, line):
            continue
        if replaced := run.rows_replaced():
            text = f"{partition.where}: {replaced:,} rows made from other input or code will be replaced"
            print_line(console, f"prepare: {text}")
        left.append((partition, run))
    refused: dict[tuple[str, str], RadrayError] = {}
    with free_runs([(run, partition.row) for partition, run in left]) as free:
        partitions, runs = [], []
        for (partition, _), joint in zip(left, free, strict=True):
            if isinstance(joint, JointRun):
                partitions.append(partition)
                runs.append(joint)
                continue
            # who came first may have made the very rows
            base = pin(partition.warehouse, EXAMPLES, partition.base.partition)
            if not _is_there(partition, PartitionRun(partition.warehouse, base, partition.row), console, line):
                refused[partition.key] = ConflictError(f"{partition.where}: {joint}")
        staged = _stage(partitions, runs, start_ray, console) if runs else []
        for partition, joint, rows in zip(partitions, runs, staged, strict=True):
            try:
                with joint.last_phase():
                    merged = _commit(partition, joint, rows)
            except RadrayError as error:  # the examples of other tasks are not its business
                refused[partition.key] = error
                continue
            line.add_examples(partition.row.run_id, merged.rows, merged.rows_ok)
            reports = len(partition.input.unit_ids)
            text = f"{merged.rows:,} examples of {reports:,} reports: {describe_examples(merged.counts)}"
            print_line(console, f"prepare: {partition.where}: {text}")
    return refused


def _is_there(partition: ExamplesPartition, run: PartitionRun, console: Console, line: FinalLine) -> bool:
    """Return whether `run` is committed, and then say so."""
    if not run.is_committed():
        return False
    print_line(console, f"prepare: {partition.where} are there already, made from the same input; nothing written")
    line.there += 1
    return True


def reads_priors(task: AnswerTask) -> bool:
    """Return whether `task` reads the report before of the same patient."""
    return not set(PRIOR_READS).isdisjoint(task.reads)


def units_of(example_ids: Collection[str]) -> frozenset[str]:
    """Return the reports that examples are of, by unit_id."""
    return frozenset(example_id.partition("/")[0] for example_id in example_ids)


def describe_examples(counts: RowCounts) -> str:
    """Return in words how many examples are ok, why the others are not asked, and where right answers are from."""
    asked = counts.where(status=ExampleStatus.OK.value)
    parts = [f"{asked:,} ok"]
    not_asked = counts.by("reason", status=ExampleStatus.NOT_ASKED.value)
    parts += [f"{count:,} not asked ({reason})" for reason, count in not_asked.most_common()]
    sources: Counter[str | None] = counts.by("gold_source", status=ExampleStatus.OK.value)
    known = [f"{count:,} {source}" for source, count in sources.most_common() if source is not None]
    answers = f"; right answers: {', '.join(known)}" if known else "; no right answers" if asked else ""
    return ", ".join(parts) + answers


def refuse_broken(merged: Merged, task_id: str, reports: int) -> None:
    """Raise AuditError where the task's own code failed on more than MAX_BROKEN of `reports`, and on more than one.

    A report that it failed on has one row, others may have several. No rows pass.
    """
    reasons = (NotAskedReason.TASK_ERROR, NotAskedReason.TASK_TIMEOUT)
    broken = sum(merged.counts.where(reason=reason.value) for reason in reasons)
    if broken > max(1, MAX_BROKEN * reports):
        raise AuditError(
            f"task {task_id}: its code failed on {broken:,} of {reports:,} reports, more than {MAX_BROKEN:.0%}; the log"
            " has where; nothing of this task was committed; leave it out of tasks, or use a version that mends it"
        )


def _stage(
    partitions: Sequence[ExamplesPartition], runs: Sequence[JointRun], start_ray: Callable[[], None], console: Console
) -> list[StagedRun]:
    """Stage the examples that are left of all `partitions`, which are of the same reports."""
    reports = partitions[0].input
    jobs = [partition.job(run) for partition, run in zip(partitions, runs, strict=True)]
    left = any(reports.unit_ids - frozenset(job.staged) for job in jobs)

    def make() -> None:
        done = stage_examples(partitions[0].warehouse.storage, reports.files, jobs, reports.priors)
        count_reports(console, "prepare examples", done, len(reports.unit_ids))

    if left:
        start_ray()
    return stage_jointly(runs, make if left else None)


def _commit(partition: ExamplesPartition, run: JointRun, staged: StagedRun) -> Merged:
    """Commit the staged examples of a task: of each report at least one, and of no other report any.

    Raises AuditError where they are of other reports than those that were frozen, and as `refuse_broken`.
    """
    # the task alone knows how many examples there are; a staged file has all of a report, or none
    ids = staged_ids(partition.warehouse.storage, run.recorded.staging, EXAMPLES)
    units, expected = units_of(ids), partition.input.unit_ids

    def refuse(merged: Merged) -> None:
        if units != expected:
            raise AuditError(
                f"{partition.where}: {len(expected - units):,} of {len(expected):,} reports have no example, and"
                f" {len(units - expected):,} are not of the input; nothing was committed; run again"
            )
        refuse_broken(merged, partition.task.id, len(expected))

    return staged.commit(ids, refuse, count_by=COUNTED).merged
