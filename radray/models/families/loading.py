"""What loads alike in every family: tokenizers, and weights layer by layer; safetensors only, no code of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import AutoConfig, AutoTokenizer
from transformers.utils import logging

from radray.errors import InputError
from radray.models.contents.config import read_config
from radray.models.contents.tokenizer import TOKENIZER, refuse_boundless_backend, refuse_boundless_tokenizer
from radray.models.contents.weights import stored_in

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

UNREADABLE = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError),
    *(SafetensorError, StrictDataclassError),
)
"""What transformers and safetensors raise for files that are not what they should be."""


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer of the model folder.

    Raises InputError when there is none that can be read, and for one that makes texts longer without bound.
    """
    refuse_boundless_tokenizer(folder)
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            if not (folder / TOKENIZER).is_file() and tokenizer.is_fast:
                refuse_boundless_backend(tokenizer.backend_tokenizer.to_str(), folder)
    except UNREADABLE as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"model folder {folder}: no tokenizer can be read ({type(error).__name__})") from None
    return tokenizer


def load_config(folder: Path) -> Any:
    """Return the config of the model folder. Raises InputError when it cannot be read, and as `read_config`."""
    read_config(folder)
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except UNREADABLE as error:
        raise InputError(f"model folder {folder}: config.json cannot be read ({type(error).__name__})") from None


def refuse_boundless(folder: Path) -> None:
    """Raise InputError for a folder whose config or index has transformers build too much, or open other files."""
    read_config(folder)
    stored_in(folder)


def refuse_other_size(folder: Path, tokenizer: PreTrainedTokenizerBase, rows: int) -> None:
    """Raise InputError unless the tokenizer's ids are rows of the embedding and fill nine tenths of its `rows`."""
    pieces = len(tokenizer)
    if not rows * 0.9 <= pieces <= rows:
        raise InputError(
            f"model folder {folder}: the tokenizer has {pieces:,} pieces and the model's embedding {rows:,} rows: it is"
            " another model's tokenizer"
        )


def fill_by_layer(
    folder: Path,
    build: Callable[[Any], PreTrainedModel],
    blocks_of: Callable[[nn.Module], list[nn.Module]],
    *,
    kind: str,
    dtype: torch.dtype,
    placed: Callable[[nn.Module], None],
) -> PreTrainedModel:
    """Return the model that `build` makes of the folder's config, filled without ever holding the whole of it.

    `kind` is what messages call such a model.

    `build` is called where parameters have no storage. The weights of one layer at a time are read and `placed` is
    called with that layer, which may then keep a part of them; embeddings, output layer and the rest come last,
    `placed` is called with the model. Raises InputError for a folder whose tensors are not those of its config.
    """
    try:
        stored = stored_in(folder)
        config = load_config(folder)
        with quiet(), torch.device("meta"):
            model = build(config)
    except UNREADABLE as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"model folder {folder}: no {kind} model can be loaded ({type(error).__name__})") from None
    blocks = blocks_of(model)
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    with ExitStack() as stack:
        files: dict[str, Any] = {
            file: stack.enter_context(safe_open(folder / file, framework="pt")) for file in set(stored.values())
        }
        read_parameters: dict[int, nn.Parameter] = {}

        def read(parameter: nn.Parameter) -> nn.Parameter:
            if id(parameter) not in read_parameters:
                name = next((candidate for candidate in names[id(parameter)] if candidate in stored), None)
                tensor = None if name is None else files[stored[name]].get_tensor(name)
                if tensor is None or tensor.shape != parameter.shape:
                    raise InputError(
                        f"model folder {folder}: {names[id(parameter)][0]} is not in the weights, or not of the"
                        f" shape {tuple(parameter.shape)} that the config says"
                    )
                # a copy: what is read is a view of the file
                read_parameters[id(parameter)] = nn.Parameter(
                    tensor.to(dtype, copy=True), requires_grad=parameter.is_floating_point()
                )
            return read_parameters[id(parameter)]

        for block in blocks:
            _fill(block, read)
            read_parameters.clear()
            placed(block)
        _fill(model, read)
    _compute_buffers(model)
    placed(model)
    return model


@contextmanager
def quiet() -> Iterator[None]:
    """Silence progress bars and warnings of transformers, such as that a T5's output layer is not tied."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _compute_buffers(model: PreTrainedModel) -> None:
    """Give the buffers of `model` that no file holds their values: they follow from its config alone.

    Raises InputError for a buffer that is none of those that the families' models have.
    """
    for part in model.modules():
        for name, buffer in list(part._buffers.items()):
            if buffer is None or not buffer.is_meta:
                continue
            if "RotaryEmbedding" in type(part).__name__:
                fresh = type(part)(model.config)
                part._buffers[name] = fresh._buffers[name]
            elif name == "embed_scale":  # Gemma
                part._buffers[name] = torch.tensor(part.scalar_embed_scale, dtype=buffer.dtype)
            else:
                raise InputError(f"a {type(part).__name__} has a buffer {name}, which cannot be computed")


def _fill(module: nn.Module, read: Callable[[nn.Parameter], nn.Parameter]) -> None:
    """Put what `read` gives in the place of every parameter below `module` that has no storage."""
    for part in module.modules():
        for name, parameter in list(part._parameters.items()):
            if parameter is not None and parameter.is_meta:
                part._parameters[name] = read(parameter)
