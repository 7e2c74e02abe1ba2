"""Which other nights lack answers: for each task that is asked for, by the runs that finished."""

import datetime
from pathlib import Path

import pytest
from rich.console import Console

from radray.nights.final_line import FinalLine
from radray.nights.night import print_unanswered
from radray.settings.loading import load_settings
from radray.tables.catalog import Warehouse
from radray.tables.identity import new_run_id
from radray.tables.runs import RunRow, recorded
from tests.support.worlds.night_tables import NIGHT, put_prepare_run

DAY = datetime.timedelta(days=1)


def unanswered(folder: Path, *tasks: str) -> tuple[list[datetime.date], str]:
    """Return the nights of the final line and what is printed, of three prepared nights before NIGHT.

    The first has nothing, the second impressions, the third impressions and labels.
    """
    source = ("source.uri=reports/{date}", "source.dataset=hospital", f"date={NIGHT}")
    settings = load_settings((), [f"warehouse.uri={folder}", *source, f"tasks={','.join(tasks)}"])
    warehouse = Warehouse(settings.warehouse)
    for days in range(4):
        put_prepare_run(warehouse, "hospital", NIGHT - days * DAY)
    for days, task in ((2, None), (1, None), (1, "labels")):
        about = {"batch_date": NIGHT - days * DAY, "dataset": "hospital", "task": task}
        with recorded(warehouse, RunRow(new_run_id("generate"), "generate", "k", "", about)):
            pass
    console, line = Console(width=200, record=True, quiet=False), FinalLine("generate")
    with console.capture() as printed:
        print_unanswered(settings, console, line)
    return line.unanswered, printed.get()


@pytest.mark.parametrize(
    ("tasks", "lacking"),
    [
        ((), {"impressions": (3,)}),
        (("impression",), {"impressions": (3,)}),
        (("labels",), {"answers of task labels": (3, 2)}),
        (("impression", "labels"), {"impressions": (3,), "answers of task labels": (3, 2)}),
        (("devices",), {"answers of task devices": (3, 2, 1)}),
    ],
)
def test_nights_lack_what_is_asked_for(
    tmp_path: Path, tasks: tuple[str, ...], lacking: dict[str, tuple[int, ...]]
) -> None:
    nights, printed = unanswered(tmp_path, *tasks)
    assert nights == [NIGHT - days * DAY for days in max(lacking.values(), key=len)]
    assert printed.splitlines() == [
        f"generate: nights with reports and without {noun}: {', '.join(str(NIGHT - days * DAY) for days in all_days)};"
        " run them with date="
        for noun, all_days in lacking.items()
    ]
