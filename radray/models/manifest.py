"""What a model folder holds and what made it: sha256 of every file, and one digest over all of it."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from radray.errors import InputError
from radray.messages import shown
from radray.models.listing import MANIFEST as MANIFEST
from radray.models.listing import list_model_files, may_be_loaded
from radray.storage.whole import write_whole

ADAPTER = "adapter"
"""Folder of a model folder that keeps what LoRA or a soft prompt learnt, in PEFT's form, with a manifest of its own."""

PICKED = "exemplars.parquet"
"""File of a model folder that holds its exemplars, in their order, with the columns of `radray.models.neighbours`."""

ERASED = "erased"
"""Name in a manifest's provenance of the record that reports of a patient were erased from what the model carries.

It has no word of whom: ``why``, and ``replaces``, the digests that the model had before, oldest first."""

_MOST_BYTES = 4 << 20
"""A manifest has some 150 bytes a file, and the settings and metrics of a training: 10 KB."""
_MOST_NAME = 200
_MOST_PATH = 512
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a model folder: sha256 in hex, and its size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A model's name, its files by path below the folder (``/`` between parts), and what it was made from.

    `provenance` (`made` in the file) is JSON: data digest, settings, prompt_id, split fraction and seed, metrics,
    versions, base model.
    """

    name: str
    files: Mapping[str, FileEntry]
    provenance: Mapping[str, Any]

    def to_json(self) -> bytes:
        """Return the canonical JSON: keys sorted, two spaces of indent, UTF-8, one newline at the end."""
        value = {
            "name": self.name,
            "files": {path: asdict(entry) for path, entry in self.files.items()},
            "made": dict(self.provenance),
        }
        text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode()

    @property
    def digest(self) -> str:
        """The model's identity: sha256 (hex) of the canonical JSON, what ``sha256sum manifest.json`` prints."""
        return hashlib.sha256(self.to_json()).hexdigest()


def replaced_by(manifest: Manifest) -> list[str]:
    """Return the digests that the model had before reports were erased from it, oldest first: the same weights."""
    return [str(digest) for digest in manifest.provenance.get(ERASED, {}).get("replaces", [])]


def write_manifest(folder: Path, name: str, provenance: Mapping[str, Any]) -> Manifest:
    """Hash every file of `folder`, write its manifest last and whole, return it.

    Raises InputError for a folder without files and as `list_model_files`, OSError when the disk refuses it.
    """
    manifest = Manifest(name, hash_files(folder), provenance)
    if not manifest.files:
        raise InputError(f"model folder {folder}: no files to write a manifest of")
    store_manifest(folder, manifest)
    return manifest


def store_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest` into `folder`, over an older one, whole or not at all. Raises OSError."""
    write_whole(folder / MANIFEST, manifest.to_json())


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of `folder` as it is written there.

    Raises InputError, naming the folder, when the file cannot be read, is not a manifest, or lists a path that
    leads out of the folder or is hidden.
    """
    try:
        with (folder / MANIFEST).open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError:
        raise InputError(f"model folder {folder}: {MANIFEST} is not a manifest that can be read") from None
    return parse_manifest(content, str(folder))


def parse_manifest(content: bytes, folder: str) -> Manifest:
    """Return the manifest of `folder` (a path or uri) that `content` is. Raises InputError as `read_manifest`."""
    if len(content) > _MOST_BYTES:
        raise InputError(f"model folder {folder}: {MANIFEST} has more than {_MOST_BYTES:,} bytes: it is no manifest")
    try:
        value = json.loads(content)
        files = {
            str(path): FileEntry(_sha256(entry["sha256"]), _size(entry["bytes"]))
            for path, entry in value["files"].items()
        }
        manifest = Manifest(_name(value["name"]), files, dict(value["made"]))
        replaced_by(manifest)
        manifest.to_json()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(f"model folder {folder}: {MANIFEST} is not a manifest that can be read") from None
    for path in files:
        if not _is_inside(path):
            raise InputError(
                f"model folder {folder}: {MANIFEST} lists {shown(path)}: a file outside the folder, or a hidden one"
            )
    return manifest


def _name(value: object) -> str:
    """Return the name of a model, which stands in tables and on pages. Raises ValueError for one that is none."""
    if not isinstance(value, str) or not value.isprintable() or not 1 <= len(value) <= _MOST_NAME:
        raise ValueError
    return value


def _sha256(value: object) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError
    return value


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError
    return value


def _is_inside(path: str) -> bool:
    """Return whether `path` is that of a file that `list_model_files` could list: plain names with ``/`` between."""
    parts = path.split("/")
    sound = len(path) <= _MOST_PATH and path.isprintable() and "\\" not in path and path != MANIFEST
    return sound and all(part and not part.startswith(".") for part in parts)


Check = Callable[[Path, Manifest], None]
"""Holds the files of a folder against a manifest and raises InputError when they are others: verify_files, or alike."""


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Hold the files of `folder` against `manifest`.

    Raises InputError naming file and folder: a listed file is missing or differs, a file that a loader may open is
    there that is not listed, and as `list_model_files`. Texts for people (a README) may stand beside the listed ones.
    """
    present = set(list_model_files(folder))
    for path, entry in sorted(manifest.files.items()):
        file = folder / path
        if path not in present:
            raise InputError(f"model folder {folder}: {shown(path)} is missing, {MANIFEST} lists it")
        size = file.stat().st_size
        if size != entry.bytes:
            raise InputError(f"model folder {folder}: {shown(path)} has {size} bytes, {MANIFEST} says {entry.bytes}")
        if hash_file(file).sha256 != entry.sha256:
            raise InputError(f"model folder {folder}: the sha256 of {shown(path)} differs from {MANIFEST}")
    refuse_unlisted(folder, manifest)


def refuse_unlisted(folder: Path, manifest: Manifest) -> None:
    """Raise InputError, naming it, for a file of `folder` that a loader may open and `manifest` does not list."""
    for path in loadable_files(folder):
        if path not in manifest.files:
            raise InputError(f"model folder {folder}: {shown(path)} is not listed in {MANIFEST}")


def loadable_files(folder: Path) -> list[str]:
    """Return the files below `folder` that a loader may open, by path, sorted. Raises as `list_model_files`."""
    return [path for path in list_model_files(folder) if may_be_loaded(path)]


def hash_files(folder: Path) -> dict[str, FileEntry]:
    """Return the entry of every file below `folder` but its manifest and what is hidden; none: empty.

    Raises InputError as `list_model_files`.
    """
    return {path: hash_file(folder / path) for path in list_model_files(folder)}


def hash_file(file: Path) -> FileEntry:
    """Return sha256 and size of `file`. Raises OSError."""
    with file.open("rb") as opened:
        return FileEntry(hashlib.file_digest(opened, "sha256").hexdigest(), os.fstat(opened.fileno()).st_size)
