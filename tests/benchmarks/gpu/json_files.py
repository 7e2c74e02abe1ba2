"""JSON files that are whole at every moment."""

import json
import os
from pathlib import Path
from typing import Any


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Make `file` hold `content` in one step: whoever is killed meanwhile leaves the figures before."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, file)
