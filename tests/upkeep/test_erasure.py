"""A patient erased: no byte of theirs in any file that is left, by an oracle that reads the files on its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.analytics.query import engine
from radray.errors import AuditError, ConfigError, ConflictError, RadrayError
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import new_run_id
from radray.tables.partition import PartitionRun, RecordedRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from radray.upkeep.erasure import erase
from radray.upkeep.evidence import Trace, search
from radray.upkeep.maintenance import AT_ONCE, Kind, find_leftovers, maintain
from radray.upkeep.report import Erasure
from tests.support.s3_server import S3Server
from tests.support.worlds.tables import NIGHT, Night, open_warehouse, report_rows

PATIENT = "canary-77"
SECRETS = (PATIENT, "canary-study", "0canary-unit", "Canary opacity", "canarydigest", "canary-member", "Canary pr")
"""What every value of the patient begins with: in a manifest there is no more of it."""
SHARED = "No acute cardiopulmonary abnormality, as so often."
PARTITION = {"batch_date": NIGHT, "dataset": "hospital", "split": "live", "model_digest": "m1"}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path / "warehouse")


def study(number: str, run_key: str, run_id: str, dataset: str = "hospital") -> dict[str, Any]:
    """Return a row of another patient, or one of the patient's own where `number` begins with p."""
    (row,) = report_rows([number], run_key, run_id).to_pylist()
    row |= {"dataset": dataset, "subject_id": f"other-{number}", "text_digest": f"otherdigest{number}"}
    row |= {"findings": f"Other lungs {number} are clear.", "reference": SHARED, "split": "live", "split_key": "x"}
    if number.startswith("p"):
        row |= {"unit_id": f"0canary-unit-{number}", "subject_id": PATIENT, "study_id": f"canary-study-{number}"}
        row |= {"findings": f"Canary opacity in the {number} lobe, 3.2 cm.", "text_digest": f"canarydigest{number}"}
        row |= {"source_member": f"canary-member/{number}.txt", "split_key": PATIENT}
    return row


def stage(warehouse: Warehouse, run: RecordedRun, rows: pa.Table) -> None:
    warehouse.storage.make_folder(run.staging)
    fs, path = warehouse.storage.filesystem(f"{run.staging}/a.parquet")
    pq.write_table(rows, path, filesystem=fs)


def prepared(warehouse: Warehouse, key: str, numbers: Sequence[str], *, commit: bool = True) -> Night:
    night = Night(warehouse, key)
    rows = [study(number, key, night.row.run_id) for number in numbers]
    night.stage_rows(to_arrow(rows, REPORTS))
    if commit:
        night.finish([row["unit_id"] for row in rows])
    return night


def generated(warehouse: Warehouse, key: str, numbers: Sequence[str]) -> None:
    row = RunRow(new_run_id("generate"), "generate", key, "config", PARTITION)
    run = PartitionRun(warehouse, pin(warehouse, PREDICTIONS, PARTITION), row)
    rows = []
    for number in numbers:
        report = study(number, key, row.run_id)
        columns = {column.name: report.get(column.name) for column in PREDICTIONS.columns} | PARTITION
        columns |= {"model_name": "m", "prompt_id": "p", "settings_digest": "s", "engine": "transformers"}
        text = f"Canary prediction {number}." if number.startswith("p") else f"Clear {number}."
        rows.append(columns | {"prediction": text, "hypotheses": [{"text": text, "score": -0.5}]})
    with run.leased() as leased, leased.recorded(row) as recorded:
        stage(warehouse, recorded, to_arrow(rows, PREDICTIONS))
        recorded.stage().commit([str(row["unit_id"]) for row in rows])


def holding(warehouse: Warehouse, root: Path, secrets: Sequence[str] = SECRETS) -> dict[str, str]:
    """Return the files that hold one of `secrets`, and how: raw, as Parquet by pyarrow, as Avro by DuckDB."""
    connection = engine(warehouse)
    files = {}
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        texts = {"raw": file.read_bytes().decode("latin-1")}
        if file.suffix == ".parquet" and file.read_bytes()[-4:] == b"PAR1":
            texts["decoded"] = str(pq.read_table(file).to_pylist())
        if file.suffix == ".avro":
            texts["decoded"] = str(connection.execute(f"SELECT * FROM read_avro('{file}')").fetchall())
        for how, text in texts.items():
            if any(secret in text for secret in secrets):
                files[str(file.relative_to(root))] = how
    return files


def everywhere(warehouse: Warehouse, root: Path) -> None:
    """Put the patient into old and new snapshots, both tables, staging, a half-written file and an orphan."""
    prepared(warehouse, "k1", ["p1", "1", "2"])
    prepared(warehouse, "k2", ["p1", "1", "2", "3", "p9"])
    generated(warehouse, "g1", ["p1", "1", "p9"])
    generated(warehouse, "g2", ["1", "2", "3", "p1", "p9"])
    crashed = prepared(warehouse, "k3", ["p1", "4"], commit=False)
    (Path(crashed.staging) / "half.parquet").write_bytes(b"PAR1 Canary opacity and then the power failed")
    clean = prepared(warehouse, "k4", ["5"], commit=False)
    assert Path(clean.staging).exists()
    orphan = root / "data" / "reports" / "2026-11-21" / "prepare-20261101T000000-aaaaaaaa.00000000"
    orphan.mkdir()
    pq.write_table(to_arrow([study("p5", "k", "r")], REPORTS), orphan / "part-00000.parquet")


def test_no_byte_of_the_patient_is_in_any_file_that_is_left(warehouse: Warehouse, tmp_path: Path) -> None:
    root = tmp_path / "warehouse"
    everywhere(warehouse, root)
    before = holding(warehouse, root)
    # the oracle sees the patient where they are, and that manifests name nobody
    assert {Path(name).suffix for name, how in before.items() if how == "decoded"} == {".parquet"}
    assert len([name for name in before if name.startswith("_staging")]) == 2

    erasure = erase(warehouse, PATIENT)

    assert holding(warehouse, root) == {}
    assert erasure.rows == {"reports": 2, "predictions": 2}
    assert (erasure.partitions, erasure.emptied) == (2, 0)
    files = [file for file in root.rglob("*") if file.is_file()]
    assert erasure.files_read == len(files)
    # subject, split key; of p1, p9 and p5 study, unit, digest, findings, member; two predictions; SHARED, "00", "x"
    assert erasure.traces >= 2 + 3 * 5 + 2
    assert erasure.shared >= 1
    assert {row.kind for row in erasure.removed} == {Kind.SNAPSHOT, Kind.FILE, Kind.STAGING}
    assert not any(secret in line for line in erasure.lines() for secret in SECRETS)
    reports = warehouse.read(REPORTS).to_pylist()
    assert sorted((row["unit_id"], row["findings"], row["reference"]) for row in reports) == [
        (number, f"Other lungs {number} are clear.", SHARED) for number in ("1", "2", "3")
    ]
    predictions = warehouse.read(PREDICTIONS).to_pylist()
    assert sorted((row["unit_id"], row["prediction"]) for row in predictions) == [
        (number, f"Clear {number}.") for number in ("1", "2", "3")
    ]
    assert (root / "_staging" / "reports" / "k4" / "a.parquet").exists()  # of others alone
    assert len(warehouse.load(REPORTS).metadata.snapshots) == 1


def test_no_byte_of_the_patient_is_in_any_object_that_is_left(s3: S3Server, tmp_path: Path) -> None:
    uri = f"s3://radray/{tmp_path.name}"
    warehouse = Warehouse(WarehouseSettings(uri=uri, catalog_uri=f"{tmp_path}/catalog.db", s3=s3.settings()))
    prepared(warehouse, "k1", ["p1", "1", "2"])
    prepared(warehouse, "k2", ["p1", "1", "2", "p9"])
    generated(warehouse, "g2", ["1", "2", "p1", "p9"])
    prepared(warehouse, "k3", ["p1"], commit=False)

    def downloaded(folder: Path) -> Path:
        for file in warehouse.storage.list_files(uri):
            target = folder / file[len(uri) + 1 :]
            target.parent.mkdir(parents=True, exist_ok=True)
            with warehouse.storage.open_input(file) as source:
                target.write_bytes(source.read())
        return folder

    before = holding(warehouse, downloaded(tmp_path / "before"))
    assert {Path(name).suffix for name in before} == {".parquet"}
    erasure = erase(warehouse, PATIENT)
    assert erasure.rows == {"reports": 2, "predictions": 2}
    left = downloaded(tmp_path / "after")
    assert holding(warehouse, left) == {}
    assert erasure.files_read == len([file for file in left.rglob("*") if file.is_file()])
    assert sorted(row["unit_id"] for row in warehouse.read(PREDICTIONS).to_pylist()) == ["1", "2"]
    assert Night(warehouse, "k2").run.is_committed()


def test_a_rerun_with_the_old_source_finds_the_night_done(warehouse: Warehouse, tmp_path: Path) -> None:
    first = prepared(warehouse, "k1", ["p1", "1"])
    erase(warehouse, PATIENT)
    again = Night(warehouse, "k1")
    assert again.run.is_committed()
    assert [row["unit_id"] for row in warehouse.read(REPORTS).to_pylist()] == ["1"]
    (attempt,) = {file.parent.name for file in (tmp_path / "warehouse" / "data" / "reports").rglob("*.parquet")}
    assert attempt.startswith(f"{first.row.run_id}.")
    # a source that was cleaned makes another key, and the night is replaced as ever
    prepared(warehouse, "k2", ["1", "2"])
    assert sorted(row["unit_id"] for row in warehouse.read(REPORTS).to_pylist()) == ["1", "2"]


def test_a_night_of_the_patient_alone_is_empty_after_one_erasure_or_two(warehouse: Warehouse, tmp_path: Path) -> None:
    prepared(warehouse, "k1", ["p1"])
    assert erase(warehouse, PATIENT).emptied == 1
    assert warehouse.read(REPORTS).num_rows == 0
    again = erase(warehouse, PATIENT)
    assert (dict(again.rows), again.partitions) == ({}, 0)
    assert holding(warehouse, tmp_path / "warehouse") == {}
    maintain(warehouse, AT_ONCE)
    assert find_leftovers(warehouse, AT_ONCE) == []


def test_rows_without_a_subject_id_go_with_their_study(warehouse: Warehouse, tmp_path: Path) -> None:
    night = Night(warehouse, "k1")
    rows = [study(number, "k1", night.row.run_id) for number in ("p1", "p2", "1")]
    rows[1] |= {"subject_id": None, "study_id": rows[0]["study_id"], "status": "rejected", "split_key": None}
    night.stage_rows(to_arrow(rows, REPORTS))
    night.finish([row["unit_id"] for row in rows])
    assert erase(warehouse, PATIENT).rows == {"reports": 2}
    assert holding(warehouse, tmp_path / "warehouse") == {}


def test_it_refuses_while_a_run_is_running(warehouse: Warehouse) -> None:
    prepared(warehouse, "k1", ["p1", "1"])
    running = Night(warehouse, "k2")
    running.row.write(warehouse, RunStatus.RUNNING)
    with pytest.raises(ConflictError, match=f"run {running.row.run_id} is running"):
        erase(warehouse, PATIENT)
    assert warehouse.read(REPORTS).num_rows == 2


def test_rows_that_a_run_committed_meanwhile_are_not_taken_for_others(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(warehouse, "k1", ["p1", "1"])
    catalog = warehouse.load(REPORTS).catalog
    commit, calls = catalog.commit_table, []

    def meanwhile(*arguments: Any) -> object:
        calls.append(1)
        if len(calls) == 2:  # the patient's rows are gone from `reports`, its old snapshots are not yet
            prepared(open_warehouse(tmp_path / "warehouse"), "k2", ["p1", "1"])
        return commit(*arguments)

    monkeypatch.setattr(catalog, "commit_table", meanwhile)
    with pytest.raises(ConflictError, match="meanwhile; erase again"):
        erase(warehouse, PATIENT)
    monkeypatch.undo()
    assert erase(warehouse, PATIENT).rows == {"reports": 1}
    assert holding(warehouse, tmp_path / "warehouse") == {}


def test_a_file_of_others_that_holds_the_patient_is_named_and_left(warehouse: Warehouse, tmp_path: Path) -> None:
    prepared(warehouse, "k1", ["p1", "1"])
    export = tmp_path / "warehouse" / "export.csv"
    export.write_text(f"id\n{PATIENT}\n")
    with pytest.raises(AuditError, match=r"1 files still hold .*export\.csv \(subject_id\)") as e:
        erase(warehouse, PATIENT)
    assert PATIENT not in str(e.value)
    assert export.exists()
    export.unlink()
    assert isinstance(erase(warehouse, PATIENT), Erasure)


def test_a_crash_half_way_is_finished_by_erasing_again(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "warehouse"
    everywhere(warehouse, root)
    commit, calls = warehouse.load(REPORTS).catalog.commit_table, []

    def crash(*arguments: Any) -> object:
        calls.append(1)
        if len(calls) == 3:  # the rows of both tables are gone, and old snapshots hold them
            raise KeyboardInterrupt
        return commit(*arguments)

    monkeypatch.setattr(warehouse.load(REPORTS).catalog, "commit_table", crash)
    with pytest.raises(KeyboardInterrupt):
        erase(warehouse, PATIENT)
    assert holding(warehouse, root) != {}
    erase(open_warehouse(root), PATIENT)
    assert holding(warehouse, root) == {}


def test_the_same_id_in_another_dataset_is_another_patient(warehouse: Warehouse) -> None:
    prepared(warehouse, "k1", ["p1", "1"])
    partition = {"batch_date": NIGHT, "dataset": "clinic"}
    row = RunRow(new_run_id("prepare"), "prepare", "k9", "config", partition)
    run = PartitionRun(warehouse, pin(warehouse, REPORTS, partition), row)
    theirs = study("p8", "k9", row.run_id, "clinic") | {"split_key": "y", "findings": "Their own.", "unit_id": "8"}
    with run.leased() as leased, leased.recorded(row) as recorded:
        stage(warehouse, recorded, to_arrow([theirs], REPORTS))
        recorded.stage().commit(["8"])
    with pytest.raises(ConfigError, match=r"datasets clinic, hospital each have .* set source\.dataset"):
        erase(warehouse, PATIENT)
    erase(warehouse, PATIENT, "hospital")
    assert sorted(row["unit_id"] for row in warehouse.read(REPORTS).to_pylist()) == ["1", "8"]


def test_evidence_that_cannot_be_read_is_no_evidence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 nothing PAR1")
    with broken.open("rb") as file, pytest.raises(RadrayError, match="its content is unknown"):
        search(file, str(broken), frozenset({Trace("findings", b"Canary opacity")}))


def test_a_bound_in_a_compressed_manifest_is_a_hit(warehouse: Warehouse, tmp_path: Path) -> None:
    night = prepared(warehouse, "k1", ["p1"])
    run_id = night.row.run_id.encode("utf-8")
    wanted = frozenset(
        {
            *(Trace("run_id", run_id), Trace("study_id", b"canary-study-p1")),
            Trace("findings", b"Canary opacity in the p1 lobe, 3.2 cm."),
        }
    )
    hits = set()
    for file in (tmp_path / "warehouse" / "tables" / "reports" / "metadata").glob("*.avro"):
        assert run_id not in file.read_bytes()
        with file.open("rb") as source:
            hits |= {(hit.trace.kind, hit.begins) for hit in search(source, str(file), wanted)}
    # and nothing of a patient's id or of a text: manifests hold no bounds of them
    assert hits == {("run_id", False), ("run_id", True)}


def test_a_short_id_is_compared_with_whole_values_of_its_own_column(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    rows = [study("12", "k", "r"), study("5", "k", "r") | {"subject_id": "512", "study_id": "77"}]
    pq.write_table(to_arrow(rows, REPORTS), file)
    wanted = {Trace("subject_id", b"12"), Trace("study_id", b"77"), Trace("unit_id", b"12")}
    with file.open("rb") as source:
        hits = search(source, str(file), frozenset(wanted))
    assert {hit.trace for hit in hits} == {Trace("study_id", b"77"), Trace("unit_id", b"12")}


def test_the_run_of_runs_is_kept(warehouse: Warehouse) -> None:
    prepared(warehouse, "k1", ["p1", "1"])
    erase(warehouse, PATIENT)
    assert [row["run_key"] for row in warehouse.read(RUNS).to_pylist()] == ["k1"]
