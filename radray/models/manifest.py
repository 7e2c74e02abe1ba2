"""What a model folder holds and what made it: sha256 of every file, and one digest over all of it."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from radray.errors import InputError
from radray.storage.whole import write_whole

MANIFEST = "manifest.json"
"""File of a model folder that describes all the others."""
ADAPTER = "adapter"
"""Folder of a model folder that keeps what LoRA or a soft prompt learnt, in PEFT's form, with a manifest of its own."""

ERASED = "erased"
"""Name in a manifest's provenance of the record that reports of a patient were erased from what the model carries.

It has no word of whom: ``why``, and ``replaces``, the digests that the model had before, oldest first."""

_DECISIVE = frozenset({".safetensors", ".bin", ".pt", ".pth", ".json", ".model", ".txt", ".jinja", ".py"})
"""Suffixes that a loader may pick up: such a file beside the listed ones could change what the model writes."""


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
    return list(manifest.provenance.get(ERASED, {}).get("replaces", []))


def write_manifest(folder: Path, name: str, provenance: Mapping[str, Any]) -> Manifest:
    """Hash every file of `folder`, write its manifest last and whole, return it.

    Raises InputError for a folder without files, OSError when the disk refuses it.
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
    leads out of the folder.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError:
        raise InputError(f"model folder {folder}: {MANIFEST} is not a manifest that can be read") from None
    return parse_manifest(content, str(folder))


def parse_manifest(content: bytes, folder: str) -> Manifest:
    """Return the manifest of `folder` (a path or uri) that `content` is. Raises InputError as `read_manifest`."""
    try:
        value = json.loads(content)
        files = {
            str(path): FileEntry(str(entry["sha256"]), int(entry["bytes"])) for path, entry in value["files"].items()
        }
        manifest = Manifest(str(value["name"]), files, dict(value["made"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"model folder {folder}: {MANIFEST} is not a manifest that can be read") from None
    for path in files:
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise InputError(f"model folder {folder}: {MANIFEST} lists a file outside the folder")
    return manifest


Check = Callable[[Path, Manifest], None]
"""Holds the files of a folder against a manifest and raises InputError when they are others: verify_files, or alike."""


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Hold the files of `folder` against `manifest`.

    Raises InputError naming file and folder: a listed file is missing or differs, or a weight, tokenizer or
    config file is there that is not listed. Other files (a README) may stand beside the listed ones.
    """
    for path, entry in sorted(manifest.files.items()):
        file = folder / path
        if not file.is_file():
            raise InputError(f"model folder {folder}: {path} is missing, {MANIFEST} lists it")
        size = file.stat().st_size
        if size != entry.bytes:
            raise InputError(f"model folder {folder}: {path} has {size} bytes, {MANIFEST} says {entry.bytes}")
        if hash_file(file).sha256 != entry.sha256:
            raise InputError(f"model folder {folder}: the sha256 of {path} differs from {MANIFEST}")
    for path in decisive_files(folder):
        if path not in manifest.files:
            raise InputError(f"model folder {folder}: {path} is not listed in {MANIFEST}")


def decisive_files(folder: Path) -> list[str]:
    """Return the files below `folder` that a loader may pick up, by path, sorted."""
    return [path for path in _paths(folder) if Path(path).suffix in _DECISIVE]


def hash_files(folder: Path) -> dict[str, FileEntry]:
    """Return the entry of every file below `folder` but its manifest and what starts with a dot; none: empty."""
    return {path: hash_file(folder / path) for path in _paths(folder)}


def hash_file(file: Path) -> FileEntry:
    """Return sha256 and size of `file`. Raises OSError."""
    with file.open("rb") as opened:
        return FileEntry(hashlib.file_digest(opened, "sha256").hexdigest(), os.fstat(opened.fileno()).st_size)


def _paths(folder: Path) -> list[str]:
    relative = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return sorted(
        path.as_posix()
        for path in relative
        if path.as_posix() != MANIFEST and not any(part.startswith(".") for part in path.parts)
    )
