"""One run of a job over one partition, from the pinned base to the commit."""

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from radray.errors import RadrayError
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse, equal_to, file_schema
from radray.tables.commit import PartitionBase, pin, refuse_changed, replace_partition
from radray.tables.lease import BEAT_S, hold_lease
from radray.tables.merge import Merged, merge, staged_ids
from radray.tables.reuse import stage_unchanged
from radray.tables.runs import RunRow, recorded


class PartitionRun:
    """One run over one partition of a table, whose commit is checked against `base`.

    ::

        base = pin(warehouse, REPORTS, {"batch_date": ..., "dataset": ...})
        ...                                      # freeze the input
        run = PartitionRun(warehouse, base, row)
        if run.is_committed():
            ...                                  # done by an earlier run: nothing is written
        with (
            run.leased(),                        # a second submitter is told now, not at its commit
            run.recorded(),                      # `runs` row: running, then finished or failed
        ):
            ...                                  # stage rows below run.staging, but those of run.staged_ids()
            merged = run.commit(expected_ids)    # merge, audit, one commit
    """

    def __init__(self, warehouse: Warehouse, base: PartitionBase, row: RunRow) -> None:
        self._warehouse = warehouse
        self._base = base
        self._row = row
        self._resumed = 0
        self._copied = 0
        self._merged: Merged | None = None
        self.figures: dict[str, float | None] = {}
        """Further columns of the `runs` row: those that the run may fill before it ends (rows_repeated, gpu_seconds),
        and times and cost as they become known."""
        self.staging = warehouse.layout.staging(base.schema.name, row.run_key)

    def is_committed(self) -> bool:
        """Return whether the partition held this run key when the base was pinned: in its rows, or, empty, in `runs`.

        A run that committed and died before it finished its `runs` row gets that row finished here.
        """
        held = self._held(self._base)
        if held is None or held.run_key != self._row.run_key:
            return False
        if held.committed_by is not None:
            self._complete_runs(held)
        return True

    def rows_replaced(self) -> int:
        """Return the rows that the partition holds and this run would replace."""
        held = self._held(self._base)
        return 0 if held is None else held.rows

    def staged_ids(self) -> list[str]:
        """Return the units that earlier attempts at this run key have staged, and count them as resumed."""
        ids = staged_ids(self._warehouse.storage, self.staging, self._base.schema)
        self._resumed = len(ids)
        return ids

    def stage_unchanged(
        self, units: pa.Table, alike: Mapping[str, Any], scorer_id: str, staged: Collection[str]
    ) -> list[str]:
        """Stage the partition's rows that need not be made again, see `reuse.stage_unchanged`, and count them."""
        base, key = self._base, self._row.run_key
        copied = stage_unchanged(self._warehouse.storage, base, units, alike, scorer_id, key, self.staging, staged)
        self._copied = len(copied)
        return copied

    def discard_staging(self) -> None:
        """Remove what is staged: it was made from other input than the run key says."""
        self._warehouse.storage.remove_folder(self.staging)

    @contextmanager
    def staged(self) -> Iterator[None]:
        """Take the time of the block that makes the rows, as seconds_staged of the `runs` row."""
        began = time.monotonic()
        self.figures["seconds_ready"] = self._row.seconds()
        try:
            yield
        finally:
            self.figures["seconds_staged"] = time.monotonic() - began

    def commit(
        self,
        expected_ids: Collection[str],
        gate: Callable[[Merged], None] | None = None,
        refuse: Callable[[Table], None] | None = None,
    ) -> Merged:
        """Merge and audit the staged rows, and make the partition hold exactly these, in one commit.

        `gate` may look at what was merged and refuse it by an AuditError; `refuse` is that of `replace_partition`.
        When another run with the same key did it meanwhile, and took the staging they share, that is success too.
        Raises AuditError (nothing committed, staging kept) and ConflictError (nothing committed).
        """
        schema, table = self._base.schema, self._base.table
        began = time.monotonic()
        attempt = f"{self._row.run_id}.{secrets.token_hex(4)}"
        folder = self._warehouse.layout.attempt(schema.name, self._base.partition["batch_date"], attempt)
        try:
            storage = self._warehouse.storage
            shared = {**self._base.partition, "run_key": self._row.run_key}
            merged = merge(storage, self.staging, folder, schema, file_schema(table), expected_ids, shared)
            if gate is not None:
                gate(merged)
            files = {file.uri: file.digest for file in merged.files}
            replace_partition(self._warehouse, self._base, files, self._row.run_key, self._row.run_id, refuse)
        except (RadrayError, OSError):
            now = pin(self._warehouse, schema, self._base.partition)
            held = self._held(now)
            if held is None or held.run_key != self._row.run_key:
                # a twin that was replaced itself took the staging: not what is missing there is the reason
                refuse_changed(self._base, now.table, self._row.run_key)
                raise
            merged = Merged((), held.rows, held.rows_ok)
        self._merged = merged
        self.figures["seconds_committed"] = time.monotonic() - began
        return merged

    @contextmanager
    def leased(self, beat_s: float = BEAT_S) -> Iterator[None]:
        """Hold the partition's lease while the block works, see lease.py: it saves compute, nothing rests on it.

        Raises ConflictError, with nothing written, while another run works on the partition, and when one changed it
        since the base was pinned.
        """
        base, row = self._base, self._row
        uri = self._warehouse.layout.lease(base.schema.name, base.partition_id)
        with hold_lease(self._warehouse, uri, row.run_id, row.run_key, row.started, beat_s):
            refuse_changed(base, self._warehouse.load(base.schema), row.run_key)
            yield

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Keep the run's `runs` row while the block works; at its end, after the commit, remove the staging."""
        with recorded(self._warehouse, self._row) as counts:
            yield
            if self._merged is None:
                raise RadrayError(f"run {self._row.run_id} ended without a commit")
            counts |= _counts(self._merged.rows, self._merged.rows_ok)
            counts["rows_resumed"] = self._resumed
            counts["rows_copied"] = self._copied
            seconds = self._row.seconds()
            counts["units_per_second"] = self._merged.rows / max(seconds, 1e-6)
            price = self._row.price_per_hour
            seconds += self.figures.get("seconds_engine") or 0.0
            self.figures["cost"] = None if price is None else price * seconds / 3600
            counts |= self.figures
        self._warehouse.storage.remove_folder(self.staging)

    def _held(self, base: PartitionBase) -> "_Held | None":
        """Return what the partition holds in `base`; None when it was never committed, or by runs of several keys."""
        rows = base.table.scan(row_filter=equal_to(base.partition), selected_fields=("run_key", "status")).to_arrow()
        keys = set(pc.unique(rows.column("run_key")).to_pylist())
        if not keys:
            key = self._last_finished_empty()
            return None if key is None else _Held(key, None, 0, 0)
        if len(keys) > 1:
            return _Held("", None, rows.num_rows, 0)
        # rows that were resumed carry the run that made them; the attempt's folder names the run that committed
        # files of other names were written by another tool, such as a compaction: whose they are cannot be said
        run_ids = {file.rsplit("/", 2)[-2].rpartition(".")[0] for file in base.files(base.table)}
        committed_by = run_ids.pop() if len(run_ids) == 1 else ""
        ok = pc.sum(pc.equal(rows.column("status"), "ok")).as_py() or 0
        return _Held(keys.pop(), committed_by or None, rows.num_rows, ok)

    def _last_finished_empty(self) -> str | None:
        """Return the key of the last finished run over the partition, if that run left it empty."""
        about = {name: value for name, value in self._row.about.items() if name in self._base.partition}
        where = {"job": self._row.job, "status": RunStatus.FINISHED.value, **about}
        rows = self._warehouse.read(RUNS, ["run_key", "ended", "input_units"], where).to_pylist()
        last = max(rows, key=lambda row: row["ended"], default=None)
        return last["run_key"] if last is not None and last["input_units"] == 0 else None

    def _complete_runs(self, held: "_Held") -> None:
        run_id = held.committed_by
        if run_id is None:
            return
        rows = self._warehouse.read(RUNS, None, {"run_id": run_id}).to_pylist()
        row = rows[0] if rows else None
        if row is None or row["status"] != RunStatus.FINISHED.value:
            earlier = self._row.of_earlier(run_id, row)
            earlier.write(self._warehouse, RunStatus.FINISHED, _counts(held.rows, held.rows_ok))
        self._warehouse.storage.remove_folder(self.staging)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a partition holds."""

    run_key: str
    """Key of its rows; '' for rows of several keys."""
    committed_by: str | None
    """Run that committed them; None for an empty partition, and for files that another tool wrote."""
    rows: int
    rows_ok: int


def _counts(rows: int, rows_ok: int) -> dict[str, float | None]:
    return {"input_units": rows, "rows_ok": rows_ok, "rows_not_ok": rows - rows_ok}
