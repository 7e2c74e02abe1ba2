"""What runs, crashed or expired, leave behind: found, and removed.

Four kinds: `runs` rows of runs that died, snapshots past their age, files that no kept snapshot refers to, staging
that no run comes back for. Only files of our own naming below ``data/<table>/``, ``tables/<table>/metadata/`` and
``_staging/<table>/<run_key>/`` (or ``_staging/_leases/<table>/``) are ever removed, and never through a symbolic link.
"""

import datetime
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pyiceberg.expressions import In, Reference
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from radray.errors import ConfigError
from radray.schema.column import TableSchema
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.schema.tables import TABLES
from radray.tables.catalog import Warehouse
from radray.tables.commit import FENCED, attempt_of, commit_on_newest
from radray.tables.identity import utc_now
from radray.tables.inventory import Inventory, StoredFile
from radray.tables.lease import abandoned
from radray.tables.rows import to_arrow

ABANDONED = "Abandoned"
"""Reason of a run that was still `running` after the longest run: its process is gone."""

CLOCKS_APART = datetime.timedelta(hours=1)
"""How far the clocks of storage and of the writers may differ before a needless commit is saved wrongly."""

_ATTEMPTS_FILE = re.compile(r"part-\d{5}\.parquet")
_DATA_FILE = re.compile(rf"{_ATTEMPTS_FILE.pattern}|\d{{5}}-\d+-[0-9a-f-]{{36}}(-\d+)?\.parquet")
_METADATA_FILE = re.compile(r".+\.(metadata\.json|avro)")


@dataclass(frozen=True, slots=True)
class Ages:
    """What is old enough to go. Nothing is that a run within `longest_run` may need."""

    snapshots: datetime.timedelta
    """A snapshot's age counts from when another took its place: until then a run may have started from it."""
    orphans: datetime.timedelta
    """Age of files in no kept snapshot, and of staging, since they were last written."""
    longest_run: datetime.timedelta

    def __post_init__(self) -> None:
        if min(self.snapshots, self.orphans) < self.longest_run:
            raise ConfigError("snapshots and orphans must be kept for the longest run")


AT_ONCE = Ages(datetime.timedelta(0), datetime.timedelta(0), datetime.timedelta(0))
"""For a warehouse that no job works on: everything that is left over goes."""


class Kind(StrEnum):
    """What is left over."""

    RUN = "run"
    SNAPSHOT = "snapshot"
    FILE = "file"
    STAGING = "staging"


@dataclass(frozen=True, slots=True, order=True)
class Leftover:
    """One thing that is left over."""

    kind: Kind
    table: str
    name: str
    """uri of a file, id of a snapshot or of a run."""
    bytes: int = 0


def find_leftovers(warehouse: Warehouse, ages: Ages, now: datetime.datetime | None = None) -> list[Leftover]:
    """Return what `maintain` would remove (of a run: finish) now, sorted; [] for a clean warehouse. Only reads.

    Raises InputError when the warehouse was moved or copied.
    """
    now = now or utc_now()
    runs = _Runs(warehouse, now - ages.longest_run)
    found = [Leftover(Kind.RUN, RUNS.name, run_id) for run_id in runs.abandoned]
    for schema in TABLES.values():
        found += _table_leftovers(Inventory(warehouse), schema, ages, now, runs)
        found += [
            Leftover(Kind.STAGING, schema.name, file.uri, file.bytes)
            for file in _abandoned_staging(Inventory(warehouse), schema, now - ages.orphans, runs)
        ]
    return sorted(found)


def maintain(warehouse: Warehouse, ages: Ages, now: datetime.datetime | None = None) -> list[Leftover]:
    """Finish dead runs as failed, expire snapshots, remove orphan files and abandoned staging; return it all.

    Readers see the same rows before and after. Raises InputError (nothing removed) for a moved warehouse.
    """
    now = now or utc_now()
    done = [Leftover(Kind.RUN, RUNS.name, run_id) for run_id in _finish_abandoned(warehouse, now - ages.longest_run)]
    for schema in TABLES.values():
        done += sweep(warehouse, schema, ages, now)
    inventory, runs = Inventory(warehouse), _Runs(warehouse, now - ages.longest_run)
    for schema in TABLES.values():
        for file in _abandoned_staging(inventory, schema, now - ages.orphans, runs):
            inventory.remove(file.uri)
            done.append(Leftover(Kind.STAGING, schema.name, file.uri, file.bytes))
        inventory.remove_empty_folders(warehouse.layout.staging(schema.name, "").rstrip("/"), 1, now - ages.orphans)
        inventory.remove_empty_folders(warehouse.layout.data(schema.name), 2, now - ages.orphans)
    return sorted(done)


def sweep(
    warehouse: Warehouse, schema: TableSchema, ages: Ages, now: datetime.datetime, *, always_fence: bool = False
) -> list[Leftover]:
    """Expire the table's old snapshots and remove the files that no kept one refers to; return both, sorted.

    A writer that stalled may still be about to commit files that look like orphans. Before any is removed, an empty
    snapshot is committed that names the attempts which wrote them: what they prepared before it cannot land any more,
    and what they prepare after it `replace_partition` refuses. Other files are never committed a second time: for
    those a snapshot that is newer than they are is enough.
    """
    inventory, runs = Inventory(warehouse), _Runs(warehouse, now - ages.longest_run)
    found = _table_leftovers(inventory, schema, ages, now, runs)
    table = inventory.table(schema)
    if table is None or not (found or always_fence):
        return []
    stored = inventory.files(warehouse.layout.data(schema.name)) + inventory.files(
        warehouse.layout.location(schema.name)
    )
    attempts = sorted({attempt_of(one.name) for one in found if _by_attempt(one)})
    if always_fence or attempts or _needs_fence(table, found, stored):
        fence(warehouse, schema, {FENCED: json.dumps(attempts)})
        now = max(now, utc_now())
    expired: list[int] = []

    def expire(newest: Table) -> None:
        expired[:] = [one.snapshot_id for one in _expirable(newest, now - ages.snapshots)]
        if expired:
            newest.maintenance.expire_snapshots().by_ids(expired).commit()

    commit_on_newest(warehouse, schema, expire)
    # listed anew, and after that read anew what is referred to: a file committed meanwhile is seen to be in use
    left = [
        one
        for one in _table_leftovers(inventory, schema, ages, now, runs)
        if one.kind is Kind.FILE and (not _by_attempt(one) or attempt_of(one.name) in attempts)
    ]
    for one in left:
        inventory.remove(one.name)
    return sorted([*left, *(Leftover(Kind.SNAPSHOT, schema.name, str(one)) for one in expired)])


def fence(warehouse: Warehouse, schema: TableSchema, properties: Mapping[str, str] | None = None) -> None:
    """Commit a snapshot that changes nothing: what a stalled writer prepared before it can no longer be committed."""

    def change(table: Table) -> None:
        with table.transaction() as transaction:
            transaction.add_files(
                [], snapshot_properties={"radray.maintain": "fence", **(properties or {})}, check_duplicate_files=False
            )

    commit_on_newest(warehouse, schema, change)


class _Runs:
    """The runs that say they are running, those from before `since` taken for dead."""

    def __init__(self, warehouse: Warehouse, since: datetime.datetime) -> None:
        columns = ["run_id", "run_key", "started"]
        rows = warehouse.read(RUNS, columns, {"status": RunStatus.RUNNING.value}).to_pylist()
        alive = [row for row in rows if row["started"] >= since]
        self.abandoned = sorted(row["run_id"] for row in rows if row["started"] < since)
        self.ids = frozenset(row["run_id"] for row in alive)
        self.keys = frozenset(row["run_key"] for row in alive)


def _finish_abandoned(warehouse: Warehouse, since: datetime.datetime) -> list[str]:
    done: list[str] = []

    def change(table: Table) -> None:
        found = table.scan(selected_fields=tuple(column.name for column in RUNS.columns)).to_arrow().to_pylist()
        dead = [row for row in found if row["status"] == RunStatus.RUNNING.value and row["started"] < since]
        done[:] = sorted(row["run_id"] for row in dead)
        if dead:
            over = {"status": RunStatus.FAILED.value, "reason": ABANDONED, "ended": utc_now()}
            table.overwrite(to_arrow([row | over for row in dead], RUNS), overwrite_filter=_any_of("run_id", done))

    if warehouse.has(RUNS):
        commit_on_newest(warehouse, RUNS, change)
    return done


def _any_of(name: str, values: Collection[str]) -> In:
    return In(Reference(name), set(values))  # type: ignore[call-arg, arg-type]  # pydantic hides its __init__


def _table_leftovers(
    inventory: Inventory, schema: TableSchema, ages: Ages, now: datetime.datetime, runs: _Runs
) -> list[Leftover]:
    """Return the table's snapshots that can go, and its files that none of the others refers to."""
    metadata = inventory.files(f"{inventory.layout.location(schema.name)}/metadata")
    data = inventory.files(inventory.layout.data(schema.name))
    table = inventory.table(schema)
    if table is None:
        return []
    going = _expirable(table, now - ages.snapshots)
    ids = {one.snapshot_id for one in going}
    in_use = referred_to(table, [one for one in table.metadata.snapshots if one.snapshot_id not in ids])
    ours = [file for file in metadata if _METADATA_FILE.fullmatch(_name(file))]
    # an attempt's folder is named by its run: one that may still be running keeps its files
    ours += [file for file in data if _DATA_FILE.fullmatch(_name(file)) and not _made_by(file, runs.ids)]
    return [
        *(Leftover(Kind.SNAPSHOT, schema.name, str(one.snapshot_id)) for one in going),
        *(
            Leftover(Kind.FILE, schema.name, file.uri, file.bytes)
            for file in ours
            if file.uri not in in_use and file.modified <= now - ages.orphans
        ),
    ]


def referred_to(table: Table, snapshots: Sequence[Snapshot]) -> frozenset[str]:
    """Return the uris of all files that `snapshots`, the table's metadata and its log of metadata files refer to."""
    found = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    found |= {one.statistics_path for one in (*table.metadata.statistics, *table.metadata.partition_statistics)}
    for snapshot in snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in found:
                found.add(manifest.manifest_path)
                found |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return frozenset(uri.removeprefix("file://") for uri in found)


def _expirable(table: Table, before: datetime.datetime) -> list[Snapshot]:
    """Return the snapshots, heads apart, that another had taken the place of by `before`."""
    before_ms = int(before.replace(tzinfo=datetime.UTC).timestamp() * 1000)
    heads = {ref.snapshot_id for ref in table.metadata.refs.values()}
    superseded_ms: dict[int, int] = {}
    for snapshot in sorted(table.metadata.snapshots, key=lambda one: one.timestamp_ms, reverse=True):
        if snapshot.parent_snapshot_id is not None:
            superseded_ms[snapshot.parent_snapshot_id] = snapshot.timestamp_ms
    return [
        one
        for one in table.metadata.snapshots
        if one.snapshot_id not in heads and superseded_ms.get(one.snapshot_id, one.timestamp_ms) <= before_ms
    ]


def _abandoned_staging(
    inventory: Inventory, schema: TableSchema, before: datetime.datetime, runs: _Runs
) -> list[StoredFile]:
    root = inventory.layout.staging(schema.name, "").rstrip("/")
    folders: dict[str, list[StoredFile]] = {}
    for file in inventory.files(root):
        run_key, slash, _ = file.uri[len(root) + 1 :].partition("/")
        if slash:
            folders.setdefault(run_key, []).append(file)
    staged = [
        file
        for run_key, files in folders.items()
        if run_key not in runs.keys and max(file.modified for file in files) <= before
        for file in files
    ]
    return staged + abandoned(inventory, schema.name, before, runs.ids)


def _needs_fence(table: Table, found: Sequence[Leftover], stored: Sequence[StoredFile]) -> bool:
    head: Any = table.current_snapshot()
    going = {one.name for one in found if one.kind is Kind.FILE}
    written = [file.modified for file in stored if file.uri in going]
    if head is None:
        return True
    since = datetime.datetime.fromtimestamp(head.timestamp_ms / 1000, datetime.UTC).replace(tzinfo=None)
    return bool(written) and max(written) >= since - CLOCKS_APART


def _by_attempt(one: Leftover) -> bool:
    return one.kind is Kind.FILE and _ATTEMPTS_FILE.fullmatch(one.name.rpartition("/")[2]) is not None


def _name(file: StoredFile) -> str:
    return file.uri.rpartition("/")[2]


def _made_by(file: StoredFile, run_ids: Collection[str]) -> bool:
    return file.uri.rsplit("/", 2)[-2].rpartition(".")[0] in run_ids
