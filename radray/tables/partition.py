"""One run of a job over one partition, from the pinned base to the commit: DESIGN's "One run"."""

import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pyiceberg.table import Table

from radray.errors import RadrayError
from radray.schemas import RUNS, RunStatus, TableSchema
from radray.tables.catalog import Warehouse, equal_to, file_schema
from radray.tables.commit import PartitionBase, replace_partition
from radray.tables.merge import Merged, merge, staged_ids
from radray.tables.runs import RunRow, recorded
from radray.tables.storage import remove_folder


class PartitionRun:
    """One run over one partition of a table. The table is loaded once, here: its snapshot is the commit's base.

    ::

        run = PartitionRun(warehouse, REPORTS, {"batch_date": ..., "dataset": ...}, row)
        if run.is_committed():
            ...                                  # done by an earlier run: nothing is written
        with run.recorded():                     # `runs` row: running, then finished or failed
            ...                                  # stage rows below run.staging, but those of run.staged_ids()
            merged = run.commit(expected_ids)    # merge, audit, one commit
    """

    def __init__(self, warehouse: Warehouse, schema: TableSchema, partition: Mapping[str, Any], row: RunRow) -> None:
        self._warehouse = warehouse
        self._schema = schema
        self._row = row
        self._base = PartitionBase(schema, warehouse.load(schema), partition)
        self._resumed = 0
        self._merged: Merged | None = None
        self.staging = warehouse.layout.staging(schema.name, row.run_key)

    @property
    def table(self) -> Table:
        """The table as it was when the run began."""
        return self._base.table

    def is_committed(self) -> bool:
        """Return whether the partition holds this run key: as its rows' column, or, empty, by its last `runs` row.

        A run that committed and died before it wrote its `runs` row gets that row here.
        """
        run_ids, keys = self._holders()
        if keys:
            if keys != {self._row.run_key}:
                return False
            self._complete_runs(run_ids)
            return True
        return self._last_finished_key() == self._row.run_key

    def staged_ids(self) -> list[str]:
        """Return the units that earlier attempts at this run key have staged, and count them as resumed."""
        ids = staged_ids(self.staging)
        self._resumed = len(ids)
        return ids

    def commit(self, expected_ids: Collection[str]) -> Merged:
        """Merge and audit the staged rows, and make the partition hold exactly these, in one commit.

        Raises AuditError (nothing committed, staging kept) and ConflictError (nothing committed).
        """
        folder = self._warehouse.layout.attempt(
            self._schema.name, self._base.partition["batch_date"], f"{self._row.run_id}-{secrets.token_hex(4)}"
        )
        merged = merge(self.staging, folder, self._schema, file_schema(self.table), expected_ids)
        replace_partition(self._warehouse, self._base, [file.uri for file in merged.files], self._row.run_key)
        self._merged = merged
        return merged

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Keep the run's `runs` row while the block works; at its end, after the commit, remove the staging."""
        with recorded(self._warehouse, self._row) as counts:
            yield
            if self._merged is None:
                raise RadrayError(f"run {self._row.run_id} ended without a commit")
            counts |= _counts(self._merged.rows, self._merged.rows_ok)
            counts["rows_resumed"] = self._resumed
            counts["units_per_second"] = self._merged.rows / max(self._row.seconds(), 1e-6)
        remove_folder(self.staging)

    def _holders(self) -> tuple[set[str], set[str]]:
        scan = self.table.scan(row_filter=equal_to(self._base.partition), selected_fields=("run_id", "run_key"))
        rows = scan.to_arrow()
        return set(rows.column("run_id").to_pylist()), set(rows.column("run_key").to_pylist())

    def _last_finished_key(self) -> str | None:
        about = {name: value for name, value in self._row.about.items() if name in self._base.partition}
        rows = self._warehouse.read(
            RUNS,
            ["run_key", "ended"],
            {"job": self._row.job, "status": RunStatus.FINISHED.value, **about},
        ).to_pylist()
        return max(rows, key=lambda row: row["ended"])["run_key"] if rows else None

    def _complete_runs(self, run_ids: set[str]) -> None:
        for run_id in run_ids:
            (row,) = self._warehouse.read(RUNS, None, {"run_id": run_id}).to_pylist() or (None,)
            if row is not None and row["status"] == RunStatus.FINISHED.value:
                continue
            held = self._warehouse.read(self._schema, ["status"], {**self._base.partition, "run_id": run_id})
            ok = held.column("status").to_pylist().count("ok")
            earlier = self._row.of_earlier(run_id, row)
            earlier.write(self._warehouse, RunStatus.FINISHED, _counts(held.num_rows, ok))
        remove_folder(self.staging)


def _counts(rows: int, rows_ok: int) -> dict[str, float | None]:
    return {"input_units": rows, "rows_ok": rows_ok, "rows_not_ok": rows - rows_ok}
