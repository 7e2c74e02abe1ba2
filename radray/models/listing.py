"""Which files a model folder has: plain ones in plain folders. Links, and what is hidden from its digest, are refused.

Loaders take more than a model's own files from its folder: transformers every template of ``additional_chat_templates``
whose name starts with a dot, torch a checkpoint's ``.metadata``. So of what starts with a dot only that may be there
which no loader opens, and what is neither listed in the manifest nor a text for people is refused by name.
"""

import os
import stat
from pathlib import Path

from radray.errors import InputError
from radray.messages import shown
from radray.storage.whole import PARTIAL

MANIFEST = "manifest.json"
"""File of a model folder that describes all the others."""

_HIDDEN = frozenset(
    (
        *(".cache", ".calibration", ".ctranslate2", ".DS_Store", ".erasure.json"),
        *(".git", ".gitattributes", ".gitignore", ".huggingface"),
    )
)
"""What may stand in a model folder and is no part of the model: of git, of downloads, and of radray's own jobs.

``.ctranslate2`` held converted copies before they went into the cache; nothing reads it."""
_FOR_PEOPLE = frozenset(("copying", "license", "notice", "readme"))
"""Names, without suffix, of texts that no loader opens; so is whatever ends in ``.md``."""
_MOST_FILES = 10_000
"""Files of a folder: a model of 600 GB in parts of 5 GB has 120."""


def list_model_files(folder: Path) -> list[str]:
    """Return the files below `folder`, by path (``/`` between parts), sorted, but its manifest and _HIDDEN.

    No such folder: an empty list. Raises InputError, naming it, for a link, for what is neither file nor folder, for
    a hidden file or folder of another name, and for more than 10,000 files.
    """
    paths: list[str] = []
    folders = [""]
    while folders:
        below = folders.pop()
        for entry in _entries(folder / below):
            path = f"{below}{entry.name}"
            if entry.is_symlink():
                raise InputError(f"model folder {folder}: {shown(path)} is a link: put the file itself there")
            if entry.name.startswith("."):
                if below or not (entry.name in _HIDDEN or entry.name.endswith(PARTIAL)):
                    raise InputError(
                        f"model folder {folder}: {shown(path)} is hidden, and {MANIFEST} lists no hidden file: remove"
                        " it"
                    )
            elif entry.is_dir(follow_symlinks=False):
                folders.append(f"{path}/")
            elif not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                raise InputError(f"model folder {folder}: {shown(path)} is neither a file nor a folder: remove it")
            elif path != MANIFEST:
                paths.append(path)
            if len(paths) + len(folders) > _MOST_FILES:
                raise InputError(f"model folder {folder}: more than {_MOST_FILES:,} files: no model has so many")
    return sorted(paths)


def may_be_loaded(path: str) -> bool:
    """Return whether a loader may open the file `path` of a model folder: all but texts for people."""
    name, _, suffix = path.rpartition("/")[2].lower().partition(".")
    return suffix != "md" and not (name in _FOR_PEOPLE and suffix in ("", "txt"))


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
