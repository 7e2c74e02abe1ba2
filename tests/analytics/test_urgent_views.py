"""The morning's worklist by what findings name, and how often an impression begins with what is most urgent."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from radray.analytics.query import stream
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.tables.catalog import Warehouse
from radray.tasks.impression.mentions import write_mentions
from tests.support.worlds.tables import open_warehouse
from tests.support.worlds.views import append

NIGHT = datetime.date(2026, 3, 1)
FILLER = dict.fromkeys(("split_key", "text_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")


def put(warehouse: Warehouse, study: str, findings: str, impression: str | None = None, **columns: Any) -> None:
    about: dict[str, Any] = {"unit_id": f"u-{study}", "batch_date": NIGHT, "dataset": "north", "status": "ok"}
    about |= {"study_id": study, "split": "live", "findings": findings, "run_id": "r"}
    source = {"format": "hl7", "source_uri": "a", "source_member": "", "source_offset": 0, "source_digest": "0"}
    append(warehouse, REPORTS, [about | source | {"run_key": "k"}])
    mentions = {"mentions": write_mentions(findings, None, impression), "model_name": "model", "model_digest": "m"}
    append(warehouse, PREDICTIONS, [FILLER | about | mentions | columns])


def rows(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in stream(warehouse, sql).table().to_pylist()]


def test_the_most_urgent_findings_are_read_first(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    put(warehouse, "normal", "The lungs are clear. No pneumothorax.", "Tension pneumothorax.")
    put(warehouse, "old", "Old rib fracture. Resolved pneumothorax.")
    put(warehouse, "effusion", "Small left pleural effusion.")
    put(warehouse, "two", "Left pleural effusion. Right upper lobe mass.")
    put(warehouse, "possible", "Possible left pneumothorax.")
    put(warehouse, "certain", "Large left pneumothorax. Right pleural effusion.", "Normal chest.")
    put(warehouse, "failed", "Large right pneumothorax.", status="failed", prediction=None)
    asked = "SELECT study_id, place, urgency, certain, critical_findings, urgent_findings FROM urgent_findings"
    assert rows(warehouse, f"{asked} ORDER BY place") == [
        ("certain", 1, "critical", True, "pneumothorax", "pleural_effusion"),
        ("failed", 2, "critical", True, "pneumothorax", None),
        ("possible", 3, "critical", False, "pneumothorax", None),
        ("two", 4, "urgent", True, None, "mass;pleural_effusion"),
        ("effusion", 5, "urgent", True, None, "pleural_effusion"),
    ]


def test_the_rate_of_urgent_first_as_written_and_in_order(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    for place, (first, order, reference) in enumerate(
        (
            *((True, None, True), (True, "2,1", None), (True, "1,3,2", False), (False, None, True)),
            *((None, None, None), (True, "3,1,2", True)),
        )
    ):
        columns: dict[str, Any] = {"urgent_first": first, "item_order": order, "reference_urgent_first": reference}
        put(warehouse, f"s{place}", "f", **columns)
    put(warehouse, "failed", "f", status="failed", urgent_first=True)
    asked = (
        "impressions, urgent_first, urgent_first_as_written, reordered, reference_impressions, reference_urgent_first"
    )
    ((*counts,),) = rows(warehouse, f"SELECT {asked} FROM urgent_first")
    assert counts == [5, pytest.approx(4 / 5), pytest.approx(2 / 5), 3, 4, pytest.approx(3 / 4)]
