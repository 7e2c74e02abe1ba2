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
    best, best_step: the least value of what decides (`train.best_by`) and when that was (None: none yet).
    since_best: how many values in a row were no better.
    window_loss, window_tokens: summed losses over all workers, and target tokens, since the last log.
    logged: every value that was logged so far.
    """

    step: int = 0
    val_loss: float | None = None
    """Loss of this very step's weights on the validation examples; None: not known."""
    decisive: float | None = None
    """What decides which weights are kept, the less the better, of this very step's weights; None: not known."""
    best: float | None = None
    best_step: int = 0
    since_best: int = 0
    window_loss: float = 0.0
    window_tokens: int = 0
    logged: list[Logged] = field(default_factory=list)

    def stepped(self, step: int) -> None:
        """Take note of a step: of its weights nothing is known."""
        self.step, self.val_loss, self.decisive = step, None, None

    def validated(self, val_loss: float, decisive: float | None, *, in_turn: bool = True) -> None:
        """Take note of what validation of this step's weights gave.

        `in_turn`: it was due, so that the same is known of a run that was never ended and begun again.
        """
        self.val_loss, self.decisive = val_loss, decisive
        if decisive is None:
            return
        if self.best is None or decisive < self.best:
            self.best, self.best_step, self.since_best = decisive, self.step, 0
        elif in_turn:
            self.since_best += 1

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "State":
        """Return what `to_dict` gave. Raises TypeError for anything else."""
        state = cls(**value)
        state.logged = [(int(step), float(epoch), str(name), float(one)) for step, epoch, name, one in state.logged]
        return state
