"""SQL over the tables gives what pyiceberg reads, and reads only."""

import pytest

from radray.analytics.query import query
from radray.errors import ConfigError, InputError, RadrayError
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.tables import TABLES
from radray.tables.catalog import Warehouse
from tests.support.worlds.tables import Night, open_warehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = open_warehouse(tmp_path_factory.mktemp("it's a folder"))
    for key, ids in (("k1", ["1", "2"]), ("k2", ["2", "3", "4"])):
        night = Night(warehouse, key)
        night.stage(ids)
        night.finish(ids)
    return warehouse


@pytest.mark.parametrize("schema", [REPORTS, RUNS], ids=lambda schema: schema.name)
def test_duckdb_and_pyiceberg_agree(warehouse: Warehouse, schema: object) -> None:
    table = TABLES[schema.name]  # type: ignore[attr-defined]
    key = table.key[0]
    expected = sorted(warehouse.read(table).to_pylist(), key=lambda row: row[key])
    assert query(warehouse, f"SELECT * FROM {table.name} ORDER BY {key}").to_pylist() == expected
    assert len(expected) in (3, 2)


def test_a_table_that_is_not_there_yet_is_empty(warehouse: Warehouse) -> None:
    assert query(warehouse, "SELECT count(*) AS n FROM predictions").to_pylist() == [{"n": 0}]


@pytest.mark.parametrize(
    ("sql", "error", "says"),
    [
        ("SELECT foo FROM runs", ConfigError, "does not fit the tables"),
        ("SELECT * FROM nothing", ConfigError, "does not fit the tables"),
        ("SELEC 1", ConfigError, "does not parse"),
        ("SELECT 1; SELECT 2", ConfigError, "one SELECT"),
        ("DROP VIEW runs", ConfigError, "one SELECT"),
        ("COPY runs TO '/tmp/runs.csv'", ConfigError, "one SELECT"),
        ("", ConfigError, "one SELECT"),
        ("SELECT CAST(study_id AS INT) FROM reports", InputError, "ConversionException"),
    ],
)
def test_a_bad_query_is_one_clear_error(warehouse: Warehouse, sql: str, error: type[RadrayError], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        query(warehouse, sql)
    assert "s2" not in str(caught.value)
