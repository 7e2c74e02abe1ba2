"""The families of models that radray knows, by the `model_type` of a model's config. Importing it loads no library."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from radray.errors import InputError
from radray.models.families.convertible import type_of

if TYPE_CHECKING:
    from radray.models.families.family import Family

FAMILY_OF = {
    **dict.fromkeys(("t5", "mt5"), "t5"),
    **dict.fromkeys(
        ("llama", "mistral", "qwen2", "qwen3", "phi", "phi3", "gemma", "gemma2", "gemma3_text"),
        "causal",
    ),
}
"""Family of each model type that transformers loads; `convertible` has those that CTranslate2 does not compute."""


def family_name(folder: Path) -> str:
    """Return the name of the family of the model folder: t5 or causal.

    Raises InputError for a folder without a config, and for a model type that no family has, with those that one has.
    """
    model_type = type_of(folder)
    if model_type not in FAMILY_OF:
        raise InputError(
            f"model folder {folder}: a model of type {model_type} is not known; known are"
            f" {', '.join(sorted(FAMILY_OF))}"
        )
    return FAMILY_OF[model_type]


def open_family(folder: Path) -> Family:
    """Return the family of the model folder. Raises InputError as `family_name`."""
    return named_family(family_name(folder))


@cache
def named_family(name: str) -> Family:
    """Return the family `name`. Its libraries are imported now: torch alone takes seconds."""
    if name == "t5":
        from radray.models.families.t5.family import T5Family

        return T5Family()
    from radray.models.families.causal.family import CausalFamily

    return CausalFamily()
