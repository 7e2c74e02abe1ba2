"""Putting a finished model in its place: whole or not at all."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radray.models.manifest import write_manifest


def publish(source: Path, out: Path, provenance: Mapping[str, Any]) -> str:
    """Copy the files of `source` to the model folder `out` with a manifest of `provenance`; return its digest.

    The model is named after `out`. The copy is written beside `out` and renamed; a folder that exists stays until the
    new one is whole, and is then removed. Raises OSError, with the old folder in its place, and InputError for a
    `source` without files.
    """
    out = out.absolute()
    fresh, old = (out.with_name(f".{out.name}.{kind}-{os.getpid()}") for kind in ("new", "old"))
    try:
        shutil.copytree(source, fresh, ignore=shutil.ignore_patterns(".*"))
        manifest = write_manifest(fresh, out.name, provenance)
        if out.exists():
            os.replace(out, old)
        os.replace(fresh, out)
    except OSError:
        if old.exists() and not out.exists():
            os.replace(old, out)
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    return manifest.digest
