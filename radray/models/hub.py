"""Models of the Hugging Face hub: ``hf://organisation/name``, with ``@`` and a commit to pin what is fetched.

::

    $XDG_CACHE_HOME/radray/hub/<organisation>--<name>-<commit>/    (else below ~/.cache)

The hub's own cache is of links; a model folder has none, so its files are linked hard into a folder of their own, or
copied to another disk. A name without ``hf://`` is a folder's: one that is missing is never looked for on the hub.
"""

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from radray.errors import InputError, RadrayError
from radray.models.cache import cache_folder
from radray.models.verified import exclusive
from radray.storage.whole import remove_abandoned, whole_folder

SCHEME = "hf://"
_URI = re.compile(r"hf://((?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*)(?:@([0-9a-f]{40}))?", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.model", "*.txt", "*.jinja"]
"""What is fetched: never pickled weights, never code."""


class HubModel(NamedTuple):
    """A model of the hub: its id there, and the commit that pins it, None for the newest."""

    id: str
    commit: str | None


def is_hub(uri: str) -> bool:
    """Return whether `uri` names a model of the hub."""
    return uri.startswith(SCHEME)


def may_be_hub_id(name: str) -> bool:
    """Return whether `name` looks like an id of the hub, which wants ``hf://`` before it."""
    return _ID.fullmatch(name) is not None


def hub_model(uri: str) -> HubModel:
    """Return what ``hf://organisation/name@commit`` names. Raises InputError for anything else."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise InputError(
            f"model {uri}: not hf://organisation/name, or with @ and the 40 hexadecimal digits of a commit after it"
        )
    return HubModel(match[1], match[2])


def fetch(uri: str, otherwise: str) -> tuple[str, Path]:
    """Return the id of the hub's model `uri` and the folder of its files on this node, fetched now if need be.

    Raises InputError, whose end `otherwise` says what to do without it, for a model that cannot be had; RadrayError
    when it cannot be written.
    """
    model = hub_model(uri)
    fetched = _download(model, otherwise)
    folder = cache_folder("hub") / f"{model.id.replace('/', '--')}-{fetched.name}"
    with exclusive(f"hub {folder}"):
        if not folder.is_dir():
            try:
                folder.parent.mkdir(parents=True, exist_ok=True)
                remove_abandoned(folder.parent)
                with whole_folder(folder, replace=False) as partial:
                    _link(fetched, partial)
            except OSError as error:
                if isinstance(error, RadrayError):
                    raise
                raise RadrayError(
                    f"model {uri} cannot be written into {folder.parent}: {error.strerror}; make room, or set"
                    " XDG_CACHE_HOME"
                ) from None
    return model.id, folder


def _download(model: HubModel, otherwise: str) -> Path:
    """Return the folder that the hub's client has the model in, named by its commit."""
    # here and not above: the client reads environment variables when imported (0.4 s), and local folders,
    # the common case, never need it
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model.id, revision=model.commit, allow_patterns=_FILES))
    except (OSError, ValueError) as error:
        # the client raises OSError for HTTP, connection and cache, ValueError for an id it does not accept
        where = os.environ.get("HF_ENDPOINT", "huggingface.co")
        raise InputError(
            f"model {SCHEME}{model.id}: it could not be had from {where} ({type(error).__name__}: offline, unknown, or"
            f" not public); {otherwise}"
        ) from None


def _link(fetched: Path, folder: Path) -> None:
    """Give `folder` the files of `fetched`, which are links into the client's cache, as files of its own."""
    for file in sorted(fetched.rglob("*")):
        path = file.relative_to(fetched)
        if not file.is_file() or not any(path.match(pattern) for pattern in _FILES):
            continue
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file.resolve(), target)
        except OSError:  # another disk, or one without hard links
            shutil.copyfile(file, target)
