"""Follow-ups over several nights: due by the exam's date, seen when the patient comes again for what was asked."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from radray.analytics.query import stream
from radray.analytics.views import MODALITIES_OF_TESTS
from radray.checks.recommendations.recommendation import find_recommendations_in, write_recommendations
from radray.checks.recommendations.vocabulary import ACTIONS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.tables.catalog import Warehouse
from tests.support.worlds.tables import open_warehouse
from tests.support.worlds.views import append

DAY = datetime.timedelta(days=1)
FIRST = datetime.date(2026, 1, 5)


def put(
    warehouse: Warehouse,
    study: str,
    day: datetime.date | None,
    *,
    patient: str | None = "p",
    modality: str | None = "CT",
    part: str | None = "chest",
    model: str | None = None,
    radiologist: str | None = None,
) -> None:
    """Add a report of the study on `day` (None: not known, of FIRST's night) and what its impressions recommend."""
    night = day or FIRST
    filler = dict.fromkeys(("split_key", "text_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")
    about: dict[str, Any] = {"unit_id": f"u-{study}", "batch_date": night, "dataset": "north", "status": "ok"}
    about |= {"study_id": study, "subject_id": patient, "modality": modality, "body_part": part, "split": "live"}
    about |= {"findings": "f", "run_id": "r"}
    time = None if day is None else datetime.datetime.combine(day, datetime.time(23, 30), datetime.UTC)
    source = {"format": "hl7", "source_uri": "a", "source_member": "", "source_offset": 0, "source_digest": "0"}
    append(warehouse, REPORTS, [about | source | {"exam_time": time, "run_key": "k"}])
    recommended = {"recommendations": model, "reference_recommendations": radiologist}
    append(warehouse, PREDICTIONS, [filler | about | {"model_name": "model", "model_digest": "m"} | recommended])


def follow_ups(warehouse: Warehouse, columns: str, view: str = "follow_ups") -> list[tuple[Any, ...]]:
    sql = f"SELECT study_id, {columns} FROM {view} ORDER BY study_id, test"
    return [tuple(row.values()) for row in stream(warehouse, sql).table().to_pylist()]


def test_a_follow_up_is_due_and_then_done_over_two_nights(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    text = "6 mm nodule in the left upper lobe. Follow-up chest CT in 3 months is recommended."
    written = write_recommendations(find_recommendations_in(text))
    put(warehouse, "first", FIRST, radiologist=written)
    columns = "test, concept, side, recommended_by, exam_date, due_from, due_by, seen_on, seen_study_id, state"
    about = ("first", "ct", "nodule", "left", "radiologist", FIRST)
    (row,) = follow_ups(warehouse, columns)
    assert row == (*about, FIRST + 91 * DAY, FIRST + 91 * DAY, None, None, "open")
    assert follow_ups(warehouse, "overdue", "follow_ups_due") == [("first", True)]
    come = FIRST + 95 * DAY
    put(warehouse, "second", come, radiologist="")
    (row,) = follow_ups(warehouse, columns)
    assert row == (*about, FIRST + 91 * DAY, FIRST + 91 * DAY, come, "second", "seen")
    assert follow_ups(warehouse, "overdue", "follow_ups_due") == []


@pytest.mark.parametrize(
    ("later", "state"),
    [
        ({}, "seen"),
        ({"modality": "MR"}, "open"),
        ({"modality": None}, "open"),
        ({"part": "abdomen"}, "open"),
        ({"part": None}, "open"),
        ({"patient": "another"}, "open"),
        ({"patient": None}, "open"),
        # the first exam was a day before half the interval
        ({"day": FIRST + 45 * DAY}, "open"),
        ({"day": FIRST + 46 * DAY}, "seen"),
        ({"day": FIRST}, "open"),
        ({"day": FIRST - 100 * DAY}, "open"),
        ({"day": None}, "open"),
    ],
    ids=str,
)
def test_only_the_exam_that_was_asked_for_ends_it(tmp_path: Path, later: dict[str, Any], state: str) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    put(warehouse, "first", FIRST, modality="CR", radiologist="ct:91-91:nodule:left::")
    second: dict[str, Any] = {"day": FIRST + 91 * DAY, "radiologist": ""} | later
    put(warehouse, "second", **second)
    assert follow_ups(warehouse, "state") == [("first", state)]


def test_what_is_recommended_by_whom(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    put(warehouse, "a", FIRST, model="ct::nodule:::if; biopsy::mass:::; none:::::", radiologist=None)
    put(warehouse, "b", FIRST, model="ct:30-30::::", radiologist="")  # the radiologist wants none
    put(warehouse, "c", FIRST, patient="q", model="ct:30-30::::", radiologist="follow_up:30-60::::")
    put(warehouse, "d", FIRST + 40 * DAY, patient="q", modality=None, radiologist="")
    put(warehouse, "e", FIRST, patient=None, radiologist="mri:10-10::::; radiograph:10-10::::")
    put(warehouse, "f", None, patient="r", radiologist="ct:10-10::::")
    assert follow_ups(warehouse, "test, recommended_by, conditional, due_by, seen_study_id, state") == [
        ("a", "ct", "model", True, None, None, "open"),
        ("c", "follow_up", "radiologist", False, FIRST + 60 * DAY, "d", "seen"),
        ("e", "mri", "radiologist", False, FIRST + 10 * DAY, None, "unlinked"),
        ("e", "radiograph", "radiologist", False, FIRST + 10 * DAY, None, "unlinked"),
        ("f", "ct", "radiologist", False, None, None, "unlinked"),
    ]


def test_due_are_those_of_this_month_and_before(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    today = datetime.datetime.now(datetime.UTC).date()
    for study, days in (("gone", 1), ("now", 0), ("far", -40)):
        put(warehouse, study, today - (100 + days) * DAY, patient=study, radiologist="ct:100-100::::")
    put(warehouse, "undated", today, patient="u", radiologist="ct:::::")
    rows = follow_ups(warehouse, "due_by, overdue", "follow_ups_due")
    assert rows == [("gone", today - DAY, True), ("now", today, False)]


def test_every_imaging_test_has_its_modality() -> None:
    assert set(MODALITIES_OF_TESTS) == {action.id for action in ACTIONS.values() if action.kind == "imaging"}
