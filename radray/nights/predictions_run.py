"""One run over one partition of `predictions`: what exists is kept, the rest is written by Ray, then committed."""

import time
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial

from rich.console import Console

from radray.cluster.actors import ActorPlan
from radray.cluster.losses import gpu_time, through_losses
from radray.console import print_line
from radray.nights.engine_choice import EngineChoice, EngineOfModel
from radray.nights.final_line import FinalLine, Outcome
from radray.nights.predictions_partition import PredictionsPartition
from radray.pipelines.generate import stage_predictions
from radray.pipelines.progress import staged_rows
from radray.pipelines.stage import Stage
from radray.pipelines.write_impressions import WriteImpressions
from radray.schema.statuses import FailReason
from radray.tables.merge import Merged
from radray.tables.partition import RecordedRun

COUNTED = ("reason", "repeated", "run_id", "defer_reason")
"""Columns by which the rows of a run are counted besides status, for its outcome."""


def generate_partition(
    night: PredictionsPartition,
    engine: EngineOfModel,
    start_ray: Callable[[], None],
    console: Console,
    line: FinalLine,
) -> None:
    """Write one partition of `predictions`; nothing when it holds what this run would make already.

    What was done is added to `line`; `start_ray` is called before anything runs in Ray.

    Raises as `EngineOfModel.choose`; ConfigError for a calibration of another engine or other settings; GateError and
    AuditError when its rows may not be committed, ConflictError when another run works on the partition or came first,
    and RadrayError when too many machines were lost.
    """
    possible = engine.possible(night.reports)
    if len(possible) == 1:  # else it is known after the parity run
        night.refuse_other_calibration(possible[0])
    run = night.open(possible)
    if run.is_committed():
        print_line(console, f"generate: {night.where} is there already, made from the same input; nothing written")
        line.there += 1
        return
    with run.leased() as leased:
        began = time.monotonic()
        chosen = engine.choose(night.reports, start_ray)
        engine_s = time.monotonic() - began
        night.refuse_other_calibration(chosen)
        print_line(console, f"generate: {night.where}: engine {chosen.name}: {chosen.reason}")
        with leased.recorded(night.row(chosen)) as recorded:
            recorded.figures["seconds_engine"] = engine_s
            if replaced := run.rows_replaced():
                other = "from other input, by other settings, code or engine"
                text = f"{night.where} holds {replaced:,} rows made {other}; they will be replaced"
                print_line(console, f"generate: {text}")
            staged, copied = resume(night, chosen, recorded)
            if staged:
                print_line(
                    console, f"generate: {night.where}: {len(staged):,} reports are staged by an earlier attempt"
                )
            left = LeftReports(night, chosen, recorded, {*staged, *copied}, console)
            write = None
            if left.count:
                start_ray()
                plan = left.plan()
                print_line(console, f"plan: {plan.describe()}")
                write = partial(left.write, plan)
            gate = night.gate(lambda text: print_line(console, f"generate: {text}"))
            deferral = night.deferral(lambda text: print_line(console, f"generate: {night.where}: {text}"))
            committed = recorded.stage(write).commit(night.input.unit_ids, gate, count_by=COUNTED, whole=deferral)
            merged = committed.merged
            if deferral is not None:
                committed.figures["shift_p_value"] = deferral.p_value
            if night.defers:
                committed.figures["rows_deferred"] = merged.rows - merged.counts.where(defer_reason=None)
            committed.figures["rows_identified"] = merged.counts.where(reason=FailReason.IDENTIFIER.value)
            committed.figures["rows_repeated"] = merged.counts.where(repeated=True, run_id=night.run_id)
    outcome = outcome_of(night, merged, len(staged), len(copied), committed.figures)
    print_outcome(night, merged, outcome, console)
    line.add_generated(night.run_id, outcome)


def resume(night: PredictionsPartition, engine: EngineChoice, run: RecordedRun) -> tuple[list[str], list[str]]:
    """Return the reports that an earlier attempt has staged, and those whose rows could be copied."""
    staged = run.staged_ids()
    copied = run.stage_unchanged(night.input.units, night.alike(engine), night.scorer_id, frozenset(staged))
    return staged, copied


class LeftReports:
    """The reports of a partition that have no row yet, written by the actors that the cluster has room for."""

    def __init__(
        self,
        night: PredictionsPartition,
        engine: EngineChoice,
        run: RecordedRun,
        done: Collection[str],
        console: Console,
    ) -> None:
        """`done` are the unit_ids of the reports that are staged."""
        self._night = night
        self._engine = engine
        self._run = run
        self._done = frozenset(done)
        self._console = console

    @property
    def count(self) -> int:
        """How many reports are left."""
        return self._night.reports - len(self._done)

    def plan(self) -> ActorPlan:
        """Return the actors that the cluster has room for. Raises ConfigError as `plan_actors`."""
        return self._engine.plan(self._night.model, self._night.settings)

    def write(self, plan: ActorPlan, writer: type[Stage] = WriteImpressions) -> None:
        """Stage the rows of the reports that are left with the actors of `plan`, and show how far it is.

        Each actor holds a `writer`, constructed as WriteImpressions is. When a machine is lost, a new plan is made for
        the reports that are left and for what the cluster has then.

        Raises as `through_losses` and `stage_predictions`.
        """
        night, staging = self._night, self._run.staging
        job = night.job(self._engine, staging)
        title = f"generate {night.dataset_split.split} {night.model.name}"

        def stage(plan: ActorPlan) -> None:
            with gpu_time(self._run.figures, plan):
                stage_predictions(job, plan, self._done, writer)

        def left() -> str | None:
            # what is staged stays: the others go on with what is left
            self._done |= frozenset(self._run.staged_ids())
            return f"{self.count:,} reports are" if self.count else None

        with staged_rows(self._console, title, night.warehouse.storage, staging, night.reports):
            through_losses(stage, plan, self.plan, left, f"generate: {night.where}", partial(print_line, self._console))


def outcome_of(
    night: PredictionsPartition, merged: Merged, resumed: int, copied: int, figures: dict[str, float | None]
) -> Outcome:
    """Return the outcome of a run over the partition that was committed and recorded."""
    failed = Counter({reason: count for reason, count in merged.counts.by("reason").items() if reason is not None})
    reasons = merged.counts.by("defer_reason")
    return Outcome(
        reports=night.reports,
        ok=night.reports - failed.total(),
        failed=failed,
        resumed=resumed,
        copied=copied,
        repeated=int(figures["rows_repeated"] or 0),
        deferred=Counter({reason: count for reason, count in reasons.items() if reason is not None}),
        figures=figures,
    )


def print_outcome(night: PredictionsPartition, merged: Merged, outcome: Outcome, console: Console) -> None:
    """Print the outcome of a run and where its time went, a line each."""
    kept = f"{outcome.resumed:,} resumed, {outcome.copied:,} copied, {outcome.repeated:,} repeats answered once"
    counts = f"{merged.rows:,} reports, {merged.rows_ok:,} ok{outcome.describe_failures()}, {kept}"
    print_line(console, f"generate: {night.where}: {counts}{outcome.describe_deferred()}")
    print_line(console, f"generate: {night.where}: {outcome.describe_times()}")
