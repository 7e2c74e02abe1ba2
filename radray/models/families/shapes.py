"""Shapes of models that are not loaded, whatever their family: of published ones by name, of a folder by its config.

Importing it loads no library: a T5's plan needs none.
"""

import json
from pathlib import Path
from typing import TypeAlias

from radray.errors import InputError
from radray.models.families.causal import memory as causal_memory
from radray.models.families.causal import shape as causal
from radray.models.families.causal.memory import Measure
from radray.models.families.causal.published import PUBLISHED as PUBLISHED_CAUSAL
from radray.models.families.registry import FAMILY_OF
from radray.models.families.step import Step, StepMemory
from radray.models.families.t5 import memory as t5_memory
from radray.models.families.t5 import shape as t5
from radray.settings.model import ModelSettings

Shape: TypeAlias = t5.T5Shape | causal.CausalShape
"""What a plan asks: `family`, `parameters`, `learning` and `flops`, and `step_memory` below."""


def step_memory(shape: Shape, step: Step, measure: Measure) -> StepMemory:
    """Return the memory of `step` in the moment that holds most: a T5's by formulas, another's as `measure` finds."""
    if isinstance(shape, t5.T5Shape):
        return t5_memory.step_memory(shape, step)
    return causal_memory.step_memory(shape, step, measure)


def published_shape(name: str) -> Shape | None:
    """Return the shape of the published model `name`, a hub id or `smollm2`; None for one that is not known."""
    if name in PUBLISHED_CAUSAL:
        return causal.CausalShape(PUBLISHED_CAUSAL[name])
    return t5.PUBLISHED.get(name)


def initial_shape(model: ModelSettings) -> Shape | None:
    """Return the shape of the model that training starts from, without loading it.

    For ``model.init=tiny`` and ``tiny-causal`` an upper bound: the vocabulary may come out smaller. None where the
    shape is not known before the model is fetched or read (a hub id that is not among the published ones, a model on
    S3, a GGUF file) and for a model of no known family. Raises InputError for a folder whose config or weights cannot
    be read.
    """
    if model.init == "tiny":
        return t5.tiny_shape(model.tiny)
    if model.init == "tiny-causal":
        return causal.CausalShape(causal.tiny_config(model.tiny))
    folder = Path(model.init).expanduser()
    if not (folder / "config.json").is_file():
        return published_shape(model.init)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        family = FAMILY_OF.get(config.get("model_type"))
    except (OSError, ValueError, AttributeError):
        raise InputError(f"model folder {folder}: config.json cannot be read") from None
    if family == "t5":
        return t5.folder_shape(folder)
    return None if family is None else causal.CausalShape(config)
