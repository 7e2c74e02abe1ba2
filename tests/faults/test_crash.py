"""A writer killed at every named step: readers see the old night or the new one, and a rerun makes it whole."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from faults_world import Place, Reader, expected_rows, night, read_rows, run_night, run_rows, staged_files
from kill_points import FIRST_POINTS, POINTS, KillPoint
from writer import Order

from radray import config
from radray.schemas import REPORTS
from radray.tables.catalog import Warehouse, equal_to

OLD_UNITS, NEW_UNITS = ["1", "2", "3", "4"], ["2", "3", "4", "5", "6", "7"]
KILLED = -9


def crash_and_rerun(
    settings: config.Warehouse,
    number: int,
    point: KillPoint,
    writer: Callable[[Order], int],
    marker: Path,
    old: tuple[tuple[str, str, str], ...],
) -> None:
    date, key = night(number), f"key-{number}"
    new = expected_rows(key, NEW_UNITS)
    order = Order(settings.model_dump(mode="json"), date.isoformat(), key, NEW_UNITS, point.name, str(marker))
    rerun = Order(order.settings, order.date, order.run_key, order.unit_ids)
    with Reader(settings, date, [old, new]) as reader:
        reader.wait_for_polls(1)
        assert writer(order) == KILLED
        assert marker.read_text() == point.name
        reader.wait_for_polls(2)
        assert read_rows(settings, date) == (new if point.landed else old)
        assert writer(rerun) == 0
        reader.wait_for_polls(2)
    assert reader.wrong == []
    assert read_rows(settings, date) == new
    unfinished = point.started and not point.landed
    assert run_rows(settings, key) == Counter({"finished": 1, "running": 1} if unfinished else {"finished": 1})
    assert staged_files(settings, key) == []
    table = Warehouse(settings).load(REPORTS)
    files = list(table.scan(row_filter=equal_to({"batch_date": date, "dataset": "hospital"})).plan_files())
    assert len(files) == 1  # nothing that the killed attempt wrote is in the table beside the night
    before = table.metadata_location
    assert not run_night(Warehouse(settings), date, key, NEW_UNITS)
    assert Warehouse(settings).metadata_location(REPORTS) == before  # done is done: nothing is written again


@pytest.mark.parametrize(("number", "point"), list(enumerate(POINTS)), ids=[point.name for point in POINTS])
def test_killed_while_replacing_a_night(
    place: Place, writer: Callable[[Order], int], tmp_path: Path, number: int, point: KillPoint
) -> None:
    settings = place(f"replaced-{number}")
    run_night(Warehouse(settings), night(number), "old", OLD_UNITS)
    crash_and_rerun(settings, number, point, writer, tmp_path / "killed", expected_rows("old", OLD_UNITS))


@pytest.mark.parametrize(("number", "point"), list(enumerate(FIRST_POINTS)), ids=[point.name for point in FIRST_POINTS])
def test_killed_while_making_the_first_night(
    place: Place, writer: Callable[[Order], int], tmp_path: Path, number: int, point: KillPoint
) -> None:
    crash_and_rerun(place(f"first-{number}"), number, point, writer, tmp_path / "killed", ())
