"""A warehouse and a model that an older commit of this repository wrote: read, rerun, appended to, maintained, erased.

``RADRAY_OLDER=COMMIT python -m pytest -m drill tests/e2e/test_older_code.py``; the commit is by default the last one
before the code was laid out in rooms.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from radray.schema.tables import TABLES
from radray.tables.catalog import Warehouse
from tests.support.paths import ROOT
from tests.support.worlds.loop import settings_for, write_corpus

OLDER = os.environ.get("RADRAY_OLDER", "00400ef09a0261cf7e5a4a89aa04ea32ba86b88e")
NIGHTS = ("2026-11-20", "2026-11-21")
STUDIES = 40
PATIENCE_S = 600
TINY = ["model.init=tiny", "model.tiny.d_model=32", "model.tiny.d_ff=64", "model.tiny.vocab_size=400"]

pytestmark = pytest.mark.drill

Job = Callable[..., subprocess.CompletedProcess[str]]


def job_of(code: Path, folder: Path) -> Job:
    """Return a function that runs a job of the checkout `code` on the warehouse of `folder`."""

    def run(name: str, *words: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", f"jobs.{name}", *words, f"warehouse.uri={folder}/warehouse"],
            cwd=code,
            env={**os.environ, "PYTHONPATH": str(code)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == expect, done.stderr
        return done

    return run


def night(folder: Path, date: str) -> list[str]:
    return [
        *(f"date={date}", "source.format=mimic_zip", f"source.uri={folder}/{date}.zip", "source.dataset=hospital"),
        *(f"model.uri={folder}/chest", "generate.max_new_tokens=8", "generate.num_beams=2", "gates.max_failed_rate=1"),
    ]


def rows(job: Job, table: str) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads(job("query", f"SELECT * FROM {table}", "out=json").stdout)
    return sorted(read, key=lambda row: json.dumps(row, sort_keys=True))


def weights(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the files that a loader reads, with their sha256: the card holds the time that the training took."""
    return {name: entry for name, entry in manifest["files"].items() if name != "README.md"}


def test_a_warehouse_of_older_code_goes_on(tmp_path: Path) -> None:
    old_code = tmp_path / "old"
    old_code.mkdir()
    archive = subprocess.run(["git", "archive", OLDER], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(old_code)], input=archive, check=True)
    old, new = job_of(old_code, tmp_path), job_of(ROOT, tmp_path)
    for seed, name in enumerate(("corpus", *NIGHTS), 3):
        write_corpus(tmp_path / f"{name}.zip", STUDIES, seed)
    corpus = ["source.format=mimic_zip", f"source.uri={tmp_path}/corpus.zip", "source.dataset=corpus"]
    training = ["source.dataset=corpus", "split.validation_fraction=0.3", "train.max_steps=2", "train.workers=1", *TINY]
    training += [f"model.out={tmp_path}/model", "train.rouge_every_epochs=null"]
    assert not (old_code / "radray" / "storage").exists(), "the older code is not what this is a drill for"

    old("prepare", *corpus)
    old("finetune", *training)
    manifest = (tmp_path / "model" / "manifest.json").read_bytes()
    shutil.copytree(tmp_path / "model", tmp_path / "chest")  # the training is repeated below
    old("generate", *night(tmp_path, NIGHTS[0]))
    tables = [schema for schema in TABLES.values() if schema.name not in ("evaluations", "comparisons", "audit")]
    warehouse = Warehouse(settings_for(tmp_path).warehouse, must_exist=True)
    before = {schema.name: warehouse.metadata_location(schema) for schema in tables}
    written = {schema.name: rows(old, schema.name) for schema in tables}
    assert all(written.values())

    # read to the last value
    assert {schema.name: rows(new, schema.name) for schema in tables} == written
    # run again: nothing is written
    again = new("generate", *night(tmp_path, NIGHTS[0]))
    assert again.stderr.count("is there already, made from the same input; nothing written") == 2
    assert "is there already" in new("prepare", *corpus).stderr
    assert {schema.name: warehouse.metadata_location(schema) for schema in tables} == before
    # trained again: the same key, the same model
    new("finetune", *training)
    assert weights(json.loads((tmp_path / "model" / "manifest.json").read_bytes())) == weights(json.loads(manifest))
    # the next night is appended, the first one is untouched
    new("generate", *night(tmp_path, NIGHTS[1]))
    predictions = rows(new, "predictions")
    assert [row for row in predictions if row["batch_date"] == NIGHTS[0]] == written["predictions"]
    assert len({row["unit_id"] for row in predictions if row["batch_date"] == NIGHTS[1]}) == STUDIES
    assert {row["model_digest"] for row in predictions} == {row["model_digest"] for row in written["predictions"]}
    # older code reads what the new code wrote
    assert rows(old, "predictions") == predictions
    new("evaluate", f"date={NIGHTS[1]}", "source.dataset=hospital")
    # maintained, and one patient erased
    new("maintain")
    assert rows(new, "predictions") == predictions
    subject = next(row["subject_id"] for row in written["predictions"] if row["subject_id"])
    (tmp_path / "patient.txt").write_text(subject)
    new("maintain", f"maintain.erase_subject_id=file:{tmp_path}/patient.txt")
    left = rows(new, "predictions")
    assert left == [row for row in predictions if row["subject_id"] != subject]
    assert all(row["subject_id"] != subject for row in rows(new, "reports"))
    assert "refuse" not in new("generate", *night(tmp_path, NIGHTS[1])).stderr
