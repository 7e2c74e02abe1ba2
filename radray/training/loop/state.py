"""Where a training stands: all that it needs to resume, beside weights and optimiser."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Logged = tuple[int, float, str, float]
"""Optimiser steps done, epochs done, name and value."""


@dataclass(slots=True)
class State:
    """Where a training stands after `step` optimiser steps; the same on every worker.

    Batches, learning rates and random numbers are functions of the seed and the step, so none of them is here.
    best, best_step: the lowest `decisive` so far and its step (None, 0: none yet).
    since_best: how many values in a row have not improved on it.
    window_loss, window_tokens: summed losses over all workers, and target tokens, since the last log.
    logged: every value logged so far.
    """

    step: int = 0
    val_loss: float | None = None
    """Loss of the weights after this step on the validation examples; None: not known."""
    decisive: float | None = None
    """The figure of the weights after this step that decides which are kept (`train.best_by`), lower is better; None:
    not known."""
    best: float | None = None
    best_step: int = 0
    since_best: int = 0
    window_loss: float = 0.0
    window_tokens: int = 0
    logged: list[Logged] = field(default_factory=list)

    def stepped(self, step: int) -> None:
        """Record a step: nothing is known of its weights yet."""
        self.step, self.val_loss, self.decisive = step, None, None

    def validated(self, val_loss: float, decisive: float | None, *, in_turn: bool = True) -> None:
        """Record the validation of the weights after this step.

        `in_turn`: it was due by the schedule, so that a training which was never interrupted records it too.
        """
        self.val_loss, self.decisive = val_loss, decisive
        if decisive is None:
            return
        if self.best is None or decisive < self.best:
            self.best, self.best_step, self.since_best = decisive, self.step, 0
        elif in_turn:
            self.since_best += 1

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return asdict(self)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "State":
        """Return the state that `to_dict` gave. Raises TypeError or ValueError for anything else."""
        state = cls(**value)
        state.logged = [
            (int(step), float(epoch), str(name), float(number)) for step, epoch, name, number in state.logged
        ]
        return state
