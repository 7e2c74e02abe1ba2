"""Faults that were found by the other tests of this folder, each in its smallest form."""

from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from radray.errors import AuditError, ConflictError
from radray.schema.reports import REPORTS
from radray.settings.warehouse import WarehouseSettings
from radray.tables import merge
from radray.tables.catalog import Warehouse
from tests.support.worlds.faults import (
    Place,
    expected_rows,
    night,
    open_night,
    read_rows,
    run_night,
    stage,
    staged_bytes,
    write_file,
)

UNITS = ["1", "2", "3", "4"]
NIGHT = night(0)


@pytest.fixture
def settings(place: Place, request: pytest.FixtureRequest) -> WarehouseSettings:
    return place("".join(filter(str.isalnum, request.node.name)))


def test_rows_of_another_night_are_not_added_to_it(settings: WarehouseSettings) -> None:
    warehouse = Warehouse(settings)
    run_night(warehouse, night(1), "other", UNITS)
    run = open_night(warehouse, NIGHT, "k1")
    write_file(warehouse.storage, f"{run.unrecorded().staging}/a.parquet", staged_bytes(night(1), "k1", UNITS))
    with pytest.raises(AuditError, match="4 staged rows have another batch_date than this run's"):
        run.commit(UNITS)
    assert read_rows(Warehouse(settings), NIGHT) == ()
    assert read_rows(Warehouse(settings), night(1)) == expected_rows("other", UNITS)


def test_rows_of_another_run_key_are_refused(settings: WarehouseSettings) -> None:
    warehouse = Warehouse(settings)
    run = open_night(warehouse, NIGHT, "k1")
    write_file(warehouse.storage, f"{run.unrecorded().staging}/a.parquet", staged_bytes(NIGHT, "k2", UNITS))
    with pytest.raises(AuditError, match="4 staged rows have another run_key than this run's"):
        run.commit(UNITS)
    assert read_rows(Warehouse(settings), NIGHT) == ()


def test_a_commit_with_a_lost_answer_that_was_replaced_is_no_conflict(
    settings: WarehouseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(settings)
    run = open_night(warehouse, NIGHT, "k1")
    stage(warehouse.storage, run.unrecorded(), NIGHT, "k1", UNITS)
    commit_table = SqlCatalog.commit_table

    def landed_then_replaced(self: SqlCatalog, table: Any, *changes: Any) -> Any:
        monkeypatch.setattr(SqlCatalog, "commit_table", commit_table)
        commit_table(self, table, *changes)
        assert run_night(Warehouse(settings), NIGHT, "k2", ["1", "5"])
        raise ConnectionResetError("the answer was lost")

    monkeypatch.setattr(SqlCatalog, "commit_table", landed_then_replaced)
    run.commit(UNITS)
    assert read_rows(Warehouse(settings), NIGHT) == expected_rows("k2", ["1", "5"])


@pytest.mark.parametrize("then", [None, "k2"], ids=["twin's night stands", "twin's night was replaced"])
def test_a_twin_takes_the_staging_away_in_the_middle_of_the_merge(
    settings: WarehouseSettings, monkeypatch: pytest.MonkeyPatch, then: str | None
) -> None:
    warehouse = Warehouse(settings)
    run = open_night(warehouse, NIGHT, "k1")
    stage(warehouse.storage, run.unrecorded(), NIGHT, "k1", UNITS)
    readable_files = merge.readable_files

    def files_then_twin(*arguments: Any) -> Any:
        monkeypatch.setattr(merge, "readable_files", readable_files)
        files = readable_files(*arguments)
        assert run_night(Warehouse(settings), NIGHT, "k1", UNITS)
        if then is not None:
            assert run_night(Warehouse(settings), NIGHT, then, ["1", "5"])
        return files

    monkeypatch.setattr(merge, "readable_files", files_then_twin)
    if then is None:
        run.commit(UNITS)
        assert read_rows(Warehouse(settings), NIGHT) == expected_rows("k1", UNITS)
    else:
        with pytest.raises(ConflictError, match="run key k2"):
            run.commit(UNITS)
        assert read_rows(Warehouse(settings), NIGHT) == expected_rows("k2", ["1", "5"])
    assert warehouse.storage.list_files(warehouse.layout.staging(REPORTS.name, "k1")) == []
