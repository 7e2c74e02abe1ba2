"""A run over two tasks' answers killed at every step: each task's are old or new, and a rerun makes both whole, once.

And two runs at once: one of them commits each task, and what readers see is the same as of one run.
"""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.schema.runs import RUNS
from radray.tables.catalog import Warehouse
from tests.support.faults.kill_points import KillPoint
from tests.support.faults.killed_tasks import POINTS
from tests.support.worlds.answered import answer, stage_in_place
from tests.support.worlds.examples import night_settings
from tests.support.worlds.night_tables import put_prepare_run, put_reports

KILLED = -9
UNITS = ("a", "b", "c")
ROWS = {("sides", f"{unit}/{side}") for unit in UNITS for side in ("left", "right")} | {("size", u) for u in UNITS}


def world(folder: Path) -> Warehouse:
    warehouse = Warehouse(night_settings(folder).warehouse)
    put_reports(warehouse, UNITS, findings="Small left effusion.")
    put_prepare_run(warehouse, "hospital")
    return warehouse


def rows(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    names = ["task", "example_id", "status", "answer", "run_key"]
    return sorted(tuple(row.values()) for row in warehouse.read(ANSWERS, names).to_pylist())


def runs(warehouse: Warehouse) -> list[tuple[str, str]]:
    every = [row for row in warehouse.read(RUNS).to_pylist() if row["job"] == "generate"]
    return sorted((row["task"], row["status"]) for row in every if row["status"] == "finished")


@pytest.mark.parametrize("point", POINTS[ANSWERS.name], ids=lambda point: point.name)
def test_killed_answers_are_whole_after_a_rerun(
    tmp_path: Path, night_of_tasks: Callable[[str, Path, str | None, Path], int], point: KillPoint
) -> None:
    folder, marker = tmp_path / "warehouse", tmp_path / "killed"
    warehouse = world(folder)
    assert night_of_tasks(ANSWERS.name, folder, point.name, marker) == KILLED
    assert marker.read_text() == point.name
    seen = rows(warehouse)
    committed = {task for task, *_ in seen}
    assert {row[:2] for row in seen} == {row for row in ROWS if row[0] in committed}
    assert night_of_tasks(ANSWERS.name, folder, None, marker) == 0
    whole = rows(warehouse)
    assert [row[:2] for row in whole] == sorted(ROWS)
    assert set(seen) <= set(whole)
    assert {row[2:4] for row in whole} == {("ok", "yes"), ("ok", "no"), ("ok", "small")}
    assert runs(warehouse) == [("sides", "finished"), ("size", "finished")]
    staged = warehouse.storage.list_files(f"{folder}/_staging/{ANSWERS.name}")
    assert staged == []
    before = warehouse.metadata_location(ANSWERS)
    assert night_of_tasks(ANSWERS.name, folder, None, marker) == 0
    assert warehouse.metadata_location(ANSWERS) == before


def test_of_two_runs_the_later_pinned_one_keeps_what_the_first_committed(tmp_path: Path) -> None:
    warehouse = world(tmp_path)
    settings = night_settings(tmp_path)
    answer(settings, ["size"])  # examples and tables are there
    inner: list[list[str]] = []

    def another_comes_first(*args: Any) -> None:
        stage_in_place(*args)
        if not inner:
            inner.append([])
            # a lease saves work, nothing depends on it
            with patch("radray.tables.partition.hold_lease", lambda *_: nullcontext()):
                inner[0] = answer(settings)

    with patch("tests.support.worlds.answered.stage_in_place", another_comes_first):
        assert answer(settings) == []  # the same key: the other's commit is this one's too
    assert inner == [[]]
    assert [row[:2] for row in rows(warehouse)] == sorted(ROWS)
    files = warehouse.load(ANSWERS).scan().plan_files()
    assert len(list(files)) == 2


def test_a_run_whose_examples_were_replaced_meanwhile_changes_nothing(tmp_path: Path) -> None:
    warehouse = world(tmp_path)
    settings = night_settings(tmp_path)
    done: list[str] = []

    def a_later_night_comes_first(*args: Any) -> None:
        stage_in_place(*args)
        if not done:
            done.append("later")
            put_reports(warehouse, ["d"], findings="Large right effusion.")
            with patch("radray.tables.partition.hold_lease", lambda *_: nullcontext()):
                assert answer(settings) == []

    with patch("tests.support.worlds.answered.stage_in_place", a_later_night_comes_first):
        refused = answer(settings)
    assert len(refused) == 2
    assert all("was committed since this run" in text for text in refused)
    assert {row[1] for row in rows(warehouse) if row[0] == "size"} == {"a", "b", "c", "d"}
    assert warehouse.read(EXAMPLES, ["example_id"]).num_rows == 12
