"""What a causal model learns from: the logits of the targets alone, each after its prompt."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from radray.models.batching import pad


def target_logits(
    model: nn.Module,
    plain: Any,
    inputs: Sequence[list[int]],
    targets: Sequence[list[int]],
    device: torch.device,
) -> torch.Tensor:
    """Return the logits of each token of each target, (rows, longest target, vocabulary), given those before it.

    Prompts are padded at their beginning and targets at their end, so that all targets begin at one place: the output
    layer, a fifth of a small model's work, is computed for them and not for the prompts.
    """
    if hasattr(plain, "prompt_encoder"):
        return _after_soft_prompt(model, plain, inputs, targets, device)
    width, most = max(map(len, inputs)), max(map(len, targets))
    token = plain.config.pad_token_id or 0
    # the last token of a target is never an input
    ids = [
        [*[token] * (width - len(row)), *row, *target[:-1], *[token] * (most - len(target))]
        for row, target in zip(inputs, targets, strict=True)
    ]
    # what is padding is said here, whatever its id: it may be the end token's
    mask = torch.tensor(
        [
            [*[0] * (width - len(row)), *[1] * (len(row) + len(target) - 1), *[0] * (most - len(target))]
            for row, target in zip(inputs, targets, strict=True)
        ],
        device=device,
    )
    logits: torch.Tensor = model(
        input_ids=torch.tensor(ids, device=device),
        attention_mask=mask,
        position_ids=positions(mask),
        use_cache=False,
        logits_to_keep=most,
    ).logits
    return logits


def positions(mask: torch.Tensor) -> torch.Tensor:
    """Return the place of each token in its row, (rows, tokens), from 0 at the first that `mask` has."""
    return (mask.cumsum(dim=-1) - 1).clamp(min=0)


def _after_soft_prompt(
    model: nn.Module, plain: Any, inputs: Sequence[list[int]], targets: Sequence[list[int]], device: torch.device
) -> torch.Tensor:
    """Return the logits of the targets of a model whose inputs PEFT puts vectors before.

    It puts them before the padding too, so that is at the end here: the vectors must stand next to the prompt.
    """
    vectors: int = plain.active_peft_config.num_virtual_tokens
    most = max(map(len, targets))
    rows = [[*row, *target[:-1]] for row, target in zip(inputs, targets, strict=True)]
    logits = model(
        input_ids=torch.tensor(pad(rows, plain.config.pad_token_id or 0), device=device),
        attention_mask=torch.tensor(pad([[1] * len(row) for row in rows], 0), device=device),
        use_cache=False,
    ).logits
    first = torch.tensor([vectors + len(row) - 1 for row in inputs], device=device)
    places = first[:, None] + torch.arange(most, device=device)
    places = places.clamp(max=logits.shape[1] - 1)
    return logits.gather(1, places[:, :, None].expand(-1, -1, logits.shape[2]))
