"""A writer killed at every named step: readers see the old night or the new one, a rerun makes it whole.

And nothing is left over after that: `maintain` takes all that the killed run left, and the night stays as it is.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from radray.schema.reports import REPORTS
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse, equal_to
from radray.upkeep.maintenance import AT_ONCE, find_leftovers, maintain
from tests.support.faults.kill_points import FIRST_POINTS, POINTS, KillPoint
from tests.support.faults.owner import owner
from tests.support.faults.whole_tree import referred_to, tree
from tests.support.faults.writer import Order
from tests.support.worlds.faults import (
    Place,
    Reader,
    Rows,
    expected_rows,
    night,
    read_rows,
    run_night,
    run_rows,
    staged_files,
)

ALWAYS_ON_S3 = {
    "half-way through the second staged file",
    "data file without its footer",
    "data file closed, sha256 not taken",
    "transaction prepared",
    "metadata written, catalog not changed",
    "catalog changed, answer not read",
    "before the runs row, finished",
    "in the commit of the runs row, finished",
    "half of the staging removed",
    "before the first table",
    "first night committed, answer not read",
}
"""Steps at which S3 holds something half done; the others are for the drill there, and always on disk."""

OLD_UNITS, NEW_UNITS = ["1", "2", "3", "4"], ["2", "3", "4", "5", "6", "7"]
KILLED = -9


def crash_and_rerun(
    settings: WarehouseSettings,
    number: int,
    point: KillPoint,
    writer: Callable[[Order], int],
    marker: Path,
    old: Rows,
    warehouse: Warehouse | None = None,
) -> None:
    date, key = night(number), f"key-{number}"
    new = expected_rows(key, NEW_UNITS)
    warehouse = warehouse or Warehouse(settings)
    order = Order(settings.model_dump(mode="json"), date.isoformat(), key, NEW_UNITS, point.name, str(marker))
    rerun = Order(order.settings, order.date, order.run_key, order.unit_ids)
    with Reader(warehouse, date, [old, new]) as reader:
        reader.wait_for_polls(1)
        assert writer(order) == KILLED
        assert marker.read_text() == point.name
        reader.wait_for_polls(2)
        assert read_rows(warehouse, date) == (new if point.landed else old)
        assert writer(rerun) == 0
        reader.wait_for_polls(2)
    assert reader.wrong == []
    assert read_rows(warehouse, date) == new
    unfinished = point.started and not point.landed
    assert run_rows(warehouse, key) == Counter({"finished": 1, "running": 1} if unfinished else {"finished": 1})
    assert staged_files(warehouse, key) == []
    table = warehouse.load(REPORTS)
    files = list(table.scan(row_filter=equal_to({"batch_date": date, "dataset": "hospital"})).plan_files())
    assert len(files) == 1  # nothing that the killed attempt wrote is in the table beside the night
    before = table.metadata_location
    assert not run_night(warehouse, date, key, NEW_UNITS)
    assert warehouse.metadata_location(REPORTS) == before  # done is done: nothing is written again
    nothing_left_over(settings, warehouse)
    assert read_rows(warehouse, date) == new
    assert run_rows(warehouse, key) == Counter({"finished": 1, "failed": 1} if unfinished else {"finished": 1})


def nothing_left_over(settings: WarehouseSettings, warehouse: Warehouse) -> None:
    """Run `maintain` as for runs that all have ended, and list the remaining files independently."""
    catalog = Path(settings.catalog_uri or f"{settings.uri}/catalog.db")
    assert maintain(warehouse, AT_ONCE) != []  # the snapshots before the last, at least
    assert find_leftovers(warehouse, AT_ONCE) == []
    assert tree(warehouse) == referred_to(warehouse, catalog)


def cases(points: tuple[KillPoint, ...]) -> list[object]:
    """Return each point, numbered, on disk and on S3."""
    parameters: list[object] = []
    for number, point in enumerate(points):
        parameters.append(pytest.param("disk", number, point, id=f"{point.name}-disk"))
        marks = () if point.name in ALWAYS_ON_S3 else (pytest.mark.drill,)
        parameters.append(pytest.param("s3", number, point, marks=marks, id=f"{point.name}-s3"))
    return parameters


@pytest.mark.parametrize(("place", "number", "point"), cases(POINTS), indirect=["place"])
def test_killed_while_replacing_a_night(
    place: Place, writer: Callable[[Order], int], tmp_path: Path, number: int, point: KillPoint
) -> None:
    settings = place(f"replaced-{number}")
    warehouse = Warehouse(settings)
    run_night(warehouse, night(number), "old", OLD_UNITS)
    crash_and_rerun(settings, number, point, writer, tmp_path / "killed", expected_rows("old", OLD_UNITS), warehouse)


@pytest.mark.parametrize(("place", "number", "point"), cases(FIRST_POINTS), indirect=["place"])
def test_killed_while_making_the_first_night(
    place: Place, writer: Callable[[Order], int], tmp_path: Path, number: int, point: KillPoint
) -> None:
    crash_and_rerun(place(f"first-{number}"), number, point, writer, tmp_path / "killed", ())


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_rows_that_a_killed_writer_left_on_its_disk_go_with_the_next_run(
    place: Place, writer: Callable[[Order], int], tmp_path: Path, spill: Path
) -> None:
    def left() -> set[Path]:
        return {file for file in spill.rglob("*.parquet") if file.is_file()}

    other, folder = owner(spill)  # another run, on the same machine
    alive = folder / "rows.parquet"

    settings, marker = place("spilled").model_dump(mode="json"), tmp_path / "killed"
    half = Order(settings, night(0).isoformat(), "key", NEW_UNITS, "data file without its footer", str(marker))
    assert writer(half) == KILLED
    assert left() > {alive}
    whole = Order(settings, night(0).isoformat(), "key", NEW_UNITS)
    assert writer(whole) == 0
    assert left() == {alive}

    other.kill()
    other.communicate()
    assert writer(Order(settings, night(1).isoformat(), "key-1", NEW_UNITS)) == 0
    assert left() == set()
