"""Where a training stands: all that a resumed one needs beside weights and optimiser."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Logged = tuple[int, float, str, float]
"""Optimiser steps done, epochs done, name and value."""


@dataclass(slots=True)
class State:
    """Where a training stands after `step` optimiser steps; the same on every worker.

    Batches, learning rates and random numbers are functions of the seed and the step, so none of them is here.
    best_val_loss, best_step: the least loss on the validation examples and when that was (None: none yet).
    window_loss, window_tokens: summed losses over all workers, and target tokens, since the last log.
    logged: every value that was logged so far.
    """

    step: int = 0
    val_loss: float | None = None
    """Loss of this very step's weights on the validation examples; None: not known."""
    best_val_loss: float | None = None
    best_step: int = 0
    window_loss: float = 0.0
    window_tokens: int = 0
    logged: list[Logged] = field(default_factory=list)

    def validated(self, loss: float) -> None:
        """Take note of the validation loss of this step."""
        self.val_loss = loss
        if self.best_val_loss is None or loss < self.best_val_loss:
            self.best_val_loss, self.best_step = loss, self.step

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "State":
        """Return what `to_dict` gave. Raises TypeError for anything else."""
        state = cls(**value)
        state.logged = [(int(step), float(epoch), str(name), float(one)) for step, epoch, name, one in state.logged]
        return state
