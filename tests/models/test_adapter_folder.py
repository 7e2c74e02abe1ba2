"""An adapter by itself: joined with its base it is the very model that was delivered, and with no other."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from radray.errors import InputError
from radray.models.exemplars import FixedExemplar, read_exemplars, write_exemplars
from radray.models.families.adapters import add_adapter, write_adapted
from radray.models.families.registry import open_family
from radray.models.folder import erased_lines, open_model
from radray.models.manifest import ERASED, hash_files, write_manifest
from radray.models.store import open_stored, put_model
from radray.settings.train import TrainSettings
from radray.storage.files import Storage
from radray.training.delivery.folder import publish
from tests.support.s3_server import BUCKET, S3Server
from tests.support.training.toy import build_toy

METHODS = {
    "lora": TrainSettings(method="lora", lora_rank=2),
    "soft_prompt": TrainSettings(method="soft_prompt", soft_prompt_tokens=3),
    "bf16": TrainSettings(method="lora", lora_rank=2, precision="bf16_weights"),
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module", params=["t5", "causal"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bases") / "base"
    build_toy(request.param, folder)
    write_manifest(folder, "base", {"seed": 1})
    return folder


def _deliver(
    base: Path,
    out: Path,
    settings: TrainSettings,
    *,
    seed: int = 7,
    name: str = "",
    picked: Sequence[FixedExemplar] = (),
    **provenance: Any,
) -> Path:
    """Write a model whose adapter was moved from its start, as a fine-tuning does; return its folder."""
    family = open_family(base)
    dtype = torch.bfloat16 if settings.precision == "bf16_weights" else torch.float32
    learnt = add_adapter(family.load_model(base, dtype=dtype), settings, family)
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in learnt.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    export = out.parent / f"{out.name}-export"
    write_adapted(learnt, family.load_tokenizer(base), settings, export, name or str(base), family)
    if picked:
        write_exemplars(picked, export)
    about = {"base": {"name": "base", "digest": open_model(str(base)).digest}, "prompt_id": "sections-v1"}
    publish(export, out, {**about, "settings": settings.model_dump(mode="json"), **provenance})
    return out


@pytest.mark.parametrize("method", METHODS)
def test_joined_with_its_base_an_adapter_is_the_model_that_was_delivered(
    method: str, base: Path, tmp_path: Path
) -> None:
    whole = _deliver(base, tmp_path / "chest", METHODS[method])
    # small beside the base, and all that a site needs to be given
    shutil.copytree(whole / "adapter", tmp_path / "site")
    joined = open_model(str(tmp_path / "site"))
    expected = {name: entry for name, entry in hash_files(whole).items() if not name.startswith("adapter/")}
    assert dict(joined.manifest.files) == expected
    assert joined.name == "chest"
    assert joined.manifest.provenance["prompt_id"] == "sections-v1"
    # once it is there the base is not needed
    again = open_model(str(tmp_path / "site"))
    assert (again.path, again.digest) == (joined.path, joined.digest)


def test_adapters_of_one_base_are_models_of_their_own(base: Path, tmp_path: Path) -> None:
    folders = [_deliver(base, tmp_path / f"site-{seed}", METHODS["soft_prompt"], seed=seed) for seed in (1, 2)]
    joined = [open_model(str(folder / "adapter")) for folder in folders]
    assert len({model.digest for model in joined}) == len({model.path for model in joined}) == 2
    weights = (base / "model.safetensors").stat().st_size
    assert all((folder / "adapter" / "adapter_model.safetensors").stat().st_size < weights / 20 for folder in folders)


def test_an_adapter_carries_the_exemplars_that_somebody_picked(base: Path, tmp_path: Path) -> None:
    picked = (FixedExemplar("e1", None, "Clear.", "Normal."),)
    whole = _deliver(base, tmp_path / "chest", METHODS["soft_prompt"], picked=picked, fixed_exemplars=1)
    shutil.copytree(whole / "adapter", tmp_path / "site")
    assert read_exemplars(open_model(str(tmp_path / "site")).path) == picked == read_exemplars(whole)


def test_another_base_is_refused(base: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(base, own)
    whole = _deliver(own, tmp_path / "chest", METHODS["lora"])
    write_manifest(own, "base", {"seed": 2})
    with pytest.raises(InputError, match=r"learnt on a base model of digest \w{12}, and \S+own has \w{12} now"):
        open_model(str(whole / "adapter"))
    shutil.rmtree(own)
    with pytest.raises(InputError, match=r"model \S+own: there is no such folder"):
        open_model(str(whole / "adapter"))


def test_a_base_from_which_reports_were_erased_has_the_same_weights(base: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(base, own)
    whole = _deliver(own, tmp_path / "chest", METHODS["lora"])
    before = open_model(str(own)).digest
    write_manifest(own, "base", {ERASED: {"why": "reports of a patient were erased", "replaces": [before]}})
    joined = open_model(str(whole / "adapter"))
    assert (joined.path / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert len(erased_lines(joined)) == 1


def test_what_cannot_be_joined_is_refused_by_name(base: Path, tmp_path: Path) -> None:
    whole = _deliver(base, tmp_path / "chest", METHODS["lora"])

    def spoilt(name: str) -> Path:
        shutil.copytree(whole / "adapter", tmp_path / name)
        return tmp_path / name

    (spoilt("bare") / "manifest.json").unlink()
    with pytest.raises(InputError, match="an adapter without manifest"):
        open_model(str(tmp_path / "bare"))
    file = spoilt("changed") / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\1")
    with pytest.raises(InputError, match=r"the sha256 of adapter_model\.safetensors differs"):
        open_model(str(tmp_path / "changed"))
    write_manifest(spoilt("silent"), "chest", {"settings": {"method": "lora"}})
    with pytest.raises(InputError, match="does not say what it was learnt on"):
        open_model(str(tmp_path / "silent"))
    other = open_model(str(whole)).manifest.provenance
    more = {**other, "settings": {**other["settings"], "lora_rank": 3}}
    write_manifest(spoilt("shape"), "chest", more)
    with pytest.raises(InputError, match=r"not those of its base model under train\.lora"):
        open_model(str(tmp_path / "shape"))
    shown = _deliver(base, tmp_path / "similar", METHODS["lora"], exemplars=3)
    with pytest.raises(InputError, match="its prompt shows training reports"):
        open_model(str(shown / "adapter"))


def test_an_adapter_and_its_base_may_be_on_s3(base: Path, s3: S3Server, tmp_path: Path) -> None:
    storage = Storage.of(s3.settings())
    place = f"s3://{BUCKET}/{tmp_path.name}"
    put_model(base, f"{place}/base", storage)
    whole = _deliver(base, tmp_path / "chest", METHODS["soft_prompt"], name=f"{place}/base")
    put_model(whole / "adapter", f"{place}/site", storage)
    joined = open_stored(f"{place}/site", storage)
    assert joined.manifest.files["model.safetensors"] == open_model(str(whole)).manifest.files["model.safetensors"]
    assert joined.path.parent.name == "joined"
