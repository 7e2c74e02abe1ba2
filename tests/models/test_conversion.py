"""Converted copies: made once, in the node's cache, verified, and of the same meaning as the model."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from radray.errors import ConfigError, InputError, RadrayError
from radray.models.cache import cache_folder
from radray.models.engines import conversion
from radray.models.engines.conversion import ensure_converted, find_converted, record_parity
from radray.models.engines.opening import open_engine
from radray.models.families.t5.converting import output_scale
from radray.models.families.t5.loading import load_model
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import verify_files, write_manifest
from radray.settings.generate import GenerateSettings


@pytest.fixture
def model(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelFolder:
    """A model folder with a manifest and no converted copy; the user's cache is an empty folder."""
    shutil.copytree(tiny_folder, tmp_path / "model", ignore=shutil.ignore_patterns(".*"))
    write_manifest(tmp_path / "model", "m", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return open_model(str(tmp_path / "model"))


def _copies(model: ModelFolder) -> list[str]:
    return sorted(path.name for path in cache_folder("ctranslate2").iterdir())


def test_a_copy_is_made_in_the_cache_and_the_model_left_alone(model: ModelFolder) -> None:
    assert find_converted(model, "float32") is None
    copy = ensure_converted(model, "float32")
    assert copy.path.parent == cache_folder("ctranslate2")
    assert not (model.path / ".ctranslate2").exists()
    assert set(copy.manifest.files) == {"model.bin", "config.json", "shared_vocabulary.json"}
    assert copy.manifest.provenance["model_digest"] == model.digest
    assert _copies(model) == [copy.path.name]
    assert open_model(str(model.path)) == model
    verify_files(model.path, model.manifest)


def test_a_copy_is_made_once_and_the_same_each_time(model: ModelFolder, tmp_path: Path) -> None:
    copy = ensure_converted(model, "float32")
    written = (copy.path / "model.bin").stat().st_mtime_ns
    assert ensure_converted(model, "float32") == copy == find_converted(model, "float32")
    assert (copy.path / "model.bin").stat().st_mtime_ns == written
    shutil.move(copy.path, tmp_path / "old")
    assert ensure_converted(model, "float32").digest == copy.digest
    assert ensure_converted(model, "int8").digest != copy.digest


@pytest.mark.parametrize("file", ["model.bin", "shared_vocabulary.json", "config.json", "manifest.json"])
def test_a_damaged_copy_is_refused_or_made_anew_and_never_used(model: ModelFolder, file: str) -> None:
    copy = ensure_converted(model, "float32")
    content = (copy.path / file).read_bytes()
    (copy.path / file).write_bytes(content[:-3] + b"\x07" + content[-2:])
    settings = GenerateSettings(engine="ctranslate2", max_new_tokens=3)
    for use in (lambda: find_converted(model, "float32"), lambda: open_engine(model, settings)):
        with pytest.raises(InputError, match=rf"{file}.*remove that folder"):
            use()
    assert ensure_converted(model, "float32", mend=True) == copy
    assert (copy.path / file).read_bytes() == content


def test_a_copy_that_another_made_first_is_taken(model: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = ensure_converted(model, "float32")
    aside = theirs.path.with_name("aside")
    theirs.path.rename(aside)
    make = write_manifest

    def slow(folder: Path, name: str, provenance: dict[str, Any]) -> None:
        make(folder, name, provenance)
        aside.rename(theirs.path)  # the other finishes while ours is about to be renamed

    monkeypatch.setattr(conversion, "write_manifest", slow)
    inode = (aside / "model.bin").stat().st_ino
    assert ensure_converted(model, "float32") == theirs
    assert (theirs.path / "model.bin").stat().st_ino == inode
    assert _copies(model) == [theirs.path.name]


def test_a_conversion_that_fails_leaves_nothing(model: ModelFolder) -> None:
    config = json.loads((model.path / "config.json").read_text())
    (model.path / "config.json").write_text(json.dumps(config | {"model_type": "bart"}))
    with pytest.raises(InputError, match=r"a model of type bart is not known; known are gemma, .* t5"):
        ensure_converted(model, "float32")
    assert _copies(model) == []


def test_what_a_killed_conversion_left_is_removed_after_a_day(model: ModelFolder) -> None:
    place = cache_folder("ctranslate2")
    for name, age_s in (("killed.partial", 90_000), ("at-work.partial", 3_000)):
        (place / name).mkdir(parents=True)
        os.utime(place / name, (time.time() - age_s,) * 2)
    copy = ensure_converted(model, "float32")
    assert _copies(model) == sorted(["at-work.partial", copy.path.name])


def test_a_copy_in_the_model_folder_is_never_believed(model: ModelFolder) -> None:
    copy = ensure_converted(model, "float32")
    shutil.move(copy.path, model.path / ".ctranslate2" / copy.path.name)
    assert find_converted(model, "float32") is None
    assert open_model(str(model.path)).digest == model.digest


def test_a_cache_that_cannot_be_written_is_named_with_its_lever(model: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(RadrayError, match="XDG_CACHE_HOME"):
        ensure_converted(model, "float32")


def test_records_are_added_and_do_not_change_what_is_recorded(model: ModelFolder) -> None:
    copy = ensure_converted(model, "float32")
    record_parity(copy, "one", {"n": 1})
    both = record_parity(copy, "two", {"n": 2})
    assert both.parity == {"one": {"n": 1}, "two": {"n": 2}}
    assert find_converted(model, "float32") == both
    assert both.digest == copy.digest


def test_a_type_that_this_device_does_not_compute_in_is_refused(model: ModelFolder) -> None:
    settings = GenerateSettings(engine="ctranslate2", compute_type="bfloat16")
    with pytest.raises(ConfigError, match="compute_type=bfloat16: CTranslate2 on cpu here knows float32, int8"):
        open_engine(model, settings)
    with pytest.raises(ConfigError, match="on cuda here knows nothing"):
        open_engine(model, GenerateSettings(engine="ctranslate2", use_gpu=True))


def test_a_prompt_without_a_token_fails_and_is_not_answered_with_nothing(model: ModelFolder) -> None:
    engine = open_engine(model, GenerateSettings(engine="ctranslate2", max_new_tokens=3))
    with pytest.raises(ValueError, match="without a token"):
        engine.generate(["No line.", ""])


def tied(model: ModelFolder) -> ModelFolder:
    """Make the model one whose output layer is its embedding, scaled by d_model**-0.5, as the first T5."""
    weights = load_file(model.path / "model.safetensors")
    del weights["lm_head.weight"]
    save_file(weights, model.path / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((model.path / "config.json").read_text())
    config.pop("scale_decoder_outputs", None)
    (model.path / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}))
    write_manifest(model.path, "m", {})
    return open_model(str(model.path))


def test_the_scale_is_that_of_the_model_and_not_of_its_config(model: ModelFolder) -> None:
    untied = load_model(model.path)
    assert untied.config.tie_word_embeddings is True  # what the converter goes by
    assert output_scale(untied) == 1.0
    assert output_scale(load_model(tied(model).path)) == pytest.approx(32**-0.5)
    with torch.no_grad():
        head = untied.get_output_embeddings().weight
        rows, columns = head.shape
        untied.set_output_embeddings(torch.nn.Linear(columns, rows, bias=True))
    with pytest.raises(InputError, match=r"neither 1 nor 32"):
        output_scale(untied)
