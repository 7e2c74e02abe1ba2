"""Which models CTranslate2 does not compute, by the `model_type` of their config. Importing it loads no library."""

from importlib.metadata import version
from pathlib import Path

from radray.errors import InputError
from radray.models.contents.config import read_config

NOT_CONVERTED = {
    "gemma2": "its copy would lack the soft caps of attention and logits",
    **dict.fromkeys(("phi", "phi3"), "its converter reads the code that Phi had before it came to transformers"),
}
"""Model types that CTranslate2 (4.8.5) names and computes wrongly, or whose conversion breaks, and why."""


def refuse_not_converted(folder: Path) -> None:
    """Raise InputError for a model that CTranslate2 does not compute, saying why."""
    model_type = type_of(folder)
    if model_type in NOT_CONVERTED:
        raise InputError(
            f"CTranslate2 {version('ctranslate2')} has no {model_type}, {NOT_CONVERTED[model_type]}: use"
            " generate.engine=transformers"
        )


def type_of(folder: Path) -> str:
    """Return the `model_type` of the model folder. Raises InputError for a config that `read_config` refuses."""
    return str(read_config(folder).get("model_type"))
