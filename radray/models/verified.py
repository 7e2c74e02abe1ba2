"""Model files checked against their manifest once a node and run, and never another file loaded than was checked.

Hashing FLAN-T5 XL reads 11 GB; eight actors of a node would read them eight times. The first one hashes while the
others wait, and leaves a marker: what the system says of each file (device, inode, size, times of change). Files that
are still those are not hashed again. `ctime` is among it, which no program can set back; a file that was changed less
than a tick of that clock before leaves no marker. Whoever loads files looks again afterwards, see `refuse_changed`.
"""

import fcntl
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from radray.errors import InputError
from radray.models.manifest import Manifest, loadable_files, verify_files
from radray.private import own_place

_TICK_S = 0.1
"""File times come from a clock that moves every 10 ms at the slowest."""
_OLD_S = 86_400.0 * 7

Identities = dict[str, tuple[int, ...]]


class CheckedFiles:
    """Checks model folders for one run on one node; `run` is whatever is another for each run."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._seen: dict[Path, tuple[Manifest, Identities]] = {}

    def __call__(self, folder: Path, manifest: Manifest) -> None:
        """Hold the files of `folder` against `manifest`, unless this run did so on this node and they are the same.

        Raises InputError as `verify_files` does, and for files that change meanwhile.
        """
        marker = own_place() / f"{_digest(self._run, str(folder.resolve()), manifest.to_json().decode())}.json"
        with exclusive(marker.stem):
            held = _identities(folder, manifest)
            if _read(marker) != held:
                verify_files(folder, manifest)
                newest = max(identity[-1] for identity in held.values()) / 1e9
                if _identities(folder, manifest) != held:
                    raise InputError(f"model folder {folder}: files were changed while they were checked")
                if time.time() - newest > _TICK_S:
                    _write(marker, held)
        self._seen[folder] = (manifest, held)

    def refuse_changed(self) -> None:
        """Raise InputError when a file is not the one any more that was checked: another may have been loaded."""
        for folder, (manifest, held) in self._seen.items():
            if _identities(folder, manifest) != held:
                raise InputError(f"model folder {folder}: files were changed while they were loaded")


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Let one process of this node at a time into the block of this `name`; one that dies in it lets the next in."""
    with (own_place() / f"{_digest(name)}.lock").open("wb") as file:
        # one of three locks by flock that share no more than this line: here others wait for their turn, a training's
        # folder refuses the second process, and a process's temporary folder is held so that others see that it lives
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _identities(folder: Path, manifest: Manifest) -> Identities:
    """Return what the system says of every file that a loader may take, listed or not."""
    identities: Identities = {}
    for path in sorted({*manifest.files, *loadable_files(folder)}):
        try:
            stat = (folder / path).lstat()
        except OSError:
            identities[path] = (0, 0)
            continue
        identities[path] = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return identities


def _read(marker: Path) -> Identities | None:
    try:
        value = json.loads(marker.read_bytes())
        return {str(path): tuple(identity) for path, identity in value.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return None  # none yet, or one that was cut off: the files are hashed


def _write(marker: Path, held: Identities) -> None:
    for old in marker.parent.iterdir():  # of this module: an owner's file is old as soon as its process is
        with suppress(OSError):
            if old.suffix in (".json", ".lock") and time.time() - old.stat().st_mtime > _OLD_S:
                old.unlink()
    marker.write_text(json.dumps(held), encoding="utf-8")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
