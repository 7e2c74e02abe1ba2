"""Loading a tokenizer and a model from a local folder: safetensors only, no code of theirs, nothing tied by mistake."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from radray.errors import InputError, RadrayError

_OUTPUT, _EMBEDDING = "lm_head.weight", "shared.weight"


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer of the model folder. Raises InputError when there is none that can be read."""
    try:
        with quiet():
            return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"model folder {folder}: no tokenizer can be read ({type(error).__name__})") from None


def load_model(
    folder: Path, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> PreTrainedModel:
    """Return the model of the folder on `device`, in evaluation mode, its weights as `dtype`.

    Raises InputError for a folder that holds no sequence-to-sequence model in safetensors, and RadrayError when
    the library tied an output layer to the embedding that the weights keep apart.
    """
    try:
        with quiet():
            model = AutoModelForSeq2SeqLM.from_pretrained(
                folder, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
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
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"model folder {folder}: config.json cannot be read ({type(error).__name__})") from None
    pieces, rows = len(tokenizer), int(config.vocab_size)
    if not rows * 0.9 <= pieces <= rows:
        raise InputError(
            f"model folder {folder}: the tokenizer has {pieces:,} pieces and the model's embedding {rows:,} rows: it is"
            " another model's tokenizer"
        )
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
        raise InputError(f"a {type(model).__name__} has no T5 layers: what is asked for is known for T5 alone")
    return [block for stack in stacks if stack is not None for block in stack]


def load_in_parts(
    folder: Path, *, dtype: torch.dtype = torch.float32, placed: Callable[[nn.Module], None]
) -> PreTrainedModel:
    """Return the T5 of the folder without ever holding the whole of it.

    The weights of one layer at a time are read and `placed` is called with that layer, which may then keep a part
    of them; embeddings, output layer and the rest come last, `placed` is called with the model. Raises InputError
    for a folder that holds no T5 in safetensors whose tensors are those of its config.
    """
    try:
        stored = _stored_in(folder)
        with quiet(), torch.device("meta"):
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            model = AutoModelForSeq2SeqLM.from_config(config, dtype=dtype, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise InputError(
            f"model folder {folder}: no sequence-to-sequence model can be loaded ({type(error).__name__})"
        ) from None
    blocks = blocks_of(model)
    _refuse_missing_output(folder, stored)
    if {_OUTPUT, _EMBEDDING} <= set(stored):
        # transformers ties the two when it builds a T5 from a config, whatever that says
        model.lm_head.weight = nn.Parameter(torch.empty_like(model.lm_head.weight))
        model.all_tied_weights_keys.pop(_OUTPUT, None)
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
    placed(model)
    return model


def _fill(module: nn.Module, read: Callable[[nn.Parameter], nn.Parameter]) -> None:
    """Put what `read` gives in the place of every parameter below `module` that has no storage."""
    for part in module.modules():
        for name, parameter in list(part._parameters.items()):
            if parameter is not None and parameter.is_meta:
                part._parameters[name] = read(parameter)


def _check_output_layer(model: PreTrainedModel, folder: Path) -> None:
    """Hold the loaded output layer against the stored one: transformers 5 forces T5 configs to say "tied"."""
    stored = _stored_in(folder)
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
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") == "t5" and config.get("tie_word_embeddings", True) is False:
        raise InputError(f"model folder {folder}: the config says untied, but {_OUTPUT} is not in the weights")


def _same(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.allclose(tensor, other, rtol=0.0, atol=0.0, equal_nan=True)


def _stored_in(folder: Path) -> dict[str, str]:
    """Return the file of every stored tensor, by tensor name."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return dict(json.loads(index.read_text(encoding="utf-8"))["weight_map"])
    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        return dict.fromkeys(weights.keys(), "model.safetensors")


def _first_rows(folder: Path, name: str) -> torch.Tensor:
    with safe_open(folder / _stored_in(folder)[name], framework="pt") as weights:
        return weights.get_slice(name)[:64]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence progress bars and the warning that a T5's output layer is not tied, which is what we want."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
