"""A patient erased from models that carry training reports, by an oracle that reads their files on its own."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.analytics.evaluation_rows import TrainingReports
from radray.errors import AuditError, InputError
from radray.models.cache import cache_folder
from radray.models.exemplars import FixedExemplar, read_exemplars, write_exemplars
from radray.models.folder import erased_lines, open_model
from radray.models.manifest import ERASED, MANIFEST, PICKED, read_manifest, replaced_by, verify_files, write_manifest
from radray.models.neighbours import COLUMNS, NEIGHBOURS, read_neighbours, subject_digest, write_neighbours
from radray.models.store import open_stored, put_model
from radray.reports.splits import SplitCut
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.settings.loading import dump_settings, load_settings
from radray.settings.model import ModelSettings
from radray.settings.root import Settings
from radray.settings.warehouse import WarehouseSettings
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from radray.tasks.registry import choose
from radray.training.dataset import read_examples
from radray.training.lessons import Lessons
from radray.upkeep import carried
from radray.upkeep import erasure as erasure_module
from radray.upkeep.carried import BEGUN, Patient, open_carrier
from radray.upkeep.erasure import erase
from tests.support.s3_server import S3Server
from tests.support.worlds.tables import NIGHT, Night, open_warehouse
from tests.upkeep.test_erasure import PATIENT, SHARED, prepared, study

CANARY = "Canary opacity in the p1 lobe, 3.2 cm."
OTHER = "Other lungs 1 are clear, as they were before."
ROWS = [
    ("0canary-unit-p1", PATIENT, CANARY, "Canary opacity, again and again and again."),
    ("0canary-unit-p7", PATIENT, "Canary effusion that no table of the warehouse knows.", OTHER),
    ("1", "other-1", OTHER, "Nothing new."),
    ("2", None, "Other lungs 2.", "Nothing new."),
]


def model(folder: Path, rows: Sequence[tuple[str, str | None, str, str]] = ROWS, **provenance: str) -> Path:
    """Write a model folder whose weights and tokenizer nobody loads, with `rows` as its training reports."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"numbers")
    names = COLUMNS.names
    known = [dict(zip(names, (unit, subject_digest(whom), *texts), strict=True)) for unit, whom, *texts in rows]
    pq.write_table(pa.Table.from_pylist(known, schema=COLUMNS), folder / NEIGHBOURS)
    write_manifest(folder, folder.name, provenance)
    return folder


def with_adapter(folder: Path) -> Path:
    """Add picked exemplars to a model, and an adapter that has them too."""
    picked = [
        FixedExemplar("canary-study-p1", subject_digest(PATIENT), CANARY, "x"),
        FixedExemplar("2", None, OTHER, "Nothing new."),
        FixedExemplar("3", None, CANARY, SHARED),
    ]
    (folder / "adapter").mkdir()
    for place in (folder / "adapter", folder):
        write_exemplars(picked, place)
        write_manifest(place, folder.name, {"kept": place.name})
    return folder


def holding(root: Path) -> list[str]:
    """Return the files below `root` that hold the patient, raw or as Parquet."""
    held = []
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        text = file.read_bytes().decode("latin-1")
        if file.name in (NEIGHBOURS, PICKED) and not text.endswith("failure"):
            text += str(pq.read_table(file).to_pylist())
        if any(secret in text for secret in ("anary", str(subject_digest(PATIENT)))):
            held.append(str(file.relative_to(root)))
    return held


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    built = open_warehouse(tmp_path / "warehouse")
    prepared(built, "k1", ["p1", "1"])
    return built


def test_the_reports_leave_a_model_which_is_marked_and_opens(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = model(tmp_path / "models" / "chest", dataset="hospital")
    before = read_manifest(folder)
    assert holding(folder.parent) == [f"chest/{NEIGHBOURS}"]

    erasure = erase(warehouse, PATIENT, models=[str(folder)])

    assert holding(folder.parent) == []
    opened = open_model(str(folder))  # every file is that of the manifest
    assert opened.digest != before.digest
    assert opened.manifest.provenance[ERASED]["replaces"] == [before.digest]
    assert opened.manifest.provenance["dataset"] == "hospital"
    assert {name: entry for name, entry in opened.manifest.files.items() if name != NEIGHBOURS} == {
        name: entry for name, entry in before.files.items() if name != NEIGHBOURS
    }
    assert pq.read_table(folder / NEIGHBOURS).column("unit_id").to_pylist() == ["1", "2"]
    assert len(read_neighbours(folder)) == 2
    assert len(erased_lines(opened)) == 1
    (done,) = erasure.models
    assert (done.name, done.replaced, done.digest, done.reports, done.kept) == (
        *("chest", before.digest, opened.digest),
        *(2, 2),
    )
    printed = "\n".join(erasure.lines())
    assert f"2 reports removed, 2 left; its digest is now {opened.digest} and was {before.digest}" in printed
    assert "1 models looked through, 1 of them carried reports of the patient; 3 files of models read" in printed
    assert "anary" not in printed
    again = erase(warehouse, PATIENT, models=[str(folder)])
    assert again.models == []
    assert open_model(str(folder)).digest == opened.digest


def test_the_reports_leave_a_model_on_s3_and_this_machines_copies(s3: S3Server, tmp_path: Path) -> None:
    uri = f"s3://radray/{tmp_path.name}"
    settings = WarehouseSettings(uri=f"{uri}/wh", catalog_uri=f"{tmp_path}/catalog.db", s3=s3.settings())
    warehouse = Warehouse(settings)
    prepared(warehouse, "k1", ["p1", "1"])
    local = model(tmp_path / "out" / "chest")  # as finetune leaves it
    put_model(local, f"{uri}/models/chest", warehouse.storage)
    before = open_stored(f"{uri}/models/chest", warehouse.storage)
    assert before.path.parent == cache_folder("models")
    stranger = model(cache_folder("models") / "another-model")
    clean = model(cache_folder("models") / "clean-model", ROWS[2:])
    assert len(holding(tmp_path)) == 3

    erasure = erase(warehouse, PATIENT, models=[f"{uri}/models/chest"])

    assert erasure.copies == [before.path, stranger] if before.path < stranger else [stranger, before.path]
    assert clean.exists()
    assert holding(tmp_path) == []
    fetched = open_stored(f"{uri}/models/chest", warehouse.storage)
    assert pq.read_table(fetched.path / NEIGHBOURS).column("unit_id").to_pylist() == ["1", "2"]
    assert fetched.digest == open_model(str(local)).digest != before.digest
    assert not [file for file in warehouse.storage.list_files(f"{uri}/models") if file.endswith(BEGUN)]


STEPS = [BEGUN, f"adapter/{PICKED}", f"chest/{PICKED}", NEIGHBOURS, f"adapter/{MANIFEST}", f"chest/{MANIFEST}"]


@pytest.mark.parametrize("step", [*STEPS, "remove"])
def test_a_crash_between_steps_is_finished_by_erasing_again(
    step: str, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_adapter(model(tmp_path / "models" / "chest"))
    before = read_manifest(folder).digest
    write, remove = carried._write, carried._remove

    def crash(place: str, content: bytes, storage: Storage) -> None:
        if place.endswith(step):
            raise KeyboardInterrupt
        write(place, content, storage)

    def crash_last(place: str, storage: Storage) -> None:
        if step == "remove":
            raise KeyboardInterrupt
        remove(place, storage)

    monkeypatch.setattr(carried, "_write", crash)
    monkeypatch.setattr(carried, "_remove", crash_last)
    with pytest.raises(KeyboardInterrupt):
        erase(warehouse, PATIENT, models=[str(folder)])
    monkeypatch.undo()
    if step in STEPS[2:]:  # neither the old model nor the new: nobody uses it
        with pytest.raises(InputError, match=r"(has \d+ bytes, manifest\.json says|differs from manifest\.json)"):
            open_model(str(folder))
    else:
        open_model(str(folder))

    erase(open_warehouse(tmp_path / "warehouse"), PATIENT, models=[str(folder)])

    assert holding(tmp_path) == []
    assert open_model(str(folder)).manifest.provenance[ERASED]["replaces"] == [before]
    verify_files(folder / "adapter", read_manifest(folder / "adapter"))
    assert len(replaced_by(read_manifest(folder / "adapter"))) == 1
    assert not (folder / BEGUN).exists()


@pytest.mark.parametrize("named", ["chest", "chest/adapter"])
def test_picked_exemplars_leave_the_model_and_its_adapter(named: str, warehouse: Warehouse, tmp_path: Path) -> None:
    folder = with_adapter(model(tmp_path / "models" / "chest"))
    joined = cache_folder("joined") / "0123-5.0"
    joined.mkdir(parents=True)
    shutil.copy(folder / PICKED, joined)
    assert len(holding(tmp_path)) >= 4
    erasure = erase(warehouse, PATIENT, models=[str(folder.parent / named)])
    assert holding(tmp_path) == []
    (done,) = erasure.models
    assert (done.name, done.reports, done.kept) == ("chest", 4, 3)
    assert erasure.copies == [joined]
    opened = open_model(str(folder))
    verify_files(folder / "adapter", read_manifest(folder / "adapter"))
    assert read_exemplars(folder) == read_exemplars(folder / "adapter")
    assert [pair.unit_id for pair in read_exemplars(folder)] == ["2"]
    assert opened.manifest.provenance["kept"] == "chest"
    assert ERASED in read_manifest(folder / "adapter").provenance


def test_damaged_reports_are_refused_before_anything_is_erased(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = model(tmp_path / "models" / "chest")
    (folder / NEIGHBOURS).write_bytes((folder / NEIGHBOURS).read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match=rf"chest: {NEIGHBOURS} is not the file that its manifest\.json lists"):
        erase(warehouse, PATIENT, models=[str(folder)])
    (folder / MANIFEST).unlink()
    with pytest.raises(InputError, match=r"chest: there is no manifest\.json: .* leave others out of model\.uri"):
        erase(warehouse, PATIENT, models=[str(folder)])
    assert warehouse.read(REPORTS).num_rows == 2


def test_what_killed_trainings_left_beside_the_model_goes_too(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = model(tmp_path / "models" / "chest")
    model(tmp_path / "models" / ".chest.0123abcd.partial")
    model(tmp_path / "models" / "chest-checkpoints" / "0123" / ".export")
    (tmp_path / "models" / "chest-checkpoints" / "0123" / "step-1").mkdir()
    cut_off = cache_folder("models") / ".0123.4567abcd.partial"
    cut_off.mkdir(parents=True)
    (cut_off / NEIGHBOURS).write_bytes(b"PAR1 Canary opacity and then the power failed")
    assert len(erase(warehouse, PATIENT, models=[str(folder)]).copies) == 3
    assert holding(tmp_path) == []
    assert (tmp_path / "models" / "chest-checkpoints" / "0123" / "step-1").is_dir()


def test_a_namesake_in_another_dataset_stays_in_the_model(tmp_path: Path) -> None:
    patient = Patient(frozenset({"a"}), subject_digest(PATIENT), "hospital", frozenset({"c"}))
    rows = [(unit, PATIENT, "x", "y") for unit in ("a", "b", "c")]
    carrier = open_carrier(str(model(tmp_path / "any", rows)), Storage.of(WarehouseSettings().s3))
    assert carrier is not None
    reports = carrier.reports[NEIGHBOURS]
    assert patient.owns(NEIGHBOURS, reports, {}) == [True, True, False]
    assert patient.owns(NEIGHBOURS, reports, {"dataset": "hospital"}) == [True, True, False]
    assert patient.owns(NEIGHBOURS, reports, {"dataset": "clinic"}) == [True, False, False]


def test_a_file_of_the_model_that_holds_a_text_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = model(tmp_path / "models" / "chest")
    (folder / "notes.md").write_text(f"see {CANARY}")
    with pytest.raises(AuditError, match=r"notes\.md \(text\); remove them by hand") as error:
        erase(warehouse, PATIENT, models=[str(folder)])
    assert "anary" not in str(error.value)
    (folder / "notes.md").unlink()
    erase(warehouse, PATIENT, models=[str(folder)])


def test_what_was_not_looked_through_is_in_the_report(warehouse: Warehouse, tmp_path: Path) -> None:
    assert "no model was looked through: one that carries" in "\n".join(erase(warehouse, PATIENT).lines())
    lines = "\n".join(erase(warehouse, PATIENT, models=["out/model"]).lines())
    assert "model.uri=out/model: there is no such folder, and nothing was looked through" in lines


def test_the_untrained_model_beside_it_loses_the_reports_too(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = model(tmp_path / "models" / "chest")
    model(tmp_path / "models" / "chest-untrained")
    erasure = erase(warehouse, PATIENT, models=[str(folder)])
    assert [done.name for done in erasure.models] == ["chest", "chest-untrained"]
    assert holding(tmp_path) == []


@pytest.mark.parametrize("crash", [False, True])
def test_the_runs_know_what_the_new_digest_learnt_from(
    crash: bool, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = model(tmp_path / "models" / "chest")
    about = {"batch_date": NIGHT, "dataset": "hospital", "model_name": "chest"}
    trained = RunRow("finetune-1", "finetune", "k", dump_settings(Settings()), about)
    trained.write(warehouse, RunStatus.FINISHED, {"model_digest": read_manifest(folder).digest})
    if crash:
        monkeypatch.setattr(erasure_module, "record_digest", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            erase(warehouse, PATIENT, models=[str(folder)])
        monkeypatch.undo()
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for _ in range(2):
        erase(warehouse, PATIENT, models=[str(folder)])
    rows = warehouse.read(RUNS, None, {"model_digest": read_manifest(folder).digest}).to_pylist()
    assert [(row["job"], row["model_name"], row["dataset"], row["batch_date"]) for row in rows] == [
        ("maintain", "chest", "hospital", NIGHT)
    ]
    assert TrainingReports(warehouse).of_model(read_manifest(folder).digest)[1] == f"hospital, {NIGHT}"
    assert "erase_subject_id" not in rows[0]["config"]


def test_reports_as_a_fine_tuning_stores_them_are_recognised(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    settings = load_settings((), [f"date={NIGHT}", "split.validation_fraction=0.5", "train.store_neighbours=true"])
    cut = SplitCut(0.5, settings.split.seed)
    keys = [f"k{number}" for number in range(40)]
    learnt = [key for key in keys if cut.split_of("train", key) == "train"]
    held_out = next(key for key in keys if key not in learnt)
    night = Night(warehouse, "k1")
    rows = [study(number, "k1", night.row.run_id) | {"split": "train"} for number in ("p1", "p2", "p3", "1", "2")]
    rows = [row | {"split_key": key} for row, key in zip(rows, [*learnt[:4], held_out], strict=True)]
    rows[1]["subject_id"] = None  # a later version of the first, and known as theirs by the study alone
    rows[1]["study_id"] = rows[0]["study_id"]
    night.stage_rows(to_arrow(rows, REPORTS))
    night.finish([row["unit_id"] for row in rows])
    data = read_examples(warehouse, settings, lambda: Lessons(choose(ModelSettings(), "toy", "t5", {})))
    assert data.neighbours is not None
    folder = model(tmp_path / "models" / "chest")
    write_neighbours(data.neighbours, folder)
    write_manifest(folder, "chest", {})
    assert len(holding(tmp_path / "models")) == 1
    (done,) = erase(warehouse, PATIENT, models=[str(folder)]).models
    assert (done.reports, done.kept) == (2, 1)
    assert holding(tmp_path / "models") == []


def test_a_model_without_reports_stays_as_it_is(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = model(tmp_path / "models" / "plain")
    (folder / NEIGHBOURS).unlink()
    digest = write_manifest(folder, "plain", {}).digest
    erasure = erase(warehouse, PATIENT, models=[str(folder)])
    assert (erasure.named, erasure.models) == (1, [])
    assert open_model(str(folder)).digest == digest
    assert erased_lines(open_model(str(folder))) == []
    assert json.loads((folder / MANIFEST).read_text())["made"] == {}
