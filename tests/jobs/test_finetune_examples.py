"""The examples of a fine-tuning, and the lines that it prints before and while it trains."""

import datetime
import io
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from jobs.finetune import finetune
from radray.errors import InputError
from radray.models.exemplars import FixedExemplar
from radray.reports.splits import SplitCut
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE
from radray.tables.catalog import Warehouse
from radray.tasks.registry import find_prompt
from radray.tasks.task import TargetCounts
from radray.training.dataset import TrainingData, read_examples
from radray.training.lessons import Lessons
from radray.training.places import out_folder, untrained_folder
from radray.training.progress import Metric
from radray.training.recording import describe_data, describe_metric
from tests.support.worlds.evaluate import append

CANARY = "zqxjkcanary"
IMPRESSIONS = (
    "No acute disease.",
    f"Large {CANARY} mass, new since ___.",
    "Small effusion. Dr. Smith was notified by phone.",
    "Results were discussed with the team.",
)
"""Normal; with a mask; with a communication beside something else; with nothing else."""


def _rows(count: int, **columns: Any) -> list[dict[str, Any]]:
    rows = []
    for n in range(count):
        row = {"unit_id": f"u{n:03}", "batch_date": CORPUS_DATE, "dataset": "chest", "status": "ok", "split": "train"}
        row |= {
            "format": "jsonl",
            "source_uri": "a",
            "source_member": "",
            "source_offset": 0,
            "source_digest": "0",
            "run_key": "k",
        }
        row |= {"run_id": "prepare-1", "split_key": f"p{n}", "study_id": f"s{n}", "findings": f"The {CANARY} {n} is."}
        rows.append(row | {"reference": IMPRESSIONS[n % 4], "reference_raw": IMPRESSIONS[n % 4]} | columns)
    return rows


def _settings(folder: Path, *words: str) -> Settings:
    first = [f"warehouse.uri={folder}/warehouse", f"model.out={folder}/model", "source.dataset=chest"]
    return load_settings((), [*first, "model.init=tiny", "split.validation_fraction=0.3", *words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with 80 reports, each impression 20 times."""
    folder = tmp_path_factory.mktemp("corpus")
    append(Warehouse(_settings(folder).warehouse), REPORTS, _rows(80))
    return folder


def _read(folder: Path, *words: str) -> TrainingData:
    settings = _settings(folder, *words)
    return read_examples(
        Warehouse(settings.warehouse), settings, lambda: Lessons(find_prompt("background-findings-v1"))
    )


def _targets(table: pa.Table) -> set[str | None]:
    return set(table["target"].to_pylist())


CLEANED = {"No acute disease.", f"Large {CANARY} mass, new.", "Small effusion."}


def test_targets_lose_masks_and_communications_and_references_nothing(folder: Path) -> None:
    data = _read(folder)
    train, validation = data.train, data.validation
    cut = SplitCut(0.3, 13)
    held_out = {f"u{n:03}" for n in range(80) if cut.split_of("train", f"p{n}") == "validation"}
    assert 10 < len(held_out) < 40
    assert _targets(train) == CLEANED
    # the loss is on the same kind of targets; what is scored against is as it was written
    assert _targets(validation) == {*CLEANED, None}
    assert set(validation["unit_id"].to_pylist()) == held_out
    assert validation["reference"].to_pylist() == [IMPRESSIONS[int(unit[1:]) % 4] for unit in sorted(held_out)]
    rest = [n for n in range(80) if f"u{n:03}" not in held_out]
    assert train["unit_id"].to_pylist() == [f"u{n:03}" for n in rest if n % 4 != 3]
    assert set(train["reference"].to_pylist()) == {None}
    kinds = [sum(n % 4 == kind for n in rest) for kind in range(4)]
    assert data.target_counts["train"] == TargetCounts(
        masks=kinds[1], communications=kinds[2] + kinds[3], empty=kinds[3]
    )
    lines = list(describe_data(data))
    assert lines[0].startswith(f"{train.num_rows} training and ")
    assert lines[1] == (
        f"train targets: masks removed from {kinds[1]}, sentences of communication from {kinds[2] + kinds[3]};"
        f" {kinds[3]} had nothing left and are left out (train.keep_masks, train.keep_communications)"
    )
    abnormal = sum(n % 4 != 0 for n in range(80) if f"u{n:03}" in held_out)
    assert lines[3] == f"ROUGE on {len(held_out)} of the validation reports, {abnormal} of them abnormal"


def test_each_may_be_kept(folder: Path) -> None:
    kept = _read(folder, "train.keep_masks=true", "train.keep_communications=true")
    assert _targets(kept.train) == set(IMPRESSIONS)
    assert kept.target_counts["train"] == TargetCounts(0, 0, 0)
    assert len(list(describe_data(kept))) == 2


def test_copies_are_examples_of_training_alone(folder: Path) -> None:
    plain, data = _read(folder), _read(folder, "train.abnormal_copies=3", "train.augment=1")
    assert data.validation == plain.validation
    assert data.train_reports == plain.train.num_rows == plain.train_reports
    first = data.train.filter(pa.compute.equal(data.train["copy"], 0))
    assert first == plain.train
    # each abnormal report three times and as often in other words, in the order of unit_id and copy
    expected = [
        (row["unit_id"], copy)
        for row in plain.train.to_pylist()
        for copy in range(2 if row["target"] == "No acute disease." else 6)
    ]
    assert list(zip(*(data.train[name].to_pylist() for name in ("unit_id", "copy")), strict=True)) == expected
    assert list(describe_data(data))[1].startswith(f"an epoch learns {len(expected)} examples of them")
    assert data.digest() != plain.digest()


def test_few_examples_are_drawn_by_the_seed_of_the_split(folder: Path) -> None:
    everything, few = _read(folder), _read(folder, "train.examples=9", "train.store_neighbours=true")
    drawn = few.train["unit_id"].to_pylist()
    assert drawn == sorted(drawn)
    assert set(drawn) < set(everything.train["unit_id"].to_pylist())
    # of nine drawn those without a target are left out, as ever
    assert len(drawn) == 9 - few.target_counts["train"].empty
    assert few.validation == everything.validation
    assert few.neighbours is not None
    assert few.neighbours["unit_id"].to_pylist() == drawn
    assert _read(folder, "train.examples=9", "train.seed=4").train == few.train
    assert _read(folder, "train.examples=500").train == everything.train


def test_the_sample_is_of_the_size_and_seed_that_are_set(folder: Path) -> None:
    def sampled(*words: str) -> list[str]:
        table = _read(folder, *words).validation
        return table.filter(pa.compute.is_valid(table["reference"]))["unit_id"].to_pylist()

    assert len(sampled("train.rouge_reports=5")) == 5
    assert sampled("train.rouge_reports=5") == sampled("train.rouge_reports=5", "train.seed=4")
    assert sampled("train.rouge_every_epochs=null") == []
    without = _read(folder, "train.rouge_every_epochs=null").validation
    assert without["target"].null_count == 0


@pytest.mark.parametrize("columns", [{"split": "test"}, {"reference": None}, {"reference": "___."}])
def test_an_empty_training_split_is_refused_in_one_line(columns: dict[str, Any], tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    append(Warehouse(settings.warehouse), REPORTS, _rows(12, **columns))
    output = io.StringIO()
    with pytest.raises(
        InputError, match=r"^no train reports with findings and impression on batch_date=\S+ \(dataset chest\)"
    ) as refused:
        finetune(settings, Console(file=output))
    assert "\n" not in str(refused.value)
    assert CANARY not in str(refused.value) + output.getvalue()
    assert not (tmp_path / "model").exists()


def test_reports_longer_than_the_limit_are_reported_in_one_line() -> None:
    time = datetime.datetime(2026, 11, 21)
    assert list(describe_metric(Metric(0, 0.0, "train_inputs_truncated", 1234.0, time), [])) == [
        "train_inputs_truncated: 1,234 examples lost their end (see train.max_*_tokens)"
    ]
    assert list(describe_metric(Metric(0, 0.0, "train_inputs_truncated", 0.0, time), [])) == []


def test_an_epoch_is_reported_in_one_line_with_the_abnormal_beside_all() -> None:
    time = datetime.datetime(2026, 11, 21)
    values = {"val_rouge1": 0.61234, "val_rouge1_abnormal": 0.3, "val_loss": 1.5}
    metrics = [Metric(20, 2.0, name, value, time) for name, value in values.items()]
    assert [line for count, metric in enumerate(metrics, 1) for line in describe_metric(metric, metrics[:count])] == [
        "epoch  2.00  step     20  val_loss 1.5000  ROUGE-1 0.612, abnormal 0.300"
    ]
    later = Metric(30, 3.0, "val_loss", 1.25, time)
    assert list(describe_metric(later, [*metrics, later])) == ["epoch  3.00  step     30  val_loss 1.2500"]


def test_a_model_for_s3_is_made_in_out_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = _settings(tmp_path, "model.out=s3://bucket/models/chest/")
    assert out_folder(settings) == tmp_path / "out" / "chest"
    assert untrained_folder(settings) == tmp_path / "out" / "chest-untrained"


def test_no_training_report_is_shown_itself_or_its_patient(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "model.exemplars=2")
    rows = _rows(40)
    for n, row in enumerate(rows):
        # pairs of one patient, who says nearly the same twice; each impression names its report
        row |= {
            "subject_id": f"p{n // 2}",
            "split_key": f"p{n // 2}",
            "findings": f"Nodule of lobe {n // 2}, film {n}.",
        }
        row |= {"reference": f"Nodule {n}."}
    append(Warehouse(settings.warehouse), REPORTS, rows)
    asked = find_prompt("similar-sections-v1", 2)
    data = read_examples(Warehouse(settings.warehouse), settings, lambda: Lessons(asked))
    assert data.neighbours is not None
    trained = {int(unit[1:]) for unit in data.train["unit_id"].to_pylist()}
    assert {int(unit[1:]) for unit in data.neighbours["unit_id"].to_pylist()} == trained
    for table in (data.train, data.validation):
        for example in table.to_pylist():
            own = int(example["unit_id"][1:])
            shown = [int(n) for n in re.findall(r"Similar report: Nodule (\d+)\.", example["input"])]
            assert len(shown) == 2
            assert set(shown) <= trained - {own, own ^ 1}


def test_no_report_learns_with_its_own_answer_among_the_picked(folder: Path) -> None:
    plain = _read(folder)
    units = [table["unit_id"].to_pylist() for table in (plain.train, plain.validation)]
    own = [int(unit[0][1:]) for unit in units]
    picked = [FixedExemplar(str(n), None, f"The {CANARY} {n} is.", f"Picked {n}.") for n in (*own, 999)]
    asked = find_prompt("pairs-findings-v1").showing(picked, "tiny", {})
    settings = _settings(folder, "train.abnormal_copies=2")
    data = read_examples(Warehouse(settings.warehouse), settings, lambda: Lessons(asked))
    assert data.neighbours is None
    for table in (data.train, data.validation):
        for example in table.to_pylist():
            shown = [int(n) for n in re.findall(r"Impression: Picked (\d+)\.", example["input"])]
            assert shown == [n for n in (*own, 999) if n != int(example["unit_id"][1:])]


def test_training_reports_are_kept_only_where_they_are_used(folder: Path) -> None:
    assert _read(folder).neighbours is None
    kept = _read(folder, "train.store_neighbours=true")
    assert kept.neighbours is not None
    assert set(kept.neighbours["impression"].to_pylist()) == CLEANED
    assert kept.train == _read(folder).train
    assert kept.digest() != _read(folder).digest()
