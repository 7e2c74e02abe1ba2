"""The shape of a model, whatever its family: what a plan asks of a model that nobody has loaded. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from radray.models.families.step import Step, StepMemory
from radray.settings.train import TrainSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Build: TypeAlias = "Callable[[], PreTrainedModel]"
"""Makes an untrained model, its parameters of the type that they are stored in, on torch's present default device."""
Measure: TypeAlias = Callable[[Build], list[StepMemory]]
"""Returns the most memory of each phase of a training step of the model that it is given."""


class Shape(Protocol):
    """The sizes of a model, and what follows from them."""

    family: ClassVar[str]
    """Name of its family."""

    @property
    def parameters(self) -> int:
        """All parameters; a shared one once."""

    def learning(self, train: TrainSettings) -> int:
        """Return how many parameters learn: all, the low-rank matrices of every linear layer, or the prompt."""

    def flops(self, source: int, target: int) -> float:
        """Return the multiply-adds, times two, of one example's forward pass: `source` input and `target` tokens."""

    def step_memory(self, step: Step, measure: Measure) -> StepMemory:
        """Return the memory of `step` at the moment that holds most.

        `measure` is for shapes whose memory nobody has put into a formula.
        """
