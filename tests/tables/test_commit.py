"""Commits that meet another writer, or lose their answer."""

import datetime
from typing import Any

import pytest

from radray.errors import ConflictError, RadrayError
from radray.tables.catalog import Warehouse
from tests.support.worlds.tables import NIGHT, Night, units

OTHER_NIGHT = datetime.date(2026, 11, 22)


def committed(warehouse: Warehouse, key: str, ids: list[str], night: datetime.date = NIGHT) -> None:
    run = Night(warehouse, key, night)
    if ids:
        run.stage(ids)
    run.finish(ids)


@pytest.mark.parametrize("before", [None, ["0"]], ids=["first commit of the night", "night is there"])
@pytest.mark.parametrize("winner", [["7"], []], ids=["rows", "empty"])
def test_the_second_of_two_writers_is_refused_and_changes_nothing(
    warehouse: Warehouse, before: list[str] | None, winner: list[str]
) -> None:
    if before is not None:
        committed(warehouse, "before", before)
    stale = Night(warehouse, "stale")
    stale.stage(["1"])
    committed(warehouse, "winner", winner)
    with pytest.raises(ConflictError, match="run key winner"):
        stale.finish(["1"])
    assert units(warehouse) == [(unit, "winner") for unit in winner]


def test_a_writer_with_the_same_run_key_is_told_ok_and_adds_nothing(warehouse: Warehouse) -> None:
    late = Night(warehouse, "k1")
    late.stage(["1", "2"])
    committed(warehouse, "k1", ["1", "2"])
    late.stage(["1", "2"])
    late.finish(["1", "2"])
    assert units(warehouse) == [("1", "k1"), ("2", "k1")]


def test_commits_of_other_nights_do_not_stand_in_the_way(warehouse: Warehouse) -> None:
    run = Night(warehouse, "k1")
    run.stage(["1"])
    committed(warehouse, "k2", ["5"], OTHER_NIGHT)
    committed(warehouse, "k3", ["6"], OTHER_NIGHT)
    run.finish(["1"])
    assert units(warehouse) == [("1", "k1")]
    assert units(warehouse, OTHER_NIGHT) == [("6", "k3")]


class Answers:
    """A catalog whose `commit_table` fails once, before or after it does its work."""

    def __init__(self, catalog: Any, when: str) -> None:
        self.fired = 0
        self._commit, self._when = catalog.commit_table, when

    def __call__(self, table: Any, requirements: Any, updates: Any) -> Any:
        if table.name()[-1] != "reports" or self.fired:
            return self._commit(table, requirements, updates)
        self.fired += 1
        if self._when == "after":
            self._commit(table, requirements, updates)
        raise ConnectionResetError("the answer was lost")


def test_a_commit_whose_answer_was_lost_is_read_back(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Night(warehouse, "k1")
    run.stage(["1"])
    answers = Answers(run.base.table.catalog, "after")
    monkeypatch.setattr(run.base.table.catalog, "commit_table", answers)
    run.finish(["1"])
    assert answers.fired == 1
    assert units(warehouse) == [("1", "k1")]


def test_a_commit_that_did_not_land_is_an_error_and_a_rerun_completes(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Night(warehouse, "k1")
    run.stage(["1"])
    answers = Answers(run.base.table.catalog, "before")
    monkeypatch.setattr(run.base.table.catalog, "commit_table", answers)
    with pytest.raises(RadrayError, match="ConnectionResetError and did not land"):
        run.finish(["1"])
    assert answers.fired == 1
    assert units(warehouse) == []
    again = Night(warehouse, "k1")
    assert again.staged_ids() == ["1"]
    again.finish(["1"])
    assert units(warehouse) == [("1", "k1")]
