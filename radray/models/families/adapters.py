"""LoRA and soft prompts (PEFT): put on a model to learn, and made part of an ordinary model folder afterwards."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from radray.errors import InputError
from radray.models.families.family import Family
from radray.models.families.masks import soft_pieces
from radray.models.hub import hub_model, is_hub
from radray.models.manifest import ADAPTER
from radray.settings.train import TrainSettings

if TYPE_CHECKING:
    # PEFT takes a second or two to import, and a full fine-tuning has no need of it
    from peft import LoraConfig, PeftConfig, PromptTuningConfig
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


WEIGHTS = "adapter_model.safetensors"
"""Its file of what was learnt."""
_VECTORS = "prompt_embeddings"


def add_adapter(model: PreTrainedModel, settings: TrainSettings, family: Family) -> nn.Module:
    """Return what learns of `model` by `settings.method`: itself, itself with LoRA layers, or PEFT's model around it.

    What does not learn is frozen. The same settings give the same first weights, whatever device and process.
    """
    if settings.method == "full":
        return model
    model.requires_grad_(False)
    if settings.method == "lora":
        for index, block in enumerate(family.blocks_of(model)):
            add_lora(block, settings, index, family)
        return model
    from peft import get_peft_model

    embedding: Any = model.get_input_embeddings()
    with warnings.catch_warnings():
        # PEFT 0.21 asks transformers for checkpointing by a name that goes in its version 6
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        wrapped = get_peft_model(model, _prompt_config(settings, family))
    with torch.no_grad():
        # words of the vocabulary: a better start than noise (Lester et al. 2021, figure 3b)
        generator = torch.Generator().manual_seed(settings.seed)
        chosen = torch.randint(3, embedding.weight.shape[0], (settings.soft_prompt_tokens,), generator=generator)
        _prompt_of(wrapped).copy_(embedding(chosen.to(embedding.weight.device)))
    return wrapped


def add_lora(block: nn.Module, settings: TrainSettings, index: int, family: Family) -> None:
    """Put LoRA layers into layer number `index` of a model, in place; all else of it is frozen."""
    from peft import inject_adapter_in_model

    block.requires_grad_(False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed * 1_000_003 + index)
        inject_adapter_in_model(_lora_config(settings, family, family.linear_layers(block)), block)


def freeze_all_but_lora(model: nn.Module) -> None:
    """Freeze every parameter of `model` that `add_lora` did not put there."""
    for name, parameter in model.named_parameters():
        if ".lora_" not in name:
            parameter.requires_grad_(False)


def write_adapted(
    learnt: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    settings: TrainSettings,
    folder: Path,
    base_name: str,
    family: Family,
) -> None:
    """Write what `add_adapter` returned, as it is now, as an ordinary model folder that every engine reads.

    lora: merged into the weights. soft_prompt: the vectors become rows of the embedding, and the tokenizer puts
    their pieces before every input; engines never write those pieces, see `masks`. Both keep what was learnt in
    the folder ``adapter``, which PEFT reads onto the model `base_name`. `learnt` is used up.
    """
    if settings.method == "full":
        family.save_model(learnt, tokenizer, folder)  # type: ignore[arg-type]
        return
    adapter = folder / ADAPTER
    adapter.mkdir(parents=True)
    if settings.method == "lora":
        linear = family.linear_layers(family.blocks_of(learnt)[0])
        config: PeftConfig = _lora_config(settings, family, linear)
        weights = {name: parameter.detach().cpu().contiguous() for name, parameter in _parts(learnt, settings).items()}
        _merge(learnt)
        model: PreTrainedModel = learnt  # type: ignore[assignment]
    else:
        config = _prompt_config(settings, family)
        weights = {name: vectors.detach().cpu().clone() for name, vectors in _parts(learnt, settings).items()}
        model = learnt.get_base_model()  # type: ignore[operator]
        _put_rows(model, tokenizer, weights[_VECTORS])
        family.put_soft_prompt(model, tokenizer, soft_pieces(len(weights[_VECTORS])))
    save_file(weights, adapter / WEIGHTS, metadata={"format": "pt"})
    hub = hub_model(base_name) if is_hub(base_name) else None
    config.base_model_name_or_path = base_name if hub is None else hub.id
    config.revision = None if hub is None else hub.commit
    config.inference_mode = True
    config.save_pretrained(str(adapter))
    family.save_model(model, tokenizer, folder)


def load_adapter(learnt: nn.Module, settings: TrainSettings, file: Path) -> None:
    """Put the weights in `file`, which `write_adapted` wrote, on what `add_adapter` returned.

    Raises InputError for a file that cannot be read, or is that of another model or method.
    """
    try:
        weights, parts = load_file(file), _parts(learnt, settings)
    except (OSError, SafetensorError) as error:
        raise InputError(f"adapter {file} cannot be read ({type(error).__name__})") from None
    if {name: value.shape for name, value in weights.items()} != {name: part.shape for name, part in parts.items()}:
        raise InputError(f"adapter {file}: its weights are not those of its base model under train.{settings.method}")
    with torch.no_grad():
        for name, part in parts.items():
            part.copy_(weights[name])


def _parts(learnt: nn.Module, settings: TrainSettings) -> dict[str, torch.Tensor]:
    """Return what was learnt, under the names of PEFT's files."""
    if settings.method == "soft_prompt":
        return {_VECTORS: _prompt_of(learnt)}
    return {
        f"base_model.model.{name.replace('.default.', '.')}": parameter
        for name, parameter in learnt.named_parameters()
        if ".lora_" in name
    }


def _lora_config(settings: TrainSettings, family: Family, linear: list[str]) -> LoraConfig:
    from peft import LoraConfig

    # alpha is twice the rank: the scale that the rate was found with, whatever the rank
    return LoraConfig(
        task_type=family.task_type,
        r=settings.lora_rank,
        lora_alpha=2 * settings.lora_rank,
        target_modules=linear,
        lora_dropout=0.0,
    )


def _prompt_config(settings: TrainSettings, family: Family) -> PromptTuningConfig:
    from peft import PromptTuningConfig

    # 1: before the input alone, in a T5 the encoder's
    return PromptTuningConfig(
        task_type=family.task_type, num_virtual_tokens=settings.soft_prompt_tokens, num_transformer_submodules=1
    )


def _prompt_of(wrapped: nn.Module) -> torch.Tensor:
    return wrapped.prompt_encoder["default"].embedding.weight  # type: ignore[index, union-attr]


def _merge(model: nn.Module) -> None:
    """Add each LoRA layer's update to the weights that it stands on, and take it away."""
    from peft.tuners.lora import LoraLayer

    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLayer):
                child.merge()
                setattr(parent, name, child.get_base_layer())


@torch.no_grad()
def _put_rows(model: Any, tokenizer: PreTrainedTokenizerBase, vectors: torch.Tensor) -> None:
    """Give `tokenizer` a piece, and `model` a row of embedding, for each of `vectors`."""
    pieces = soft_pieces(len(vectors))
    first = len(tokenizer)
    tokenizer.add_tokens(pieces, special_tokens=True)
    rows = max(first + len(pieces), model.config.vocab_size)
    embedding, output = model.get_input_embeddings(), model.get_output_embeddings()
    tied = output.weight is embedding.weight
    grown = _grown(embedding.weight, rows)
    # Gemma's embedding multiplies its rows; the vectors were learnt as what comes after it
    scale = getattr(embedding, "embed_scale", None)
    grown[first : first + len(pieces)] = vectors if scale is None else vectors / scale.to(vectors)
    embedding.weight = nn.Parameter(grown)
    embedding.num_embeddings = rows
    # a row of zeros: it is never written, see `masks`
    output.weight = embedding.weight if tied else nn.Parameter(_grown(output.weight, rows))
    if output.bias is not None:  # Phi
        output.bias = nn.Parameter(_grown(output.bias, rows))
    output.out_features = rows
    model.config.vocab_size = rows
    # for readers other than our engines, which see to it themselves
    model.generation_config.suppress_tokens = list(range(first, first + len(pieces)))


def _grown(weight: torch.Tensor, rows: int) -> torch.Tensor:
    return torch.cat([weight, weight.new_zeros(rows - weight.shape[0], *weight.shape[1:])])
