"""Commits: one partition replaced in one transaction, or rows of a small table added; no commit is left in doubt."""

import json
import secrets
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from radray.errors import ConflictError, RadrayError
from radray.schema.column import TableSchema
from radray.tables.catalog import Warehouse, equal_to, outdated_bounds
from radray.tables.identity import digest

MAX_COMMITS = 20
"""Tries of one commit while commits of other partitions come first: of 20 runs at once each needs at most 20."""

FENCED = "radray.fenced"
"""Property of the snapshot that `maintain` commits before it removes files: the attempts (JSON) that may not commit."""

_RUN_KEY, _ATTEMPT, _PARTITION = "radray.run-key", "radray.attempt", "radray.partition"


@dataclass(frozen=True, slots=True)
class PartitionBase:
    """A partition as it was when a run began: what the commit at the run's end is checked against."""

    schema: TableSchema
    table: Table
    partition: Mapping[str, Any]
    held: frozenset[str]
    """Data files of the partition. Kept from the start: by the time they matter, the snapshot may have expired."""

    @property
    def partition_id(self) -> str:
        """Digest of the partition's values, as snapshots carry it."""
        return digest({name: str(value) for name, value in self.partition.items()})[:16]

    def describe(self) -> str:
        """Return the partition's values as text: ``batch_date=2026-11-21, dataset=hospital``."""
        return ", ".join(f"{name}={value}" for name, value in self.partition.items())

    def files(self, table: Table) -> frozenset[str]:
        """Return the data files of the partition in `table`."""
        return self.held if table is self.table else _files(table, self.partition)


def pin(warehouse: Warehouse, schema: TableSchema, partition: Mapping[str, Any]) -> PartitionBase:
    """Return the partition as it is now.

    Call it before the run's input is frozen: a run that froze its input first and pinned later could replace a newer
    night without a conflict.
    """
    table = warehouse.load(schema)
    return PartitionBase(schema, table, partition, _files(table, partition))


def replace_partition(
    warehouse: Warehouse,
    base: PartitionBase,
    files: Mapping[str, str],
    run_key: str,
    run_id: str,
    refuse: Callable[[Table], None] | None = None,
) -> bool:
    """Make the partition hold exactly `files` (sha256 by uri), in one commit that readers see whole or not at all.

    Without files it commits an empty partition. The snapshot carries run_key, run_id and the files' digests.
    `refuse` is called with the very table that each try is made on, and may raise: a commit in between makes that try
    fail. Returns True when this call committed, False when another run with the same `run_key` had done so.
    Raises ConflictError when a run with another key changed the partition since `base` was pinned, when `maintain` has
    taken this run for dead, and after MAX_COMMITS tries; RadrayError when the commit failed and, read back, did not
    land.
    """
    properties = {
        _RUN_KEY: run_key,
        _ATTEMPT: secrets.token_hex(8),
        _PARTITION: base.partition_id,
        "radray.run-id": run_id,
        "radray.files": json.dumps({uri.rsplit("/", 1)[-1]: sha256 for uri, sha256 in files.items()}),
    }
    table = base.table
    for _ in range(MAX_COMMITS):
        failure: str | None = None
        lost = ""
        if refuse is not None:
            refuse(table)
        try:
            _transact(table, base, list(files), properties)
            return True
        except (CommitFailedException, ValidationException) as error:
            lost = type(error).__name__  # another commit came first: look whose
        except Exception as error:
            # the answer may be lost: read the table back before anything is decided
            failure = str(error) if isinstance(error, RadrayError) else type(error).__name__
        table = warehouse.load(base.schema)
        commits = _commits_since(base, table)
        if any(commit.get(_ATTEMPT) == properties[_ATTEMPT] for commit in commits):
            return True  # a run that pinned it may have replaced it since: that is no conflict of this run
        if commits and commits[0].get(_RUN_KEY) == run_key:
            return False
        refuse_changed(base, table, run_key)
        _refuse_fenced(base, table, files)
        if failure is not None:
            raise RadrayError(
                f"table {base.schema.name}, partition {base.describe()}: the commit failed with {failure} and did"
                " not land (read back); its rows are staged: run again"
            )
    raise ConflictError(f"table {base.schema.name}: {MAX_COMMITS} commits came to nothing ({lost}); run again")


def refuse_changed(base: PartitionBase, table: Table, run_key: str) -> None:
    """Raise ConflictError when another run has changed the partition between `base` and `table`."""
    commits = _commits_since(base, table)
    if commits or base.files(table) != base.files(base.table):
        winner = commits[0].get(_RUN_KEY, "unknown") if commits else "unknown"
        raise ConflictError(
            f"table {base.schema.name}, partition {base.describe()}: run key {winner} was committed since this run"
            f" (run key {run_key}) began; this run changed nothing; run again to replace what stands there"
        )


def attempt_of(uri: str) -> str:
    """Return the attempt that wrote the data file `uri`: the name of its folder, see `Layout.attempt`."""
    return uri.rsplit("/", 2)[-2]


def _refuse_fenced(base: PartitionBase, table: Table, files: Collection[str]) -> None:
    """Raise ConflictError when `maintain` removes `files`, or may have done so: it took this run for dead.

    A fence is a commit, so a commit that was prepared on an older table cannot land after it; and a table that has the
    fence is refused here. The fence is visible as long as all snapshots since the base are kept, which their numbers
    show, without a clock: if some are gone, the run is older than all that `maintain` keeps, and is refused as well.
    """
    since = _snapshots_since(base, table)
    fenced = {name for snapshot in since for name in json.loads(_property(snapshot, FENCED) or "[]")}
    whole = len(since) == _last_number(table) - _last_number(base.table)
    if not whole or fenced & {attempt_of(uri) for uri in files}:
        raise ConflictError(
            f"table {base.schema.name}, partition {base.describe()}: jobs.maintain took this run for dead and removed"
            " what it needs: it began longer ago than maintain.longest_run_hours, or maintain ran with no such wait;"
            " this run changed nothing; run again"
        )


def append_rows(warehouse: Warehouse, schema: TableSchema, rows: pa.Table) -> None:
    """Append `rows` in one commit. Raises ConflictError as `commit_on_newest`."""
    commit_on_newest(warehouse, schema, lambda table: table.append(rows))


def replace_rows(warehouse: Warehouse, schema: TableSchema, rows: pa.Table, where: Mapping[str, Any]) -> None:
    """Replace the rows whose columns equal `where` with `rows`, in one commit. Meant for rows that only one run writes.

    Raises ConflictError as `commit_on_newest`.
    """

    def change(table: Table) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Delete operation did not match any records")
            table.overwrite(rows, overwrite_filter=equal_to(where))

    commit_on_newest(warehouse, schema, change)


def commit_on_newest(warehouse: Warehouse, schema: TableSchema, change: Callable[[Table], None]) -> None:
    """Apply `change` to the newest state of the table, again when another commit comes first.

    Raises ConflictError when that happens MAX_COMMITS times.
    """
    for _ in range(MAX_COMMITS):
        try:
            change(warehouse.load(schema))
        except (CommitFailedException, ValidationException):
            continue
        return
    raise ConflictError(f"table {schema.name}: {MAX_COMMITS} commits of others came first; run again")


def _transact(table: Table, base: PartitionBase, files: Sequence[str], properties: dict[str, str]) -> None:
    with table.transaction() as transaction:
        transaction.set_properties(outdated_bounds(table, base.schema))
        # deleting a partition that is not there makes no snapshot, only a warning
        if base.files(table):
            transaction.delete(equal_to(base.partition), snapshot_properties=properties)
        # a path added twice would silently double the night: names are unique to an attempt, and checked
        transaction.add_files(list(files), snapshot_properties=properties, check_duplicate_files=bool(files))


def _commits_since(base: PartitionBase, table: Table) -> list[dict[str, str]]:
    """Return the properties of the partition's commits made after `base`, newest first."""
    return [
        dict(snapshot.summary.additional_properties)
        for snapshot in _snapshots_since(base, table)
        if snapshot.summary is not None and _property(snapshot, _PARTITION) == base.partition_id
    ]


def _snapshots_since(base: PartitionBase, table: Table) -> list[Snapshot]:
    """Return the snapshots of `table` made after `base` that are kept, newest first."""
    before = _last_number(base.table)
    since = [snapshot for snapshot in table.metadata.snapshots if (snapshot.sequence_number or 0) > before]
    return sorted(since, key=lambda snapshot: snapshot.sequence_number or 0, reverse=True)


def _last_number(table: Table) -> int:
    """Return the sequence number of the table's last snapshot; 0 before the first. Each snapshot's is one higher."""
    metadata: Any = table.metadata  # of version 2, as all our tables are
    return metadata.last_sequence_number


def _property(snapshot: Snapshot, name: str) -> str | None:
    return None if snapshot.summary is None else snapshot.summary.additional_properties.get(name)


def _files(table: Table, partition: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(task.file.file_path for task in table.scan(row_filter=equal_to(partition)).plan_files())
