"""The views of answers: entries, tags beside impressions, and how often a label is given from night to night."""

import datetime
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from radray.analytics.query import stream
from radray.schema.answers import ANSWERS
from radray.schema.predictions import PREDICTIONS
from radray.tables.catalog import Warehouse
from tests.support.worlds.tables import open_warehouse
from tests.support.worlds.views import append

DAYS = [datetime.date(2026, 11, day) for day in (19, 20, 21)]
Entry = tuple[str, str, str | None]


def answer(night: int, unit: str, entries: Sequence[Entry] | None, task: str = "labels") -> dict[str, Any]:
    """Return a row of `answers`; None: failed."""
    key = dict.fromkeys(("split_key", "input_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")
    listed = [dict(zip(("name", "state", "place"), entry, strict=True)) for entry in entries or ()]
    return {
        **key,
        **{"example_id": unit, "unit_id": unit, "item": "", "task": task, "batch_date": DAYS[night]},
        **{"dataset": "hospital", "split": "live", "model_name": "model", "model_digest": "aa", "study_id": f"s{unit}"},
        **{"status": "failed" if entries is None else "ok", "run_id": "generate-1", "entries": listed},
    }


PRESENT: Entry = ("effusion", "present", "left")
ABSENT: Entry = ("nodule", "absent", None)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = open_warehouse(tmp_path_factory.mktemp("answers") / "warehouse")
    rows = [
        *(answer(0, f"0-{place}", [PRESENT] if place < 5 else []) for place in range(10)),
        *(answer(1, f"1-{place}", [ABSENT]) for place in range(10)),
        *(answer(2, f"2-{place}", [PRESENT, ABSENT] if place else None) for place in range(5)),
        answer(2, "2-1", [("chest_tube", "malpositioned", None)], "devices"),
    ]
    append(warehouse, ANSWERS, rows)
    wrote: dict[str, Any] = dict.fromkeys(
        ("split_key", "text_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x"
    )
    wrote |= {"unit_id": "2-1", "batch_date": DAYS[2], "dataset": "hospital", "split": "live", "model_name": "model"}
    wrote |= {"model_digest": "aa", "status": "ok", "study_id": "s2-1", "findings": "f", "run_id": "generate-1"}
    append(warehouse, PREDICTIONS, [{**wrote, "prediction": "Effusion.", "reference": "Small effusion."}])
    return warehouse


def ask(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in stream(warehouse, sql).table().to_pylist()]


def test_each_entry_of_an_ok_answer_is_a_row(warehouse: Warehouse) -> None:
    sql = f"SELECT unit_id, task, name, state, place FROM answer_entries WHERE batch_date = DATE '{DAYS[2]}'"
    expected = [(f"2-{n}", "labels", *entry) for n in range(1, 5) for entry in (PRESENT, ABSENT)]
    expected.append(("2-1", "devices", "chest_tube", "malpositioned", None))
    assert sorted(ask(warehouse, sql), key=str) == sorted(expected, key=str)


def test_tags_stand_beside_both_impressions(warehouse: Warehouse) -> None:
    sql = f"""SELECT unit_id, labels, devices, prediction, reference FROM study_tags
        WHERE batch_date = DATE '{DAYS[2]}' ORDER BY unit_id LIMIT 3"""
    labels = "effusion present left; nodule absent"
    assert ask(warehouse, sql) == [
        ("2-0", None, None, None, None),
        ("2-1", labels, "chest_tube malpositioned", "Effusion.", "Small effusion."),
        ("2-2", labels, None, None, None),
    ]


def test_an_answer_without_entries_is_none_and_not_missing(warehouse: Warehouse) -> None:
    assert ask(warehouse, "SELECT labels FROM study_tags WHERE unit_id = '0-9'") == [("none",)]


def test_prevalence_counts_what_is_not_denied_beside_the_nights_before(warehouse: Warehouse) -> None:
    sql = """SELECT reports, labelled, share, reports_before, share_before, drift, z FROM label_prevalence
        WHERE label = 'effusion' ORDER BY batch_date"""
    first, second, third = ask(warehouse, sql)
    assert first == (10, 5, 0.5, None, None, None, None)
    # a night without the label has its row
    pooled = 5 / 20
    z = -0.5 / math.sqrt(pooled * (1 - pooled) * (1 / 10 + 1 / 10))
    assert second == (10, 0, 0.0, 10, 0.5, -0.5, pytest.approx(z))
    # the failed answer of the third night is not counted
    assert third[:5] == (4, 4, 1.0, 20, 0.25)


def test_a_denied_finding_has_no_prevalence(warehouse: Warehouse) -> None:
    assert ask(warehouse, "SELECT DISTINCT label FROM label_prevalence WHERE task = 'labels'") == [("effusion",)]


def test_no_answer_gives_no_row(tmp_path: Path) -> None:
    nothing = open_warehouse(tmp_path / "nothing")
    assert ask(nothing, "SELECT * FROM label_prevalence") == ask(nothing, "SELECT * FROM study_tags") == []
