"""What crashed and expired runs leave behind: found, removed, and nothing else touched."""

import datetime
import os
from pathlib import Path
from typing import Any

import pytest

from radray.errors import ConfigError, ConflictError, InputError
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tables.identity import utc_now
from radray.upkeep.maintenance import AT_ONCE, Ages, Kind, find_leftovers, maintain
from tests.support.s3_server import S3Server
from tests.support.worlds.tables import NIGHT, Night, open_warehouse, units

DAY = datetime.timedelta(days=1)
AGES = Ages(snapshots=7 * DAY, orphans=3 * DAY, longest_run=DAY)
OTHER_NIGHT = datetime.date(2026, 11, 22)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path / "warehouse")


def committed(warehouse: Warehouse, key: str, ids: list[str], night: datetime.date = NIGHT) -> Night:
    run = Night(warehouse, key, night)
    run.stage(ids)
    run.finish(ids)
    return run


def planted(file: Path, days_old: float = 10.0, content: bytes = b"left over") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return aged(file, days_old)


def aged(file: Path, days_old: float = 10.0) -> Path:
    then = file.stat().st_mtime - days_old * 86_400
    os.utime(file, (then, then))
    return file


def everything(root: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def named(leftovers: list[Any]) -> list[tuple[str, str]]:
    return [(leftover.kind.value, leftover.name) for leftover in leftovers]


def test_a_clean_warehouse_has_nothing_left_over(warehouse: Warehouse) -> None:
    assert find_leftovers(warehouse, AGES) == []
    committed(warehouse, "k1", ["1", "2"])
    committed(warehouse, "k2", ["2"], OTHER_NIGHT)
    assert find_leftovers(warehouse, AGES) == []
    assert maintain(warehouse, AGES) == []


def test_only_what_crashes_left_is_removed_and_readers_see_the_same_rows(warehouse: Warehouse, tmp_path: Path) -> None:
    root = tmp_path / "warehouse"
    committed(warehouse, "k1", ["1", "2"])
    night = root / "data" / "reports" / "2026-11-21"
    attempt = planted(night / "prepare-20261101T000000-aaaaaaaa.00000000" / "part-00000.parquet")
    manifest = planted(root / "tables" / "reports" / "metadata" / "0b5c-m0.avro")
    crashed = Night(warehouse, "crashed")
    crashed.stage(["3"])
    staged = aged(Path(crashed.staging) / "a.parquet")
    dead = Night(warehouse, "dead", OTHER_NIGHT)
    dead.row.started = utc_now() - 2 * DAY
    dead.row.write(warehouse, RunStatus.RUNNING)
    # young, or a running run's: kept
    kept = [planted(night / "prepare-20261120T000000-bbbbbbbb.00000000" / "part-00000.parquet", days_old=2)]
    alive = Night(warehouse, "alive", OTHER_NIGHT)
    alive.row.write(warehouse, RunStatus.RUNNING)
    alive.stage(["4"])
    kept.append(aged(Path(alive.staging) / "a.parquet"))
    kept.append(planted(night / f"{alive.row.run_id}.00000000" / "part-00000.parquet"))

    expected = sorted(
        [
            ("run", dead.row.run_id),
            ("file", str(attempt)),
            ("file", str(manifest)),
            ("staging", str(staged)),
        ]
    )
    before = everything(root)
    rows = units(warehouse)
    leftovers = find_leftovers(warehouse, AGES)
    assert sorted(named(leftovers)) == expected
    assert everything(root) == before  # finding only reads
    assert maintain(warehouse, AGES) == leftovers
    assert units(warehouse) == rows == [("1", "k1"), ("2", "k1")]
    gone = before.keys() - everything(root).keys()
    assert gone == {str(attempt), str(manifest), str(staged)}
    assert not attempt.parent.exists()
    assert not staged.parent.exists()
    assert all(file.exists() for file in kept)
    statuses = {row["run_id"]: (row["status"], row["reason"]) for row in warehouse.read(RUNS).to_pylist()}
    assert statuses[dead.row.run_id] == ("failed", "Abandoned")
    assert statuses[alive.row.run_id] == ("running", None)
    assert find_leftovers(warehouse, AGES) == []
    alive.finish(["4"])
    assert units(warehouse, OTHER_NIGHT) == [("4", "alive")]


def test_what_is_not_ours_is_never_touched(warehouse: Warehouse, tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "warehouse", tmp_path / "elsewhere"
    committed(warehouse, "k1", ["1"])
    strangers = [
        planted(root / "notes.txt"),
        planted(root / "data" / "theirs" / "part-00000.parquet"),
        planted(root / "data" / "reports" / "notes.txt"),
        planted(root / "data" / "reports" / "2026-11-21" / "export.parquet"),
        planted(root / "tables" / "reports" / "other" / "x.avro"),
        planted(root / "tables" / "theirs" / "metadata" / "x.avro"),
        planted(root / "_staging" / "theirs" / "key" / "a.parquet"),
        planted(root / "_staging" / "reports" / "loose.parquet"),
        planted(elsewhere / "run.00000000" / "part-00000.parquet"),
        planted(elsewhere / "part-00000.parquet"),
        planted(elsewhere / "x.avro"),
    ]
    links = [
        root / "data" / "reports" / "2026-11-20",
        root / "data" / "evaluations",
        root / "_staging" / "reports" / "linked",
        root / "tables" / "comparisons",
    ]
    for link in links:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(elsewhere)
    file_link = root / "data" / "reports" / "2026-11-21" / "part-00001.parquet"
    file_link.symlink_to(elsewhere / "part-00000.parquet")
    assert find_leftovers(warehouse, AGES) == []
    assert maintain(warehouse, AGES) == []
    maintain(warehouse, AT_ONCE)
    assert all(file.exists() for file in strangers)
    assert all(link.is_symlink() for link in [*links, file_link])


def test_a_snapshot_is_kept_until_its_successor_is_older_than_the_age(warehouse: Warehouse) -> None:
    committed(warehouse, "k1", ["1"])
    first = warehouse.load(REPORTS).current_snapshot()
    committed(warehouse, "k2", ["2"])
    head = warehouse.load(REPORTS).current_snapshot()
    assert first is not None
    assert head is not None
    later = utc_now() + 7 * DAY

    def expired(now: datetime.datetime) -> set[str]:
        return {
            leftover.name
            for leftover in find_leftovers(warehouse, AGES, now)
            if leftover.table == "reports" and leftover.kind == "snapshot"
        }

    # the first is older than the second by the time between the nights, and a run may have started from it until then
    took_over = datetime.datetime.fromtimestamp(head.timestamp_ms / 1000, datetime.UTC).replace(tzinfo=None)
    assert expired(took_over + 7 * DAY - datetime.timedelta(seconds=30)) == set()
    assert str(first.snapshot_id) in expired(later)
    assert str(head.snapshot_id) not in expired(later)


def test_expired_snapshots_take_their_files_and_a_second_run_has_none(warehouse: Warehouse, tmp_path: Path) -> None:
    for key in ("k1", "k2", "k3"):
        committed(warehouse, key, [key])
    data = tmp_path / "warehouse" / "data" / "reports"
    assert len(list(data.rglob("*.parquet"))) == 3
    removed = maintain(warehouse, AGES, utc_now() + 30 * DAY)
    assert {leftover.kind for leftover in removed} == {Kind.SNAPSHOT, Kind.FILE}
    assert len(list(data.rglob("*.parquet"))) == 1
    assert units(warehouse) == [("k3", "k3")]
    assert find_leftovers(warehouse, AGES, utc_now() + 30 * DAY) == []
    assert Night(warehouse, "k3").run.is_committed()
    committed(warehouse, "k4", ["4"])
    assert units(warehouse) == [("4", "k4")]


def test_with_no_run_about_everything_left_over_goes_at_once(warehouse: Warehouse) -> None:
    for key in ("k1", "k2"):
        committed(warehouse, key, [key])
    Night(warehouse, "crashed").stage(["3"])
    Night(warehouse, "dead").row.write(warehouse, RunStatus.RUNNING)
    assert {leftover.kind for leftover in maintain(warehouse, AT_ONCE)} == set(Kind)
    assert find_leftovers(warehouse, AT_ONCE) == []
    assert maintain(warehouse, AT_ONCE) == []
    assert units(warehouse) == [("k2", "k2")]


def test_on_s3_as_on_disk_and_no_empty_object_stays_for_a_folder(s3: S3Server, tmp_path: Path) -> None:
    uri = f"s3://radray/{tmp_path.name}"
    warehouse = Warehouse(WarehouseSettings(uri=uri, catalog_uri=f"{tmp_path}/catalog.db", s3=s3.settings()))
    for key in ("k1", "k2"):
        committed(warehouse, key, [key])
    crashed = Night(warehouse, "crashed")
    crashed.stage(["3"])
    stranger = f"{uri}/data/reports/notes.txt"
    fs, path = warehouse.storage.filesystem(stranger)
    with fs.open_output_stream(path) as file:
        file.write(b"theirs")
    assert find_leftovers(warehouse, AGES) == []
    removed = maintain(warehouse, AT_ONCE)
    assert {leftover.kind for leftover in removed} == {Kind.SNAPSHOT, Kind.FILE, Kind.STAGING}
    assert find_leftovers(warehouse, AT_ONCE) == []
    assert units(warehouse) == [("k2", "k2")]
    left = warehouse.storage.list_files(f"{uri}/data/reports")
    assert stranger in left
    assert len([file for file in left if file.endswith(".parquet")]) == 1
    assert not {leftover.name for leftover in removed} & set(warehouse.storage.list_files(uri))
    boto, prefix = warehouse.storage.access.boto(), f"{tmp_path.name}/_staging/"
    # what is below _staging/ now: at most the empty objects that pyarrow itself left when a run removed its folder
    listed = boto.list_objects_v2(Bucket="radray", Prefix=f"{prefix}reports/crashed").get("Contents", [])
    assert listed == []


def test_a_stalled_writer_whose_files_were_removed_commits_nothing(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(warehouse, "k1", ["1"])
    stalled = Night(warehouse, "k2")
    stalled.stage(["2"])
    commit = stalled.base.table.catalog.commit_table
    removed: list[set[str]] = []

    def stall(*arguments: Any) -> object:
        if not removed:  # asleep between the preparation of its commit and the commit itself
            removed.append({leftover.name for leftover in maintain(open_warehouse(tmp_path / "warehouse"), AT_ONCE)})
        return commit(*arguments)

    monkeypatch.setattr(stalled.base.table.catalog, "commit_table", stall)
    # its files and the snapshot that it began from are gone
    with pytest.raises(ConflictError, match=r"jobs\.maintain took this run for dead"):
        stalled.commit(["2"])
    assert any(stalled.row.run_id in name and name.endswith(".parquet") for name in removed[0])
    assert units(warehouse) == [("1", "k1")]
    again = Night(warehouse, "k2")
    again.stage(["2"])
    again.finish(["2"])
    assert units(warehouse) == [("2", "k2")]


def test_a_run_whose_base_expired_names_the_winner(warehouse: Warehouse) -> None:
    committed(warehouse, "k1", ["1"])
    late = Night(warehouse, "k2")
    committed(warehouse, "k3", ["3"])
    maintain(warehouse, AT_ONCE)
    with pytest.raises(FileNotFoundError):  # what the run began from is not there any more
        late.base.table.scan().to_arrow()
    late.stage(["2"])
    with pytest.raises(ConflictError):
        late.commit(["2"])
    assert units(warehouse) == [("3", "k3")]


def test_a_moved_warehouse_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    committed(warehouse, "k1", ["1"])
    copy = tmp_path / "copy"
    (copy / "data").mkdir(parents=True)
    (copy / "catalog.db").write_bytes((tmp_path / "warehouse" / "catalog.db").read_bytes())
    orphan = planted(copy / "data" / "reports" / "2026-11-21" / "a.0" / "part-00000.parquet")
    with pytest.raises(InputError, match="it was moved or copied; nothing was removed"):
        maintain(Warehouse(WarehouseSettings(uri=str(copy))), AT_ONCE)
    assert orphan.exists()


def test_nothing_is_younger_than_the_longest_run() -> None:
    with pytest.raises(ConfigError, match="longest run"):
        Ages(snapshots=7 * DAY, orphans=DAY / 2, longest_run=DAY)
