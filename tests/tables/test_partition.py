"""One run over a night, in one process: what is committed, what is not, and what a second run does."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tables_world import NIGHT, Night, open_warehouse, units

from radray.errors import AuditError
from radray.schemas import REPORTS, RUNS
from radray.tables.catalog import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path / "warehouse")


def run_statuses(warehouse: Warehouse) -> list[tuple[str, str, int | None]]:
    rows = sorted(warehouse.read(RUNS).to_pylist(), key=lambda row: row["started"])
    return [(row["run_key"], row["status"], row["input_units"]) for row in rows]


def test_a_night_is_committed_once_and_whole(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    assert not night.run.is_committed()
    night.stage(["3", "1"], "a")
    night.stage(["2", "3"], "b")  # a task that Ray ran twice left unit 3 twice
    Path(f"{night.run.staging}/half.parquet").write_bytes(b"PAR1 and then the power failed")
    night.finish(["1", "2", "3"])
    assert units(warehouse) == [("1", "k1"), ("2", "k1"), ("3", "k1")]
    assert run_statuses(warehouse) == [("k1", "finished", 3)]
    assert not Path(night.run.staging).exists()
    assert Night(warehouse, "k1").run.is_committed()
    assert not Night(warehouse, "k2").run.is_committed()


def test_files_are_sorted_by_study_carry_field_ids_and_page_checksums(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    night.stage(["b", "c", "a"])
    with night.run.recorded():
        (file,) = night.run.commit(["a", "b", "c"]).files
    table = pq.read_table(file.uri, page_checksum_verification=True)
    assert table.column("study_id").to_pylist() == ["sa", "sb", "sc"]
    ids = [int(field.metadata[b"PARQUET:field_id"]) for field in pq.read_schema(file.uri)]
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
    assert night.run.staged_ids() == staged


def test_staged_rows_outlive_a_crash_and_are_not_asked_for_again(warehouse: Warehouse) -> None:
    crashed = Night(warehouse, "k1")
    crashed.stage(["1", "2"], "first")
    again = Night(warehouse, "k1")
    assert again.run.staged_ids() == ["1", "2"]
    again.stage(["3"], "second")
    again.finish(["1", "2", "3"])
    assert units(warehouse) == [("1", "k1"), ("2", "k1"), ("3", "k1")]
    assert warehouse.read(RUNS, ["rows_resumed"]).to_pylist() == [{"rows_resumed": 2}]


def test_a_run_that_died_after_its_commit_gets_its_runs_row(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    night.stage(["1", "2"])
    night.run.commit(["1", "2"])  # and no `runs` row: the process ended here
    assert run_statuses(warehouse) == []
    assert Night(warehouse, "k1").run.is_committed()
    assert run_statuses(warehouse) == [("k1", "finished", 2)]
    assert warehouse.read(RUNS, ["run_id"]).to_pylist() == [{"run_id": night.row.run_id}]
    assert not Path(night.run.staging).exists()


def test_a_staged_column_of_another_schema_is_refused(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    night.stage(["1"])
    (file,) = Path(night.run.staging).iterdir()
    pq.write_table(pq.read_table(file).drop_columns(["findings"]), file)
    with pytest.raises(AuditError, match="staged rows have columns"):
        night.finish(["1"])
    assert units(warehouse, NIGHT) == []
