"""Loading a causal model and its tokenizer from a local folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from radray.errors import InputError, RadrayError
from radray.models.contents.weights import stored_in
from radray.models.families import loading
from radray.models.families.loading import (
    UNREADABLE,
    fill_by_layer,
    load_config,
    quiet,
    refuse_boundless,
    refuse_other_size,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_OUTPUT = "lm_head.weight"


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer of the model folder; one without a padding token pads with its end token.

    The attention mask and the labels say what is padding, never its id, so the two may be the same. Raises InputError
    for a tokenizer that cannot be read, has no end token, or does not say where its tokens are in the text.
    """
    tokenizer = loading.load_tokenizer(folder)
    if tokenizer.eos_token_id is None:
        raise InputError(f"model folder {folder}: the tokenizer has no end token, so no answer would ever end")
    if not tokenizer.is_fast:
        raise InputError(f"model folder {folder}: no tokenizer.json; only tokenizers that have it are used")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(
    folder: Path, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> PreTrainedModel:
    """Return the model of the folder on `device`, in evaluation mode, its weights as `dtype`.

    Raises InputError for a folder that holds no causal model in safetensors, or lacks one of its tensors; RadrayError
    when the library tied an output layer to the embedding that the weights keep apart.
    """
    # here, and below: it brings all that models are made of, and who asks for a tokenizer needs none of that
    from transformers import AutoModelForCausalLM

    refuse_boundless(folder)
    try:
        with quiet():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except UNREADABLE as error:
        raise InputError(f"model folder {folder}: no causal model can be loaded ({type(error).__name__})") from None
    model, report = loaded
    if missing := sorted(report["missing_keys"]):
        # transformers fills them with random numbers, and only warns
        raise InputError(f"model folder {folder}: {len(missing)} tensors are not in the weights, {missing[0]} first")
    _refuse_tied_by_mistake(model, folder)
    torch.nn.Module.to(model, device)
    return model.eval()


def load_in_parts(
    folder: Path, *, dtype: torch.dtype = torch.float32, placed: Callable[[nn.Module], None]
) -> PreTrainedModel:
    """Return the model of the folder without ever holding the whole of it, see `fill_by_layer`.

    Raises InputError for a folder whose tensors are not those of its config.
    """
    from transformers import AutoModelForCausalLM

    return fill_by_layer(
        folder,
        lambda config: AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False),
        blocks_of,
        kind="causal",
        dtype=dtype,
        placed=placed,
    )


def blocks_of(model: nn.Module) -> list[nn.Module]:
    """Return the layers of a causal model. Raises InputError for a model that has them elsewhere."""
    layers = getattr(getattr(model, "model", None), "layers", None)
    if not isinstance(layers, nn.ModuleList):
        raise InputError(f"a {type(model).__name__} has no layers where causal models have them")
    return list(layers)


def refuse_other_tokenizer(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise InputError when `tokenizer` cannot be the one that the model of `folder` was made with, by its size.

    Which tokens end a text says little: instruction-tuned models end a turn with another than their config names.
    """
    refuse_other_size(folder, tokenizer, int(load_config(folder).vocab_size))


def _refuse_tied_by_mistake(model: PreTrainedModel, folder: Path) -> None:
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    if tied and _OUTPUT in stored_in(folder) and not model.config.tie_word_embeddings:
        raise RadrayError(f"model folder {folder}: {_OUTPUT} was tied to the embedding when loaded")
