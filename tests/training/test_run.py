"""A fine-tuning as a run: the plan and the base model, what its key depends on, and what the manifest records."""

import datetime
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import load_file, save_file

from radray.errors import ConfigError, InputError
from radray.models.exemplars import FixedExemplar, write_exemplars
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import ERASED, write_manifest
from radray.nights.night import asked_of
from radray.settings.loading import load_settings
from radray.settings.model import ModelSettings
from radray.settings.root import Settings
from radray.storage.files import Storage
from radray.tasks.registry import choose
from radray.tasks.task import TargetCounts
from radray.training.base_model import initial_model, lessons_of_base, planned_model
from radray.training.dataset import EXAMPLES, TrainingData
from radray.training.lessons import Lessons
from radray.training.plan import describe_plan
from radray.training.recording import describe_base
from radray.training.run import finetune_job, run_row
from tests.support.paths import ROOT

STORAGE = Storage.of(load_settings((), ()).warehouse.s3)


def _table(*targets: str | None) -> pa.Table:
    rows = [
        {
            "task": "impression",
            "unit_id": f"u{n}",
            "input": f"Findings {n}.",
            "target": target,
            "reference": None,
            "copy": 0,
        }
        for n, target in enumerate(targets)
    ]
    return pa.Table.from_pylist(rows, schema=EXAMPLES)


LESSONS = Lessons(choose(ModelSettings(), "toy", "t5", {}))
DATA = TrainingData(
    _table("Small effusion.", "No acute disease."),
    _table("Nodule.", None),
    {"train": TargetCounts(masks=3, communications=2, empty=1), "validation": TargetCounts(0, 0, 0)},
    patients=("p0", "p1"),
)


@pytest.fixture(scope="module")
def base(toy_model: Path) -> ModelFolder:
    return open_model(str(toy_model))


def _settings(folder: Path, *words: str) -> Settings:
    return load_settings((), [f"model.out={folder}/model", *words])


def _key(base: ModelFolder, folder: Path, *words: str) -> str:
    return run_row(_settings(folder, *words), DATA, base).run_key


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (["train.workers=4", "train.log_every_steps=1", "train.max_hours=1"], True),
        (["generate.batch_size=2"], True),
        (["train.epochs=7"], False),
        (["generate.num_beams=7"], False),
        (["score.stemmer=false"], False),
        (["evaluate.normal_weight=0.2"], True),
    ],
)
def test_the_key_depends_on_what_is_learnt(words: list[str], same: bool, base: ModelFolder, tmp_path: Path) -> None:
    assert (_key(base, tmp_path, *words) == _key(base, tmp_path)) == same


def test_generation_is_in_the_key_only_where_rouge_is_taken(base: ModelFolder, tmp_path: Path) -> None:
    off = "train.rouge_every_epochs=null"
    assert _key(base, tmp_path, off, "generate.num_beams=7") == _key(base, tmp_path, off)


def test_the_weight_is_in_the_key_only_where_it_decides(base: ModelFolder, tmp_path: Path) -> None:
    by = "train.best_by=val_rouge1_standardised"
    assert _key(base, tmp_path, by, "evaluate.normal_weight=0.2") != _key(base, tmp_path, by)


def test_the_manifest_records_data_base_model_and_settings(base: ModelFolder, tmp_path: Path) -> None:
    settings = _settings(tmp_path, "source.dataset=chest", "date=2026-11-21", "split.validation_fraction=0.2")
    row = run_row(settings, DATA, base)
    job = finetune_job(settings, STORAGE, DATA, base, None, row, LESSONS)
    assert job.provenance == {
        "plan": [],
        "base": {"name": "toy", "uri": settings.model.init, "digest": base.digest},
        "batch_date": "2026-11-21",
        "data_digest": DATA.digest(),
        "dataset": "chest",
        "examples": {"train": 2, "validation": 1, "epoch": 2},
        "prompt_id": "background-findings-v1",
        "task": "impression",
        "family": "t5",
        "run_id": row.run_id,
        "settings": settings.train.model_dump(mode="json"),
        "targets": {
            "train": {"without masks": 3, "without communications": 2, "left out": 1},
            "validation": {"without masks": 0, "without communications": 0, "left out": 0},
        },
        "split": {"seed": 13, "validation_fraction": 0.2},
    }
    assert json.loads(json.dumps(job.provenance)) == job.provenance
    assert row.about == {
        "batch_date": datetime.date(2026, 11, 21),
        "dataset": "chest",
        "model_name": "model",
        "input_digest": DATA.digest(),
        "base_digest": base.digest,
    }
    assert job.checkpoints == tmp_path / "model-checkpoints" / row.run_key[:16]


def test_what_was_erased_from_the_base_model_is_inherited(base: ModelFolder, tmp_path: Path) -> None:
    mark = {"why": "reports of a patient were erased", "replaces": ["ab"]}
    marked = replace(base, manifest=replace(base.manifest, provenance={**base.manifest.provenance, ERASED: mark}))
    settings = _settings(tmp_path)
    job = finetune_job(settings, STORAGE, DATA, marked, None, run_row(settings, DATA, marked), LESSONS)
    assert job.provenance[ERASED] == mark
    (line,) = describe_base(marked, None)
    assert line.startswith(f"model {base.name} ({base.digest[:8]}): reports of a patient were erased from it")
    assert list(describe_base(base, None)) == []


def test_picked_exemplars_are_learnt_with_and_kept(base: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text('{"prompt": "Clear.", "completion": "Normal."}\n')
    shown = (f"model.exemplars_file={tmp_path}/pairs.jsonl", "model.prompt=pairs-findings-v1")
    settings = _settings(tmp_path, "model.init=tiny", *shown)
    lessons = lessons_of_base(settings, STORAGE)
    job = finetune_job(settings, STORAGE, DATA, base, None, run_row(settings, DATA, base), lessons)
    asked = lessons.impression
    assert asked is not None
    assert job.exemplars == asked.fixed == (FixedExemplar("1", None, "Clear.", "Normal."),)
    assert job.provenance["fixed_exemplars"] == 1
    # a model that carries some is asked with them, whatever the settings are silent about
    carrying = tmp_path / "carrying"
    shutil.copytree(base.path, carrying)
    write_exemplars(job.exemplars, carrying)
    write_manifest(carrying, "carrying", {"prompt_id": "pairs-findings-v1", "fixed_exemplars": 1})
    again = lessons_of_base(_settings(tmp_path, f"model.init={carrying}"), STORAGE).impression
    assert again is not None
    assert (again.fixed, again.exemplars) == (asked.fixed, 0)
    models = [open_model(str(carrying)), base]
    ((_, first), (_, second)) = asked_of(_settings(tmp_path), models[:1]) + asked_of(settings, models[1:])
    assert first.fixed == second.fixed == asked.fixed


def test_a_training_that_does_not_fit_is_refused_before_a_download(tmp_path: Path) -> None:
    # a hub id that was never fetched: to open it would be an InputError, or a download
    config = str(ROOT / "jobs" / "configs" / "p3.16xlarge.yaml")
    settings = load_settings([config], ["train.sharding=ddp", f"model.out={tmp_path}/model"])
    assert settings.model.init == "hf://google/flan-t5-xl"
    with pytest.raises(ConfigError, match=r"use train\.sharding=fsdp"):
        planned_model(settings, STORAGE, DATA, LESSONS)


def test_another_model_than_its_digest_says_is_not_learnt_from(base: ModelFolder, tmp_path: Path) -> None:
    pinned = _settings(tmp_path, f"model.init={base.path}", f"model.digest={base.digest}")
    assert initial_model(pinned, STORAGE, DATA, LESSONS).digest == base.digest
    other = _settings(tmp_path, f"model.init={base.path}", f"model.digest={'a' * 64}")
    with pytest.raises(ConfigError, match=f"model.digest={'a' * 64}, and model .* has digest {base.digest}"):
        initial_model(other, STORAGE, DATA, LESSONS)
    with pytest.raises(ConfigError, match=r"model\.init=tiny is built anew"):
        lessons_of_base(_settings(tmp_path, "model.init=tiny", f"model.digest={base.digest}"), STORAGE)


@pytest.mark.parametrize("init", ["tiny", "tiny-causal"])
def test_the_plan_of_a_tiny_model_is_that_of_the_one_that_was_built(init: str, tmp_path: Path) -> None:
    settings = _settings(tmp_path, f"model.init={init}", "train.epochs=3", "train.batch_size=2")
    model, plan = planned_model(settings, STORAGE, DATA, LESSONS)
    assert plan is not None
    weights = load_file(model.path / "model.safetensors")
    assert plan.parameters == sum(values.size for values in weights.values())
    assert plan.steps == 3


def test_a_model_of_no_known_family_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "bart"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bart"}')
    save_file({"weights": np.zeros(1)}, folder / "model.safetensors")
    settings = _settings(tmp_path, f"model.init={folder}")
    assert describe_plan(settings) == [f"memory and time: unknown until {folder} is fetched"]
    with pytest.raises(InputError, match="a model of type bart is not known"):
        planned_model(settings, STORAGE, DATA, LESSONS)


@pytest.mark.parametrize(("init", "prompt"), [("hf://google/flan-t5-xl", "t5"), ("hf://Qwen/Qwen3-4B", "causal")])
def test_a_published_model_is_not_fetched_to_know_its_prompt(init: str, prompt: str, tmp_path: Path) -> None:
    asked = lessons_of_base(_settings(tmp_path, f"model.init={init}"), STORAGE).impression
    assert asked is not None
    assert asked.prompt.id == asked.task.defaults[prompt]
