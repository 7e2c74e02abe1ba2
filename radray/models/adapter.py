"""An adapter by itself as a model: a small folder that is joined with its base model when it is opened.

::

    out/chest/adapter/                       what was learnt, in PEFT's form
        adapter_config.json, adapter_model.safetensors
        manifest.json                        as the model's own: its base by name and digest, method, prompt
    $XDG_CACHE_HOME/radray/joined/<digest of that manifest>-<version of transformers>/    (else below ~/.cache)

Sites or tasks with one frozen base model need its weights once and a few kilobytes each. Joined, each is an ordinary
model folder, with weights of its own on that disk: it is written on the node where a job starts, and a cluster wants it
on a disk that all nodes share. A folder of it may be removed whenever nobody uses it.
"""

import importlib.metadata
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from radray.errors import InputError, RadrayError
from radray.models.cache import cache_folder
from radray.models.contents.config import parse_object, read_bounded
from radray.models.manifest import (
    ADAPTER,
    ERASED,
    MANIFEST,
    PICKED,
    Manifest,
    read_manifest,
    replaced_by,
    write_manifest,
)
from radray.models.verified import exclusive
from radray.settings.train import TrainSettings
from radray.storage.whole import remove_abandoned, whole_folder

CONFIG = "adapter_config.json"
_MOST_BYTES = 1 << 20
_DECISIVE = ("method", "lora_rank", "soft_prompt_tokens", "precision")
"""Settings of the training that say what was put on the base model."""


class Base(Protocol):
    """A base model that was opened."""

    @property
    def path(self) -> Path:
        """Its folder on this node."""
        ...

    @property
    def digest(self) -> str:
        """The sha256 of its manifest."""
        ...

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""
        ...


def is_adapter(folder: Path) -> bool:
    """Return whether `folder` holds an adapter and no model."""
    return (folder / CONFIG).is_file() and not (folder / "config.json").is_file()


def join_adapter(folder: Path, open_base: Callable[[str], Base]) -> Path:
    """Return the model folder of the adapter in `folder` on its base, which `open_base` opens by name; written if new.

    Raises InputError for an adapter without a manifest, one whose prompt shows training reports (which it lacks), and
    a base model that cannot be had or is another than it was learnt on; RadrayError when the folder cannot be written.
    """
    if not (folder / MANIFEST).is_file():
        raise InputError(f"model {folder}: an adapter without {MANIFEST}: only those of jobs.finetune are opened")
    manifest = read_manifest(folder)
    joined = cache_folder("joined") / f"{manifest.digest}-{importlib.metadata.version('transformers')}"
    with exclusive(f"joined {joined}"):
        if not (joined / MANIFEST).is_file():
            settings, name, digest = _learnt_by(folder, manifest)
            base = open_base(name)
            if digest not in (base.digest, *replaced_by(base.manifest)):
                raise InputError(
                    f"model {folder}: learnt on a base model of digest {digest[:12]}, and {name} has"
                    f" {base.digest[:12]} now: bring the former back, or fine-tune again"
                )
            _write(folder, base, name, settings, manifest, joined)
    return joined


def _learnt_by(folder: Path, manifest: Manifest) -> tuple[TrainSettings, str, str]:
    """Return how the adapter was learnt, and its base model's name and digest."""
    about = manifest.provenance
    if about.get("exemplars"):
        raise InputError(
            f"model {folder}: its prompt shows training reports, which stand in the whole model folder alone: open that"
        )
    try:
        settings = TrainSettings.model_validate({name: about["settings"][name] for name in _DECISIVE})
        return settings, str(about["base"].get("uri") or _named_base(folder)), str(about["base"]["digest"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"model {folder}: {CONFIG} or {MANIFEST} does not say what it was learnt on") from None


def _named_base(folder: Path) -> object:
    """Return the base model that PEFT's config names: manifests have not always had its uri."""
    what = f"model folder {folder}: {CONFIG}"
    return parse_object(read_bounded(folder / CONFIG, _MOST_BYTES, what), what)["base_model_name_or_path"]


def _write(folder: Path, base: Base, name: str, settings: TrainSettings, manifest: Manifest, joined: Path) -> None:
    """Write the model of `base` with the adapter of `folder` into `joined`, whole or not at all."""
    # here and not above: torch alone takes seconds, and a folder that is there needs none of it
    import torch

    from radray.models.families.adapters import WEIGHTS, add_adapter, load_adapter, write_adapted
    from radray.models.families.registry import open_family

    family = open_family(base.path)
    dtype = torch.bfloat16 if settings.precision == "bf16_weights" else torch.float32
    learnt = add_adapter(family.load_model(base.path, dtype=dtype), settings, family)
    load_adapter(learnt, settings, folder / WEIGHTS)
    try:
        joined.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(joined.parent)
        shutil.rmtree(joined, ignore_errors=True)  # without a manifest it is no model
        with whole_folder(joined, replace=False) as partial:
            write_adapted(learnt, family.load_tokenizer(base.path), settings, partial, name, family)
            shutil.rmtree(partial / ADAPTER)
            if (folder / PICKED).is_file():
                shutil.copyfile(folder / PICKED, partial / PICKED)
            mark = {name: value for name, value in base.manifest.provenance.items() if name == ERASED}
            write_manifest(partial, manifest.name, {**mark, **manifest.provenance, "adapter": manifest.digest})
    except OSError as error:
        if isinstance(error, RadrayError):
            raise
        raise RadrayError(
            f"model {folder} cannot be joined in {joined.parent}: {error.strerror}; make room, or set XDG_CACHE_HOME"
        ) from None
