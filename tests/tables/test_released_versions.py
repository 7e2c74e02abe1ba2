"""Tables that released versions wrote: read to the last value, written on, maintained and erased from.

The fixtures are made by ``tests/tables/released/make.py`` and never changed again.
"""

import dataclasses
import datetime
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from radray.analytics.query import query
from radray.errors import ConfigError
from radray.schema.column import Column, TableSchema
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.tables import TABLES
from radray.storage import s3 as objects
from radray.tables.catalog import Warehouse
from radray.upkeep.erasure import erase
from radray.upkeep.maintenance import AT_ONCE, find_leftovers, maintain
from tests.support.s3_server import S3Server
from tests.tables.released.make import ARCHIVE, CATALOG, FOLDER, NIGHTS, commit_night, encoded, settings, uri

VERSIONS = sorted(folder.parent.name for folder in FOLDER.glob(f"*/{ARCHIVE}"))


def test_there_is_a_released_version() -> None:
    assert VERSIONS


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def released(version: str, s3: S3Server, tmp_path: Path) -> Warehouse:
    """Return the warehouse of a released version, as it was, at the place where it was made."""
    boto = objects.S3Access.resolve(s3.settings()).boto()
    objects.remove(boto, uri(version))
    bucket, prefix = objects.split(uri(version))
    with zipfile.ZipFile(FOLDER / version / ARCHIVE) as archive:
        archive.extract(CATALOG, tmp_path)
        for name in archive.namelist():
            if name != CATALOG:
                boto.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=archive.read(name))
    return Warehouse(settings(version, tmp_path / CATALOG, s3), must_exist=True)


def has(version: str, schema: TableSchema) -> bool:
    """Return whether the version had the table."""
    return (FOLDER / version / f"{schema.name}.json").is_file()


def written(version: str, schema: TableSchema) -> list[dict[str, Any]]:
    """Return the rows that the version wrote, null in the columns that came later; [] for a table that came later."""
    if not has(version, schema):
        return []
    rows = json.loads((FOLDER / version / f"{schema.name}.json").read_text("utf-8"))
    blank = dict.fromkeys(column.name for column in schema.columns)
    return encoded([blank | row for row in rows])


def seen(warehouse: Warehouse, schema: TableSchema) -> list[dict[str, Any]]:
    return encoded(warehouse.read(schema).to_pylist())


@pytest.mark.parametrize("schema", TABLES.values(), ids=lambda schema: schema.name)
def test_every_row_is_read_as_it_was_written(released: Warehouse, version: str, schema: TableSchema) -> None:
    expected = written(version, schema)
    assert (len(expected) >= 1) is has(version, schema) is released.has(schema)
    before = released.metadata_location(schema)
    assert seen(released, schema) == expected
    by_duckdb = query(released, f"SELECT * FROM {schema.name}")
    assert encoded(by_duckdb.to_pylist()) == encoded(
        [{name: row[name] for name in by_duckdb.column_names} for row in expected]
    )
    assert released.metadata_location(schema) == before  # reading changes nothing
    released.load(schema)  # what writing does first: columns that came later are added, by DuckDB seen too
    assert seen(released, schema) == expected
    assert encoded(query(released, f"SELECT * FROM {schema.name}").to_pylist()) == expected


@pytest.mark.parametrize("schema", TABLES.values(), ids=lambda schema: schema.name)
def test_columns_keep_their_ids_and_types_and_what_was_nullable_stays_so(
    released: Warehouse, version: str, schema: TableSchema
) -> None:
    if not has(version, schema):  # a table that came later is made by who writes it first
        assert not released.has(schema)
        released.load(schema)
    fields = released._open(schema).schema().fields  # as stored: `load` would change it first
    now = {column.name: column for column in schema.columns}
    assert [field.field_id for field in fields] == list(range(1, len(fields) + 1))
    for field in fields:
        assert now[field.name].nullable == field.optional
    assert all(column.nullable for name, column in now.items() if name not in {field.name for field in fields})
    types = {field.name: str(field.type).replace("large_", "") for field in released.read(schema).schema}
    assert types == {name: str(column.type) for name, column in now.items()}


def test_a_new_night_stands_beside_old_ones_and_a_correction_replaces_one(released: Warehouse, version: str) -> None:
    reports, predictions = written(version, REPORTS), written(version, PREDICTIONS)
    new = datetime.date(2026, 1, 3)
    added = commit_night(released, REPORTS, new, "third", range(4))
    assert seen(released, REPORTS) == encoded([*reports, *added])
    corrected = commit_night(released, REPORTS, NIGHTS[0], "corrected again", range(2))
    kept = [row for row in reports if row["batch_date"] != str(NIGHTS[0])]
    assert seen(released, REPORTS) == encoded([*kept, *added, *corrected])
    foretold = commit_night(released, PREDICTIONS, NIGHTS[1], "predicted again", range(1, 4))
    assert seen(released, PREDICTIONS) == encoded([*predictions, *foretold])
    sql = "SELECT run_key, count(*) AS n FROM reports GROUP BY 1 ORDER BY 1"
    assert query(released, sql).to_pylist() == [
        {"run_key": "corrected again", "n": 2},
        {"run_key": "second", "n": 3},
        {"run_key": "third", "n": 4},
    ]
    assert len(seen(released, RUNS)) == len(written(version, RUNS)) + 3


def test_it_is_maintained(released: Warehouse, version: str) -> None:
    assert find_leftovers(released, AT_ONCE) != []
    assert maintain(released, AT_ONCE) != []
    assert find_leftovers(released, AT_ONCE) == []
    for schema in TABLES.values():
        assert seen(released, schema) == written(version, schema)


def test_a_patient_is_erased_from_it(released: Warehouse, version: str) -> None:
    patients = {
        schema: [row for row in written(version, schema) if row["subject_id"] == "patient-1"]
        for schema in (REPORTS, PREDICTIONS)
    }
    erasure = erase(released, "patient-1", "hospital")
    assert erasure.rows == {schema.name: len(rows) for schema, rows in patients.items()}
    for schema, rows in patients.items():
        assert rows
        assert seen(released, schema) == [row for row in written(version, schema) if row not in rows]
    assert seen(released, RUNS) == written(version, RUNS)


def without(schema: TableSchema, *names: str) -> TableSchema:
    """Return the schema as it was before it had these columns."""
    return dataclasses.replace(schema, columns=tuple(column for column in schema.columns if column.name not in names))


def changed(schema: TableSchema, name: str, change: Callable[[Column], Column]) -> TableSchema:
    columns = tuple(change(column) if column.name == name else column for column in schema.columns)
    return dataclasses.replace(schema, columns=columns)


def test_an_older_table_reads_null_in_newer_columns_and_is_written_on(s3: S3Server, tmp_path: Path) -> None:
    later = ("human_codes", "exam_time", "comparison")  # in the middle: the table has them at its end from now on
    older = without(REPORTS, *later)
    warehouse = Warehouse(settings(tmp_path.name, tmp_path / CATALOG, s3))
    old = commit_night(warehouse, older, NIGHTS[0], "old", range(3))
    assert not {value for row in old for value in row} & set(later)
    expected = [row | dict.fromkeys(later) for row in old]
    assert seen(warehouse, REPORTS) == encoded(expected)
    new = commit_night(warehouse, REPORTS, NIGHTS[1], "new", range(3))
    assert any(row["comparison"] for row in new)
    assert seen(warehouse, REPORTS) == encoded([*expected, *new])
    assert encoded(query(warehouse, "SELECT * FROM reports").to_pylist()) == encoded([*expected, *new])
    stored = [field.name for field in warehouse.load(REPORTS).schema().fields]
    assert stored[-3:] == [column.name for column in REPORTS.columns if column.name in later]


def retyped(column: Column) -> Column:
    return dataclasses.replace(column, type=pa.string())


def renamed(column: Column) -> Column:
    return dataclasses.replace(column, name="row_number")


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (without(REPORTS, "comparison"), r"table reports has columns \['comparison'\] that this version .* newer one"),
        (
            changed(REPORTS, "source_offset", retyped),
            "table reports: column source_offset is int64, this version expects string",
        ),
        (changed(REPORTS, "source_offset", renamed), r"table reports has columns \['source_offset'\] that this"),
    ],
    ids=["removed", "retyped", "renamed"],
)
def test_a_version_whose_columns_do_not_fit_is_refused_with_the_reason(
    released: Warehouse, version: str, schema: TableSchema, says: str
) -> None:
    before = released.metadata_location(REPORTS)
    with pytest.raises(ConfigError, match=says):
        released.load(schema)
    assert released.metadata_location(REPORTS) == before
    assert seen(released, REPORTS) == written(version, REPORTS)
