"""The figures of a run in `runs`, and a commit that asks again before each try."""

import datetime

import pytest
from pyiceberg.table import Table

from radray.errors import ConflictError
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.tables.catalog import Warehouse
from tests.support.worlds.tables import NIGHT, Night, units

NEXT = NIGHT + datetime.timedelta(days=1)


def test_seconds_and_cost_stand_in_runs(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    night.row.price_per_hour = 7_200.0
    with night.recorded() as run:
        run.figures["rows_repeated"] = 1
        run.stage(lambda: night.stage(["1", "2"])).commit(["1", "2"])
    (row,) = warehouse.read(RUNS).to_pylist()
    parts = [row[f"seconds_{name}"] for name in ("ready", "staged", "committed")]
    assert all(part > 0 for part in parts)
    seconds = row["input_units"] / row["units_per_second"]
    assert sum(parts) == pytest.approx(seconds, rel=0.2)
    assert row["cost"] == pytest.approx(2 * seconds, rel=0.01)
    assert (row["rows_repeated"], row["seconds_engine"], row["gpu_seconds"]) == (1, None, None)


def test_a_run_without_a_price_has_no_cost_and_one_that_failed_no_figures(warehouse: Warehouse) -> None:
    Night(warehouse, "k1").finish([])
    assert [row["cost"] for row in warehouse.read(RUNS).to_pylist()] == [None]
    failed = Night(warehouse, "k2", NEXT)
    with pytest.raises(ValueError, match="x"), failed.recorded():
        raise ValueError("x")
    (row,) = warehouse.read(RUNS, None, {"status": "failed"}).to_pylist()
    assert (row["input_units"], row["seconds_committed"], row["cost"]) == (None, None, None)


def test_a_commit_asks_of_the_very_table_that_it_is_made_on(warehouse: Warehouse) -> None:
    asked: list[Table] = []
    first, second = Night(warehouse, "k1"), Night(warehouse, "k2", NEXT)
    for night in (first, second):
        night.stage(["1"])
    second.finish(["1"])  # another partition: the first run's try fails, and is made again on the new table
    with first.recorded() as run:
        run.stage().commit(["1"], refuse=asked.append)
    assert [table is first.base.table for table in asked] == [True, False]
    assert units(warehouse) == [("1", "k1")]
    assert units(warehouse, NEXT) == [("1", "k2")]


def test_a_commit_that_is_refused_then_changes_nothing(warehouse: Warehouse) -> None:
    first, second = Night(warehouse, "k1"), Night(warehouse, "k2", NEXT)
    for night in (first, second):
        night.stage(["1"])
    second.finish(["1"])

    def refuse(table: Table) -> None:
        if table is not first.base.table:
            raise ConflictError("taken")

    with pytest.raises(ConflictError, match="taken"), first.recorded() as run:
        run.stage().commit(["1"], refuse=refuse)
    assert units(warehouse) == []
    assert units(warehouse, NEXT) == [("1", "k2")]
    assert len(warehouse.load(REPORTS).metadata.snapshots) == 1
