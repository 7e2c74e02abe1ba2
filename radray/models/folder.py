"""Model folders: a Hugging Face folder (safetensors, tokenizer, config) with a manifest, opened and verified."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from radray.errors import InputError
from radray.models.adapter import is_adapter, join_adapter
from radray.models.gguf import is_gguf, open_gguf
from radray.models.manifest import ERASED, MANIFEST, Manifest, hash_files, read_manifest, verify_files

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_HUB_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.model", "*.txt"]
"""What is fetched from the hub: never pickled weights, never code."""
_OUT = "out/"
"""Where jobs write when nothing else is set: the beginning of a path, and not of a hub id."""
_LOCAL = ("/", "./", "../", "~", _OUT)
_WRITTEN_BY = "run jobs.finetune, which writes model.out, or name another folder or a hub id"
_LEVER = "use model.init=tiny (fine-tuning without network) or the path of a local model folder"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on local disk: its name, where it is, its manifest and the digest of that."""

    name: str
    path: Path
    manifest: Manifest
    digest: str


def erased_lines(model: ModelFolder) -> list[str]:
    """Return the line that a job prints which uses a model from which reports were erased; [] for any other."""
    if ERASED not in model.manifest.provenance:
        return []
    return [
        f"model {model.name} ({model.digest[:8]}): reports of a patient were erased from it, and its weights have"
        " learnt from them: fine-tune a new one"
    ]


def open_model(uri: str, *, verify: bool = True, open_base: Callable[[str], ModelFolder] | None = None) -> ModelFolder:
    """Return the model that `uri` names: a local folder, a GGUF file, else a hub id, which is downloaded.

    A folder with a manifest is checked against it (`verify`: sha256 of every file); a plain Hugging Face folder gets
    its manifest computed in memory, named after the folder, and a download after its hub id. An adapter's folder is
    joined with its base model, which `open_base` opens (None: this function). Only safetensors weights are taken, and
    no code. Raises InputError for a folder that is no such model or differs from its manifest, a hub id that cannot be
    had, and as `join_adapter`.
    """
    path = Path(uri).expanduser()
    if not uri.strip():
        raise InputError(f"no model was named; {_LEVER}")
    if path.is_dir() and is_adapter(path):
        if verify and (path / MANIFEST).is_file():
            verify_files(path, read_manifest(path))
        return _open_folder(join_adapter(path, open_base or open_model), verify)
    if path.is_dir():
        return _open_folder(path, verify)
    if is_gguf(uri):
        return _open_folder(open_gguf(uri), verify)
    if path.exists() or uri.startswith(_LOCAL):
        advice = f": {_WRITTEN_BY}" if uri.startswith(_OUT) else ""
        raise InputError(f"model {uri}: {'not a folder' if path.exists() else f'there is no such folder{advice}'}")
    if not _HUB_ID.fullmatch(uri):
        raise InputError(f"model {uri}: there is no such folder, and it is not a hub id; {_LEVER}")
    folder = _download(uri)
    _refuse_other_than_model(uri, folder)
    return _computed(uri, folder)


def _open_folder(path: Path, verify: bool) -> ModelFolder:
    path = path.resolve()
    if not (path / MANIFEST).is_file():
        _refuse_other_than_model(str(path), path)
        return _computed(path.name, path)
    manifest = read_manifest(path)
    if verify:
        verify_files(path, manifest)
    _refuse_other_than_model(str(path), path)
    return ModelFolder(manifest.name, path, manifest, manifest.digest)


def _computed(name: str, folder: Path) -> ModelFolder:
    manifest = Manifest(name, hash_files(folder), {})
    return ModelFolder(name, folder, manifest, manifest.digest)


def _refuse_other_than_model(uri: str, folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise InputError(f"model {uri}: not a model folder, it has no config.json")
    if not any(folder.glob("*.safetensors")):
        raise InputError(f"model {uri}: no *.safetensors weights; other formats are not loaded")


def _download(hub_id: str) -> Path:
    # here and not above: the hub's client reads environment variables when imported (0.4 s), and local folders,
    # the common case, never need it
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(hub_id, allow_patterns=_HUB_FILES))
    except (OSError, ValueError) as error:
        # the hub's client raises OSError for HTTP, connection and cache, ValueError for an id it does not accept
        where = os.environ.get("HF_ENDPOINT", "huggingface.co")
        raise InputError(
            f"model {hub_id}: no folder of this name here, and it could not be had from {where}"
            f" ({type(error).__name__}: offline, unknown, or not public); {_LEVER}"
        ) from None
