"""The files of a checkpoint on disk: names, the sha256 of each, and the manifest that says it is whole."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from radray.models.manifest import FileEntry, hash_file
from radray.storage.whole import write_whole

_MANIFEST = "manifest.json"
_PREFIX = "step-"


class Damaged(Exception):
    """A checkpoint differs from its manifest; the message names the file."""


@dataclass(frozen=True, slots=True)
class CheckpointManifest:
    """The files of a checkpoint by name, and the state of the training."""

    files: Mapping[str, FileEntry]
    state: Mapping[str, Any]

    @staticmethod
    def path(folder: Path) -> Path:
        """Return the path of the manifest of the checkpoint in `folder`."""
        return folder / _MANIFEST

    def to_json(self) -> bytes:
        """Return the manifest as JSON with the sha256 of the rest, so that a flipped bit in it is detected."""
        body = {"files": {name: asdict(entry) for name, entry in sorted(self.files.items())}, "state": dict(self.state)}
        return json.dumps({**body, "sha256": _digest(body)}).encode()

    @classmethod
    def of_json(cls, content: bytes) -> "CheckpointManifest":
        """Return the manifest that `to_json` wrote. Raises Damaged for anything else."""
        try:
            body = json.loads(content)
            if body.pop("sha256") != _digest(body):
                raise Damaged(f"{_MANIFEST} is not what was written")
            return cls({name: FileEntry(**entry) for name, entry in body["files"].items()}, body["state"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Damaged(f"{_MANIFEST} cannot be read") from None

    @classmethod
    def read(cls, folder: Path) -> "CheckpointManifest":
        """Return the manifest of the checkpoint in `folder`. Raises Damaged where it is missing or not whole."""
        try:
            content = cls.path(folder).read_bytes()
        except OSError:
            raise Damaged(f"{_MANIFEST} cannot be read") from None
        return cls.of_json(content)

    def write(self, folder: Path) -> None:
        """Write the manifest into `folder`, whole and synced to disk. Raises OSError."""
        write_whole(self.path(folder), self.to_json())

    def verify(self, folder: Path) -> None:
        """Raise Damaged, naming the file, unless every file in `folder` is as it was written."""
        for name, entry in self.files.items():
            try:
                entry_now = hash_file(folder / name)
            except OSError:
                raise Damaged(f"{name} cannot be read") from None
            if entry_now != entry:
                raise Damaged(f"{name} is not what was written")


def step_name(step: int) -> str:
    """Return the name of the folder of the checkpoint of `step`."""
    return f"{_PREFIX}{step:010}"


def step_of(name: str) -> int | None:
    """Return the step whose folder has the name `name`; None for any other name."""
    digits = name.removeprefix(_PREFIX)
    return int(digits) if name.startswith(_PREFIX) and digits.isascii() and digits.isdigit() else None


def steps_in(folder: Path) -> list[int]:
    """Return the steps of the checkpoints in `folder`, whole or not, ascending; none where there is no folder."""
    names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    return sorted(step for step in map(step_of, names) if step is not None)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
