"""Two real processes on the same nights at once: one commits each, the other is refused as the second."""

import json
import os
import subprocess
import sys
from pathlib import Path

from radray.errors import ConflictError
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from tests.support.paths import ROOT
from tests.support.worlds.faults import PATIENCE_S, Place, Reader, expected_rows, night, read_rows

UNITS = {"A": ["1", "2", "3"], "B": ["2", "3", "4", "5"]}
NIGHTS = 6


def start(settings: WarehouseSettings, name: str, meeting: Path) -> subprocess.Popen[str]:
    order = {"settings": settings.model_dump(mode="json"), "name": name, "units": UNITS[name], "meeting": str(meeting)}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.faults.rival", json.dumps(order | {"nights": NIGHTS})],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_on_the_same_nights_of_a_new_warehouse(place: Place, tmp_path: Path) -> None:
    settings = place("rivals")
    warehouse = Warehouse(settings)
    last = night(NIGHTS - 1)
    states = [(), *(expected_rows(f"{name}-{NIGHTS - 1}", UNITS[name]) for name in UNITS)]
    seen = []
    with start(settings, "A", tmp_path) as a, start(settings, "B", tmp_path) as b:
        with Reader(warehouse, last, states, in_order=False) as reader:
            for rival in (a, b):
                output, _ = rival.communicate(timeout=PATIENCE_S)
                assert rival.returncode == 0
                seen.append([json.loads(line) for line in output.splitlines()])
            reader.wait_for_polls(1)
        assert reader.wrong == []
    conflicts = 0
    for number, (mine, theirs) in enumerate(zip(*seen, strict=True)):
        exit_codes = {"A": mine["exit_code"], "B": theirs["exit_code"]}
        winners = [name for name, code in exit_codes.items() if code == 0]
        rows = read_rows(warehouse, night(number))
        if mine["met"]:  # both had pinned before either committed
            assert sorted(exit_codes.values()) == [0, ConflictError.exit_code]
        if len(winners) == 2:  # one after the other: the second pinned what the first had committed
            pins = {"A": mine["held"], "B": theirs["held"]}
            (second,) = [name for name in exit_codes if pins[name] is not None]
            (first,) = exit_codes.keys() - {second}
            assert pins[second] == f"{first}-{number}"
            assert rows == expected_rows(f"{second}-{number}", UNITS[second])
        else:
            assert sorted(exit_codes.values()) == [0, ConflictError.exit_code]
            assert rows == expected_rows(f"{winners[0]}-{number}", UNITS[winners[0]])
        conflicts += len(winners) == 1
    assert conflicts >= NIGHTS / 2
