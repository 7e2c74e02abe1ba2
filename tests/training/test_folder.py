import shutil
from pathlib import Path

import pytest

from radray.models.folder import open_model
from radray.training.delivery.folder import publish


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_model_is_named_after_its_folder_and_verifies(toy_model: Path, tmp_path: Path) -> None:
    digest = publish(toy_model, tmp_path / "deep" / "chest", {"seed": 1})
    model = open_model(str(tmp_path / "deep" / "chest"))
    assert (model.name, model.digest, model.manifest.provenance) == ("chest", digest, {"seed": 1})
    assert _names(model.path) == [*sorted({*_names(toy_model), "manifest.json"})]
    assert _names(tmp_path / "deep") == ["chest"]


def test_an_older_model_is_replaced_whole(toy_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "chest"
    out.mkdir()
    (out / "old.safetensors").touch()
    publish(toy_model, out, {})
    assert not (out / "old.safetensors").exists()
    assert open_model(str(out)).name == "chest"
    assert _names(tmp_path) == ["chest"]


def test_an_older_model_stays_when_the_new_one_cannot_be_made_whole(toy_model: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "chest"
    shutil.copytree(toy_model, source)
    publish(source, out, {"seed": 1})
    before = open_model(str(out)).digest
    (source / "gone.safetensors").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OSError, match=r"gone\.safetensors"):
        publish(source, out, {"seed": 2})
    assert open_model(str(out)).digest == before
    assert _names(tmp_path) == ["chest", "source"]
