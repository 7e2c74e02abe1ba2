"""Predictions of others that name an erased patient's reports, or are one of them word for word."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import new_run_id
from radray.tables.partition import PartitionRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from radray.upkeep.erasure import erase
from radray.upkeep.mentions import copied, mentioning, without_mentions
from tests.support.worlds.tables import NIGHT, Night, open_warehouse
from tests.upkeep.test_carried_reports import model
from tests.upkeep.test_erasure import PARTITION, PATIENT, holding, prepared, stage, study

P1 = "0canary-unit-p1"
MINE = frozenset({P1})


def exemplars(*units: str) -> str:
    return json.dumps([{"unit_id": unit, "cosine": 0.5} for unit in units])


def generated(warehouse: Warehouse, texts: dict[str, dict[str, str]]) -> None:
    """Commit predictions of others on one night, with `texts` in their columns."""
    row = RunRow(new_run_id("generate"), "generate", "g1", "config", PARTITION)
    run = PartitionRun(warehouse, pin(warehouse, PREDICTIONS, PARTITION), row)
    rows: list[dict[str, Any]] = []
    for number, columns in texts.items():
        report = study(number, "g1", row.run_id)
        values = {column.name: report.get(column.name) for column in PREDICTIONS.columns} | PARTITION
        values |= {"model_name": "m", "prompt_id": "p", "settings_digest": "s", "engine": "transformers"}
        rows.append(values | {"prediction": f"Clear {number}.", **columns})
    with run.leased() as leased, leased.recorded(row) as recorded:
        stage(warehouse, recorded, to_arrow(rows, PREDICTIONS))
        recorded.stage().commit([str(row["unit_id"]) for row in rows])


def test_predictions_of_others_no_longer_name_the_patients_reports(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    prepared(warehouse, "k1", ["p1", "1", "2"])
    generated(warehouse, {"1": {"exemplars": exemplars("2", P1, "9")}, "2": {"exemplars": exemplars("1")}, "3": {}})
    assert len(holding(warehouse, tmp_path / "warehouse")) > 1

    erasure = erase(warehouse, PATIENT)

    assert holding(warehouse, tmp_path / "warehouse") == {}
    rows = warehouse.read(PREDICTIONS, ["unit_id", "exemplars", "prediction"]).to_pylist()
    assert sorted((row["unit_id"], row["exemplars"], row["prediction"]) for row in rows if row["exemplars"]) == [
        ("1", exemplars("2", "9"), "Clear 1."),
        ("2", exemplars("1"), "Clear 2."),
    ]
    assert len(rows) == 3
    assert (erasure.mentions, erasure.copied, erasure.rows["predictions"]) == (1, 0, 0)
    assert "predictions of others: 1 no longer name the patient's reports, 0 were removed" in "\n".join(erasure.lines())


def test_a_prediction_that_is_the_patients_impression_is_removed(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    prepared(warehouse, "k1", ["p1", "1", "2"])
    neighbour, beam = {"source": "neighbour", "unit_id": P1, "score": 0.5}, {"source": "beam", "text": "Clear 2."}
    rows = {
        "1": {"prediction": "Canary prediction p1.", "candidates": json.dumps([neighbour, beam])},
        "2": {"candidates": json.dumps([beam, neighbour])},
    }
    generated(warehouse, rows)
    erasure = erase(warehouse, PATIENT)
    assert holding(warehouse, tmp_path / "warehouse") == {}
    (row,) = warehouse.read(PREDICTIONS, ["unit_id", "candidates"]).to_pylist()
    assert (row["unit_id"], json.loads(row["candidates"])) == ("2", [beam])
    assert (erasure.mentions, erasure.copied) == (1, 1)
    assert "1 were removed, which were an impression of the patient, word for word" in "\n".join(erasure.lines())
    assert warehouse.read(REPORTS).num_rows == 2


def test_reports_that_a_model_alone_knows_are_no_longer_named(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    prepared(warehouse, "k1", ["1"])
    generated(warehouse, {"1": {"exemplars": exemplars("0canary-unit-p7", "9")}})
    folder = model(tmp_path / "models" / "chest")
    assert erase(warehouse, PATIENT, models=[str(folder)]).mentions == 1
    assert holding(warehouse, tmp_path / "warehouse") == {}


def test_candidates_lose_the_patient_and_copies_of_the_patient_go() -> None:
    candidates = [
        [{"source": "beam", "text": "A."}, {"source": "neighbour", "unit_id": P1}],
        [{"source": "neighbour", "unit_id": P1}, {"source": "beam", "text": "A."}],
        [{"source": "neighbour", "unit_id": "9"}],
        None,
    ]
    texts = [None if entries is None else json.dumps(entries) for entries in candidates]
    rows = pa.table({"unit_id": ["1", "2", "3", "4"], "candidates": pa.array(texts, pa.string())})
    assert mentioning(rows, MINE) == [True, True, False, False]
    assert copied(rows, MINE) == [False, True, False, False]
    left = without_mentions(rows, MINE).column("candidates").to_pylist()
    assert left == [json.dumps([{"source": "beam", "text": "A."}]), left[1], texts[2], None]
    bare = rows.select(["unit_id"])  # a table that is older than the columns
    assert (mentioning(bare, MINE), copied(bare, MINE)) == ([False] * 4, [False] * 4)
    assert without_mentions(bare, MINE) == bare


def test_models_that_learnt_from_the_patient_are_named_by_the_runs(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    night = Night(warehouse, "k1")
    row = study("p1", "k1", night.row.run_id) | {"split": "train"}
    night.stage_rows(to_arrow([row], REPORTS))
    night.finish([row["unit_id"]])
    other = NIGHT.replace(day=22)
    about = {"batch_date": NIGHT, "dataset": "hospital", "model_name": "chest", "model_digest": "ab" * 32}
    for number, differs in enumerate(({}, {"dataset": "clinic", "model_name": "b"}, {"batch_date": other}), 1):
        RunRow(f"finetune-{number}", "finetune", "k", "", about | differs).write(warehouse, RunStatus.FINISHED)
    erasure = erase(warehouse, PATIENT)
    assert erasure.learnt == ["chest abababab"]
    assert "fine-tuned on nights with reports of the patient, by `runs`: chest abababab" in "\n".join(erasure.lines())
