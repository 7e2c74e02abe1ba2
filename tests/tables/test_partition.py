"""One run over a night, in one process: which rows are committed, which are not, and what a second run does."""

import datetime

import pyarrow.parquet as pq
import pytest

from radray.errors import AuditError, RadrayError
from radray.nights.rejects import count_ignored_cancellations
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse
from radray.tables.merge import Merged
from radray.tables.partition import PartitionRun
from radray.tables.rows import to_arrow
from tests.support.worlds.tables import Night, report_rows, units


def run_statuses(warehouse: Warehouse) -> list[tuple[str, str, int | None]]:
    rows = sorted(warehouse.read(RUNS).to_pylist(), key=lambda row: row["started"])
    return [(row["run_key"], row["status"], row["input_units"]) for row in rows]


def test_a_night_is_committed_once_and_whole(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    assert not night.run.is_committed()
    night.stage(["3", "1"], "a")
    night.stage(["2", "3"], "b")  # a task that Ray ran twice left unit 3 twice
    fs, half = warehouse.storage.filesystem(f"{night.staging}/half.parquet")
    with fs.open_output_stream(half) as stream:
        stream.write(b"PAR1 and then the power failed")
    night.finish(["1", "2", "3"])
    assert units(warehouse) == [("1", "k1"), ("2", "k1"), ("3", "k1")]
    assert run_statuses(warehouse) == [("k1", "finished", 3)]
    assert night.staged_files() == []
    assert Night(warehouse, "k1").run.is_committed()
    assert not Night(warehouse, "k2").run.is_committed()


def test_files_are_sorted_by_study_carry_field_ids_and_page_checksums(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    night.stage(["b", "c", "a"])
    with night.recorded() as run:
        (file,) = run.stage().commit(["a", "b", "c"]).merged.files
    fs, path = warehouse.storage.filesystem(file.uri)
    table = pq.read_table(path, filesystem=fs, page_checksum_verification=True)
    assert table.column("study_id").to_pylist() == ["sa", "sb", "sc"]
    ids = [int(field.metadata[b"PARQUET:field_id"]) for field in pq.read_schema(path, filesystem=fs)]
    assert ids == list(range(1, len(REPORTS.columns) + 1))
    assert "=" not in file.uri


def test_a_rerun_with_other_input_replaces_the_night(warehouse: Warehouse) -> None:
    for key, ids in (("k1", ["1", "2"]), ("k2", ["2", "3"])):
        night = Night(warehouse, key)
        night.stage(ids)
        night.finish(ids)
    assert units(warehouse) == [("2", "k2"), ("3", "k2")]


def test_an_empty_night_is_committed_empty_and_known_as_done(warehouse: Warehouse) -> None:
    Night(warehouse, "empty").finish([])
    assert units(warehouse) == []
    assert run_statuses(warehouse) == [("empty", "finished", 0)]
    assert Night(warehouse, "empty").run.is_committed()
    assert not Night(warehouse, "other").run.is_committed()


def test_rows_replaced_by_an_empty_night_and_back(warehouse: Warehouse) -> None:
    for key, ids in (("full", ["1"]), ("empty", [])):
        night = Night(warehouse, key)
        if ids:
            night.stage(ids)
        night.finish(ids)
    assert units(warehouse) == []
    assert not Night(warehouse, "full").run.is_committed()
    again = Night(warehouse, "full")
    again.stage(["1"])
    again.finish(["1"])
    assert units(warehouse) == [("1", "full")]
    assert not Night(warehouse, "empty").run.is_committed()


@pytest.mark.parametrize(
    ("staged", "expected", "says"),
    [
        (["1"], ["1", "2"], "1 of 2 units missing and 0 not of the input, such as unit_id 2"),
        (["1", "2"], ["1"], "0 of 1 units missing and 1 not of the input, such as unit_id 2"),
        ([], ["1"], "1 of 1 units missing"),
    ],
)
def test_a_night_that_is_not_whole_commits_nothing(
    warehouse: Warehouse, staged: list[str], expected: list[str], says: str
) -> None:
    first = Night(warehouse, "yesterday")
    first.stage(["9"])
    first.finish(["9"])
    night = Night(warehouse, "today")
    if staged:
        night.stage(staged)
    with pytest.raises(AuditError, match=says):
        night.finish(expected)
    assert units(warehouse) == [("9", "yesterday")]
    assert run_statuses(warehouse)[-1] == ("today", "failed", None)
    assert night.staged_ids() == staged


def test_staged_rows_outlive_a_crash_and_are_not_asked_for_again(warehouse: Warehouse) -> None:
    crashed = Night(warehouse, "k1")
    crashed.stage(["1", "2"], "first")
    again = Night(warehouse, "k1")
    with again.recorded() as run:
        assert run.staged_ids() == ["1", "2"]
        again.stage(["3"], "second")
        run.stage().commit(["1", "2", "3"])
    assert units(warehouse) == [("1", "k1"), ("2", "k1"), ("3", "k1")]
    assert warehouse.read(RUNS, ["rows_resumed"]).to_pylist() == [{"rows_resumed": 2}]


def test_a_run_that_died_after_its_commit_gets_its_runs_row(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    night.stage(["1", "2"])
    night.commit(["1", "2"])  # and no `runs` row: the process ended here
    assert run_statuses(warehouse) == []
    assert Night(warehouse, "k1").run.is_committed()
    assert run_statuses(warehouse) == [("k1", "finished", 2)]
    assert warehouse.read(RUNS, ["run_id"]).to_pylist() == [{"run_id": night.row.run_id}]
    assert night.staged_files() == []


def test_rows_staged_by_a_version_with_other_columns_are_made_again(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    night.stage(["1", "2"], "a")
    fs, path = warehouse.storage.filesystem(night.staged_files()[0])
    pq.write_table(pq.read_table(path, filesystem=fs).drop_columns(["findings"]), path, filesystem=fs)
    night.stage(["2"], "b")
    assert night.staged_ids() == ["2"]
    with pytest.raises(AuditError, match="1 of 2 units missing"):
        night.finish(["1", "2"])
    assert units(warehouse) == []


def test_resumed_rows_leave_the_rows_of_failed_runs_alone(warehouse: Warehouse) -> None:
    first = Night(warehouse, "k1")
    first.stage(["1", "2"], "first")
    with pytest.raises(AuditError):
        first.finish(["1", "2", "3"])
    second = Night(warehouse, "k1")
    second.stage(["3"], "second")
    second.finish(["1", "2", "3"])
    before = run_statuses(warehouse)
    assert before == [("k1", "failed", None), ("k1", "finished", 3)]
    assert Night(warehouse, "k1").run.is_committed()
    assert run_statuses(warehouse) == before


def test_the_run_that_committed_resumed_rows_and_died_is_the_one_finished(warehouse: Warehouse) -> None:
    Night(warehouse, "k1").stage(["1", "2"], "first")
    died = Night(warehouse, "k1")
    died.row.write(warehouse, RunStatus.RUNNING)
    died.commit(["1", "2"])
    assert Night(warehouse, "k1").run.is_committed()
    (row,) = warehouse.read(RUNS, ["run_id", "status", "input_units"]).to_pylist()
    assert row == {"run_id": died.row.run_id, "status": "finished", "input_units": 2}


def test_an_empty_partition_is_not_taken_for_the_run_that_once_filled_it(warehouse: Warehouse) -> None:
    full = Night(warehouse, "full")
    full.stage(["1"])
    full.finish(["1"])
    Night(warehouse, "empty").commit([])  # and no `runs` row: the process ended here
    assert units(warehouse) == []
    assert not Night(warehouse, "full").run.is_committed()


def test_a_run_whose_twin_took_the_staging_and_committed_is_told_ok(warehouse: Warehouse) -> None:
    slow = Night(warehouse, "k1")
    twin = Night(warehouse, "k1")
    twin.stage(["1", "2"])
    twin.finish(["1", "2"])
    assert slow.staged_files() == []
    slow.finish(["1", "2"])
    assert units(warehouse) == [("1", "k1"), ("2", "k1")]
    assert [status for _, status, _ in run_statuses(warehouse)] == ["finished", "finished"]


def test_a_study_sent_twice_has_one_ok_row_and_the_last_is_it(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    rows = report_rows(["1", "2", "3", "4"], "k1", night.row.run_id).to_pylist()
    for row, (study, uri, offset, status) in zip(
        rows,
        [("a", "x.csv", 2, "ok"), ("a", "x.csv", 10, "ok"), ("a", "y.csv", 0, "rejected"), ("b", "x.csv", 0, "ok")],
        strict=True,
    ):
        row |= {"study_id": study, "source_uri": uri, "source_member": "", "source_offset": offset}
        row |= {"status": status, "split": "train", "split_key": "p"}
    night.stage_rows(to_arrow(rows, REPORTS))
    with night.recorded() as run:
        merged = run.stage().commit(["1", "2", "3", "4"], count_by=["reason", "split"]).merged
    assert merged.rows_ok == 2
    assert merged.counts.by("status", "reason", "split") == {
        ("superseded", "duplicate_study", None): 1,
        ("ok", None, "train"): 2,
        ("rejected", None, "train"): 1,
    }
    rows = warehouse.read(REPORTS, ["unit_id", "status", "reason", "split", "split_key"]).to_pylist()
    assert {row.pop("unit_id"): tuple(row.values()) for row in rows} == {
        "1": ("superseded", "duplicate_study", None, None),
        "2": ("ok", None, "train", "p"),
        "3": ("rejected", None, "train", "p"),
        "4": ("ok", None, "train", "p"),
    }


def test_the_latest_report_is_used_and_a_later_cancellation_withdraws_it(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    rows = report_rows(["1", "2", "3", "4", "5", "6"], "k1", night.row.run_id).to_pylist()
    for row, (study, minute, reason) in zip(
        rows,
        [
            ("corrected", 30, None),  # in an earlier file, and reported later
            ("corrected", 10, None),
            ("withdrawn", 10, None),
            ("withdrawn", 20, "cancelled"),
            ("sent again", 10, "cancelled"),
            ("sent again", 20, None),
        ],
        strict=True,
    ):
        row |= {"study_id": study, "reason": reason, "status": "rejected" if reason else "ok"}
        row["report_time"] = datetime.datetime(2024, 3, 5, 10, minute)
    night.stage_rows(to_arrow(rows, REPORTS))
    with night.recorded() as run:
        merged = run.stage().commit([str(unit) for unit in range(1, 7)]).merged
    rows = warehouse.read(REPORTS, ["unit_id", "status"]).to_pylist()
    assert {row["unit_id"]: row["status"] for row in rows} == {
        "1": "ok",
        "2": "superseded",
        "3": "superseded",
        "4": "rejected",
        "5": "rejected",
        "6": "ok",
    }
    assert (merged.rows_ok, merged.rows_rejected) == (2, 2)


def test_a_cancellation_counts_for_its_own_subject_and_sender(warehouse: Warehouse) -> None:
    rows = {
        # unit: (study, subject, sender, minute, whether it cancels)
        "1": ("same", "p1", "ris", 10, False),
        "2": ("same", "p1", "ris", 20, True),
        "3": ("other subject", "p1", "ris", 10, False),
        "4": ("other subject", None, "ris", 20, True),
        "5": ("other sender", "p1", "ris", 10, False),
        "6": ("other sender", "p1", None, 20, True),
        "7": ("unknown", None, None, 10, False),
        "8": ("unknown", None, None, 20, True),
        # what another sender sends and takes back again leaves the first one's report as it was
        "9": ("taken back", "p1", "ris", 10, False),
        "10": ("taken back", "p1", "evil", 20, False),
        "11": ("taken back", "p1", "evil", 30, True),
    }
    night = Night(warehouse, "k1")
    staged = report_rows(list(rows), "k1", night.row.run_id).to_pylist()
    for row in staged:
        study, subject, sender, minute, cancels = rows[row["unit_id"]]
        row |= {"study_id": study, "subject_id": subject, "sender": sender}
        row |= {"status": "rejected", "reason": "cancelled"} if cancels else {}
        row["report_time"] = datetime.datetime(2024, 3, 5, 10, minute)
    night.stage_rows(to_arrow(staged, REPORTS))
    with night.recorded() as run:
        merged = run.stage().commit(list(rows), count_by=["reason"]).merged
    stored = warehouse.read(REPORTS, ["unit_id", "status", "reason"]).to_pylist()
    assert {row["unit_id"]: row["reason"] or row["status"] for row in stored if row["reason"] != "cancelled"} == {
        "1": "withdrawn",
        "3": "ok",
        "5": "ok",
        "7": "withdrawn",
        "9": "ok",
        "10": "withdrawn",
    }
    assert count_ignored_cancellations(merged, warehouse.storage) == 3


def test_a_gate_refuses_what_was_merged_and_nothing_is_committed(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    night.stage(["1", "2"])

    def gate(merged: Merged) -> None:
        raise AuditError(f"{merged.rows} rows are too many")

    with pytest.raises(AuditError, match="2 rows are too many"):
        night.unrecorded().stage().commit(["1", "2"], gate)
    assert units(warehouse) == []


def test_a_run_opened_for_several_keys_finds_the_one_that_stands_there(warehouse: Warehouse) -> None:
    """Its engine is not known yet: the rows of any possible engine are as good."""
    died = Night(warehouse, "slow")
    died.stage(["1"])
    died.commit(["1"])  # and no `runs` row: the process ended here
    fast, slow, other = (Night(warehouse, key) for key in ("fast", "slow", "other"))
    assert not PartitionRun(warehouse, fast.base, fast.row, other.row).is_committed()
    assert run_statuses(warehouse) == []
    run = PartitionRun(warehouse, fast.base, fast.row, slow.row)
    assert run.is_committed()
    assert run.rows_replaced() == 1
    assert run_statuses(warehouse) == [("slow", "finished", 1)]
    assert died.staged_files() == []


def test_a_run_is_recorded_under_a_key_that_it_was_opened_for(warehouse: Warehouse) -> None:
    fast, slow, other = (Night(warehouse, key) for key in ("fast", "slow", "other"))
    with PartitionRun(warehouse, fast.base, fast.row, slow.row).leased() as leased:
        with pytest.raises(RadrayError, match="it was not opened for run key other"), leased.recorded(other.row):
            pass
        assert not warehouse.has(RUNS)
        with leased.recorded(slow.row) as run:
            assert run.staging == slow.staging
            slow.stage(["1"])
            committed = run.stage().commit(["1"])
    assert committed.merged.counts.by("status") == {"ok": 1}
    assert units(warehouse) == [("1", "slow")]
    assert run_statuses(warehouse) == [("slow", "finished", 1)]


def test_a_twin_that_committed_first_is_counted_from_the_table(warehouse: Warehouse) -> None:
    slow, twin = Night(warehouse, "k1"), Night(warehouse, "k1")
    twin.stage(["1", "2"])
    twin.finish(["1", "2"])
    merged = slow.unrecorded().stage().commit(["1", "2"], count_by=["format"]).merged
    assert merged.files == ()
    assert merged.counts.by("status", "format") == {("ok", "mimic_zip"): 2}


def test_a_run_without_a_commit_is_a_failed_run(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    with pytest.raises(RadrayError, match="ended without a commit"), night.recorded() as run:
        run.stage()
    assert run_statuses(warehouse) == [("k1", "failed", None)]
