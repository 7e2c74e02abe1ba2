"""What this user alone may read: the mode of every file that is written, and one place for what is temporary.

::

    $TMPDIR/radray-<user id>/    mode 700; somebody else's folder of that name is refused
        <name>.owner             the process that owns the folder <name>: its id, and its lock for as long as it lives
        <name>/                  what that process spills and copies: report text
        ray/                     sessions of local Rays
        *.lock, *.json           locks and marks of `radray.models.verified`

A process that is killed leaves its folder. The next job on the machine removes it, and so does the next process that
needs a folder; a lock and not an id says whether the owner lives, since ids are given again, and differ between
containers that share the place.
"""

import atexit
import fcntl
import os
import secrets
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from radray.errors import RadrayError

OTHERS = 0o077
"""The rights that a file or folder is made without: all those of the group and of others."""

_OWNER = ".owner"
_mine: dict[int, Path] = {}
"""The folder of this process, by its id: a forked one has its own."""
_making = threading.Lock()


def keep_private() -> None:
    """Have all files that this process and its children write from now on be their user's alone: modes 600 and 700.

    Called where a job begins, and by Ray in each worker of a cluster that others started.
    """
    os.umask(OTHERS)


def own_place() -> Path:
    """Return this user's own folder on this node, see the module; made if need be.

    Raises RadrayError where another user, or a link, stands there: what it holds would be believed, or read.
    """
    place = Path(tempfile.gettempdir()) / f"radray-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    stat = place.lstat()
    if stat.st_uid != os.getuid() or not place.is_dir() or place.is_symlink() or stat.st_mode & 0o022:
        raise RadrayError(f"{place} is not a folder that belongs to this user alone: remove it, or set TMPDIR")
    if stat.st_mode & OTHERS:
        place.chmod(0o700)
    return place


def temporary_folder() -> Path:
    """Return the folder for what this process writes for a while, removed when it ends.

    The first call removes what killed processes left. Raises RadrayError as `own_place`, OSError for a full disk.
    """
    with _making:
        process = os.getpid()
        if process not in _mine or not _mine[process].is_dir():
            sweep()
            _mine[process] = _claim(own_place(), process)
        return _mine[process]


def sweep() -> list[Path]:
    """Remove the folders whose owners have ended, however they did, and return them, sorted; never a living one's.

    Raises RadrayError as `own_place`.
    """
    removed = []
    for owner in sorted(own_place().glob(f"*{_OWNER}")):
        with suppress(OSError):  # another process sweeps, too; or the owner lives and holds the lock
            lock = os.open(owner, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                folder = owner.with_suffix("")
                if folder.is_dir():
                    shutil.rmtree(folder)
                    removed.append(folder)
                owner.unlink()
            finally:
                os.close(lock)
    return removed


def _claim(place: Path, process: int) -> Path:
    """Make a folder in `place` that is `process`'s for as long as it lives."""
    while True:
        name = secrets.token_hex(4)
        owner = place / f"{name}{_OWNER}"
        lock = os.open(owner, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        # a sign of life and no mutual exclusion; for the other two locks see models/verified.py
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if owner.stat().st_ino == os.fstat(lock).st_ino:
                break
        os.close(lock)  # somebody swept it between its making and its lock
    os.write(lock, f"process {process}\n".encode())
    folder = place / name
    folder.mkdir(mode=0o700)
    atexit.register(_leave, process, folder, owner, lock)
    return folder


def _leave(process: int, folder: Path, owner: Path, lock: int) -> None:
    if os.getpid() == process:  # a forked process inherits what is to be done at the end
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            owner.unlink()
        os.close(lock)
