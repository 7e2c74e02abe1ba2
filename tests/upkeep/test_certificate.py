"""What outlives an erasure: its certificate, what an attempt that was cut off knew, and what may hold the patient."""

import json
from pathlib import Path
from typing import Any

import pytest

from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.settings.loading import dump_settings, load_settings
from radray.tables.audit import Entry, Who
from radray.tables.catalog import Warehouse
from radray.tables.runs import RunRow
from radray.upkeep import erasure as erasure_module
from radray.upkeep.certificate import certify, refers_to
from radray.upkeep.erasure import erase
from radray.upkeep.ids import Ids
from radray.upkeep.lineage import learnt_from, outputs_of
from tests.support.worlds.tables import NIGHT, open_warehouse
from tests.upkeep.test_erasure import PATIENT, SECRETS, everywhere, holding

OTHER_NIGHT = NIGHT.replace(day=22)
TRAINING = [("hospital", str(NIGHT), "train")]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path / "warehouse")


def ran(warehouse: Warehouse, run_id: str, *settings: str, failed: bool = False, **about: Any) -> None:
    """Put a run over the night into `runs`, with settings and columns of its own."""
    about = {"batch_date": NIGHT, "dataset": "hospital"} | about
    row = RunRow(run_id, run_id.partition("-")[0], "k", dump_settings(load_settings((), settings)), about)
    row.write(warehouse, RunStatus.FAILED if failed else RunStatus.FINISHED)


def places(warehouse: Warehouse, *nights: tuple[str, str, str | None]) -> set[tuple[str, str]]:
    return {(output.what.split(" ")[0].strip(","), output.place) for output in outputs_of(warehouse, nights, Ids([]))}


@pytest.mark.parametrize(
    "step", ["begin", "redact_other_tables", "erase_copies", "remove_staged", "refuse_rows", "prove"]
)
def test_an_erasure_cut_off_anywhere_is_whole_when_repeated(
    step: str, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "warehouse"
    everywhere(warehouse, root)
    ran(warehouse, "evaluate-1", f"evaluate.page={tmp_path}/page.html")
    function = getattr(erasure_module, step)

    def cut_off(*arguments: Any) -> None:
        function(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(erasure_module, step, cut_off)
    with pytest.raises(KeyboardInterrupt):
        erase(warehouse, PATIENT)
    monkeypatch.undo()
    erasure = erase(open_warehouse(root), PATIENT)
    assert holding(warehouse, root) == {}
    # what the first attempt knew of the patient's nights is known still, though the rows that said so may be gone
    assert [output.place for output in erasure.outputs] == [f"{tmp_path}/page.html"]
    assert len(erasure.attempts) == 1
    certified = certify(warehouse, erasure, PATIENT, "dr-audit")
    assert sorted(str(file) for file in (root / "erasures").iterdir()) == sorted(certified)
    certificate = json.loads(Path(certified[0]).read_text())
    assert certificate["earlier_attempts"] == erasure.attempts
    assert erasure.attempts[0] != certificate["erasure_id"]
    assert not any(secret in Path(file).read_text() for file in certified for secret in SECRETS)
    assert erase(open_warehouse(root), PATIENT).attempts == []


def test_the_reference_differs_each_time_and_refers_to_one_patient(warehouse: Warehouse, tmp_path: Path) -> None:
    records = []
    for _ in range(2):
        uri, _ = certify(warehouse, erase(warehouse, PATIENT), PATIENT, "dr-audit")
        records.append(json.loads(Path(uri).read_text()))
    assert records[0]["patient"]["scrypt"] != records[1]["patient"]["scrypt"]
    assert [refers_to(record, PATIENT) for record in records] == [True, True]
    assert [refers_to(record, "canary-7") for record in records] == [False, False]


def test_an_attempt_for_another_patient_is_left_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    erase(warehouse, "other-9")
    erasure = erase(warehouse, PATIENT)
    assert erasure.attempts == []
    certify(warehouse, erasure, PATIENT, "dr-audit")
    assert len(list((tmp_path / "warehouse" / "erasures").glob("*.begun.json"))) == 1


def test_what_runs_over_the_nights_wrote_is_listed(warehouse: Warehouse) -> None:
    ran(warehouse, "prepare-1", "source.uri=in/a.zip", "source.pairs=out/pairs.jsonl")
    ran(warehouse, "prepare-2", "source.uri=in/b.zip", batch_date=OTHER_NIGHT)
    asked = ("train.tasks={instruction: 1}", "train.instructions=asked.jsonl")
    ran(warehouse, "finetune-0", *asked, batch_date=None, dataset=None)
    tuned = ("model.out=out/chest", "train.checkpoint_uri=s3://b/ck", "model.exemplars_file=picked.jsonl")
    ran(warehouse, "finetune-1", *tuned, model_digest="ab" * 32)
    calibrated = ("evaluate.calibrate=margin", "model.uri=out/chest", "evaluate.review=5", "evaluate.page=p.html")
    ran(warehouse, "evaluate-1", *calibrated, failed=True)
    ran(warehouse, "evaluate-2", "evaluate.page=other.html", dataset="clinic")
    ran(warehouse, "evaluate-3", "evaluate.page=each.html", dataset=None)
    assert places(warehouse, *TRAINING) == {
        *(("raw", "in/a.zip"), ("pairs", "out/pairs.jsonl"), ("model", "out/chest"), ("checkpoints", "s3://b/ck")),
        *(("checkpoints", "out/chest-checkpoints"), ("picked", "picked.jsonl"), ("page", "p.html")),
        *(("copies", f"radray/*/{'ab' * 32}*"), ("review", "out/review"), ("calibration", "out/chest/.calibration")),
        *(("page", "each.html"), ("instructions", "asked.jsonl")),
    }
    # a report that was not in training is in no model
    assert ("model", "out/chest") not in places(warehouse, ("hospital", str(NIGHT), "test"))
    assert places(warehouse) == set()


def test_models_that_started_from_one_that_learnt_are_listed_too(warehouse: Warehouse) -> None:
    first, second, third = ("ab" * 32, "cd" * 32, "ef" * 32)
    ran(warehouse, "finetune-1", "model.out=out/a", model_name="a", model_digest=first)
    elsewhere: dict[str, Any] = {"batch_date": OTHER_NIGHT}
    ran(warehouse, "finetune-2", "model.out=out/b", model_name="b", model_digest=second, base_digest=first, **elsewhere)
    ran(warehouse, "finetune-3", "model.out=out/c", "model.init=out/b", model_name="c", model_digest=third, **elsewhere)
    other = ("model.out=out/d", "model.init=out/a")  # the folder as it was before: another model was there
    ran(warehouse, "finetune-4", *other, model_name="d", model_digest="99" * 32, base_digest="77" * 32, **elsewhere)
    # whatever task was learnt; a model of instructions alone is of no night, and learnt by what it started from
    nights_of_none: dict[str, Any] = {"batch_date": None, "dataset": None}
    asked = ("model.out=out/e", "train.tasks={instruction: 1}", "train.instructions=asked.jsonl")
    ran(warehouse, "finetune-5", *asked, model_name="e", model_digest="55" * 32, **nights_of_none)
    assert learnt_from(warehouse, TRAINING, set()) == ["a abababab", "b cdcdcdcd", "c efefefef"]
    assert learnt_from(warehouse, TRAINING, {first}) == ["b cdcdcdcd", "c efefefef"]
    assert learnt_from(warehouse, [], set()) == []
    assert {place for what, place in places(warehouse, *TRAINING) if what == "model"} == {"out/a", "out/b", "out/c"}


def test_the_newest_run_names_a_place_and_ids_are_masked_in_it(warehouse: Warehouse) -> None:
    for number in (1, 2):
        ran(warehouse, f"evaluate-{number}", f"evaluate.page=out/{PATIENT}.html")
    (output,) = outputs_of(warehouse, TRAINING, Ids([PATIENT]))
    assert (output.place, output.run_id) == ("out/_________.html", "evaluate-2")


def test_files_that_queries_wrote_since_are_listed_by_who_wrote_them(warehouse: Warehouse) -> None:
    me = Who("dr-audit", "root")
    Entry("query", me, tables=("reports",), to_file=True).write_ended(warehouse, 0)  # before the patient came
    ran(warehouse, "evaluate-1")
    for tables, to_file in ((("reports",), False), ((), True), (("predictions_text",), True), (("runs",), True)):
        Entry("query", me, tables=tables, to_file=to_file).write_ended(warehouse, 0)
    listed = outputs_of(warehouse, TRAINING, Ids([]))
    assert [(its.what, its.place) for its in listed] == [
        (f"file of a query of {table}", "written by dr-audit, who knows where")
        for table in ("predictions_text", "runs")
    ]


def test_a_run_whose_settings_cannot_be_read_lists_nothing(warehouse: Warehouse) -> None:
    for number, config in enumerate(("", "[", "text", "evaluate: 5")):
        about = {"batch_date": NIGHT, "dataset": "hospital"}
        RunRow(f"evaluate-{number}", "evaluate", "k", config, about).write(warehouse, RunStatus.FINISHED)
    assert places(warehouse, *TRAINING) == set()
    assert warehouse.read(RUNS).num_rows == 4
