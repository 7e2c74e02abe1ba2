"""Putting a finished model in its place: whole or not at all."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radray.models.manifest import ADAPTER, PICKED, write_manifest
from radray.storage.whole import whole_folder


def publish(source: Path, out: Path, provenance: Mapping[str, Any]) -> str:
    """Copy the files of `source` to the model folder `out` with a manifest of `provenance`; return its digest.

    The model is named after `out`, and so is its adapter, if it has one, which gets a manifest of its own. A folder
    that exists stays until the new one is whole, and is then removed. Raises OSError, with the old folder in its
    place, and InputError for a `source` without files.
    """
    out = out.absolute()
    with whole_folder(out, replace=True) as folder:
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)
        if (folder / ADAPTER).is_dir():
            if (folder / PICKED).is_file():
                shutil.copyfile(folder / PICKED, folder / ADAPTER / PICKED)
            write_manifest(folder / ADAPTER, out.name, provenance)
        manifest = write_manifest(folder, out.name, provenance)
    return manifest.digest
