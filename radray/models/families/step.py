"""A training step: what of it decides its memory, and what it holds, moment by moment, before anything is loaded."""

from dataclasses import dataclass, fields
from typing import Literal

GIB = 2**30

Sharding = Literal["none", "ddp", "fsdp"]
Precision = Literal["fp32", "bf16", "bf16_weights"]
Optimiser = Literal["adamw", "adafactor"]

_FLOAT32 = 4


@dataclass(frozen=True, slots=True)
class Step:
    """How a step is taken: what of the settings decides its memory.

    `rows` examples of `source` input and `target` output tokens (padding included) are one device's micro-batch, of
    which a step has `calls`; `workers` devices share weights, gradients and optimiser where `sharding` is fsdp.
    `trainable` is the share of the parameters that learns, 1 but for LoRA and soft prompts.
    """

    sharding: Sharding
    workers: int
    precision: Precision
    optimiser: Optimiser
    checkpointing: bool
    rows: int
    source: int
    target: int
    trainable: float = 1.0
    calls: int = 1

    @property
    def parts(self) -> int:
        """In how many parts weights, gradients and optimiser are."""
        return self.workers if self.sharding == "fsdp" else 1

    @property
    def stored(self) -> int:
        """Bytes of a weight, of its gradient, and of each moment of AdamW."""
        return 2 if self.precision == "bf16_weights" else _FLOAT32

    @property
    def at_work(self) -> int:
        """Bytes of a weight, and of an activation, where the model computes with it."""
        return _FLOAT32 if self.precision == "fp32" else 2

    @property
    def autocast(self) -> bool:
        """Whether torch casts on the way what is stored in float32; FSDP2 gathers it in the other type."""
        return self.precision == "bf16" and self.sharding != "fsdp"

    def optimiser_state(self, parameters: int) -> int:
        """Return the bytes that one device holds of the optimiser's state, for a model of `parameters`.

        Adafactor keeps a row and a column for each matrix: counted as nothing.
        """
        moments = 2 * self.stored if self.optimiser == "adamw" else 0
        return round(moments * parameters * self.trainable) // self.parts

    def standing_memory(self, parameters: int) -> int:
        """Return the bytes that one device holds of weights, gradients and optimiser between backward pass and step.

        Weights, gradients and AdamW's two moments are float32 (4, 4 and 8 bytes a parameter: Rajbhandari et al. 2020,
        ZeRO, section 3), half of that with bf16_weights, in 1/`workers` of their size where they are sharded.
        """
        learning = round(parameters * self.trainable)
        return self.stored * (parameters + learning) // self.parts + self.optimiser_state(parameters)


@dataclass(frozen=True, slots=True)
class StepMemory:
    """Bytes on one device at one moment of a step."""

    moment: str
    weights: int
    optimiser: int
    gradients: int
    """Those that are there at this moment, of this and of earlier micro-batches."""
    gathered: int
    """Weights in the type that is computed in; with fsdp whole ones, and their gradients before they are shared out."""
    activations: int
    """What the backward pass will need of the forward pass, recomputed with checkpointing or not."""
    logits: int
    temporary: int
    """What operators hand to each other on the way back, and the optimiser's own."""

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(self.parts.values())

    @property
    def parts(self) -> dict[str, int]:
        """The bytes by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "moment"}
