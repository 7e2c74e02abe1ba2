"""What a training step holds on fake tensors, of any shape: also of a T5, whose plan is computed by formulas."""

from typing import Any

import torch
from torch import nn
from transformers import AutoModelForSeq2SeqLM, T5Config

from radray.models.families.shapes import Shape
from radray.models.families.t5.shape import T5Shape
from radray.settings.root import Settings
from radray.training.fake_step import step_phases
from radray.training.plan import planned_step


def counted(shape: Shape, settings: Settings) -> int:
    """Return the most bytes that are alive at once in a step of all layers, on one worker of `settings`."""
    dtype = "bfloat16" if settings.train.precision == "bf16_weights" else "float32"

    def build() -> Any:
        return untrained_t5(shape, dtype) if isinstance(shape, T5Shape) else shape.untrained(dtype=dtype)

    return max(phase.total for phase in step_phases(build, settings.train, planned_step(settings, shape)))


def untrained_t5(shape: T5Shape, dtype: str) -> Any:
    config = T5Config.from_dict(
        {
            **{"vocab_size": shape.vocab_size, "d_model": shape.d_model, "d_kv": shape.d_kv, "d_ff": shape.d_ff},
            **{"num_layers": shape.encoder_layers, "num_decoder_layers": shape.decoder_layers},
            **{"num_heads": shape.num_heads, "dropout_rate": shape.dropout, "decoder_start_token_id": 0},
            "feed_forward_proj": "gated-gelu" if shape.gated else "relu",
        }
    )
    model = AutoModelForSeq2SeqLM.from_config(config, dtype=getattr(torch, dtype))
    if not shape.tied:
        model.lm_head.weight = nn.Parameter(torch.empty_like(model.lm_head.weight))
    return model
