"""The families of models that radray knows."""

import json
from pathlib import Path

from radray.errors import InputError

FAMILIES = frozenset({"t5", "mt5"})
"""Model types whose output scale the conversion knows how to put right."""


def refuse_other_families(folder: Path) -> None:
    """Raise InputError when the model of `folder` is of a family whose conversion is not known to be right."""
    family = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    if family not in FAMILIES:
        raise InputError(f"model folder {folder}: a model of type {family} cannot be converted, T5 can")
