"""Maintenance: finds and removes what crashed and expired runs leave behind.

Four kinds: `runs` rows of runs that died, snapshots past their age, files that no kept snapshot refers to, staging
that no run will resume. Only files with our own names below ``data/<table>/``, ``tables/<table>/metadata/`` and
``_staging/<table>/<run_key>/`` (or ``_staging/_leases/<table>/``) are ever removed, and never through a symbolic link.
"""

import datetime
import json
import re
from collections import Counter
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
from radray.settings.maintain import MaintainSettings
from radray.tables.catalog import Warehouse, outdated_bounds
from radray.tables.commit import FENCED, attempt_of, commit_on_newest
from radray.tables.identity import utc_now
from radray.tables.inventory import Inventory, StoredFile
from radray.tables.lease import abandoned
from radray.tables.rows import to_arrow

ABANDONED = "Abandoned"
"""Reason of a run still `running` after the time of the longest run: its process is gone."""

CLOCKS_APART = datetime.timedelta(hours=1)
"""How far the clocks of storage and writers may differ without a needed fence being left out."""

_ATTEMPTS_FILE = re.compile(r"part-\d{5}\.parquet")
_DATA_FILE = re.compile(rf"{_ATTEMPTS_FILE.pattern}|\d{{5}}-\d+-[0-9a-f-]{{36}}(-\d+)?\.parquet")
_METADATA_FILE = re.compile(r".+\.(metadata\.json|avro)")


@dataclass(frozen=True, slots=True)
class Ages:
    """Ages from which on things are removed. None is less than `longest_run`: a run may need anything younger.

    Raises ConfigError for snapshots or orphans kept for less than the longest run.
    """

    snapshots: datetime.timedelta
    """Age of a snapshot since another replaced it: until then a run may have started from it."""
    orphans: datetime.timedelta
    """Age, since they were last written, of files in no kept snapshot and of staging."""
    longest_run: datetime.timedelta

    @classmethod
    def of(cls, settings: MaintainSettings) -> "Ages":
        """Return the ages of `settings`."""
        return cls(
            snapshots=datetime.timedelta(days=settings.snapshots_older_than_days),
            orphans=datetime.timedelta(days=settings.orphans_older_than_days),
            longest_run=datetime.timedelta(hours=settings.longest_run_hours),
        )

    def __post_init__(self) -> None:
        if min(self.snapshots, self.orphans) < self.longest_run:
            raise ConfigError("snapshots and orphans must be kept for the longest run")


AT_ONCE = Ages(datetime.timedelta(0), datetime.timedelta(0), datetime.timedelta(0))
"""For a warehouse that no job is using: every leftover is removed."""


class Kind(StrEnum):
    """Kind of a leftover."""

    RUN = "run"
    SNAPSHOT = "snapshot"
    FILE = "file"
    STAGING = "staging"


@dataclass(frozen=True, slots=True, order=True)
class Leftover:
    """Something that is left over."""

    kind: Kind
    table: str
    name: str
    """URI of a file, or id of a snapshot or run."""
    bytes: int = 0


def describe_leftovers(leftovers: Sequence[Leftover]) -> list[str]:
    """Return a line for each of `leftovers` and one with their number and bytes."""
    counts = Counter(leftover.kind for leftover in leftovers)
    summary = ", ".join(f"{counts[kind]:,} {kind.value}{'s' * (counts[kind] != 1)}" for kind in Kind if counts[kind])
    freed = sum(leftover.bytes for leftover in leftovers)
    lines = [f"{leftover.kind.value} of {leftover.table}: {leftover.name}" for leftover in leftovers]
    return [*lines, f"{summary}; {freed:,} bytes" if leftovers else "nothing is left over"]


def find_leftovers(warehouse: Warehouse, ages: Ages, now: datetime.datetime | None = None) -> list[Leftover]:
    """Return what `maintain` would remove now (a run: record as failed), sorted; [] for a clean warehouse. Only reads.

    Raises InputError when the warehouse was moved or copied.
    """
    now = now or utc_now()
    runs = _Runs(warehouse, now - ages.longest_run)
    leftovers = [Leftover(Kind.RUN, RUNS.name, run_id) for run_id in runs.abandoned]
    for schema in TABLES.values():
        leftovers += _table_leftovers(Inventory(warehouse), schema, ages, now, runs)
        leftovers += [
            Leftover(Kind.STAGING, schema.name, file.uri, file.bytes)
            for file in _abandoned_staging(Inventory(warehouse), schema, now - ages.orphans, runs)
        ]
    return sorted(leftovers)


def maintain(warehouse: Warehouse, ages: Ages, now: datetime.datetime | None = None) -> list[Leftover]:
    """Record dead runs as failed, expire snapshots, remove orphan files and abandoned staging; return them all, sorted.

    Readers see the same rows before and after. Raises InputError, having removed nothing, for a moved warehouse.
    """
    now = now or utc_now()
    done = [Leftover(Kind.RUN, RUNS.name, run_id) for run_id in _finish_abandoned(warehouse, now - ages.longest_run)]
    for schema in TABLES.values():
        _update_bounds(warehouse, schema)
        done += sweep(warehouse, schema, ages, now)
    inventory, runs = Inventory(warehouse), _Runs(warehouse, now - ages.longest_run)
    for schema in TABLES.values():
        for file in _abandoned_staging(inventory, schema, now - ages.orphans, runs):
            inventory.remove(file.uri)
            done.append(Leftover(Kind.STAGING, schema.name, file.uri, file.bytes))
        inventory.remove_empty_folders(warehouse.layout.staging(schema.name, "").rstrip("/"), 1, now - ages.orphans)
        inventory.remove_empty_folders(warehouse.layout.data(schema.name), 2, now - ages.orphans)
    return sorted(done)


def _update_bounds(warehouse: Warehouse, schema: TableSchema) -> None:
    """Set the properties by which this version keeps patients' ids out of manifests, on a table that lacks them."""

    def change(table: Table) -> None:
        if outdated := outdated_bounds(table, schema):
            with table.transaction() as transaction:
                transaction.set_properties(outdated)

    if warehouse.has(schema):
        commit_on_newest(warehouse, schema, change)


def sweep(
    warehouse: Warehouse, schema: TableSchema, ages: Ages, now: datetime.datetime, *, always_fence: bool = False
) -> list[Leftover]:
    """Expire the table's old snapshots and remove the files that no kept one refers to; return both, sorted.

    A stalled writer may be about to commit files that look like orphans. Before any is removed, an empty snapshot is
    committed that names the attempts which wrote them: commits prepared before it can no longer succeed, and
    `replace_partition` refuses those prepared after it. Other files are never committed a second time: for them a
    snapshot newer than they are is enough. `always_fence` commits the empty snapshot in any case. Raises InputError for
    a moved warehouse.
    """
    inventory, runs = Inventory(warehouse), _Runs(warehouse, now - ages.longest_run)
    leftovers = _table_leftovers(inventory, schema, ages, now, runs)
    table = inventory.table(schema)
    if table is None or not (leftovers or always_fence):
        return []
    stored = inventory.files(warehouse.layout.data(schema.name)) + inventory.files(
        warehouse.layout.location(schema.name)
    )
    attempts = sorted({attempt_of(leftover.name) for leftover in leftovers if _by_attempt(leftover)})
    if always_fence or attempts or _needs_fence(table, leftovers, stored):
        fence(warehouse, schema, {FENCED: json.dumps(attempts)})
        now = max(now, utc_now())
    expired: list[int] = []

    def expire(newest: Table) -> None:
        expired[:] = [leftover.snapshot_id for leftover in _expirable(newest, now - ages.snapshots)]
        if expired:
            newest.maintenance.expire_snapshots().by_ids(expired).commit()

    commit_on_newest(warehouse, schema, expire)
    # list the files again and only then read the references: a file committed in the meantime is seen to be in use
    left = [
        leftover
        for leftover in _table_leftovers(inventory, schema, ages, now, runs)
        if leftover.kind is Kind.FILE and (not _by_attempt(leftover) or attempt_of(leftover.name) in attempts)
    ]
    for leftover in left:
        inventory.remove(leftover.name)
    return sorted([*left, *(Leftover(Kind.SNAPSHOT, schema.name, str(leftover)) for leftover in expired)])


def fence(warehouse: Warehouse, schema: TableSchema, properties: Mapping[str, str] | None = None) -> None:
    """Commit a snapshot that changes nothing: what a stalled writer prepared before it can no longer be committed."""

    def change(table: Table) -> None:
        with table.transaction() as transaction:
            transaction.add_files(
                [], snapshot_properties={"radray.maintain": "fence", **(properties or {})}, check_duplicate_files=False
            )

    commit_on_newest(warehouse, schema, change)


class _Runs:
    """The runs recorded as running; those started before `since` are taken to be dead."""

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
        rows = table.scan(selected_fields=tuple(column.name for column in RUNS.columns)).to_arrow().to_pylist()
        dead = [row for row in rows if row["status"] == RunStatus.RUNNING.value and row["started"] < since]
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
    """Return the table's snapshots that can be expired, and its files that none of the others refers to."""
    metadata = inventory.files(f"{inventory.layout.location(schema.name)}/metadata")
    data = inventory.files(inventory.layout.data(schema.name))
    table = inventory.table(schema)
    if table is None:
        return []
    going = _expirable(table, now - ages.snapshots)
    ids = {snapshot.snapshot_id for snapshot in going}
    in_use = referred_to(table, [snapshot for snapshot in table.metadata.snapshots if snapshot.snapshot_id not in ids])
    ours = [file for file in metadata if _METADATA_FILE.fullmatch(_name(file))]
    # an attempt's folder is named by its run: the files of a run that may still be running are kept
    ours += [file for file in data if _DATA_FILE.fullmatch(_name(file)) and not _is_written_by(file, runs.ids)]
    return [
        *(Leftover(Kind.SNAPSHOT, schema.name, str(snapshot.snapshot_id)) for snapshot in going),
        *(
            Leftover(Kind.FILE, schema.name, file.uri, file.bytes)
            for file in ours
            if file.uri not in in_use and file.modified <= now - ages.orphans
        ),
    ]


def referred_to(table: Table, snapshots: Sequence[Snapshot]) -> frozenset[str]:
    """Return the URIs of all files that `snapshots`, the table's metadata and its log of metadata files refer to."""
    uris = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    uris |= {file.statistics_path for file in (*table.metadata.statistics, *table.metadata.partition_statistics)}
    for snapshot in snapshots:
        uris.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in uris:
                uris.add(manifest.manifest_path)
                uris |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return frozenset(uri.removeprefix("file://") for uri in uris)


def _expirable(table: Table, before: datetime.datetime) -> list[Snapshot]:
    """Return the snapshots, except heads, that another one had replaced by `before`."""
    until_ms = int(before.replace(tzinfo=datetime.UTC).timestamp() * 1000)
    heads = {ref.snapshot_id for ref in table.metadata.refs.values()}
    superseded_ms: dict[int, int] = {}
    for snapshot in sorted(table.metadata.snapshots, key=lambda snapshot: snapshot.timestamp_ms, reverse=True):
        if snapshot.parent_snapshot_id is not None:
            superseded_ms[snapshot.parent_snapshot_id] = snapshot.timestamp_ms
    return [
        snapshot
        for snapshot in table.metadata.snapshots
        if snapshot.snapshot_id not in heads
        and superseded_ms.get(snapshot.snapshot_id, snapshot.timestamp_ms) <= until_ms
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


def _needs_fence(table: Table, leftovers: Sequence[Leftover], stored: Sequence[StoredFile]) -> bool:
    head: Any = table.current_snapshot()
    going = {leftover.name for leftover in leftovers if leftover.kind is Kind.FILE}
    written = [file.modified for file in stored if file.uri in going]
    if head is None:
        return True
    since = datetime.datetime.fromtimestamp(head.timestamp_ms / 1000, datetime.UTC).replace(tzinfo=None)
    return bool(written) and max(written) >= since - CLOCKS_APART


def _by_attempt(leftover: Leftover) -> bool:
    return leftover.kind is Kind.FILE and _ATTEMPTS_FILE.fullmatch(leftover.name.rpartition("/")[2]) is not None


def _name(file: StoredFile) -> str:
    return file.uri.rpartition("/")[2]


def _is_written_by(file: StoredFile, run_ids: Collection[str]) -> bool:
    return file.uri.rsplit("/", 2)[-2].rpartition(".")[0] in run_ids
