"""An erasure ends: with success, or with one list, wherever else the patient's ids and texts are."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from radray.analytics.query import query
from radray.errors import AuditError
from radray.reports.record.identity import digest_texts
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.settings.loading import dump_settings, load_settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.partition import PartitionRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from radray.upkeep.erasure import erase
from radray.upkeep.report import Erasure
from tests.support.worlds.tables import NIGHT, Night, open_warehouse
from tests.upkeep.test_erasure import PATIENT, holding, stage, study
from tests.upkeep.test_mentions import generated

MRN = "40017723"
"""As a hospital has it: digits alone, no date."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path / "warehouse")


def night(warehouse: Warehouse, rows: Sequence[dict[str, Any]], key: str = "k1") -> None:
    run = Night(warehouse, key)
    staged = [row | {"run_key": key, "run_id": run.row.run_id} for row in rows]
    run.stage_rows(to_arrow(staged, REPORTS))
    run.finish([row["unit_id"] for row in rows])


def patient(**values: Any) -> dict[str, Any]:
    """Return the row of a patient who is known by MRN, with one study."""
    row = study("p1", "k1", "r")
    return row | {"subject_id": MRN, "split_key": MRN, "study_id": "ACC-908177", **values}


def other(number: str, **values: Any) -> dict[str, Any]:
    return study(number, "k1", "r") | values


def files_with(root: Path, value: str) -> list[str]:
    """Return the files that hold `value`, raw or decoded: by the oracle of the erasure's own tests."""
    return sorted(holding(open_warehouse(root), root, (value,)))


def by_unit(warehouse: Warehouse, schema: Any = REPORTS) -> dict[str, dict[str, Any]]:
    return {row["unit_id"]: row for row in warehouse.read(schema).to_pylist()}


def test_ids_in_the_texts_of_others_are_masked_and_their_places_kept(warehouse: Warehouse, tmp_path: Path) -> None:
    mother = other("1", findings=f"Twin of MRN{MRN}: compare with acc-908177. Clear.", indication="Newborn.")
    mother |= {"sections": [{"name": "findings", "start": 5, "text": f"see {MRN}."}], "impression_items": [f"{MRN}."]}
    mother |= {"text_digest": digest_texts(mother["background"], mother["findings"], mother["reference_raw"])}
    night(warehouse, [patient(), mother, other("2")])
    before = by_unit(warehouse)
    erasure = erase(warehouse, MRN)
    rows = by_unit(warehouse)
    assert rows.keys() == {"1", "2"}
    assert rows["2"] == before["2"]
    assert rows["1"]["findings"] == f"Twin of MRN{'_' * 8}: compare with {'_' * 10}. Clear."
    assert rows["1"]["sections"][0]["text"] == f"see {'_' * 8}."
    assert rows["1"]["impression_items"] == [f"{'_' * 8}."]
    # else the digest gives the id away to whoever tries all of them
    assert rows["1"]["text_digest"] == digest_texts(None, rows["1"]["findings"], None) != before["1"]["text_digest"]
    assert erasure.masked == {("reports", name): 1 for name in ("findings", "sections", "impression_items")}
    assert files_with(tmp_path / "warehouse", MRN) == files_with(tmp_path / "warehouse", "ACC-908177") == []
    printed = "\n".join(erasure.lines())
    assert "masked: 1 in reports.findings, 1 in reports.impression_items, 1 in reports.sections" in printed
    assert MRN not in printed
    assert erase(warehouse, MRN).masked == {}


def test_predictions_that_name_the_patient_are_masked_in_every_text(warehouse: Warehouse) -> None:
    night(warehouse, [patient(), other("1")])
    beam = {"source": "beam", "text": f"As {MRN}.", "score": 0.40017723}
    texts = {"prediction": f"Like {MRN}.", "candidates": json.dumps([beam]), "hypotheses": [{"text": MRN, "score": 1}]}
    generated(warehouse, {"1": texts})
    erasure = erase(warehouse, MRN)
    row = by_unit(warehouse, PREDICTIONS)["1"]
    assert (row["prediction"], row["hypotheses"][0]["text"]) == (f"Like {'_' * 8}.", "_" * 8)
    assert json.loads(row["candidates"]) == [beam | {"text": f"As {'_' * 8}."}]  # and no number is touched
    assert row["status"] == "ok"
    assert erasure.masked["predictions", "candidates"] == 1
    assert MRN not in str(row).replace("0.40017723", "")


def test_names_of_files_are_masked_and_rejects_named_by_the_patient_go(warehouse: Warehouse, tmp_path: Path) -> None:
    rejected = {"status": "rejected", "reason": "malformed", "subject_id": None, "study_id": None, "split_key": None}
    rows = [
        patient(source_uri=f"in/{MRN}.hl7"),
        other("1", **rejected, source_uri=f"in/p{MRN}-late.hl7"),
        other("2", source_uri=f"batch-{MRN}.hl7"),
        other("3", **rejected, source_uri=f"batch-{MRN}.hl7"),  # of a file with others' reports: it may be theirs
        other("4", **rejected, source_uri=f"in/9{MRN}.hl7"),  # another number
    ]
    night(warehouse, rows)
    erasure = erase(warehouse, MRN)
    left = by_unit(warehouse)
    assert {unit: row["source_uri"] for unit, row in left.items()} == {
        "2": f"batch-{'_' * 8}.hl7",
        "3": f"batch-{'_' * 8}.hl7",
        "4": f"in/9{MRN}.hl7",
    }
    assert erasure.rows == {"reports": 2}
    assert erasure.masked == {("reports", "source_uri"): 2}
    assert "rename such files at the source" in "\n".join(erasure.lines())


def test_settings_of_runs_lose_the_id_and_stay_settings(warehouse: Warehouse, tmp_path: Path) -> None:
    night(warehouse, [patient(), other("1")])
    config = dump_settings(load_settings((), [f"source.uri=/in/{MRN}/reports", f"model.out=out/{MRN}"]))
    RunRow("finetune-1", "finetune", "k", config).write(warehouse, RunStatus.FINISHED)
    kept = warehouse.read(RUNS, None, {"job": "prepare"}).to_pylist()
    assert erase(warehouse, MRN).masked == {("runs", "config"): 1}
    (run,) = warehouse.read(RUNS, None, {"job": "finetune"}).to_pylist()
    file = tmp_path / "again.yaml"
    file.write_text(run["config"])
    assert load_settings([str(file)]).source.uri == f"/in/{'_' * 8}/reports"
    assert warehouse.read(RUNS, None, {"job": "prepare"}).to_pylist() == kept
    assert files_with(tmp_path / "warehouse", MRN) == []  # no older snapshot of `runs` either


def test_a_crash_after_runs_was_masked_leaves_no_older_snapshot(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(warehouse, [patient(), other("1")])
    RunRow("prepare-1", "prepare", "k", f"source: {{uri: /in/{MRN}}}").write(warehouse, RunStatus.FINISHED)
    monkeypatch.setattr("radray.upkeep.erasure.remove_staged", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        erase(warehouse, MRN)
    assert files_with(tmp_path / "warehouse", MRN)
    monkeypatch.undo()
    erase(warehouse, MRN)
    assert files_with(tmp_path / "warehouse", MRN) == []


@pytest.mark.parametrize("identifier", ["20261121", "hospital", "prepare", "history", "live", "12"])
def test_an_id_that_is_also_a_word_or_a_date_ends_and_is_explained(
    identifier: str, warehouse: Warehouse, tmp_path: Path
) -> None:
    texts = {"findings": f"Since {identifier} unchanged, prepared live in hospital.", "reference": "normal"}
    rows = [patient(subject_id=identifier, split_key=identifier), other("1", **texts, human_codes="history")]
    night(warehouse, rows)
    generated(warehouse, {"1": {}})
    erasure = erase(warehouse, identifier)
    assert erasure.rows == {"reports": 1}
    assert by_unit(warehouse)["1"]["findings"] == texts["findings"]
    explained = len(identifier) >= 6
    assert (("reports", "findings") in erasure.left) is explained
    assert ("stay" in "\n".join(erasure._ids())) is explained


def test_longer_ids_of_others_stay_and_a_study_named_by_the_id_is_listed(warehouse: Warehouse, tmp_path: Path) -> None:
    longer = [f"9{MRN}", f"{MRN}5", f"1.2.840.{MRN}1.7"]
    rows = [other(str(number), study_id=its, findings=f"Accession {its}.") for number, its in enumerate(longer)]
    night(warehouse, [patient(), *rows, other("8", study_id=f"{MRN}-2")])
    erasure = erase(warehouse, MRN)
    assert [by_unit(warehouse)[str(number)]["study_id"] for number in range(3)] == longer
    assert [by_unit(warehouse)[str(number)]["findings"] for number in range(3)] == [f"Accession {i}." for i in longer]
    assert erasure.left == {("reports", "study_id"): 1}
    assert erasure.masked == {}
    assert "stay: 1 in reports.study_id" in "\n".join(erasure.lines())


def test_a_namesake_keeps_their_id_and_what_names_them(warehouse: Warehouse) -> None:
    night(warehouse, [patient(), other("1", findings=f"Compare {MRN}.")])
    partition = {"batch_date": Night(warehouse, "k9").night, "dataset": "clinic"}
    row = RunRow("prepare-20261121T000000-bbbbbbbb", "prepare", "k9", "config", partition)
    run = PartitionRun(warehouse, pin(warehouse, REPORTS, partition), row)
    theirs = [
        other("8", dataset="clinic", subject_id=MRN, split_key=MRN, findings=f"I am {MRN}.", run_key="k9"),
        other("9", dataset="clinic", findings=f"Sister of {MRN}.", run_key="k9"),
    ]
    with run.leased() as leased, leased.recorded(row) as recorded:
        stage(warehouse, recorded, to_arrow(theirs, REPORTS))
        recorded.stage().commit(["8", "9"])
    erase(warehouse, MRN, "hospital")
    findings = {unit: row["findings"] for unit, row in by_unit(warehouse).items()}
    assert findings == {"1": f"Compare {'_' * 8}.", "8": f"I am {MRN}.", "9": f"Sister of {MRN}."}


def test_short_texts_that_schemas_and_strata_have_too_are_no_trace(warehouse: Warehouse, tmp_path: Path) -> None:
    words = {"findings": "history", "indication": "normal", "background": "Findings", "reference": "reports"}
    night(warehouse, [patient(**words)])
    assert isinstance(erase(warehouse, MRN), Erasure)  # the word is in the tables' own schema


def test_a_sentence_that_only_staged_rows_of_others_have_is_theirs(warehouse: Warehouse) -> None:
    sentence = "No acute cardiopulmonary process is seen on either view."
    night(warehouse, [patient(reference=sentence)])
    Night(warehouse, "k2").stage_rows(to_arrow([other("2", reference=sentence, run_key="k2")], REPORTS))
    erase(warehouse, MRN)
    assert len(Night(warehouse, "k2").staged_files()) == 1


def test_all_that_is_left_is_one_list_with_what_to_do(warehouse: Warehouse, tmp_path: Path) -> None:
    night(warehouse, [patient(), other("1")])
    root = tmp_path / "warehouse"
    (root / "exports").mkdir()
    for number in range(3):
        (root / "exports" / f"{number}.csv").write_text(f"subject\n{MRN}\n")
    (root / "exports" / f"{MRN}.csv").write_text(MRN)
    (root / "exports" / "damaged.parquet").write_bytes(b"PAR1 cut off")
    for _ in range(2):
        with pytest.raises(AuditError) as error:
            erase(warehouse, MRN)
        text = str(error.value)
        assert all(f"exports/{name}.csv (subject_id)" in text for name in ("0", "1", "2", "_" * 8))
        assert "4 files still hold values of the patient (4 are none of radray's: remove them by hand)" in text
        assert "1 files cannot be read" in text
        assert "damaged.parquet" in text
        assert MRN not in text
    for file in (root / "exports").iterdir():
        file.unlink()
    erase(warehouse, MRN)
    assert query(warehouse, "SELECT count(*) AS n FROM reports").to_pylist() == [{"n": 1}]


def test_an_id_of_letters_and_digits_is_found_in_any_case(warehouse: Warehouse) -> None:
    night(
        warehouse,
        [patient(subject_id=PATIENT, split_key=PATIENT), other("1", findings="See CANARY-77, and xcanary-77.")],
    )
    erase(warehouse, PATIENT)
    assert by_unit(warehouse)["1"]["findings"] == f"See {'_' * 9}, and xcanary-77."


def test_a_row_of_another_night_with_the_patients_unit_id_stays(warehouse: Warehouse, tmp_path: Path) -> None:
    # the first row of every night's file has one unit_id: it is the digest of a path below the night's folder
    night(warehouse, [patient(unit_id="row0"), other("1", unit_id="row2", study_id=None)])
    later = Night(warehouse, "k2", NIGHT + datetime.timedelta(days=1))
    strangers = [other(number, batch_date=later.night, unit_id=f"row{number}", study_id=None) for number in "01"]
    named = other("2", unit_id="row2", subject_id=None, study_id=None, source_uri=f"{MRN}.txt", batch_date=later.night)
    rows = [row | {"run_key": "k2", "run_id": later.row.run_id} for row in (*strangers, named)]
    later.stage_rows(to_arrow(rows, REPORTS))
    later.finish(["row0", "row1", "row2"])
    assert erase(warehouse, MRN).rows == {"reports": 2}
    left = warehouse.read(REPORTS, ["batch_date", "unit_id", "findings"]).to_pylist()
    assert sorted((row["batch_date"], row["unit_id"]) for row in left) == [
        *((NIGHT, "row2"), (later.night, "row0"), (later.night, "row1"))
    ]
    assert [row["findings"] for row in left if row["batch_date"] > NIGHT] == [row["findings"] for row in strangers]
