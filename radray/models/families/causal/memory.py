"""The memory of a causal model's training step: measured at two small depths, and extended in a line to its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, TypeAlias

from radray.models.families.causal.shape import CausalShape
from radray.models.families.step import Step, StepMemory

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Build: TypeAlias = "Callable[[], PreTrainedModel]"
"""Makes an untrained model, its parameters of the type that they are stored in, on torch's present default device."""
Measure: TypeAlias = Callable[[Build], list[StepMemory]]
"""Returns the most memory of each phase of a training step of the model that it is given."""
_NEAR, _FAR = 4, 5
"""Layers measured: two at either end, which are not like those between, and none or one of the others."""


def step_memory(shape: CausalShape, step: Step, measure: Measure) -> StepMemory:
    """Return the memory of `step` in the phase that holds most.

    Measured whole where there are few layers. With more, each phase's most grows by the same with each further layer:
    tests/benchmarks/training_memory.py compares the line with a measure of all layers.
    """
    dtype = "bfloat16" if step.precision == "bf16_weights" else "float32"

    def measured(layers: int) -> list[StepMemory]:
        return measure(lambda: shape.untrained(layers, dtype=dtype))

    if shape.layers <= _FAR:
        return max(measured(shape.layers), key=lambda phase: phase.total)
    near, far = ({phase.moment: phase for phase in measured(layers)} for layers in (_NEAR, _FAR))
    further = shape.layers - _FAR
    phases = [_extended(near[name], far[name], further) for name in near.keys() & far.keys()]
    return max(phases, key=lambda phase: (phase.total, phase.moment))


def _extended(near: StepMemory, far: StepMemory, further: int) -> StepMemory:
    parts = {
        field.name: getattr(far, field.name) + further * (getattr(far, field.name) - getattr(near, field.name))
        for field in fields(far)
        if field.name != "moment"
    }
    return StepMemory(moment=far.moment, **parts)
