"""What a training step holds in the memory of one device, part by part, before anything is loaded."""

from dataclasses import dataclass, fields
from typing import Literal

from radray.models.shape import T5Shape

GIB = 2**30

Sharding = Literal["none", "ddp", "fsdp"]
Precision = Literal["fp32", "bf16", "bf16_weights"]
Optimiser = Literal["adamw", "adafactor"]


@dataclass(frozen=True, slots=True)
class Step:
    """How a step is taken: what of the settings decides its memory.

    `rows` examples of `source` input and `target` output tokens (padding included) are one device's micro-batch;
    `workers` devices share weights, gradients and optimiser where `sharding` is fsdp. `trainable` is the share of
    the parameters that learns, 1 but for LoRA and soft prompts.
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


@dataclass(frozen=True, slots=True)
class StepMemory:
    """Bytes on one device at the peak of a step."""

    weights: int
    gradients: int
    optimiser: int
    gathered: int
    """Whole weights of what is at work and next, and their gradients before they are shared out (fsdp)."""
    activations: int
    logits: int

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(getattr(self, field.name) for field in fields(self))


def step_memory(shape: T5Shape, step: Step) -> StepMemory:
    """Return the memory of a training step of a T5 of `shape`.

    Weights, gradients and AdamW's two moments are float32 (4, 4 and 8 bytes a parameter: Rajbhandari et al. 2020,
    ZeRO, section 3), half of that with bf16_weights, in 1/`workers` of their size where they are sharded; what is at
    work is of `precision`. Gradients count while activations do: those of an earlier micro-batch are there. Adafactor
    keeps a row and a column for each matrix: counted as nothing. Activations are those of `T5Shape.*_block_kept`: of
    all blocks, or with checkpointing the input of each and what one of them keeps.
    """
    parts = step.workers if step.sharding == "fsdp" else 1
    stored = 2 if step.precision == "bf16_weights" else 4
    at_work = 4 if step.precision == "fp32" else 2
    learning = round(shape.parameters * step.trainable)
    gathered = 0
    if step.sharding == "fsdp":
        # the outermost group (embedding and output layer) stays gathered, of the blocks the one at work and the next
        ends = shape.embedding * (1 if shape.tied else 2)
        gathered = at_work * (ends + 2 * shape.largest_block) + 4 * round(step.trainable * (ends + shape.largest_block))
    elif at_work < stored:
        # autocast keeps a copy of each weight in the type that it computes in
        gathered = at_work * shape.parameters
    encoder = shape.encoder_block_kept(step.rows, step.source)
    decoder = shape.decoder_block_kept(step.rows, step.source, step.target)
    inputs, outputs = step.rows * step.source, step.rows * step.target
    kept = 5 * (inputs + outputs) * shape.d_model
    if step.checkpointing:
        kept += (shape.encoder_layers * inputs + shape.decoder_layers * outputs) * shape.d_model
        kept += max(encoder, decoder)
    else:
        kept += shape.encoder_layers * encoder + shape.decoder_layers * decoder
    return StepMemory(
        weights=stored * shape.parameters // parts,
        gradients=stored * learning // parts,
        optimiser=(2 * stored if step.optimiser == "adamw" else 0) * learning // parts,
        gathered=gathered,
        activations=at_work * kept,
        # the logits in float32, their log-softmax and its gradient
        logits=3 * 4 * outputs * shape.vocab_size + (at_work * outputs * shape.vocab_size if at_work == 2 else 0),
    )
