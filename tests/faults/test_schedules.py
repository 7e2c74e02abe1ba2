"""Three writers of one night, one of them stalled from its pin to the end, with answers lost: seeded schedules."""

import random
from collections.abc import Mapping

import pytest

from radray.tables.catalog import Warehouse
from tests.faults.test_two_writers import WITH_REMOVAL, Warehouses
from tests.support.faults.duel import ALREADY, OK, Duel, Part
from tests.support.faults.scheduler import LOST_AFTER, LOST_BEFORE, Choice
from tests.support.worlds.faults import Place, commit_night, expected_rows, night, open_night, read_rows

UNITS = {"k1": ["1", "2", "4", "5"], "k2": ["2", "3", "5"], "k3": ["1", "3", "6"]}


def stalled_first(seed: int) -> Choice:
    """Return a choice drawn from `seed` in which writer 0 pins first and moves again when the others have ended."""
    drawn = random.Random(seed)
    moves = iter([0])

    def choose(alive: Mapping[int, str]) -> int:
        return next(moves, drawn.choice([place for place in alive if place] or list(alive)))

    return choose


def play_seed(warehouses: Warehouses, seed: int) -> tuple[object, ...]:
    """Play the schedule of a seed, check it, and run the stalled one again; return the outcomes."""
    drawn = random.Random(seed)
    settings, (number,) = warehouses.next(1, old=drawn.random() < 0.5)
    keys = [drawn.choice(list(UNITS)) for _ in range(3)]
    lost = [[drawn.choice([None, None, LOST_AFTER, LOST_BEFORE]) for _ in range(2)] for _ in range(3)]
    parts = [
        Part(name, night(number), f"{key}-{number}", UNITS[key], answers)
        for name, key, answers in zip(("stalled", "B", "C"), keys, lost, strict=True)
    ]
    duel = Duel(settings, parts, WITH_REMOVAL)
    outcomes = duel.run(stalled_first(seed))
    duel.check()
    key = keys[0]  # the stalled one's, run again: it ends with its own rows
    warehouse = Warehouse(settings)
    run = open_night(warehouse, night(number), f"{key}-{number}")
    if not run.is_committed():
        commit_night(warehouse, night(number), f"{key}-{number}", UNITS[key])
    assert read_rows(warehouse, night(number)) == expected_rows(f"{key}-{number}", UNITS[key])
    return tuple(
        str(type(outcome).__name__) if isinstance(outcome, Exception) else outcome for outcome in outcomes.values()
    )


def play_seeds(place: Place, seeds: range) -> None:
    warehouses = Warehouses(place, f"seeds-{seeds.start}")
    outcomes = set()
    for seed in seeds:
        try:
            outcomes.add(play_seed(warehouses, seed))
        except BaseException as error:
            error.add_note(f"seed {seed}: play_seed(warehouses, {seed}) plays it again")
            raise
    seen = {name for outcome in outcomes for name in outcome}
    assert seen == {OK, ALREADY, "ConflictError", "RadrayError"}  # every outcome that there is
    assert any(outcome[0] == "ConflictError" for outcome in outcomes)  # the stalled one woke up too late


def test_thirty_schedules_of_three_writers(place: Place) -> None:
    play_seeds(place, range(30))


@pytest.mark.drill
def test_a_thousand_schedules_of_three_writers(place: Place) -> None:
    play_seeds(place, range(1_000, 2_000))
