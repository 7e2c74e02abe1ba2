"""Models with random weights, made on the device itself: no folder, no download, no copy through the main memory."""

from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import GenerationConfig, PreTrainedTokenizerBase, T5Config, T5ForConditionalGeneration

from radray.models.families.causal.shape import CausalShape, tiny_config
from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.loading import quiet
from radray.models.families.registry import named_family
from radray.models.families.shapes import Shape, published_shape
from radray.models.families.t5.shape import T5Shape, tiny_shape
from radray.models.families.t5.tiny import build_tiny
from radray.reports.synthetic.studies import make_studies
from radray.settings.model import TinySettings

TRUE_SIZE = {"t5": "hf://google/flan-t5-xl", "causal": "hf://meta-llama/Llama-3.2-3B"}
"""2,849,757,184 and 3,212,749,824 parameters."""
TINY = TinySettings(vocab_size=600, d_model=32, d_ff=64, num_layers=2, num_heads=2)


def shape_of(family: str, *, small: bool) -> Shape:
    """Return the shape that is measured of `family`, t5 or causal."""
    if small:
        return tiny_shape(TINY) if family == "t5" else CausalShape(tiny_config(TINY))
    shape = published_shape(TRUE_SIZE[family])
    assert shape is not None
    return shape


def random_model(shape: Shape, dtype: torch.dtype, device: torch.device) -> Any:
    """Return a model of `shape` with random weights of `dtype` on `device`."""
    torch.manual_seed(1)
    with device, quiet():
        if isinstance(shape, T5Shape):
            return cast(Any, _random_t5(shape)).to(dtype)
        return shape.untrained(dtype=str(dtype).removeprefix("torch."))


def _random_t5(shape: T5Shape) -> T5ForConditionalGeneration:
    assert shape.gated, "T5 v1.1 and FLAN are"
    config = T5Config.from_dict(
        {
            "vocab_size": shape.vocab_size,
            "d_model": shape.d_model,
            "d_kv": shape.d_kv,
            "d_ff": shape.d_ff,
            "num_layers": shape.encoder_layers,
            "num_decoder_layers": shape.decoder_layers,
            "num_heads": shape.num_heads,
            "feed_forward_proj": "gated-gelu",
            "dropout_rate": shape.dropout,
            "tie_word_embeddings": False,
            "decoder_start_token_id": 0,
        }
    )
    model = T5ForConditionalGeneration(config)
    # transformers ties it to the embedding when it builds from a config, whatever that says
    model.lm_head.weight = nn.Parameter(torch.randn(shape.vocab_size, shape.d_model) * shape.d_model**-0.5)
    model.all_tied_weights_keys.pop("lm_head.weight", None)
    model.generation_config = GenerationConfig(pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    return model


def report_texts(count: int) -> list[str]:
    """Return the texts of `count` synthetic reports, whole: about as long as real findings with their background."""
    return [study.text for study in make_studies(count, 5)]


def report_tokenizer(family: str, folder: Path) -> PreTrainedTokenizerBase:
    """Return a tokenizer of `family` of at most 2,000 pieces, learnt from synthetic reports; `folder` is written to."""
    build = build_tiny if family == "t5" else build_tiny_causal
    build(report_texts(200), folder, size=TINY.model_copy(update={"vocab_size": 2_000}), seed=1)
    return named_family(family).load_tokenizer(folder)
