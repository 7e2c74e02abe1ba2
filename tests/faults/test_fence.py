"""A writer taken for dead that wakes up while `maintain` removes its files: it is refused, whatever the order."""

from contextlib import suppress

import pytest

from radray.errors import ConflictError, InputError
from radray.schema.reports import REPORTS
from radray.settings.warehouse import WarehouseSettings
from radray.tables import commit
from radray.tables.catalog import Warehouse
from radray.upkeep.maintenance import AT_ONCE, find_leftovers, maintain
from tests.support.faults.scheduler import Interleavings, RedundantError, Writer, critical_steps, effects, play
from tests.support.worlds.faults import (
    Place,
    commit_night,
    expected_rows,
    night,
    open_night,
    read_rows,
    run_night,
    stage,
)

OLD, NEW = ["1", "2", "3"], ["2", "3", "4"]
NIGHT = night(0)
STEPS = frozenset({"load", "check", "set", "unlink"})
EFFECTS = {
    "load": effects("catalog files"),
    "check": effects("catalog"),
    "set": effects("files", "catalog"),
    "unlink": effects("catalog", "files"),
}
"""What the steps of the two share: after a load the writer reads its files, after a set `maintain` lists them."""


class Sleeper:
    """A writer that has merged and stands before its commit, and `maintain` beside it, which knows nothing of it."""

    def __init__(self, settings: WarehouseSettings, *, old: bool) -> None:
        self.settings, self.landings = settings, list[str]()
        self.warehouse = Warehouse(settings)
        if old:
            commit_night(self.warehouse, NIGHT, "old", OLD)
        self.before = expected_rows("old", OLD) if old else ()
        self._night = open_night(self.warehouse, NIGHT, "new")
        stage(self.warehouse.storage, self._night.unrecorded(), NIGHT, "new", NEW)

    def start(self) -> tuple[Writer, Writer]:
        writer = Writer("writer", lambda _: self._night.commit(NEW), STEPS)
        return writer, Writer("maintain", lambda _: maintain(Warehouse(self.settings), AT_ONCE), STEPS)

    def check(self, writer: Writer, maintainer: Writer) -> None:
        """Assert that the night is whole, that a writer which did not land got an error, and that a rerun ends well."""
        assert isinstance(maintainer.outcome, list)
        landed = "writer" in self.landings
        assert read_rows(self.warehouse, NIGHT) == (expected_rows("new", NEW) if landed else self.before)
        if not landed:
            assert isinstance(writer.outcome, ConflictError)
            assert "jobs.maintain took this run for dead" in str(writer.outcome)
        else:
            assert not isinstance(writer.outcome, Exception)
        assert run_night(Warehouse(self.settings), NIGHT, "new", NEW) is not landed
        assert read_rows(self.warehouse, NIGHT) == expected_rows("new", NEW)
        maintain(self.warehouse, AT_ONCE)
        assert find_leftovers(self.warehouse, AT_ONCE) == []


def until(writer: Writer, step: str) -> None:
    while writer.pending != step:
        assert not writer.ended
        writer.move()


@pytest.mark.parametrize("asleep_before", ["check", "set"])
def test_it_wakes_up_between_the_fence_and_the_removal(place: Place, asleep_before: str) -> None:
    sleeper = Sleeper(place("fence"), old=True)
    with critical_steps(sleeper.landings):
        writer, maintainer = sleeper.start()
        until(writer, asleep_before)
        until(maintainer, "unlink")
        orphans = Warehouse(sleeper.settings).storage.list_files(f"{sleeper.settings.uri}/data/reports")
        while not writer.ended:
            writer.move()
        # its files were all there, and still it did not commit them
        assert len(orphans) == 2
        while not maintainer.ended:
            maintainer.move()
    assert "writer" not in sleeper.landings
    sleeper.check(writer, maintainer)


def test_without_the_refusal_the_same_order_loses_the_night(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "_refuse_fenced", lambda *_: None)
    sleeper = Sleeper(place("fence"), old=True)
    with critical_steps(sleeper.landings):
        writer, maintainer = sleeper.start()
        until(writer, "check")
        until(maintainer, "unlink")
        while not writer.ended:
            writer.move()
        while not maintainer.ended:
            maintainer.move()
    assert "writer" in sleeper.landings
    with pytest.raises(InputError, match="a data file cannot be read"):
        read_rows(sleeper.warehouse, NIGHT)


def test_it_wakes_up_when_the_fence_is_expired_too(place: Place) -> None:
    sleeper = Sleeper(place("fence"), old=False)
    with critical_steps(sleeper.landings):
        writer, maintainer = sleeper.start()
        until(writer, "check")
        while not maintainer.ended:
            maintainer.move()
        commit_night(Warehouse(sleeper.settings), night(1), "other", OLD)
        maintain(Warehouse(sleeper.settings), AT_ONCE)
        snapshots = Warehouse(sleeper.settings).load(REPORTS).metadata.snapshots
        named = [
            snapshot.summary.additional_properties.get(commit.FENCED, "[]")
            for snapshot in snapshots
            if snapshot.summary
        ]
        assert set(named) == {"[]"}
        while not writer.ended:
            writer.move()
    sleeper.check(writer, maintainer)


@pytest.mark.drill
@pytest.mark.parametrize("old", [False, True], ids=["first night", "a night to replace"])
def test_every_order_of_a_writer_and_maintain(place: Place, old: bool) -> None:
    orders, outcomes = Interleavings(EFFECTS), []
    more, number = True, 0
    while more:
        sleeper = Sleeper(place(f"fence-{number}"), old=old)
        with suppress(RedundantError):
            with critical_steps(sleeper.landings):
                writers = sleeper.start()
                play(writers, orders.choose, lambda _: None)
            sleeper.check(*writers)
            outcomes.append(type(writers[0].outcome).__name__)
        more, number = orders.next(), number + 1
    assert set(outcomes) == {"Merged", "ConflictError"}
