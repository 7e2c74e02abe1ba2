"""Where a node keeps what it has fetched or made of models; a folder of it may be removed whenever nobody uses it."""

import os
from pathlib import Path


def cache_folder(kind: str) -> Path:
    """Return the folder of a `kind` (models, joined, gguf, ctranslate2) in the user's cache; it may not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "radray" / kind
