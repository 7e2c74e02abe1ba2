"""One run over the `answers` of several tasks: what exists is kept, the rest is written by one pool of actors."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from radray.cluster.actors import ActorPlan
from radray.cluster.losses import gpu_time, through_losses
from radray.console import print_line
from radray.errors import RadrayError
from radray.nights.answers.gate import AnswersGate
from radray.nights.answers.partition import AnswersPartition
from radray.nights.dataset_splits import split_cut
from radray.nights.engine_choice import EngineChoice, EngineOfModel
from radray.nights.final_line import FinalLine
from radray.pipelines.answers.pipeline import AnswersJob, stage_answers
from radray.pipelines.answers.staged_files import write_staged
from radray.pipelines.progress import staged_rows
from radray.pipelines.report_rows import ReadRows
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.schema.statuses import AnswerStatus, FailReason
from radray.tables.merge import Merged
from radray.tables.partition import JointRun, joint_runs, stage_jointly

COUNTED = ("reason", "repeated", "run_id")
"""Columns by which the rows of a run are counted besides status, for its outcome."""


@dataclass
class _Work:
    """A task's part of the run."""

    night: AnswersPartition
    engine: EngineChoice
    joint: JointRun
    resumed: int = 0
    copied: int = 0
    done: set[str] = field(default_factory=set)
    """Examples that have their row."""

    @property
    def left(self) -> int:
        """How many examples a model must answer still."""
        return len(self.night.input.asked - self.done)


def answer_partitions(
    nights: Sequence[AnswersPartition],
    engine: EngineOfModel,
    start_ray: Callable[[], None],
    console: Console,
    line: FinalLine,
) -> list[RadrayError]:
    """Write the partitions of several tasks, all of one dataset, split and model; return what refused some of them.

    Those that hold what this run would make are left alone. The others share a pool of actors with one loaded model
    each, and each is a commit: what refuses one stops no other. What was done is added to `line`;
    `start_ray` is called before anything runs in Ray.

    Raises as `EngineOfModel.choose` and `through_losses`, and ConflictError, with nothing written, while another run
    works on one of the partitions.
    """
    runs = []
    for night in sorted(nights, key=lambda night: night.asked.task.id):  # so that two jobs lease in one order
        run = night.open(engine.possible(len(night.input.asked)))
        if run.is_committed():
            print_line(console, f"generate: {night.where}: is there already, made from the same input; nothing written")
            line.there += 1
            continue
        if replaced := run.rows_replaced():
            other = "from other input, by other settings, code or engine"
            print_line(console, f"generate: {night.where}: holds {replaced:,} rows made {other}; they will be replaced")
        runs.append((night, run))
    began = time.monotonic()
    engines = [engine.choose(len(night.input.asked), start_ray) for night, _ in runs]
    engine_s = time.monotonic() - began
    rows = [night.row(chosen) for (night, _), chosen in zip(runs, engines, strict=True)]
    refused: list[RadrayError] = []
    with joint_runs([(run, row) for (_, run), row in zip(runs, rows, strict=True)]) as joints:
        works = [_Work(night, chosen, joint) for (night, _), chosen, joint in zip(runs, engines, joints, strict=True)]
        for work in works:
            _resume(work, console)
        left = sum(work.left for work in works)
        for work, row in zip(works, rows, strict=True):
            # seconds are those of all, what they cost is shared
            row.share = work.left / left if left else 1 / len(works)
            work.joint.recorded.figures["seconds_engine"] = engine_s
        staged = []
        if works:
            staged = stage_jointly(joints, partial(_write, works, start_ray, console) if left else None)
        # of all together, and with the first that had something left
        held = (work.joint.recorded.figures.get("gpu_seconds") for work in works)
        gpu_seconds = next((seconds for seconds in held if seconds is not None), None)
        for work, row, ready in zip(works, rows, staged, strict=True):
            if gpu_seconds is not None:
                work.joint.recorded.figures["gpu_seconds"] = gpu_seconds * row.share
            gate = AnswersGate(work.night, partial(_report, console, work.night))
            try:
                with work.joint.last_phase():
                    committed = ready.commit(work.night.input.ids, gate, count_by=COUNTED)
                    counts = committed.merged.counts
                    repeated = counts.where(repeated=True, run_id=work.night.run_id)
                    committed.figures["rows_repeated"] = repeated
                    committed.figures["rows_identified"] = counts.where(reason=FailReason.IDENTIFIER.value)
            except RadrayError as error:  # the answers to other tasks are not its business
                refused.append(error)
                continue
            _summarise(work, committed.merged, repeated, console, line)
    return refused


def _report(console: Console, night: AnswersPartition, text: str) -> None:
    print_line(console, f"generate: {night.where}: {text}")


def _resume(work: _Work, console: Console) -> None:
    """Find what is staged, copy what is unchanged, and stage the rows of which nothing is asked."""
    night, run = work.night, work.joint.recorded
    staged = run.staged_ids()
    copied = run.stage_unchanged(night.input.units, night.alike(work.engine), night.scorer_id, frozenset(staged))
    work.resumed, work.copied = len(staged), len(copied)
    work.done |= {*staged, *copied}
    if staged:
        _report(console, night, f"{len(staged):,} examples are staged by an earlier attempt")
    _report(console, night, f"engine {work.engine.name}: {work.engine.reason}")
    work.done |= stage_not_asked(work)


def stage_not_asked(work: _Work) -> set[str]:
    """Stage the rows of `answers` of which no model is asked, and return their ids; {} where there are none left."""
    night = work.night
    wanted = frozenset(night.input.ids) - night.input.asked - work.done
    if not wanted:
        return set()
    constants = {**night.work(work.engine, "").constants, "status": AnswerStatus.NOT_ASKED.value}
    names = [column.name for column in EXAMPLES.columns if column.name not in ("target", "run_key", "run_id")]
    read = ReadRows(night.warehouse.storage, EXAMPLES, names)
    for rows in read(pa.table({"uri": list(night.input.files)})):
        chosen = rows.filter(pc.is_in(rows.column("example_id"), pa.array(sorted(wanted), pa.string())))
        columns = [
            pa.array([constants[column.name]] * chosen.num_rows, column.type)
            if column.name in constants
            else chosen.column(column.name).cast(column.type)
            if column.name in chosen.column_names
            else pa.nulls(chosen.num_rows, column.type)
            for column in ANSWERS.columns
        ]
        table = pa.Table.from_arrays(columns, schema=ANSWERS.arrow())
        write_staged(night.warehouse.storage, work.joint.recorded.staging, table)
    return set(wanted)


def _write(works: Sequence[_Work], start_ray: Callable[[], None], console: Console) -> None:
    """Stage the answers that are left, of all tasks together; when a machine is lost, go on with what is left then."""
    works = [work for work in works if work.left]
    first = works[0]
    night, settings = first.night, first.engine.settings
    stagings = [work.joint.recorded.staging for work in works]
    job = AnswersJob(
        storage=night.warehouse.storage,
        files=[file for work in works for file in work.night.input.files],
        cut=split_cut(night.settings),
        split=night.dataset_split.split,
        model=night.model,
        works={
            work.night.asked.task.id: work.night.work(work.engine, staging)
            for work, staging in zip(works, stagings, strict=True)
        },
        settings=settings,
        run=night.run_id,
        converted=first.engine.converted,
    )

    def plan() -> ActorPlan:
        return first.engine.plan(night.model, night.settings)

    def stage(plan: ActorPlan) -> None:
        with gpu_time(first.joint.recorded.figures, plan):
            stage_answers(job, plan, {work.night.asked.task.id: work.done for work in works})

    def left() -> str | None:
        for work in works:
            work.done |= frozenset(work.joint.recorded.staged_ids())
        count = sum(work.left for work in works)
        return f"{count:,} examples are" if count else None

    start_ray()
    actors = plan()
    print_line(console, f"plan: {actors.describe()}")
    tasks = ", ".join(job.works)
    title = f"generate {tasks}, {night.dataset_split.split} {night.model.name}"
    total = sum(len(work.night.input.ids) for work in works)
    with staged_rows(console, title, night.warehouse.storage, stagings, total, unit="examples"):
        through_losses(stage, actors, plan, left, f"generate: {tasks}", partial(print_line, console))


def _summarise(work: _Work, merged: Merged, repeated: int, console: Console, line: FinalLine) -> None:
    """Print the outcome of a task's run and add it to `line`."""
    night, counts = work.night, merged.counts
    failed = counts.by("reason", status=AnswerStatus.FAILED.value)
    asides = {
        "ok": counts.where(status=AnswerStatus.OK.value),
        "not_asked": counts.where(status=AnswerStatus.NOT_ASKED.value),
        **failed,
    }
    words = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in asides.items())
    kept = f"{work.resumed:,} resumed, {work.copied:,} copied, {repeated:,} repeats answered once"
    _report(console, night, f"{counts.rows:,} examples: {words}, {kept}")
    line.add_answers(night.run_id, night.asked.task.id, Counter(asides), work.joint.recorded.figures)
