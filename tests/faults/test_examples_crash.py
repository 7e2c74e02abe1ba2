"""A run over two tasks' examples killed at every step: each task's are old or new, and a rerun makes both whole, once.

And two runs at once: what readers see is the same as of one run, or of one after the other.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest

from radray.errors import ConflictError
from radray.pipelines.answers.examples import ExamplesJob, MakeExamples, columns_of
from radray.pipelines.report_rows import ReadRows
from radray.schema.examples import EXAMPLES
from radray.schema.runs import RUNS
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tables.merge import merge
from tests.support.faults.kill_points import KillPoint
from tests.support.faults.killed_tasks import POINTS
from tests.support.tasks import SIDES
from tests.support.worlds.examples import make_in_place, night_settings, stage_here
from tests.support.worlds.night_tables import put_reports

KILLED = -9
BOTH = {"sides": 4, "size": 2}
"""Examples of reports a and b, by task."""
LANDED_RESUMED: tuple[tuple[set[str], dict[str, int]], ...] = (
    (set(), {"sides": 4, "size": 1}),
    (set(), BOTH),
    (set(), BOTH),
    ({"sides"}, {"size": 2}),
    ({"sides"}, {"size": 2}),
    ({"sides", "size"}, {}),
    ({"sides"}, {"size": 2}),
)
"""For each point the tasks that are new by then, and how many rows of the others a rerun need not make again."""
Row = tuple[Any, ...]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder beside which, as ``warehouse``, a night was made: examples of report a, and b has come since."""
    kept = tmp_path_factory.mktemp("examples") / "kept"
    settings = night_settings(kept.with_name("warehouse"))
    warehouse = Warehouse(settings.warehouse)
    put_reports(warehouse, ["a"], findings="Small left effusion.")
    make_in_place(settings)
    put_reports(warehouse, ["b"], findings="Large right effusion.")
    shutil.copytree(kept.with_name("warehouse"), kept)
    return kept


@pytest.fixture
def folder(kept: Path) -> Path:
    """Return the warehouse, as it was first: its tables know its place."""
    folder = kept.with_name("warehouse")
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    return folder


def open_warehouse(folder: Path) -> Warehouse:
    return Warehouse(night_settings(folder).warehouse)


def rows(warehouse: Warehouse) -> dict[str, list[Row]]:
    """Return (example_id, target, run_key, run_id) by task, sorted: the targets are the right answers."""
    names = ["example_id", "target", "run_key", "run_id"]
    return {
        task: sorted(tuple(row.values()) for row in warehouse.read(EXAMPLES, names, {"task": task}).to_pylist())
        for task in BOTH
    }


def whole(units: str) -> dict[str, list[str]]:
    """Return the examples that there are of `units`, by task."""
    return {"sides": [f"{unit}/{side}" for unit in units for side in ("left", "right")], "size": [*units]}


def ids(seen: dict[str, list[Row]]) -> dict[str, list[str]]:
    return {task: [row[0] for row in its] for task, its in seen.items()}


def finished(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Return task and run key of the runs that have finished."""
    runs = warehouse.read(RUNS, ["task", "run_key"], {"status": "finished", "job": "prepare"}).to_pylist()
    return sorted((run["task"], run["run_key"]) for run in runs)


def keys(*seen: dict[str, list[Row]]) -> list[tuple[str, str]]:
    return sorted({(task, row[2]) for each in seen for task, its in each.items() for row in its})


@pytest.mark.parametrize(
    ("point", "landed", "resumed"),
    [(point, *expected) for point, expected in zip(POINTS[EXAMPLES.name], LANDED_RESUMED, strict=True)],
    ids=[point.name for point in POINTS[EXAMPLES.name]],
)
def test_killed_examples_are_whole_after_a_rerun(
    tmp_path: Path,
    folder: Path,
    night_of_tasks: Callable[[str, Path, str | None, Path], int],
    point: KillPoint,
    landed: set[str],
    resumed: dict[str, int],
) -> None:
    marker = tmp_path / "killed"
    warehouse = open_warehouse(folder)
    old = rows(warehouse)
    assert night_of_tasks(EXAMPLES.name, folder, point.name, marker) == KILLED
    assert marker.read_text() == point.name
    seen = rows(warehouse)
    assert ids(seen) == {task: whole("ab" if task in landed else "a")[task] for task in BOTH}
    assert {task for task in BOTH if seen[task] != old[task]} == landed

    table = warehouse.metadata_location(EXAMPLES)
    assert night_of_tasks(EXAMPLES.name, folder, None, marker) == 0
    new = rows(warehouse)
    assert ids(new) == whole("ab")
    assert {task: new[task] for task in landed} == {task: seen[task] for task in landed}
    assert finished(warehouse) == keys(old, new)
    assert len(keys(old, new)) == 4
    again = warehouse.read(RUNS, ["task", "rows_resumed"], {"status": "finished"}).to_pylist()
    assert {run["task"]: run["rows_resumed"] for run in again if run["rows_resumed"]} == resumed
    assert warehouse.storage.list_files(f"{folder}/_staging/{EXAMPLES.name}") == []
    assert (warehouse.metadata_location(EXAMPLES) == table) == (landed == {*BOTH})


def make_while(folder: Path, another: Callable[[], None], *, has_staged: bool) -> list[str]:
    """Make the examples while `another` run comes, when this one is open or `has_staged`; return that it came."""
    came: list[str] = []

    def stage(*args: Any) -> Iterator[int]:
        if has_staged:
            yield from stage_here(*args)
        # a lease saves work, nothing depends on it
        with patch("radray.tables.partition.hold_lease", lambda *_: nullcontext()):
            another()
        came.append("came")
        if not has_staged:
            yield from stage_here(*args)

    make_in_place(night_settings(folder), stage=stage)
    return came


@pytest.mark.parametrize("has_staged", [False, True])
def test_of_twins_the_later_keeps_what_the_first_committed(folder: Path, has_staged: bool) -> None:
    warehouse = open_warehouse(folder)
    old = rows(warehouse)
    first: list[dict[str, list[Row]]] = []

    def twin() -> None:
        make_in_place(night_settings(folder))
        first.append(rows(warehouse))

    assert make_while(folder, twin, has_staged=has_staged) == ["came"]
    assert ids(first[0]) == whole("ab")
    assert rows(warehouse) == first[0]
    assert len(list(warehouse.load(EXAMPLES).scan().plan_files())) == 2
    assert finished(warehouse) == sorted(2 * keys(first[0]) + keys(old))
    assert warehouse.storage.list_files(f"{folder}/_staging/{EXAMPLES.name}") == []


def test_what_a_twin_staged_in_other_files_is_there_once(folder: Path) -> None:
    warehouse = open_warehouse(folder)
    staged: list[str] = []

    def at_once(storage: Storage, files: Sequence[str], jobs: Sequence[ExamplesJob], _: object) -> Iterator[int]:
        tables = [pa.table({"uri": [file]}) for file in files]
        reports = [rows for table in tables for rows in ReadRows(storage, columns=columns_of(jobs))(table)]
        yield MakeExamples(storage, jobs)(pa.concat_tables(reports)).num_rows
        raise KeyboardInterrupt

    def twin() -> None:
        with pytest.raises(KeyboardInterrupt):
            make_in_place(night_settings(folder), stage=at_once)
        staged.extend(warehouse.storage.list_files(f"{folder}/_staging/{EXAMPLES.name}"))

    def look(*args: Any) -> Any:
        staged.append(str(len(warehouse.storage.list_files(args[1]))))
        return merge(*args)

    with patch("radray.tables.partition.merge", look):
        assert make_while(folder, twin, has_staged=False) == ["came"]
    assert staged[2:] == ["3", "3"]
    assert ids(rows(warehouse)) == whole("ab")


def test_a_run_gives_way_to_that_over_later_reports_task_by_task(folder: Path) -> None:
    warehouse = open_warehouse(folder)

    def later() -> None:
        put_reports(warehouse, ["c"], findings="No effusion.")
        make_in_place(night_settings(folder), [SIDES])

    with pytest.raises(ConflictError, match=r"examples.*was committed since this run") as refused:
        make_while(folder, later, has_staged=True)
    assert "size" not in str(refused.value)
    seen = rows(warehouse)
    assert ids(seen) == {"sides": whole("abc")["sides"], "size": whole("ab")["size"]}
    assert set(keys(seen)) <= {*finished(warehouse)}
    make_in_place(night_settings(folder))
    new = rows(warehouse)
    assert ids(new) == whole("abc")
    assert new["sides"] == seen["sides"]
