"""The view of recommendations gives what a plain loop makes of the same rows, and what a reader sees in single ones."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from radray.analytics.query import stream
from radray.checks.check import check
from radray.checks.recommendations.recommendation import write_recommendations
from radray.schema.predictions import PREDICTIONS
from tests.support.worlds.tables import open_warehouse
from tests.support.worlds.views import Row, World, append

KEYS = ("batch_date", "dataset", "split", "unit_id", "model_name", "model_digest")


def parsed(column: str | None) -> dict[tuple[str, str | None], Row]:
    rows: dict[tuple[str, str | None], Row] = {}
    for item in (column or "").split("; "):
        if item:
            test, days, concept, side, _, condition = item.split(":")
            least, _, most = days.partition("-")
            span = {"days_least": int(least) if least else None, "days_most": int(most) if most else None}
            rows[test, concept or None] = {"side": side or None, **span, "conditional": condition == "if"}
    return rows


def outcome(ours: Row | None, theirs: Row | None, compared: bool) -> str:
    if not compared:
        return "no_reference"
    if ours is None or theirs is None:
        return "left_out" if ours is None else "added"
    days = [each[name] for each in (ours, theirs) for name in ("days_least", "days_most")]
    apart = None not in days and (days[0] > days[3] or days[2] > days[1])
    return "other_interval" if apart else "same"


def test_rows_of_all_predictions(tmp_path: Path) -> None:
    world = World(tmp_path)
    expected: dict[tuple[Any, ...], Row] = {}
    for row in world.rows["predictions"]:
        if row["status"] != "ok":
            continue
        ours, theirs = parsed(row["recommendations"]), parsed(row["reference_recommendations"])
        for key in {**ours, **theirs}:
            both = (ours.get(key), theirs.get(key))
            empty = dict.fromkeys(("side", "days_least", "days_most", "conditional"))
            beside = {f"reference_{name}": value for name, value in (both[1] or empty).items()}
            ended = outcome(*both, row["reference_recommendations"] is not None)
            expected[(*(row[name] for name in KEYS), *key)] = {**(both[0] or empty), **beside, "outcome": ended}
    got = stream(world.warehouse, "SELECT * FROM recommendations").table().to_pylist()
    assert len(got) == len(expected)
    for row in got:
        wanted = expected[(*(row[name] for name in KEYS), row["test"], row["concept"])]
        assert {name: row[name] for name in wanted} == wanted
    seen = {row["outcome"] for row in got}
    assert seen == {"same", "other_interval", "left_out", "added", "no_reference"}


@pytest.mark.parametrize(
    ("impression", "reference", "rows"),
    [
        ("Left nodule. CT in 6 months is advised.", "Left nodule. CT in 6-12 months.", [("ct", "nodule", "same")]),
        ("Nodule. CT in 1 year is advised.", "Nodule. CT in 3 months advised.", [("ct", "nodule", "other_interval")]),
        ("Nodule.", "Nodule. PET is recommended.", [("pet", "nodule", "left_out")]),
        ("Mass. Biopsy is recommended.", "Mass.", [("biopsy", "mass", "added")]),
        ("Mass. Biopsy is recommended.", None, [("biopsy", "mass", "no_reference")]),
        ("Mass.", "Mass.", []),
    ],
)
def test_what_a_model_left_out_or_added(
    impression: str, reference: str | None, rows: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    filler = dict.fromkeys(("split_key", "text_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")
    row: Row = {**filler, "unit_id": "u", "batch_date": datetime.date(2026, 3, 1), "dataset": "north", "split": "live"}
    row |= {"model_name": "model", "model_digest": "m", "status": "ok", "study_id": "s", "run_id": "generate-1"}
    findings = "Lung nodule and mass."
    row |= {"findings": findings}
    for name, text in (("recommendations", impression), ("reference_recommendations", reference)):
        recommended = None if text is None else check(text, findings, None).recommendations
        row[name] = None if recommended is None else write_recommendations(recommended)
    append(warehouse, PREDICTIONS, [row])
    got = stream(warehouse, "SELECT test, concept, outcome FROM recommendations").table().to_pylist()
    assert [tuple(each.values()) for each in got] == rows
