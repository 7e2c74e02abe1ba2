"""Checkpoints on S3: each file in parts, several at a time, each retried by itself; the manifest last."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from radray.errors import RadrayError
from radray.models.manifest import FileEntry
from radray.storage.failures import cause
from radray.storage.files import Storage
from radray.training.checkpoints.files import CheckpointManifest, Damaged, step_name, step_of

PART_BYTES = 64 << 20
"""Bytes of one object: few enough that a retry is cheap, so many that S3's response time does not count."""
T = TypeVar("T")
R = TypeVar("R")
_AT_ONCE = 8
"""Requests in flight per worker: 512 MB of its machine's memory."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """The checkpoints below `uri` (``s3://``). It can be pickled for other processes."""

    storage: Storage
    uri: str

    def put_files(self, folder: Path, names: Sequence[str]) -> None:
        """Upload the files `names` of the checkpoint in `folder`. Raises RadrayError, OSError."""
        parts = [(name, start) for name in names for start in _starts((folder / name).stat().st_size)]
        _at_once(partial(self._put_part, folder), parts)

    def put_manifest(self, name: str, manifest: CheckpointManifest) -> None:
        """Upload the manifest of the checkpoint `name`, which makes it whole. Raises RadrayError."""
        self.storage.write(f"{self.uri}/{name}/manifest.json", manifest.to_json())

    def steps(self) -> list[int]:
        """Return the steps of the whole checkpoints, ascending. Raises RadrayError."""
        files = self.storage.list_files(self.uri, "/manifest.json")
        return sorted(step for step in (step_of(file.split("/")[-2]) for file in files) if step is not None)

    def manifest(self, folder: Path) -> CheckpointManifest:
        """Return the manifest of the checkpoint named after `folder`. Raises Damaged, RadrayError."""
        return CheckpointManifest.of_json(self.storage.read(f"{self.uri}/{folder.name}/manifest.json"))

    def fetch(self, folder: Path) -> CheckpointManifest:
        """Fetch the checkpoint named after `folder` into it; return its manifest.

        Raises Damaged, naming the file, where it cannot be fetched or differs from the manifest.
        """
        try:
            manifest = self.manifest(folder)
            folder.mkdir(parents=True, exist_ok=True)
            for name, entry in manifest.files.items():
                self._get_file(folder, name, entry)
            manifest.write(folder)
        except RadrayError as error:
            raise Damaged(f"it cannot be fetched: {error}") from None
        except OSError as error:
            raise Damaged(f"it cannot be fetched: {cause(error)}") from None
        return manifest

    def remove(self, steps: Iterable[int]) -> None:
        """Remove the checkpoints of `steps`. Raises RadrayError."""
        for step in steps:
            self.storage.remove_folder(f"{self.uri}/{step_name(step)}")

    def _put_part(self, folder: Path, part: tuple[str, int]) -> None:
        name, start = part
        with (folder / name).open("rb") as file:
            file.seek(start)
            self.storage.write(self._part_uri(folder, name, start), file.read(PART_BYTES))

    def _get_file(self, folder: Path, name: str, entry: FileEntry) -> None:
        starts = _starts(entry.bytes)
        digest = hashlib.sha256()
        with (folder / name).open("wb") as file:
            for place in range(0, len(starts), _AT_ONCE):
                uris = [self._part_uri(folder, name, start) for start in starts[place : place + _AT_ONCE]]
                for content in _at_once(self.storage.read, uris):
                    digest.update(content)
                    file.write(content)
        if digest.hexdigest() != entry.sha256:
            raise Damaged(f"{name} is not what was uploaded")

    def _part_uri(self, folder: Path, name: str, start: int) -> str:
        return f"{self.uri}/{folder.name}/{name}.{start // PART_BYTES:05}"


def _starts(size: int) -> list[int]:
    return list(range(0, max(size, 1), PART_BYTES))


def _at_once(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, items))
