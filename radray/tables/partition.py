"""One run of a job over one partition, phase by phase: opened, leased, recorded, staged, committed.

Each phase is a type, and its methods give the next one, so that steps in a wrong order cannot be written::

    base = pin(warehouse, REPORTS, {"batch_date": ..., "dataset": ...})
    ...                                          # freeze the input
    run = PartitionRun(warehouse, base, row)     # opened: its run key is known, or those that it may get
    if run.is_committed():
        return                                   # done by an earlier run: nothing is written
    with (
        run.leased() as leased,                  # a second submitter is refused now, not at its commit
        leased.recorded(row) as recorded,        # `runs` row: running, then finished or failed
    ):
        done = recorded.staged_ids()             # what earlier attempts have staged need not be made again
        staged = recorded.stage(make_the_rest)   # rows below recorded.staging
        committed = staged.commit(unit_ids)      # merge, audit, one commit
"""

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
from pyiceberg.table import Table

from radray.errors import ConflictError, RadrayError
from radray.schema.runs import RUNS
from radray.schema.statuses import ReportStatus, RunStatus
from radray.tables.catalog import Warehouse, file_schema
from radray.tables.commit import PartitionBase, pin, refuse_changed, replace_partition
from radray.tables.counts import RowCounts
from radray.tables.held import HeldRows, read_held
from radray.tables.lease import BEAT_S, hold_lease
from radray.tables.merge import Merged, merge, staged_ids
from radray.tables.reuse import stage_unchanged
from radray.tables.runs import RunRow, recorded
from radray.tables.whole_rows import WholeRows


class PartitionRun:
    """A run over one partition of a table that is opened: its base is pinned and its input frozen.

    Nothing is written in this phase, but the `runs` row of an earlier run that died before it finished its own.
    """

    def __init__(self, warehouse: Warehouse, base: PartitionBase, row: RunRow, *others: RunRow) -> None:
        """Take the pinned `base` that the commit is checked against, and the run's `row`.

        `others` are the rows that it may have instead, under other run keys: those of the other engines, while it is
        not known which the run will take.
        """
        self.base = base
        self._warehouse = warehouse
        self._rows = (row, *others)

    def is_committed(self) -> bool:
        """Return whether the partition held a key of the run when it was pinned: in its rows, or, empty, in `runs`.

        A run that committed and died before it finished its `runs` row gets that row finished here.
        """
        held = self._held
        row = next((row for row in self._rows if held is not None and row.run_key == held.run_key), None)
        if held is None or row is None:
            return False
        if held.committed_by is not None:
            self._complete_runs(held.committed_by, held.counts, row)
        return True

    def rows_replaced(self) -> int:
        """Return the rows that the partition holds and this run would replace."""
        return 0 if self._held is None else self._held.counts.rows

    @contextmanager
    def leased(self, beat_s: float = BEAT_S) -> Iterator["LeasedRun"]:
        """Hold the partition's lease while the block works, see lease.py: it saves compute, nothing depends on it.

        Raises ConflictError, with nothing written, while another run works on the partition, and when one changed it
        since the base was pinned.
        """
        base, row = self.base, self._rows[0]
        uri = self._warehouse.layout.lease(base.schema.name, base.partition_id)
        with hold_lease(self._warehouse, uri, row.run_id, row.run_key, row.started, beat_s):
            refuse_changed(base, self._warehouse.load(base.schema), row.run_key)
            yield LeasedRun(self._warehouse, base, [row.run_key for row in self._rows])

    @cached_property
    def _held(self) -> HeldRows | None:
        return read_held(self._warehouse, self.base, self._rows[0])

    def _complete_runs(self, run_id: str, counts: RowCounts, row: RunRow) -> None:
        """Finish the `runs` row of the run that committed what this one would make, and remove its staging."""
        written = next(iter(self._warehouse.read(RUNS, None, {"run_id": run_id}).to_pylist()), None)
        if written is None or written["status"] != RunStatus.FINISHED.value:
            earlier = row.of_earlier(run_id, written)
            earlier.write(self._warehouse, RunStatus.FINISHED, _row_counts(counts))
        self._warehouse.storage.remove_folder(self._warehouse.layout.staging(self.base.schema.name, row.run_key))


class LeasedRun:
    """A run whose partition is leased: no other run that sees the lease works on it."""

    def __init__(self, warehouse: Warehouse, base: PartitionBase, run_keys: Collection[str]) -> None:
        """Take the keys that the run may get; see `PartitionRun.leased`."""
        self._warehouse = warehouse
        self._base = base
        self._run_keys = frozenset(run_keys)

    @contextmanager
    def recorded(self, row: RunRow) -> Iterator["RecordedRun"]:
        """Keep the run's `row` in `runs` while the block works; at its end, after the commit, remove the staging.

        Raises RadrayError when the row's key is none that the run was opened with, and when the block ends without a
        commit.
        """
        if row.run_key not in self._run_keys:
            raise RadrayError(f"run {row.run_id}: it was not opened for run key {row.run_key}")
        run = RecordedRun(self._warehouse, self._base, row)
        with recorded(self._warehouse, row) as counts:
            yield run
            counts |= run.totals()
        self._warehouse.storage.remove_folder(run.staging)


@dataclass(slots=True)
class _Work:
    """What a run has done so far, shared by its last three phases."""

    warehouse: Warehouse
    base: PartitionBase
    row: RunRow
    staging: str
    resumed: int = 0
    copied: int = 0
    merged: Merged | None = None
    figures: dict[str, float | None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


class RecordedRun:
    """A run that stands in `runs` and makes its rows."""

    def __init__(self, warehouse: Warehouse, base: PartitionBase, row: RunRow) -> None:
        """Take what the run is; see `LeasedRun.recorded`, which keeps its `row`."""
        self.staging = warehouse.layout.staging(base.schema.name, row.run_key)
        self._work = _Work(warehouse, base, row, self.staging)

    @property
    def figures(self) -> dict[str, float | None]:
        """Further columns of the `runs` row: times and cost as they become known.

        The caller may fill others (rows_repeated, gpu_seconds) before the run ends.
        """
        return self._work.figures

    @property
    def texts(self) -> dict[str, str]:
        """Columns of the `runs` row that are text, for the caller to fill before the run ends."""
        return self._work.texts

    def staged_ids(self) -> list[str]:
        """Return the units that attempts at this run key have staged, and count them as resumed."""
        work = self._work
        ids = staged_ids(work.warehouse.storage, work.staging, work.base.schema)
        work.resumed = len(ids)
        return ids

    def stage_unchanged(
        self, units: pa.Table, alike: Mapping[str, Any], scorer_id: str, staged: Collection[str]
    ) -> list[str]:
        """Stage the partition's rows that need not be made again, see `reuse.stage_unchanged`, and count them."""
        work = self._work
        copied = stage_unchanged(
            work.warehouse.storage, work.base, units, alike, scorer_id, work.row.run_key, work.staging, staged
        )
        work.copied = len(copied)
        return copied

    def stage(self, make: Callable[[], None] | None = None) -> "StagedRun":
        """Call `make`, which stages the rows that are left, and take its time; None: no row is left to be made."""
        if make is not None:
            began = time.monotonic()
            self.figures["seconds_ready"] = self._work.row.seconds()
            try:
                make()
            finally:
                self.figures["seconds_staged"] = time.monotonic() - began
        return StagedRun(self._work)

    def totals(self) -> dict[str, float | str | None]:
        """Return the columns of the `runs` row that say what was done. Raises RadrayError before the commit."""
        work = self._work
        if work.merged is None:
            raise RadrayError(f"run {work.row.run_id} ended without a commit")
        seconds = work.row.seconds()
        price = work.row.price_per_hour
        paid_s = seconds + (self.figures.get("seconds_engine") or 0.0)
        self.figures["cost"] = None if price is None else price * paid_s / 3600 * work.row.share
        return {
            **_row_counts(work.merged.counts),
            "rows_resumed": work.resumed,
            "rows_copied": work.copied,
            "units_per_second": work.merged.rows / max(seconds, 1e-6),
            **self.figures,
            **self.texts,
        }


class StagedRun:
    """A run whose rows are all staged."""

    def __init__(self, work: _Work) -> None:
        self._work = work

    def discard(self) -> None:
        """Remove what is staged: it was made from other input than the run key says."""
        self._work.warehouse.storage.remove_folder(self._work.staging)

    def commit(
        self,
        expected_ids: Collection[str],
        gate: Callable[[Merged], None] | None = None,
        refuse: Callable[[Table], None] | None = None,
        count_by: Sequence[str] = (),
        whole: WholeRows | None = None,
    ) -> "CommittedRun":
        """Merge and audit the staged rows, and make the partition hold exactly these, in one commit.

        `gate` may look at what was merged and refuse it by an AuditError; `refuse` is that of `replace_partition`.
        The rows are counted by status and the columns `count_by`; `whole` may change them, see `merge`. When another
        run with the same key did it meanwhile, and took the staging they share, that is success too. Raises AuditError
        (nothing committed, staging kept) and ConflictError (nothing committed).
        """
        work, base, run_key = self._work, self._work.base, self._work.row.run_key
        began = time.monotonic()
        attempt = f"{work.row.run_id}.{secrets.token_hex(4)}"
        folder = work.warehouse.layout.attempt(base.schema.name, base.partition["batch_date"], attempt)
        shared = {**base.partition, "run_key": run_key}
        try:
            merged = merge(
                work.warehouse.storage,
                work.staging,
                folder,
                base.schema,
                file_schema(base.table),
                expected_ids,
                shared,
                count_by,
                whole,
            )
            if gate is not None:
                gate(merged)
            files = {file.uri: file.digest for file in merged.files}
            replace_partition(work.warehouse, base, files, run_key, work.row.run_id, refuse)
        except (RadrayError, OSError):
            now = pin(work.warehouse, base.schema, base.partition)
            held = read_held(work.warehouse, now, work.row, count_by)
            if held is None or held.run_key != run_key:
                # a twin that was replaced itself took the staging: not what is missing there is the reason
                refuse_changed(base, now.table, run_key)
                raise
            merged = Merged((), held.counts)
        work.merged = merged
        work.figures["seconds_committed"] = time.monotonic() - began
        return CommittedRun(merged, work.figures)


@dataclass(frozen=True, slots=True)
class CommittedRun:
    """A run whose rows are the partition's."""

    merged: Merged
    figures: dict[str, float | None]
    """Further columns of the `runs` row, see `RecordedRun.figures`; whole when the block of `recorded` has ended."""


class JointRun:
    """A run whose rows are made in one pass with those of others; it is committed, and ends, by itself."""

    def __init__(self, run: PartitionRun, row: RunRow, ending: ExitStack) -> None:
        """Lease and record `run` until `ending` ends. Raises as `PartitionRun.leased` and `LeasedRun.recorded`."""
        self._ending = ending
        self.recorded = ending.enter_context(ending.enter_context(run.leased()).recorded(row))

    @contextmanager
    def last_phase(self) -> Iterator[None]:
        """Let the block commit the run, which then ends: finished, or failed where the block raises."""
        with self._ending:
            yield


@contextmanager
def joint_runs(runs: Sequence[tuple[PartitionRun, RunRow]]) -> Iterator[list[JointRun]]:
    """Lease and record several runs, with their rows, while the block makes the rows of all in one pass.

    Each ends with its `last_phase`; those that are left end with the block. Raises ConflictError, with nothing written,
    while another run works on one of the partitions, and when one changed it since its base was pinned.
    """
    with ExitStack() as all_of_them:
        yield [JointRun(run, row, all_of_them.enter_context(ExitStack())) for run, row in runs]


@contextmanager
def free_runs(runs: Sequence[tuple[PartitionRun, RunRow]]) -> Iterator[list[JointRun | ConflictError]]:
    """As `joint_runs`, but a run that another one keeps from its partition stops none: its ConflictError is there."""
    with ExitStack() as all_of_them:
        yield [_lease(run, row, all_of_them.enter_context(ExitStack())) for run, row in runs]


def _lease(run: PartitionRun, row: RunRow, ending: ExitStack) -> JointRun | ConflictError:
    try:
        return JointRun(run, row, ending)
    except ConflictError as error:
        ending.close()  # what it got of its lease is free for others now
        return error


def stage_jointly(runs: Sequence[JointRun], make: Callable[[], None] | None) -> list[StagedRun]:
    """Call `make` once, which stages the rows that are left of all `runs`, in the order of these; each has its time."""
    first, *others = (run.recorded for run in runs)
    staged = [first.stage(make)]
    for run in others:
        run.figures.update(first.figures)
        staged.append(run.stage())
    return staged


def _row_counts(counts: RowCounts) -> dict[str, float | None]:
    rows, rows_ok = counts.rows, counts.where(status=ReportStatus.OK.value)
    return {"input_units": rows, "rows_ok": rows_ok, "rows_not_ok": rows - rows_ok}
