"""Tables made, evolved and refused."""

import dataclasses
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.table import Table

from radray.analytics.query import query
from radray.errors import ConfigError
from radray.schema.column import Column
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.tables import TABLES
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tables.rows import to_arrow
from radray.upkeep.maintenance import AT_ONCE, maintain
from tests.support.worlds.tables import NIGHT, Night, open_warehouse, report_rows


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path / "warehouse")


def test_every_table_is_made_with_its_columns_docs_and_partition(warehouse: Warehouse) -> None:
    for schema in TABLES.values():
        table = warehouse.load(schema)
        fields = table.schema().fields
        assert [(field.name, field.required, field.doc) for field in fields] == [
            (column.name, not column.nullable, column.doc) for column in schema.columns
        ]
        assert tuple(field.name for field in table.spec().fields) == schema.partition
        assert [field.field_id for field in fields] == list(range(1, len(fields) + 1))


def bounded(table: Table) -> dict[str, set[str]]:
    """Return the columns of which the newest snapshot's manifests hold bounds, by data file."""
    snapshot = table.current_snapshot()
    assert snapshot is not None
    entries = [entry for manifest in snapshot.manifests(table.io) for entry in manifest.fetch_manifest_entry(table.io)]
    name = table.schema().find_column_name
    return {entry.data_file.file_path: {str(name(key)) for key in entry.data_file.lower_bounds} for entry in entries}


def test_manifests_hold_no_bounds_of_ids_or_texts(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    row = report_rows(["1"], "k1", night.row.run_id).to_pylist()[0]
    texts = dict.fromkeys(column.name for column in REPORTS.columns if column.type == pa.string())
    night.stage_rows(to_arrow([{**dict.fromkeys(texts, "Canary Jones"), **row, "subject_id": "canary-7"}], REPORTS))
    night.finish(["1"])
    table = warehouse.load(REPORTS)
    (columns,) = bounded(table).values()
    assert columns == {"batch_date", "dataset", "status", "run_key", "run_id"}
    for schema in TABLES.values():
        modes = warehouse.load(schema).properties
        for name in {"unit_id", "study_id", "subject_id", "split_key"} & {column.name for column in schema.columns}:
            assert modes[f"write.metadata.metrics.column.{name}"] == "counts"


def test_an_older_table_keeps_no_more_bounds_once_maintained_or_written(warehouse: Warehouse) -> None:
    older = {f"write.metadata.metrics.column.{name}": "full" for name in ("unit_id", "study_id", "subject_id")}

    def make_older() -> Night:
        night = Night(warehouse, "k1")
        with night.base.table.transaction() as transaction:
            transaction.set_properties(older)
        return night

    night = make_older()
    maintain(warehouse, AT_ONCE)
    assert {warehouse.load(REPORTS).properties[name] for name in older} == {"counts"}
    make_older()
    night = Night(warehouse, "k2")
    night.stage(["1"])
    night.finish(["1"])
    assert all("study_id" not in columns for columns in bounded(warehouse.load(REPORTS)).values())


def test_a_table_that_is_not_there_reads_as_no_rows(warehouse: Warehouse) -> None:
    assert warehouse.read(RUNS, ["run_id", "status"]).to_pydict() == {"run_id": [], "status": []}


def test_an_old_table_gets_new_columns_and_old_rows_read_as_null(warehouse: Warehouse) -> None:
    night = Night(warehouse, "k1")
    night.stage(["1"])
    night.finish(["1"])
    newer = dataclasses.replace(REPORTS, columns=(*REPORTS.columns, Column("laterality", pa.string(), "Side")))
    assert warehouse.read(newer, ["unit_id", "laterality"]).to_pylist() == [{"unit_id": "1", "laterality": None}]
    warehouse.load(newer)
    assert warehouse.read(newer, ["unit_id", "laterality"]).to_pylist() == [{"unit_id": "1", "laterality": None}]
    assert query(warehouse, "SELECT unit_id, laterality FROM reports").to_pylist() == [
        {"unit_id": "1", "laterality": None}
    ]


def test_a_table_of_a_newer_version_is_refused(warehouse: Warehouse) -> None:
    warehouse.load(REPORTS)
    older = dataclasses.replace(REPORTS, columns=REPORTS.columns[:-3] + REPORTS.columns[-2:])
    missing = REPORTS.columns[-3].name
    with pytest.raises(ConfigError, match=rf"columns \['{missing}'\] that this version"):
        warehouse.load(older)


def test_a_retyped_column_is_refused(warehouse: Warehouse) -> None:
    warehouse.load(REPORTS)
    columns = tuple(
        dataclasses.replace(column, type=pa.string()) if column.name == "source_offset" else column
        for column in REPORTS.columns
    )
    with pytest.raises(ConfigError, match="column source_offset is int64, this version expects string"):
        warehouse.load(dataclasses.replace(REPORTS, columns=columns))


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be created"):
        Warehouse(WarehouseSettings(uri=str(tmp_path / "file" / "warehouse")))


def test_report_rows_fit_their_schema() -> None:
    assert report_rows(["1"], "k", "r", NIGHT).schema.equals(REPORTS.arrow())
