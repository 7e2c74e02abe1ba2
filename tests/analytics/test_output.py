"""Queries bind their values, read the warehouse alone, come as they are made, and are written without harm."""

import csv
import io
import itertools
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.analytics.output import RowStream, harmless, printable, write_csv, write_file, write_json
from radray.analytics.query import BATCH_ROWS, connect, query, stream
from radray.errors import ConfigError, InputError, RadrayError
from radray.tables.catalog import Warehouse
from tests.support.worlds.tables import Night, open_warehouse

ENDLESS = "SELECT i FROM range(1000000000000) AS t(i)"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = open_warehouse(tmp_path_factory.mktemp("it's a folder"))
    night = Night(warehouse, "k1")
    night.stage(["1", "2", "3"])
    night.finish(["1", "2", "3"])
    return warehouse


@pytest.mark.parametrize(
    ("sql", "params", "count"),
    [
        ("SELECT * FROM reports WHERE study_id = :id", {"id": "s2"}, 1),
        ("SELECT * FROM reports WHERE study_id = $id", {"id": "s2"}, 1),
        ("SELECT * FROM reports WHERE study_id = :id", {"id": "s2' OR ''='"}, 0),
        ("SELECT * FROM reports WHERE study_id = :id OR study_id = :id -- :id", {"id": "s2"}, 1),
        ("SELECT * FROM (SELECT *, 2 AS id FROM reports) WHERE ':id' <> :id AND study_id[2:id] = :id", {"id": "2"}, 1),
        (
            "SELECT * FROM reports WHERE batch_date = :night AND source_offset < :n",
            {"night": "2026-11-21", "n": "1"},
            3,
        ),
        ("SELECT * FROM reports_without_text WHERE unit_id = :a OR unit_id = :b", {"a": "1", "b": "3"}, 2),
        ("SELECT * FROM (VALUES (1::BIGINT)) AS v(x) WHERE x = :x", {"x": "1"}, 1),
    ],
)
def test_values_are_bound(warehouse: Warehouse, sql: str, params: dict[str, str], count: int) -> None:
    assert query(warehouse, sql, params).num_rows == count


@pytest.mark.parametrize(
    ("sql", "params", "says"),
    [
        ("SELECT * FROM reports WHERE study_id = $id", {}, "params.id=value"),
        ("SELECT * FROM reports", {"id": "canary-77"}, "params.id is not in the query"),
        ("SELECT * FROM :t", {"t": "reports"}, "parse"),
    ],
)
def test_values_and_names_must_fit(warehouse: Warehouse, sql: str, params: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        query(warehouse, sql, params)
    assert "canary-77" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO reports VALUES (1)",
        "DELETE FROM reports",
        "CREATE TABLE x AS SELECT 1",
        "COPY (SELECT 1) TO 'x.csv'",
        "ATTACH 'x.db'",
        "INSTALL json",
        "LOAD json",
        "SET enable_external_access = true",
        "EXPORT DATABASE 'x'",
        "CALL pragma_version()",
        "SELECT 1; DROP VIEW reports",
        "WITH x AS (SELECT 1) INSERT INTO reports SELECT * FROM x",
        "SELECT * FROM read_text('{outside}')",
        "SELECT * FROM '{outside}'",
        "SELECT * FROM read_csv('{outside}')",
        "SELECT * FROM glob('{outside}*')",
        "SELECT * FROM sniff_csv('{outside}')",
        "SELECT * FROM read_text('{root}/../outside.csv')",
        "SELECT * FROM query('COPY (SELECT 1) TO ''x.csv''')",
        "SELECT * FROM read_text('http://127.0.0.1:9/x')",
    ],
)
def test_a_query_reads_the_warehouse_and_nothing_else(
    warehouse: Warehouse, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = Path(warehouse.layout.root)
    outside = root.parent / "outside.csv"
    outside.write_text("canary,77\n")
    with pytest.raises(RadrayError) as caught:
        query(warehouse, sql.format(outside=outside, root=root))
    assert "canary" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert query(warehouse, "SELECT * FROM reports").num_rows == 3


def test_a_connection_cannot_be_opened_again(warehouse: Warehouse) -> None:
    import duckdb

    with connect(warehouse) as connection:
        for statement in ("SET enable_external_access = true", "SET lock_configuration = false", "ATTACH 'x.db'"):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)
        with pytest.raises(duckdb.Error):
            connection.execute("COPY (SELECT 1) TO '/tmp/radray-outside.csv'")


def test_a_name_is_never_a_variable_of_this_process(warehouse: Warehouse) -> None:
    canary = pa.table({"a": [1]})
    with pytest.raises(ConfigError, match="does not fit the tables"):
        query(warehouse, "SELECT * FROM canary")
    assert canary.num_rows == 1


def test_rows_come_before_the_query_ends(warehouse: Warehouse) -> None:
    rows = stream(warehouse, ENDLESS)  # 8 TB, were it all made
    first, second = itertools.islice(rows.batches, 2)
    assert 0 < first.num_rows <= BATCH_ROWS
    assert second.column(0)[0].as_py() == first.num_rows


def test_an_error_on_a_later_row_withholds_its_message(warehouse: Warehouse) -> None:
    sql = "SELECT CAST(CASE WHEN i = 900000 THEN 'canary' ELSE '1' END AS INT) AS n FROM range(1000000) AS t(i)"
    rows = stream(warehouse, sql)
    with pytest.raises(InputError, match="may hold report text") as caught:
        list(rows.batches)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


HOSTILE = ["=1+1", "+1", "-1 mm", "@sum", "\tx", "\rx", "\n=x", " =x", "＝x", "a=b", "", "No effusion.", "'q'"]  # noqa: RUF001


def rows_of(values: dict[str, list[Any]]) -> RowStream:
    table = pa.table(values)
    return RowStream(table.schema, iter(table.to_batches(max_chunksize=3)))


def test_csv_does_not_run_in_a_spreadsheet() -> None:
    file = io.StringIO(newline="")
    numbers = [float(-i) for i in range(len(HOSTILE))]
    assert write_csv(rows_of({"=text": HOSTILE, "number": numbers, "list": [["=x"]] * len(HOSTILE)}), file) == 13
    head, *rows = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert head == ["'=text", "number", "list"]
    assert [row[0] for row in rows] == [f"'{text}" for text in HOSTILE[:9]] + HOSTILE[9:]
    assert [float(row[1]) for row in rows] == numbers  # a negative number is one
    assert rows[0][2] == '["=x"]'
    assert harmless("=x") == "'=x"


def test_json_is_json_whatever_the_rows() -> None:
    file = io.StringIO()
    values: dict[str, list[Any]] = {
        "a": [1.5, float("nan"), float("inf"), None],
        "b": ["=x", "ü\u202e", None, '"'],
        "c": [[1], [], None, [2]],
    }
    assert write_json(rows_of(values), file) == 4
    parsed = json.loads(file.getvalue(), parse_constant=lambda word: pytest.fail(word))
    assert [row["a"] for row in parsed] == [1.5, None, None, None]
    assert [row["b"] for row in parsed] == values["b"]
    file = io.StringIO()
    assert write_json(rows_of({"a": []}), file) == 0
    assert json.loads(file.getvalue()) == []


def test_files_are_whole_or_not_there(warehouse: Warehouse, tmp_path: Path) -> None:
    sql = "SELECT unit_id, study_id, batch_date, impression_items FROM reports ORDER BY 1"
    for form in ("parquet", "csv", "json"):
        assert write_file(stream(warehouse, sql), form, f"{tmp_path}/deep/rows.{form}") == 3
    assert pq.read_table(tmp_path / "deep" / "rows.parquet").to_pylist() == query(warehouse, sql).to_pylist()
    assert (tmp_path / "deep" / "rows.csv").read_text().splitlines()[1] == "1,s1,2026-11-21,"
    broken = "SELECT CAST(CASE WHEN i = 90000 THEN 'x' ELSE '1' END AS INT) AS n FROM range(100000) AS t(i)"
    with pytest.raises(InputError):
        write_file(stream(warehouse, broken), "parquet", f"{tmp_path}/deep/rows.parquet")
    assert len(list((tmp_path / "deep").iterdir())) == 3
    assert pq.read_table(tmp_path / "deep" / "rows.parquet").num_rows == 3  # the earlier answer stands
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"out_file=.* cannot be written"):
        write_file(stream(warehouse, sql), "csv", f"{tmp_path}/file/rows.csv")


def test_a_terminal_is_not_moved() -> None:
    assert printable("a\x1b[31mb\u202ec\nd") == "a\\x1b[31mb\\u202ec\nd"
    assert printable("Größe 3 cm") == "Größe 3 cm"
