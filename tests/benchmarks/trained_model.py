"""A small T5 trained on the Open-i reports, and their prompts: what the engine benchmarks run on."""

import subprocess
import sys
from pathlib import Path

import pyarrow.compute as pc

from radray.models.folder import ModelFolder, open_model
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from radray.tables.catalog import Warehouse
from radray.tasks.registry import choose
from tests.support.paths import ROOT, openi_file

SPLIT = ("split.default=train", "split.validation_fraction=0.1")
MODEL = ("model.init=tiny", "model.tiny.d_model=192", "model.tiny.d_ff=384", "model.tiny.num_layers=3")
TRAIN = ("train.epochs=12", "train.learning_rate=1e-3", "train.batch_size=32", "train.max_input_tokens=256")


def trained_model(folder: Path) -> tuple[ModelFolder, list[str]]:
    """Return the model of `folder`, trained now (minutes) if it is not there, and the prompts of all reports.

    The model has an output layer of its own, as FLAN-T5. The prompts come in the order of the file; nine of ten
    are of reports that the model was trained on: this is for speed and equality, not for quality.
    """
    source = openi_file()
    if not source.is_file():
        raise SystemExit(f"{source} is not there: set RADRAY_DATA to the folder of the reports")
    shared = (f"warehouse.uri={folder}/warehouse", *SPLIT)
    settings = load_settings([], [*shared, f"source.uri={source}", "source.format=openi_csv", "source.dataset=openi"])
    if not (folder / "model").is_dir():
        _job("prepare", *shared, f"source.uri={source}", "source.format=openi_csv", "source.dataset=openi")
        _job("finetune", *shared, *MODEL, *TRAIN, f"model.out={folder}/model")
    reports = Warehouse(settings.warehouse, must_exist=True).read(REPORTS)
    ok = reports.filter(pc.equal(reports.column("status"), "ok")).sort_by([("source_offset", "ascending")])
    prompt = choose(settings.model, "tiny", "t5", {}).prompt
    columns = (ok.column(name).to_pylist() for name in ("findings", "background"))
    return open_model(f"{folder}/model"), [prompt.fill(f, b) for f, b in zip(*columns, strict=True)]


def _job(name: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", f"jobs.{name}", *arguments], cwd=ROOT, check=True)


def say(line: str) -> None:
    """Write a line of the benchmark's output."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()  # what was measured is kept when the rest takes too long
