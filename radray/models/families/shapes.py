"""Shapes of models that are not loaded, whatever their family: of published ones by name, of a folder by its config.

Importing it loads no library: a T5's plan needs none.
"""

from pathlib import Path
from typing import TypeAlias

from radray.models.contents.config import CONFIG, read_config, refuse_missing_sizes
from radray.models.families.causal import memory as causal_memory
from radray.models.families.causal import shape as causal
from radray.models.families.causal.memory import Measure
from radray.models.families.causal.published import PUBLISHED as PUBLISHED_CAUSAL
from radray.models.families.registry import FAMILY_OF
from radray.models.families.step import Step, StepMemory
from radray.models.families.t5 import memory as t5_memory
from radray.models.families.t5 import shape as t5
from radray.models.gguf import SMOLLM2
from radray.models.hub import hub_model, is_hub
from radray.settings.model import ModelSettings

Shape: TypeAlias = t5.T5Shape | causal.CausalShape
"""What a plan asks: `family`, `parameters`, `learning` and `flops`, and `step_memory` below."""


def step_memory(shape: Shape, step: Step, measure: Measure) -> StepMemory:
    """Return the memory of `step` in the moment that holds most: a T5's by formulas, another's as `measure` finds."""
    if isinstance(shape, t5.T5Shape):
        return t5_memory.step_memory(shape, step)
    return causal_memory.step_memory(shape, step, measure)


def published_shape(name: str) -> Shape | None:
    """Return the shape of the published model `name`, ``hf://`` and a hub id, or `smollm2`; None if it is not known.

    Raises InputError for what begins with ``hf://`` and names no model.
    """
    published = hub_model(name).id if is_hub(name) else name
    if not is_hub(name) and name != SMOLLM2:
        return None  # a folder's name
    if published in PUBLISHED_CAUSAL:
        return causal.CausalShape(PUBLISHED_CAUSAL[published])
    return t5.PUBLISHED.get(published)


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
    if not (folder / CONFIG).is_file():
        return published_shape(model.init)
    config = read_config(folder)
    family = FAMILY_OF.get(str(config.get("model_type")))
    if family is None:
        return None
    refuse_missing_sizes(config, family, f"model folder {folder}: {CONFIG}")
    return t5.folder_shape(folder) if family == "t5" else causal.CausalShape(config)
