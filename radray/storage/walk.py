"""The entries below a folder of this machine, links never followed: what they lead to is not what was handed over.

A link to a folder above itself would multiply the files, one to another place would read what is there: pyarrow's
``FileSelector`` follows both, `pathlib`'s ``rglob`` the links to files.
"""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO


class Kind(Enum):
    """What an entry of a folder is."""

    FILE = auto()
    """A regular file."""
    OTHER = auto()
    """A link, device, socket or pipe: neither read nor followed."""
    CLOSED_FOLDER = auto()
    """A folder that cannot be listed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry below a folder; folders that can be listed are none, what they hold is."""

    path: str
    """As the system has it; bytes that are not UTF-8 are lone surrogates (`os.fsdecode`)."""
    kind: Kind


def entries_below(folder: str | Path) -> Iterator[Entry]:
    """Yield the entries below `folder` at any depth, in no order that counts; none where there is no such folder.

    `folder` itself may be a link: whoever named it meant it. What goes while it is listed is left out.
    """
    waiting = [os.fspath(folder)]
    while waiting:
        at = waiting.pop()
        try:
            with os.scandir(at) as listing:
                listed = list(listing)
        except FileNotFoundError:
            continue
        except OSError:
            yield Entry(at, Kind.CLOSED_FOLDER)
            continue
        for entry in listed:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            else:
                yield Entry(entry.path, Kind.FILE if entry.is_file(follow_symlinks=False) else Kind.OTHER)


def files_below(folder: str | Path) -> list[str]:
    """Return the paths of the regular files below `folder`, sorted; [] where there is no such folder.

    Links, devices and the like are left out. Raises OSError for a folder that cannot be listed.
    """
    files = []
    for entry in entries_below(folder):
        if entry.kind is Kind.CLOSED_FOLDER:
            os.scandir(entry.path).close()  # raises what the listing met
        elif entry.kind is Kind.FILE:
            files.append(entry.path)
    return sorted(files)


def open_plain(path: str) -> BinaryIO:
    """Open the regular file at `path` for reading. Raises OSError, for a link and for whatever else is none too."""
    # non-blocking: a pipe would wait for a writer
    place = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return os.fdopen(place, "rb")
    except BaseException:
        os.close(place)
        raise


def shown_path(path: str) -> str:
    r"""Return `path` as a text that UTF-8 can hold: a byte that is not UTF-8 becomes ``\xNN``, all else stays."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
