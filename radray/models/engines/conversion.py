"""Converted models: a copy of a model folder in CTranslate2's format, in the node's cache, with its own manifest.

::

    $XDG_CACHE_HOME/radray/ctranslate2/<model digest>-<compute type>-<version>/    (else below ~/.cache)
        model.bin  config.json  shared_vocabulary.json (vocabulary.json of a causal model)
        manifest.json           sha256 of these; made: what from, and the record of each parity run

Never in the model's folder: a folder that was handed over would bring its own copy, of other weights, and its own
record of a parity run that it passed. A cluster shares both where its cache is on a disk of all nodes.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from radray.errors import InputError, RadrayError
from radray.models.cache import cache_folder
from radray.models.families.registry import open_family
from radray.models.folder import ModelFolder
from radray.models.manifest import (
    MANIFEST,
    Check,
    Manifest,
    read_manifest,
    store_manifest,
    verify_files,
    write_manifest,
)
from radray.models.verified import exclusive
from radray.storage.whole import remove_abandoned, whole_folder


@dataclass(frozen=True, slots=True)
class Converted:
    """A converted model: where it is, and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def digest(self) -> str:
        """Digest of the files alone: the same for the same conversion, whatever parity runs were recorded since."""
        return replace(self.manifest, provenance={}).digest

    @property
    def parity(self) -> Mapping[str, Any]:
        """The records of parity runs by what they were made with."""
        return dict(self.manifest.provenance.get("parity", {}))


def find_converted(model: ModelFolder, compute_type: str, check: Check = verify_files) -> Converted | None:
    """Return the converted copy of `model`, its files compared with its manifest by `check`; None if there is none.

    Raises InputError naming the file that is damaged, and how to have the model converted again.
    """
    folder = _place(model, compute_type)
    if not folder.is_dir():
        return None
    try:
        manifest = read_manifest(folder)
        check(folder, manifest)
    except InputError as error:
        raise InputError(f"{error}; remove that folder to have the model converted anew") from None
    return Converted(folder, manifest)


def ensure_converted(
    model: ModelFolder, compute_type: str, *, mend: bool = False, check: Check = verify_files
) -> Converted:
    """Return the converted copy of `model`, its files checked against its manifest by `check`; converted now if needed.

    It is written under another name and renamed when it is whole: of two processes that convert at once the first
    wins. On one node one process converts and the others wait: each would need the memory of the model. `mend`:
    replace a damaged copy; otherwise it raises InputError. Raises InputError for a model that cannot be converted,
    and RadrayError when it cannot be written.
    """
    try:
        converted = find_converted(model, compute_type, check)
    except InputError:
        if not mend:
            raise
        shutil.rmtree(_place(model, compute_type), ignore_errors=True)
        converted = None
    if converted is not None:
        return converted
    with exclusive(f"converted {_place(model, compute_type)}"):
        converted = find_converted(model, compute_type, check)
        if converted is None:
            _convert(model, compute_type)
            converted = find_converted(model, compute_type, check)
    if converted is None:
        raise RadrayError(f"model {model.name}: its {compute_type} conversion was removed while it was made")
    return converted


def _convert(model: ModelFolder, compute_type: str) -> None:
    folder = _place(model, compute_type)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder.parent)
        with whole_folder(folder, replace=False) as partial:
            open_family(model.path).write_converted(model.path, partial, compute_type)
            write_manifest(partial, model.name, {"model_digest": model.digest, **_provenance(compute_type)})
    except OSError as error:
        if not (folder / MANIFEST).is_file():  # otherwise another process was faster
            raise RadrayError(
                f"model {model.name} cannot be converted into {folder.parent}: {error.strerror}; set XDG_CACHE_HOME, or"
                " use generate.engine=transformers"
            ) from None


def record_parity(converted: Converted, key: str, record: Mapping[str, Any]) -> Converted:
    """Put the `record` of a parity run under `key` into the manifest of `converted`; return it as it is then."""
    held = read_manifest(converted.path)
    provenance = {**held.provenance, "parity": {**held.provenance.get("parity", {}), key: dict(record)}}
    manifest = replace(held, provenance=provenance)
    store_manifest(converted.path, manifest)
    return Converted(converted.path, manifest)


def _place(model: ModelFolder, compute_type: str) -> Path:
    return cache_folder("ctranslate2") / f"{model.digest}-{compute_type}-{version('ctranslate2')}"


def _provenance(compute_type: str) -> dict[str, str]:
    return {"compute_type": compute_type, **{name: version(name) for name in ("ctranslate2", "transformers", "torch")}}
