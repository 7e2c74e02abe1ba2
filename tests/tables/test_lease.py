"""A second submitter learns at once that a run works on the partition; no correctness depends on it."""

import datetime
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

import pytest

from jobs import prepare
from radray.errors import ConflictError
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse
from radray.tables.identity import utc_now
from radray.tables.inventory import Inventory
from radray.tables.lease import BEAT_S, SILENT_BEATS
from radray.tables.partition import LeasedRun
from radray.upkeep.maintenance import AT_ONCE, Ages, Kind, find_leftovers, maintain
from tests.support.paths import ROOT
from tests.support.worlds.tables import Night, open_warehouse, units

BEAT = 0.3
PATIENT = 3.0
"""Beat of a submitter that is to see a holder of BEAT alive, however busy the machine is."""


def lease_uri(night: Night) -> str:
    return night.warehouse.layout.lease(REPORTS.name, night.base.partition_id)


READS = 1_000
"""Looks at a lease: one that meets a beat half-way reads a file that is cut off."""


def lease_of(night: Night) -> dict[str, object] | None:
    """Return what the lease's file says now; None where there is none."""
    if lease_uri(night) not in night.warehouse.storage.list_files(night.warehouse.layout.leases(REPORTS.name)):
        return None
    for _ in range(READS):
        with night.warehouse.storage.open_input(lease_uri(night)) as file, suppress(ValueError):
            content: dict[str, object] = json.loads(file.read())
            return content
    raise AssertionError("the lease is cut off at every look")


def write_lease(night: Night, content: bytes) -> None:
    with Inventory(night.warehouse).write(lease_uri(night)) as file:
        file.write(content)


def dead(run_id: str = "prepare-20261121T020000-00000000") -> bytes:
    return json.dumps({"run_id": run_id, "run_key": "k0", "since": "2026-11-21T02:00:00", "beat": 7}).encode()


def finish(night: Night, ids: list[str], beat_s: float = BEAT) -> None:
    with night.run.leased(beat_s):
        night.stage(ids)
        night.finish(ids)


@pytest.mark.parametrize("key", ["k2", "k1"], ids=["another key", "the same key"])
def test_a_second_submitter_learns_who_holds_it_since_when_and_stops(warehouse: Warehouse, key: str) -> None:
    first, second = Night(warehouse, "k1"), Night(warehouse, key)
    with first.run.leased(BEAT):
        first.stage(["1"])
        before = first.staged_files()
        since = first.row.started.isoformat(timespec="seconds")
        with (
            pytest.raises(ConflictError, match=f"run {first.row.run_id} \\(since {since} UTC\\) is working .* stop it"),
            second.run.leased(PATIENT) as leased,
            leased.recorded(second.row),
        ):
            second.stage(["2"], "second")
        assert ConflictError.exit_code == 4
        assert first.staged_files() == before
        assert second.staged_files() == (before if key == "k1" else [])
        assert not warehouse.has(RUNS)
        assert (lease_of(first) or {})["run_id"] == first.row.run_id
        first.finish(["1"])
    assert units(warehouse) == [("1", "k1")]
    assert lease_of(first) is None
    third = Night(warehouse, "k3")
    finish(third, ["3"])
    assert units(warehouse) == [("3", "k3")]


def test_what_a_lease_says_is_ids_and_a_count(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    with night.run.leased(60.0):
        since = night.row.started.isoformat(timespec="seconds")
        assert lease_of(night) == {"run_id": night.row.run_id, "run_key": "k1", "since": since, "beat": 0}
        night.stage(["1"])
        night.finish(["1"])


@pytest.mark.parametrize("content", [dead(), b'{"run_id": "prep', b""], ids=["whole", "cut off", "empty"])
def test_the_lease_of_a_dead_holder_is_taken_over_after_some_beats(warehouse: Warehouse, content: bytes) -> None:
    night = Night(warehouse, "k1")
    write_lease(night, content)
    began = time.monotonic()
    with night.run.leased(BEAT):
        assert time.monotonic() - began >= SILENT_BEATS * BEAT
        assert (lease_of(night) or {})["run_id"] == night.row.run_id
        night.stage(["1"])
        night.finish(["1"])
    assert lease_of(night) is None
    assert units(warehouse) == [("1", "k1")]


def test_nobody_waits_for_a_dead_holder_longer_than_ten_seconds() -> None:
    assert SILENT_BEATS * BEAT_S <= 10


def test_a_partition_that_nobody_holds_is_not_waited_for(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    began = time.monotonic()
    with night.run.leased(60.0):
        night.stage(["1"])
        night.finish(["1"])
    assert time.monotonic() - began < 60


def test_a_stalled_holder_that_wakes_neither_undoes_nor_retakes_the_lease(
    warehouse: Warehouse,
) -> None:
    stalled, other = Night(warehouse, "k1"), Night(warehouse, "k2")
    with ExitStack() as stack:
        lease: AbstractContextManager[LeasedRun] = stalled.run.leased(60.0)  # its first sign of life comes too late
        stack.enter_context(lease)
        stalled.stage(["1"])
        with other.run.leased(BEAT):
            assert (lease_of(other) or {})["run_id"] == other.row.run_id
            other.stage(["2"])
            other.finish(["2"])
            with pytest.raises(ConflictError, match="run key k2"):
                stalled.commit(["1"])
            stack.close()  # the stalled one ends: the lease is not its own any more
            assert (lease_of(other) or {})["run_id"] == other.row.run_id
    assert lease_of(other) is None
    assert units(warehouse) == [("2", "k2")]


def test_a_lease_that_is_being_written_is_not_taken_for_the_own_one(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    with night.run.leased(60.0):
        night.stage(["1"])
        write_lease(night, b"")  # another run's beat, half-way
    assert lease_uri(night) in night.warehouse.storage.list_files(night.warehouse.layout.leases(REPORTS.name))


def test_a_holder_that_lost_its_lease_writes_it_no_more(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    with night.run.leased(2.0):
        write_lease(night, dead("prepare-20261121T030000-ffffffff"))
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "lease"]
        thread.join(30)  # it saw whose the lease is, and ended
        assert not thread.is_alive()
        night.stage(["1"])
        night.finish(["1"])
    assert (lease_of(night) or {})["run_id"] == "prepare-20261121T030000-ffffffff"
    assert units(warehouse) == [("1", "k1")]


def test_without_storage_for_leases_the_run_goes_on(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(self: Inventory, uri: str) -> None:
        asked.append(uri)
        raise PermissionError("no")

    for name in ("open", "write", "remove"):
        monkeypatch.setattr(Inventory, name, refuse)
    night = Night(warehouse, "k1")
    finish(night, ["1"])
    assert set(asked) == {lease_uri(night)}
    assert units(warehouse) == [("1", "k1")]


def test_a_night_committed_since_the_pin_is_refused_before_staging(warehouse: Warehouse) -> None:
    late = Night(warehouse, "k2")
    finish(Night(warehouse, "k1"), ["1"])
    with pytest.raises(ConflictError, match="run key k1 was committed since"), late.run.leased(BEAT):
        late.stage(["2"])
    assert late.staged_files() == []
    assert lease_of(late) is None


HOLD = """
import sys, time
from tests.support.worlds.tables import Night, open_warehouse
from pathlib import Path
night = Night(open_warehouse(Path(sys.argv[1])), "k1")
with night.run.leased(0.3):
    night.stage(["1"])
    print(night.row.run_id, flush=True)
    time.sleep(600)
"""


def test_a_process_that_holds_the_lease_and_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        run_id = holder.stdout.readline().strip()
        night = Night(open_warehouse(folder), "k2")
        with pytest.raises(ConflictError, match=f"run {run_id}"), night.run.leased(PATIENT):
            night.stage(["2"])
        holder.send_signal(signal.SIGKILL)
        assert holder.wait(30) == -signal.SIGKILL
    assert (lease_of(night) or {})["run_id"] == run_id
    finish(night, ["2"])
    assert units(night.warehouse) == [("2", "k2")]
    assert lease_of(night) is None


def test_maintain_removes_an_abandoned_lease_and_leaves_a_running_ones(warehouse: Warehouse) -> None:
    hour = datetime.timedelta(hours=1)
    night = Night(warehouse, "k1")
    write_lease(night, dead(night.row.run_id))
    ages = Ages(24 * hour, 24 * hour, 24 * hour)

    def leases(now: datetime.datetime) -> list[str]:
        return [leftover.name for leftover in find_leftovers(warehouse, ages, now) if "_leases" in leftover.name]

    now = utc_now()
    assert leases(now) == []
    assert leases(now + 25 * hour) == [lease_uri(night)]
    night.row.started = now + 2 * hour
    night.row.write(warehouse, RunStatus.RUNNING)
    assert leases(now + 25 * hour) == []
    assert leases(now + 27 * hour) == [lease_uri(night)]
    removed = maintain(warehouse, AT_ONCE, now + 27 * hour)
    assert [leftover.kind for leftover in removed if leftover.name == lease_uri(night)] == [Kind.STAGING]
    assert lease_of(night) is None


def test_a_job_started_twice_exits_with_4_before_it_reads_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    night = Night(open_warehouse(tmp_path / "warehouse"), "k1")
    source = tmp_path / "reports.csv"
    source.write_text("uid,MeSH,image,indication,comparison,findings,impression\n1,normal,Chest,,,Clear.,Normal.\n")
    words = [f"warehouse.uri={tmp_path}/warehouse", "source.format=openi_csv", f"source.uri={source}"]
    monkeypatch.setattr(sys, "argv", ["prepare", *words, "source.dataset=hospital", "date=2026-11-21"])
    with night.run.leased():
        assert prepare.main() == 4
        assert f"run {night.row.run_id} (since" in capsys.readouterr().err
        assert not night.warehouse.has(RUNS)
        night.stage(["1"])
        night.finish(["1"])
    assert units(night.warehouse) == [("1", "k1")]
