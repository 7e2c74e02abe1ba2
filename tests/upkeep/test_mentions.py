"""Predictions of others that name an erased patient's reports, or are one of them word for word."""

import json
from collections.abc import Mapping
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
from radray.upkeep.mentions import copied, mentioning, texts_of_others, without_mentions
from tests.support.worlds.tables import NIGHT, Night, open_warehouse
from tests.upkeep.test_carried_reports import model
from tests.upkeep.test_erasure import PARTITION, PATIENT, holding, prepared, stage, study

P1 = "0canary-unit-p1"
MINE = frozenset({P1})


def exemplars(*units: str) -> str:
    return json.dumps([{"unit_id": unit, "cosine": 0.5} for unit in units])


def generated(warehouse: Warehouse, texts: Mapping[str, Mapping[str, Any]]) -> None:
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
    assert "predictions of others: 1 no longer name the patient's reports; 0 have no text" in "\n".join(erasure.lines())


def test_a_prediction_that_is_the_patients_impression_fails_with_a_reason(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    prepared(warehouse, "k1", ["p1", "1", "2"])
    neighbour, beam = {"source": "neighbour", "unit_id": P1, "score": 0.5}, {"source": "beam", "text": "Clear 2."}
    named = [f"{text}:effusion:absent::::::" for text in ("findings", "prediction", "reference")]
    scored: dict[str, Any] = {"rouge1_f": 0.5, "flag_side": True, "defer": False, "margin": 0.2}
    scored |= {"reference_flag_side": False, "mentions": "; ".join(named)}
    rows = {
        "1": {"prediction": "Canary prediction p1.", "candidates": json.dumps([neighbour, beam]), **scored},
        "2": {"candidates": json.dumps([beam, neighbour]), "defer": False},
    }
    generated(warehouse, rows)
    before = {row["unit_id"]: row for row in warehouse.read(PREDICTIONS).to_pylist()}
    erasure = erase(warehouse, PATIENT)
    assert holding(warehouse, tmp_path / "warehouse") == {}
    after = {row["unit_id"]: row for row in warehouse.read(PREDICTIONS).to_pylist()}
    assert after.keys() == {"1", "2"}  # a row for every report
    changed = {name: value for name, value in after["1"].items() if value != before["1"][name]}
    assert changed == {
        **{"status": "failed", "reason": "erased", "defer": True, "defer_reason": "no_prediction", "rouge1_f": 0.0},
        **dict.fromkeys(("prediction", "candidates", "flag_side", "margin")),
        "mentions": f"{named[0]}; {named[2]}",
    }
    assert json.loads(after["2"]["candidates"]) == [beam]
    assert after["2"] == before["2"] | {"candidates": after["2"]["candidates"]}
    assert (erasure.mentions, erasure.copied, erasure.shared_texts) == (1, 1, 0)
    assert "1 have no text any more (status failed, reason erased)" in "\n".join(erasure.lines())
    assert warehouse.read(REPORTS).num_rows == 2
    assert erase(warehouse, PATIENT).copied == 0


def test_a_sentence_that_reports_of_others_have_too_stays(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    night = Night(warehouse, "k1")
    reports = [study(number, "k1", night.row.run_id) for number in ("p1", "1", "2", "3")]
    reports[0]["reference"] = "No acute disease."
    reports[2]["reference"] = "Stable chest; no  acute disease. Nothing else."
    reports[3]["dataset"] = "hospital"
    night.stage_rows(to_arrow(reports, REPORTS))
    night.finish([row["unit_id"] for row in reports])
    first = {"source": "neighbour", "unit_id": P1, "score": 0.5, "agreement": 0.9}
    words = {"1": "No acute disease.", "2": "NO ACUTE DISEASE", "3": "No acute disease of the mitral valve."}
    generated(warehouse, {n: {"prediction": text, "candidates": json.dumps([first])} for n, text in words.items()})
    erasure = erase(warehouse, PATIENT)
    rows = {row["unit_id"]: row for row in warehouse.read(PREDICTIONS).to_pylist()}
    assert {unit: row["prediction"] for unit, row in rows.items()} == words | {"3": None}
    assert (erasure.copied, erasure.shared_texts) == (1, 2)
    assert json.loads(rows["1"]["candidates"]) == [{"source": "neighbour", "score": 0.5, "agreement": 0.9}]
    assert holding(warehouse, tmp_path / "warehouse") == {}


def test_a_sentence_of_another_dataset_does_not_keep_a_text(tmp_path: Path) -> None:
    texts = {("hospital", "Small right apical bulla."), ("clinic", "Small right apical bulla.")}
    reports = to_arrow([study("1", "k", "r") | {"reference": "Small right apical bulla."}], REPORTS).to_batches()
    assert texts_of_others(reports, texts) == {("hospital", "Small right apical bulla.")}
    assert texts_of_others([], texts) == set()
    assert texts_of_others([], {("hospital", "--")}) == {("hospital", "--")}  # no word, so nothing of anybody


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
