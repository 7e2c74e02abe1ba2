"""A question about one night opens the files of that night: the filter reaches the tables through every view."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import duckdb
import pytest

from radray.analytics.query import connect
from radray.analytics.views import VIEWS, Choices, view_columns
from radray.schema.tables import TABLES
from tests.support.worlds.views import NIGHTS, World

OF_NIGHTS = [name for name in VIEWS if "batch_date" in view_columns(name)]
ALL_NIGHTS = {"latest_predictions", "nights", "label_prevalence", "follow_ups", "follow_ups_due"}
"""Views that must know of other nights: the newest of each study, the first night and the last, what drifts."""
OTHERWISE = {"answer_entries", "study_tags"}
"""The first opens other nights' files, too: DuckDB passes no filter through the UNNEST of a list that it computes; the
second opens fewer than the night's, since its join leaves some out."""
WHOLE_TABLES = {"night_runs", "evaluation_figures", "evaluation_comparisons", "calibrations", "task_scores"}
"""Views of small tables that are not partitioned."""
NIGHT = NIGHTS[1]


class Scan(NamedTuple):
    """What DuckDB read of a table, as its plan says after the query has run."""

    table: str
    files: int
    columns: int
    models: tuple[str, ...]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("pruned"))


@pytest.fixture(scope="module")
def connection(world: World) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(world.warehouse, Choices("model", "fine")) as opened:
        yield opened


def scans(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Scan]:
    (_, plan) = connection.execute(f"EXPLAIN (ANALYZE, FORMAT json) {sql}").fetchone() or ("", "{}")
    return list(within(json.loads(plan)))


def within(node: Mapping[str, Any]) -> Iterator[Scan]:
    about = node.get("extra_info", {})
    if "Total Files Read" in about:
        (table,) = {name for name in TABLES if f"/data/{name}/" in about["Filename(s)"]}
        models = re.findall(r"model_name='(\w+)'", str(about.get("Filters")))
        yield Scan(table, int(about["Total Files Read"]), len(about["Projections"]), tuple(models))
    for child in node.get("children", ()):
        yield from within(child)


def files_of(world: World, scan: Scan, *, night: bool) -> int:
    """Return how many files hold the rows that the scan asks for, by pyiceberg."""
    terms = [f"batch_date = '{NIGHT}'"] if night else []
    terms += [f"model_name = '{model}'" for model in scan.models]
    table = world.warehouse.load(TABLES[scan.table])
    opened = table.scan(row_filter=" AND ".join(terms)) if terms else table.scan()
    return len(list(opened.plan_files()))


@pytest.mark.parametrize("name", [name for name in OF_NIGHTS if name not in ALL_NIGHTS | WHOLE_TABLES | OTHERWISE])
def test_a_question_about_one_night_opens_no_file_of_another(
    name: str, world: World, connection: duckdb.DuckDBPyConnection
) -> None:
    opened = scans(connection, f"SELECT * FROM {name} WHERE batch_date = DATE '{NIGHT}'")
    assert opened
    for scan in opened:
        assert 0 < scan.files == files_of(world, scan, night=True) < files_of(world, scan, night=False)


def test_the_state_of_a_night_reads_a_list_and_its_own_files(
    world: World, connection: duckdb.DuckDBPyConnection
) -> None:
    opened = scans(connection, f"SELECT * FROM nights WHERE batch_date = DATE '{NIGHT}'")
    opened = [scan for scan in opened if scan.table != "runs"]  # one small file
    every = [scan for scan in opened if scan.files == files_of(world, scan, night=False)]
    of_night = [scan for scan in opened if scan.files == files_of(world, scan, night=True)]
    assert len(every) + len(of_night) == len(opened)
    for scans_of in (every, of_night):
        assert {scan.table for scan in scans_of} == {"predictions", "reports"}
    assert max(scan.columns for scan in every) == 2
