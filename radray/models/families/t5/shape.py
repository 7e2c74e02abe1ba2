"""The shape of a T5: what its config says, its parameters counted, and the sizes of what a training step keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from radray.errors import ConfigError
from radray.models.contents.config import read_config
from radray.models.contents.weights import stored_in
from radray.settings.model import TinySettings
from radray.settings.train import TrainSettings


@dataclass(frozen=True, slots=True)
class T5Shape:
    """The numbers of a T5's config that decide its memory and its work."""

    family: ClassVar[str] = "t5"

    vocab_size: int
    d_model: int
    d_kv: int
    d_ff: int
    encoder_layers: int
    decoder_layers: int
    num_heads: int
    gated: bool = True
    """Two input matrices in each feed-forward layer, as in T5 v1.1 and FLAN."""
    tied: bool = False
    """Output layer and embedding are one matrix. Not so in T5 v1.1 and FLAN, whatever transformers 5 writes."""
    dropout: float = 0.1
    buckets: int = 32

    @property
    def inner(self) -> int:
        """Width of queries, keys and values over all heads."""
        return self.num_heads * self.d_kv

    @property
    def embedding(self) -> int:
        """Parameters of the embedding; those of an output layer of its own are as many."""
        return self.vocab_size * self.d_model

    @property
    def encoder_block(self) -> int:
        """Parameters of one encoder block, its relative positions (the first block's alone) left out."""
        return self._attention + self._feed_forward + 2 * self.d_model

    @property
    def decoder_block(self) -> int:
        """Parameters of one decoder block, its relative positions (the first block's alone) left out."""
        return 2 * self._attention + self._feed_forward + 3 * self.d_model

    @property
    def encoder(self) -> int:
        """Parameters of the encoder without the embedding."""
        return self.encoder_layers * self.encoder_block + self.buckets * self.num_heads + self.d_model

    @property
    def decoder(self) -> int:
        """Parameters of the decoder without embedding and output layer."""
        return self.decoder_layers * self.decoder_block + self.buckets * self.num_heads + self.d_model

    @property
    def parameters(self) -> int:
        """All parameters: 2,849,757,184 for FLAN-T5 XL."""
        return self.encoder + self.decoder + self.embedding * (1 if self.tied else 2)

    @property
    def _attention(self) -> int:
        return 4 * self.d_model * self.inner

    @property
    def _feed_forward(self) -> int:
        return (3 if self.gated else 2) * self.d_model * self.d_ff

    def encoder_block_kept(self, rows: int, length: int) -> int:
        """Return the values that an encoder block's backward pass needs, for `rows` inputs of `length` tokens.

        Counted in transformers 5.23 with torch's saved_tensors_hooks over sixty random shapes, to 0.3 % (a test
        does it again): attention's scores are kept, as torch's plain attention does; a fused kernel keeps less.
        """
        tokens = rows * length
        wide, forward, scores = (8, 8, 3) if self.dropout else (6, 7, 1)
        kept = tokens * (wide * self.d_model + 4 * self.inner + forward * self.d_ff)
        return kept + scores * rows * self.num_heads * length**2

    def decoder_block_kept(self, rows: int, source: int, target: int) -> int:
        """Return the same of a decoder block over `source` tokens of the encoder and `target` of its own."""
        tokens = rows * target
        wide, forward, scores = (12, 8, 3) if self.dropout else (9, 7, 1)
        kept = tokens * (wide * self.d_model + 6 * self.inner + forward * self.d_ff)
        kept += 2 * rows * source * self.inner
        return kept + scores * rows * self.num_heads * (target**2 + target * source)

    def learning(self, train: TrainSettings) -> int:
        """Return how many parameters learn: all, the low-rank matrices of every linear layer, or the prompt."""
        if train.method == "full":
            return self.parameters
        if train.method == "soft_prompt":
            return train.soft_prompt_tokens * self.d_model
        attention = 4 * (self.d_model + self.inner)
        forward = (3 if self.gated else 2) * (self.d_model + self.d_ff)
        return train.lora_rank * (
            self.encoder_layers * (attention + forward) + self.decoder_layers * (2 * attention + forward)
        )

    def flops(self, source: int, target: int) -> float:
        """Return the multiply-adds of one example's forward pass, times two: 2 a parameter and token, and attention.

        Kaplan et al. 2020 (arXiv 2001.08361), table 1, for the encoder over `source` tokens and the decoder over
        `target`; cross-attention's keys and values are over `source`.
        """
        cross = self.decoder_layers * 2 * self.d_model * self.inner
        dense = self.encoder * source + (self.decoder - cross) * target + cross * source + self.embedding * target
        scores = self.encoder_layers * source**2 + self.decoder_layers * (target**2 + target * source)
        return 2.0 * dense + 4.0 * self.inner * scores


def shape_of(config: Mapping[str, Any], *, tied: bool) -> T5Shape:
    """Return the shape that a ``config.json`` describes; `tied` is said by the weights, not by it.

    Raises ConfigError for the config of another family, or one that lacks a number.
    """
    if config.get("model_type") not in ("t5", "mt5"):
        raise ConfigError(f"model_type {config.get('model_type')!r}: the plan knows t5 and mt5")
    try:
        layers = int(config["num_layers"])
        return T5Shape(
            vocab_size=int(config["vocab_size"]),
            d_model=int(config["d_model"]),
            d_kv=int(config["d_kv"]),
            d_ff=int(config["d_ff"]),
            encoder_layers=layers,
            decoder_layers=int(config.get("num_decoder_layers") or layers),
            num_heads=int(config["num_heads"]),
            gated=str(config.get("feed_forward_proj", "relu")).startswith("gated"),
            tied=tied,
            dropout=float(config.get("dropout_rate", 0.1)),
            buckets=int(config.get("relative_attention_num_buckets", 32)),
        )
    except (KeyError, TypeError, ValueError):
        raise ConfigError("config.json lacks a number of a T5 (d_model, d_ff, num_layers, ...)") from None


def folder_shape(folder: Path) -> T5Shape:
    """Return the shape of the model folder, from its config and the names of its weights; loads none of them.

    Raises ConfigError as `shape_of` does, InputError for config or weights that cannot be read.
    """
    config = read_config(folder)
    return shape_of(config, tied="lm_head.weight" not in stored_in(folder))


def tiny_shape(size: TinySettings) -> T5Shape:
    """Return the shape of ``model.init=tiny``; its vocabulary may come out smaller."""
    return T5Shape(
        vocab_size=size.vocab_size,
        d_model=size.d_model,
        d_kv=max(8, size.d_model // size.num_heads),
        d_ff=size.d_ff,
        encoder_layers=size.num_layers,
        decoder_layers=size.num_layers,
        num_heads=size.num_heads,
        dropout=0.0,
    )


PUBLISHED = {
    f"google/flan-t5-{name}": T5Shape(32128, d_model, 64, d_ff, layers, layers, heads)
    for name, d_model, d_ff, layers, heads in (
        ("small", 512, 1024, 8, 6),
        ("base", 768, 2048, 12, 12),
        ("large", 1024, 2816, 24, 16),
        ("xl", 2048, 5120, 24, 32),
        ("xxl", 4096, 10240, 24, 64),
    )
}
"""Shapes of the FLAN-T5 family (their config.json), so that a plan needs no download."""
