"""The shape of a causal model: its config, and what torch counts in a model of it that has no storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from radray.errors import InputError
from radray.settings.model import TinySettings
from radray.settings.train import TrainSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class CausalShape:
    """A causal model as its ``config.json`` describes it."""

    config: Mapping[str, Any]
    family: ClassVar[str] = "causal"

    @property
    def layers(self) -> int:
        """The number of layers."""
        return int(self._empty.config.num_hidden_layers)

    @property
    def parameters(self) -> int:
        """All parameters; a shared one once: 4,022,468,096 for Qwen3-4B."""
        return sum(parameter.numel() for parameter in self._empty.parameters())

    def learning(self, train: TrainSettings) -> int:
        """Return how many parameters learn: all, the low-rank matrices of every linear layer, or the prompt."""
        from torch import nn

        if train.method == "full":
            return self.parameters
        if train.method == "soft_prompt":
            return train.soft_prompt_tokens * int(self._empty.config.hidden_size)
        linear = [part for part in self._empty.get_decoder().layers.modules() if isinstance(part, nn.Linear)]
        return train.lora_rank * sum(part.in_features + part.out_features for part in linear)

    def flops(self, source: int, target: int) -> float:
        """Return the multiply-adds, times two, of one example's forward pass: `source` input and `target` tokens.

        2 a parameter and token and those of attention, as in Kaplan et al. 2020 (arXiv 2001.08361), table 1; the
        output layer is computed for the target alone. The last token of a target is never an input.
        """
        config, tokens = self._empty.config, source + target - 1
        heads = int(config.num_attention_heads)
        inner = heads * int(getattr(config, "head_dim", None) or config.hidden_size // heads)
        embedding = int(config.vocab_size) * int(config.hidden_size)
        layers = self.parameters - embedding * (1 if config.tie_word_embeddings else 2)
        return 2.0 * (layers * tokens + embedding * target) + 4.0 * inner * self.layers * tokens**2

    def untrained(self, layers: int | None = None, *, dtype: str = "float32") -> PreTrainedModel:
        """Return a model of this shape, or one of `layers` layers, its weights random and of torch's type `dtype`.

        Raises InputError for a config that the library makes no model of.
        """
        from transformers import AutoConfig, AutoModelForCausalLM

        from radray.models.families.loading import UNREADABLE, quiet

        described = dict(self.config)
        try:
            if layers is not None:
                described["num_hidden_layers"] = layers
                if described.get("layer_types"):
                    described["layer_types"] = described["layer_types"][:layers]
            with quiet():
                config = AutoConfig.for_model(described.pop("model_type"), **described)
                model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)
        except UNREADABLE as error:
            raise InputError(
                f"config.json of a {self.config.get('model_type')} describes no model ({type(error).__name__}): fetch"
                " it again"
            ) from None
        return model

    @cached_property
    def _empty(self) -> Any:
        """A model of this shape whose parameters have no storage."""
        import torch

        with torch.device("meta"):
            return self.untrained()


def tiny_config(size: TinySettings) -> dict[str, Any]:
    """Return the config of ``model.init=tiny-causal``, in SmolLM2's form, without its special tokens.

    Queries are grouped, half as many keys and values as heads where that is a whole number, and the output layer is
    tied to the embedding.
    """
    heads = size.num_heads
    return {
        "model_type": "llama",
        "vocab_size": size.vocab_size,
        "hidden_size": size.d_model,
        "head_dim": max(8, size.d_model // heads),
        "intermediate_size": size.d_ff,
        "num_hidden_layers": size.num_layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 2 if heads % 2 == 0 else heads,
        "max_position_embeddings": 8_192,
        "rope_parameters": {"rope_type": "default", "rope_theta": 100_000.0},
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": True,
    }
