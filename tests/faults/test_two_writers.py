"""Two writers, every order of their critical steps: one succeeds, the other is refused, readers are never wrong."""

from contextlib import suppress

import pytest

from radray.errors import ConflictError
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from tests.support.faults.duel import ALREADY, OK, Duel, Part
from tests.support.faults.scheduler import Interleavings, RedundantError, effects
from tests.support.worlds.faults import Place, commit_night, night

OLD = ["1", "2", "3"]
PIN_TO_COMMIT = frozenset({"load", "check", "set"})
WITH_MERGE = PIN_TO_COMMIT | {"merge"}
WITH_REMOVAL = WITH_MERGE | {"remove"}
WITH_RUNS = WITH_REMOVAL | {"runs"}

SAME_NIGHT = {
    "load": effects("catalog"),
    "merge": effects(),
    "check": effects("catalog"),
    "set": effects(writes="catalog"),
    "runs": effects(writes="runs"),
    "remove": effects(),
}
"""What the steps of writers with keys of their own share on nights with rows (of an empty one, `load` reads `runs`)."""
TWINS = SAME_NIGHT | {
    # the staging is theirs both: after its first load a writer stages
    "load": effects("catalog runs staging", "staging"),
    "merge": effects("staging"),
    "remove": effects(writes="staging"),
}
SCHEDULES_A_WAREHOUSE = 6
"""Commits get slower as a table's history grows: a new warehouse comes cheaper than a twentieth night."""


class Warehouses:
    """Warehouses with nights that no schedule has used yet."""

    def __init__(self, place: Place, name: str) -> None:
        self._place, self._name, self._used = place, name, 0

    def next(self, nights: int, old: bool) -> tuple[WarehouseSettings, list[int]]:
        """Return a warehouse and so many nights of it, each with OLD rows or none."""
        if self._used % SCHEDULES_A_WAREHOUSE == 0:
            self._settings = self._place(f"{self._name}-{self._used}")
            for schema in (REPORTS, RUNS):  # making a table is a commit too, and not one of the schedule's
                Warehouse(self._settings).load(schema)
        first = self._used % SCHEDULES_A_WAREHOUSE * 2
        numbers = list(range(first, first + nights))
        for number in numbers if old else []:
            commit_night(Warehouse(self._settings), night(number), f"old-{number}", OLD)
        self._used += 1
        return self._settings, numbers


Outcome = tuple[object, object, tuple[str, ...]]
"""The outcome of each writer, and who landed, in order."""


def all_interleavings(
    warehouses: Warehouses,
    keys: tuple[str, str],
    nights: int,
    steps: frozenset[str],
    old: bool,
    *,
    reduced: bool = False,
) -> list[Outcome]:
    """Play every schedule, or (`reduced`) one of those that differ by steps which never meet; return the outcomes."""
    shared = TWINS if keys[0] == keys[1] else SAME_NIGHT
    orders, outcomes = Interleavings(shared if reduced else None), []
    more = True
    while more:
        settings, numbers = warehouses.next(nights, old)
        units = {"k1": ["1", "2", "4", "5"], "k2": ["2", "3", "5"]}
        # a run key is of one night, as in jobs: it names the staging
        parts = [
            Part(name, night(number), f"{key}-{number}", units[key])
            for name, key, number in zip("AB", keys, (numbers[0], numbers[-1]), strict=True)
        ]
        duel = Duel(settings, parts, steps, recorded="runs" in steps)
        with suppress(RedundantError):
            outcome_of = duel.run(orders.choose)
            duel.check()
            outcomes.append((outcome_of["A"], outcome_of["B"], tuple(duel.landings)))
        more = orders.next()
    return outcomes


def check_different_keys(outcomes: list[Outcome]) -> None:
    for a, b, landed in outcomes:
        outcome_of = {"A": a, "B": b}
        assert landed in [("A",), ("B",), ("A", "B"), ("B", "A")]
        assert all(outcome_of[name] == OK for name in landed)
        assert all(isinstance(outcome_of[name], ConflictError) for name in outcome_of.keys() - set(landed))
    assert {landed for _, _, landed in outcomes} == {("A",), ("B",), ("A", "B"), ("B", "A")}


def check_same_key(outcomes: list[Outcome]) -> None:
    assert {(a, b, landed) for a, b, landed in outcomes} == {
        (OK, OK, ("A",)),
        (OK, OK, ("B",)),
        (OK, ALREADY, ("A",)),
        (ALREADY, OK, ("B",)),
    }


def check_different_nights(outcomes: list[Outcome]) -> None:
    assert {(a, b, landed) for a, b, landed in outcomes} == {(OK, OK, ("A", "B")), (OK, OK, ("B", "A"))}


@pytest.mark.parametrize("old", [False, True], ids=["no night yet", "a night to replace"])
def test_different_keys_on_one_night(place: Place, old: bool) -> None:
    outcomes = all_interleavings(Warehouses(place, f"keys-{old}"), ("k1", "k2"), 1, PIN_TO_COMMIT, old)
    assert len(outcomes) >= 20
    check_different_keys(outcomes)


def test_the_same_key_on_one_night(place: Place) -> None:
    # 18 of 70 schedules: the others are these with steps in another order that never meet
    outcomes = all_interleavings(Warehouses(place, "twins"), ("k1", "k1"), 1, WITH_MERGE, False, reduced=True)
    assert len(outcomes) >= 18
    check_same_key(outcomes)


def test_different_nights(place: Place) -> None:
    outcomes = all_interleavings(Warehouses(place, "nights"), ("k1", "k2"), 2, PIN_TO_COMMIT, False)
    assert len(outcomes) >= 20
    check_different_nights(outcomes)


def test_the_reduced_schedules_tell_what_all_of_them_tell(place: Place) -> None:
    outcomes = all_interleavings(Warehouses(place, "reduced"), ("k1", "k2"), 1, PIN_TO_COMMIT, True, reduced=True)
    assert len(outcomes) < 20
    check_different_keys(outcomes)


@pytest.mark.drill
@pytest.mark.parametrize("keys", [("k1", "k2"), ("k1", "k1")], ids=["different keys", "the same key"])
def test_all_steps_of_one_night(place: Place, keys: tuple[str, str]) -> None:
    outcomes = all_interleavings(Warehouses(place, f"all-{keys[1]}"), keys, 1, WITH_RUNS, True, reduced=True)
    (check_same_key if keys[0] == keys[1] else check_different_keys)(outcomes)


@pytest.mark.drill
def test_all_steps_of_different_nights(place: Place) -> None:
    outcomes = all_interleavings(Warehouses(place, "all-nights"), ("k1", "k2"), 2, WITH_RUNS, True, reduced=True)
    check_different_nights(outcomes)
