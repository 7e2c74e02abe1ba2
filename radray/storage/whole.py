"""Files and folders that are there whole or not at all: written beside their place, then renamed.

A rename replaces what is there in one step on one file system; on S3, which has none, objects are written whole in one
request (`radray.storage.s3.write`).
"""

import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = ".partial"
"""Suffix of what is being written."""
PRIVATE = 0o600
"""Mode of a file that its owner alone may read."""
ABANDONED_S = 86_400.0
"""A partial folder that nothing was added to for a day was left by a killed process: FLAN-T5 XL is fetched and
converted in minutes."""


@contextmanager
def whole_file(file: Path, *, mode: int = 0o666) -> Iterator[Path]:
    """Yield the path to write to; it becomes `file`, synced to disk, when the block ends.

    A file that is there is replaced by one of the same mode; a new one has `mode`, less the umask. When the block
    fails nothing is left, and the old file stays. Several processes and machines may write the same file: the last one
    wins. Raises OSError.
    """
    held = stat.S_IMODE(file.stat().st_mode) if file.exists() else None
    partial = _beside(file)
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode if held is None else PRIVATE))
        yield partial
        _sync(partial)
        if held is not None:
            with suppress(OSError):  # a file system without modes
                partial.chmod(held)
        partial.replace(file)
    finally:
        with suppress(OSError):
            partial.unlink()


def write_whole(file: Path, content: bytes) -> None:
    """Make `content` the file at `file`, whole and synced to disk, see `whole_file`. Raises OSError."""
    with whole_file(file) as partial:
        partial.write_bytes(content)


@contextmanager
def whole_folder(folder: Path, *, replace: bool) -> Iterator[Path]:
    """Yield a new folder to fill; it becomes `folder` when the block ends. When the block fails nothing is left.

    A folder that is there by then is removed once the new one stands (`replace`), or stays while the new one is
    dropped: another process was faster. Folders above it are created. Files are not synced: what stands in a model
    folder is verified by its manifest before each use. Raises OSError.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial, old = _beside(folder), _beside(folder)
    try:
        partial.mkdir()
        yield partial
        if replace and folder.exists():
            folder.rename(old)
        if not folder.exists():
            partial.rename(folder)
    except OSError:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def remove_abandoned(place: Path) -> None:
    """Remove the partial folders in `place` that killed processes left there, see ABANDONED_S."""
    for partial in place.glob(f"*{PARTIAL}"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(partial, ignore_errors=True)


def _beside(place: Path) -> Path:
    return place.with_name(f".{place.name}.{secrets.token_hex(4)}{PARTIAL}")


def _sync(file: Path) -> None:
    opened = os.open(file, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
