"""Loading a T5 from a local folder, its output layer never tied to the embedding by mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import safe_open
from torch import nn

from radray.errors import InputError, RadrayError
from radray.models.contents.config import read_config
from radray.models.contents.weights import stored_in
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

_OUTPUT, _EMBEDDING = "lm_head.weight", "shared.weight"


def load_model(
    folder: Path, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> PreTrainedModel:
    """Return the model of the folder on `device`, in evaluation mode, its weights as `dtype`.

    Raises InputError for a folder that holds no sequence-to-sequence model in safetensors, and RadrayError when
    the library tied an output layer to the embedding that the weights keep apart.
    """
    # here, and below: it brings all that models are made of, and who asks for a tokenizer needs none of that
    from transformers import AutoModelForSeq2SeqLM

    refuse_boundless(folder)
    try:
        with quiet():
            model = AutoModelForSeq2SeqLM.from_pretrained(
                folder, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
            )
    except UNREADABLE as error:
        raise InputError(
            f"model folder {folder}: no sequence-to-sequence model can be loaded ({type(error).__name__})"
        ) from None
    _check_output_layer(model, folder)
    torch.nn.Module.to(model, device)
    return model.eval()


def refuse_other_tokenizer(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise InputError when `tokenizer` cannot be the one that the model of `folder` was made with.

    Its ids must be rows of the embedding and fill nine tenths of it (FLAN-T5: 32,100 of 32,128), and its end of text
    and padding must be the model's.
    """
    config = load_config(folder)
    refuse_other_size(folder, tokenizer, int(config.vocab_size))
    if (tokenizer.eos_token_id, tokenizer.pad_token_id) != (config.eos_token_id, config.pad_token_id):
        raise InputError(
            f"model folder {folder}: the tokenizer ends a text with {tokenizer.eos_token_id} and pads with"
            f" {tokenizer.pad_token_id}, the model with {config.eos_token_id} and {config.pad_token_id}: it is another"
            " model's tokenizer"
        )


def blocks_of(model: nn.Module) -> list[nn.Module]:
    """Return the layers of a T5, encoder first. Raises InputError for a model of another family."""
    stacks = [getattr(getattr(model, side, None), "block", None) for side in ("encoder", "decoder")]
    if not all(isinstance(stack, nn.ModuleList) for stack in stacks):
        raise InputError(f"a {type(model).__name__} has no T5 layers")
    return [block for stack in stacks if stack is not None for block in stack]


def load_in_parts(
    folder: Path, *, dtype: torch.dtype = torch.float32, placed: Callable[[nn.Module], None]
) -> PreTrainedModel:
    """Return the T5 of the folder without ever holding the whole of it, see `fill_by_layer`.

    Raises InputError for a folder that holds no T5 in safetensors whose tensors are those of its config.
    """
    from transformers import AutoModelForSeq2SeqLM

    def build(config: Any) -> PreTrainedModel:
        model = AutoModelForSeq2SeqLM.from_config(config, dtype=dtype, trust_remote_code=False)
        blocks_of(model)
        stored = stored_in(folder)
        _refuse_missing_output(folder, stored)
        if {_OUTPUT, _EMBEDDING} <= set(stored):
            # transformers ties the two when it builds a T5 from a config, whatever that says
            model.lm_head.weight = nn.Parameter(torch.empty_like(model.lm_head.weight))
            model.all_tied_weights_keys.pop(_OUTPUT, None)
        return model

    return fill_by_layer(folder, build, blocks_of, kind="sequence-to-sequence", dtype=dtype, placed=placed)


def _check_output_layer(model: PreTrainedModel, folder: Path) -> None:
    """Hold the loaded output layer against the stored one: transformers 5 forces T5 configs to say "tied"."""
    stored = stored_in(folder)
    _refuse_missing_output(folder, stored)
    if not {_OUTPUT, _EMBEDDING} <= set(stored):
        return
    output, embedding = _first_rows(folder, _OUTPUT), _first_rows(folder, _EMBEDDING)
    if _same(output, embedding):
        return
    loaded = model.state_dict()[_OUTPUT][: len(output)]
    if not _same(loaded, output.to(loaded.dtype)):
        raise RadrayError(f"model folder {folder}: {_OUTPUT} was tied to the embedding when loaded")


def _refuse_missing_output(folder: Path, stored: Mapping[str, str]) -> None:
    """Raise InputError for a T5 whose config says that it has an output layer of its own, and that has none."""
    if {_OUTPUT, _EMBEDDING} <= set(stored):
        return
    config = read_config(folder)
    if config.get("model_type") == "t5" and config.get("tie_word_embeddings", True) is False:
        raise InputError(f"model folder {folder}: the config says untied, but {_OUTPUT} is not in the weights")


def _same(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.allclose(tensor, other, rtol=0.0, atol=0.0, equal_nan=True)


def _first_rows(folder: Path, name: str) -> torch.Tensor:
    with safe_open(folder / stored_in(folder)[name], framework="pt") as weights:
        return weights.get_slice(name)[:64]
