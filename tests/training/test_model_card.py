"""Files beside the weights: the card, the curves; and the event files of a training."""

import datetime
import struct
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pytest
import yaml
from tensorboardX.proto.event_pb2 import Event

from radray.models.neighbours import COLUMNS, write_neighbours
from radray.training.delivery.card import write_card
from radray.training.delivery.curves import write_curves
from radray.training.delivery.event_files import event_files
from radray.training.progress import Metric

TIME = datetime.datetime(2026, 11, 21, 3, 4, 5)
PROVENANCE = {
    "base": {"name": "google/flan-t5-xl", "digest": "ab12"},
    "batch_date": "1970-01-01",
    "data_digest": "cd34",
    "dataset": "mimic",
    "examples": {"train": 900, "validation": 45, "epoch": 1150},
    "metrics": {"best_val_loss": 1.23456, "validation": {"val_rouge1_abnormal": 0.25}, "ended": "done"},
    "plan": ["2,849,757,184 parameters, all of them learn"],
    "prompt_id": "background-findings-v1",
    "settings": {"epochs": 3, "max_steps": None},
    "split": {"seed": 13, "validation_fraction": 0.05},
    "targets": {"train": {"without masks": 120, "left out": 2}},
    "versions": {"torch": "2.13.0"},
}


def _metrics(*names: str) -> list[Metric]:
    return [Metric(step, step / 10, name, 3.0 / step, TIME) for name in names for step in (10, 20, 30)]


def test_the_card_says_what_the_model_is_for_and_what_it_was_made_of(tmp_path: Path) -> None:
    write_card(tmp_path, "chest", PROVENANCE)
    text = (tmp_path / "README.md").read_text()
    _, head, body = text.split("---\n", 2)
    assert yaml.safe_load(head)["base_model"] == "google/flan-t5-xl"
    assert body.startswith("\n# chest\n")
    plain = " ".join(body.split())
    for words in (
        "It is for retrospective review and research",
        "It is **not** for drafting into a report that will be signed",
        "learnt from MIMIC-CXR falls under its PhysioNet data use agreement: such a model is **not published**",
        "- dataset: mimic - batch date: 1970-01-01 - training reports: 900 - examples that an epoch"
        " learns from these: 1150 - validation reports: 45",
        "- targets, train.without masks: 120 - targets, train.left out: 2",
        "- best_val_loss: 1.235 - validation.val_rouge1_abnormal: 0.25 - ended: done",
        "Prompt: background-findings-v1.",
        "- epochs: 3",
        "- 2,849,757,184 parameters, all of them learn",
        "- torch: 2.13.0",
        "![Curves of the training](curves.svg)",
    ):
        assert words in plain, words
    assert "max_steps" not in plain
    assert "holds report text" not in plain


def test_the_card_of_a_model_that_carries_reports_warns_of_their_text(tmp_path: Path) -> None:
    text = "Canary opacity."
    row = {"unit_id": "u1", "subject": None, "findings": text, "impression": text}
    write_neighbours(pa.Table.from_pylist([row], schema=COLUMNS), tmp_path)
    write_card(tmp_path, "chest", PROVENANCE)
    card = " ".join((tmp_path / "README.md").read_text().split())
    assert (
        "## This folder holds report text `neighbours.parquet`: findings and impressions of reports, word for word"
        in card
    )
    assert "Canary" not in card


def test_the_card_of_a_causal_model_has_the_terms_of_its_base(tmp_path: Path) -> None:
    origin = {"file": "SmolLM2.gguf", "licence": "apache-2.0"}
    base = {"name": "SmolLM2", "digest": "ab12", "origin": origin}
    write_card(tmp_path, "chest", PROVENANCE | {"base": base, "family": "causal", "task": "impression"})
    text = (tmp_path / "README.md").read_text()
    assert yaml.safe_load(text.split("---\n", 2)[1])["pipeline_tag"] == "text-generation"
    plain = " ".join(text.split())
    assert "Base model: SmolLM2. Task: impression. Prompt: background-findings-v1." in plain
    assert "The base model's own terms and origin: - file: SmolLM2.gguf - licence: apache-2.0" in plain
    write_card(tmp_path, "chest", PROVENANCE)
    assert "terms and origin" not in (tmp_path / "README.md").read_text()


def test_the_card_of_several_tasks_names_each_and_its_answers_source(tmp_path: Path) -> None:
    tasks = {"labels": "labels-report-v1", "devices": "devices-report-v1"}
    counts = {"labels": {"weight": 0.5, "train": 90, "gold": {"rules": 80, "codes": 10}, "left out": {"no_gold": 3}}}
    write_card(tmp_path, "chest", PROVENANCE | {"tasks": tasks, "examples_by_task": counts})
    card = " ".join((tmp_path / "README.md").read_text().split())
    for words in (
        "This model writes the IMPRESSION",
        "- training examples of all tasks: 900",
        "answers what other tasks ask of a radiology report, each under a prompt of its own: labels, devices.",
        "Task: impression. Prompt: background-findings-v1. Task: labels. Prompt: labels-report-v1.",
        "- examples, labels.gold.rules: 80 - examples, labels.gold.codes: 10 - examples, labels.left out.no_gold: 3",
    ):
        assert words in card, words
    alone = {name: value for name, value in PROVENANCE.items() if name != "prompt_id"}
    write_card(tmp_path, "chest", alone | {"tasks": tasks})
    card = " ".join((tmp_path / "README.md").read_text().split())
    assert "writes the IMPRESSION" not in card
    assert "Task: impression" not in card


def test_a_card_of_little_says_little(tmp_path: Path) -> None:
    write_card(tmp_path, "chest", {})
    text = (tmp_path / "README.md").read_text()
    assert "base_model" not in text
    assert "None" not in text
    assert "**not published**" in text


def _words(file: Path) -> str:
    return " ".join(" ".join(ElementTree.parse(file).getroot().itertext()).split())


def test_the_curves_are_a_picture_of_losses_and_rouge_the_same_each_time(tmp_path: Path) -> None:
    metrics = _metrics("train_loss", "val_loss", "learning_rate", "val_rouge1", "val_rouge1_abnormal")
    write_curves(tmp_path, metrics)
    first = (tmp_path / "curves.svg").read_bytes()
    words = _words(tmp_path / "curves.svg")
    for title in ("training reports", "validation reports", "ROUGE-1, all", "ROUGE-1, abnormal", "optimiser steps"):
        assert title in words
    assert "ROUGE-2" not in words
    write_curves(tmp_path, reversed(metrics))
    assert (tmp_path / "curves.svg").read_bytes() == first


def test_without_rouge_there_is_one_panel_and_nothing_gives_an_empty_one(tmp_path: Path) -> None:
    write_curves(tmp_path, _metrics("train_loss", "val_loss"))
    assert "F-measure" not in _words(tmp_path / "curves.svg")
    write_curves(tmp_path, [])
    assert "loss a token" in _words(tmp_path / "curves.svg")


def _events(file: Path) -> list[Event]:
    """TFRecord: length (u64), its CRC (u32), the record, its CRC."""
    content, events = file.read_bytes(), []
    while content:
        (size,) = struct.unpack("<Q", content[:8])
        events.append(Event.FromString(content[12 : 12 + size]))
        content = content[16 + size :]
    return events


def test_event_files_hold_every_value_with_its_step_and_time(tmp_path: Path) -> None:
    metrics = _metrics("train_loss", "val_rouge1")
    with event_files(tmp_path / "runs" / "one") as write:
        for metric in metrics:
            write(metric)
    (file,) = (tmp_path / "runs" / "one").iterdir()
    assert file.name.startswith("events.out.tfevents.")
    values = [
        (value.tag, event.step, event.wall_time, value.simple_value)
        for event in _events(file)
        for value in event.summary.value
    ]
    time = TIME.replace(tzinfo=datetime.UTC).timestamp()
    assert values == [(metric.name, metric.step, time, pytest.approx(metric.value, rel=1e-6)) for metric in metrics]


def test_without_a_folder_there_are_no_event_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with event_files(None) as write:
        write(_metrics("train_loss")[0])
    assert list(tmp_path.iterdir()) == []
