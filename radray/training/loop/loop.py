"""The training loop of a worker: steps, learning rate, losses. No Ray: the same with one process or several."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import distributed, nn

from radray.errors import RadrayError
from radray.settings.train import TrainSettings
from radray.training.loop.examples import Examples, batches_from, by_task, calls, rounds, validation_batches
from radray.training.loop.optimisers import learning_rate
from radray.training.loop.sharding import Learner, Worker
from radray.training.loop.state import State
from radray.training.scoring import BY_TASK

Log = Callable[[int, float, str, float], None]
"""Called with optimiser steps done, epochs done, name and value."""
Save = Callable[[State], None]
"""Called on every worker, after the same step, to save weights, optimiser and state."""
Score = Callable[[], Mapping[str, float]]
"""Called on every worker, after the same step; returns figures of the present weights, the same on every worker."""
Ended = Literal["done", "early_stop", "max_hours", "stopped"]
"""Why a training ended: all steps, `train.early_stop_after`, `train.max_hours`, or a request to stop."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a training ended, and its examples per second over all workers, without validation and saving."""

    why: Ended
    examples_per_second: float


def train(
    learner: Learner,
    optimiser: torch.optim.Optimizer,
    examples: Examples,
    validation: Examples,
    settings: TrainSettings,
    state: State,
    *,
    log: Log,
    save: Save,
    score: Score | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Ending:
    """Train in place from `state` on, for `settings.epochs`, or `settings.max_steps` if that is sooner.

    Every worker has all examples and takes its share of every global batch. The loss of a step is the sum of its target
    tokens' losses over their number in the global batch, so the step is the same with any number of workers, and of
    model calls per step. `log` gets train_loss (mean per token since the last), learning_rate and examples_per_second
    every `log_every_steps`; val_loss (mean per token) after each epoch and at the end, before it that of each task
    where there are several, and the figures of `score`, as often as `rouge_every_epochs` says. `save` is called before
    and after each validation (the same weights, another state), and when a checkpoint is due. `should_stop` is called
    after each step: where it is true on any worker, all save and end, and a validation that was due then is done first
    by the run that resumes. Raises RadrayError, on every worker, when a loss is not finite.
    """
    worker = learner.worker
    per_epoch = math.ceil(len(examples) / settings.batch_size)
    total = steps_total(len(examples), settings)
    clock = Clock(settings)
    pace = _Pace()
    stream = batches_from(examples, settings.batch_size, seed=settings.seed, step=state.step)
    why: Ended = "early_stop" if state.step < total and _waited(state, settings) else "done"

    def record(name: str, value: float) -> None:
        state.logged.append((state.step, state.step / per_epoch, name, value))
        log(*state.logged[-1])

    def owed() -> bool:
        """Whether these weights are still to be validated: a run may end between an epoch's last step and that."""
        return state.step > 0 and state.val_loss is None and (state.step % per_epoch == 0 or state.step == total)

    def keep() -> None:
        save(state)
        clock.saved()

    def validate(why: Ended) -> Ended:
        """Validate the present weights, save the result, and return why training ends now; ``done``: it does not."""
        losses = task_losses(learner, validation, settings.batch_size, settings.micro_batch_tokens)
        val_loss = losses["val_loss"]
        if not math.isfinite(val_loss):
            raise RadrayError(
                f"fine-tuning: the loss on the validation examples is {val_loss} after step {state.step}; lower"
                f" train.learning_rate (now {settings.learning_rate})"
            )
        every = settings.rouge_every_epochs
        last = state.step == total or why == "max_hours"
        due = every is not None and (last or state.step // per_epoch % every == 0)
        # val_loss last: with it all figures of these weights are recorded
        figures = {**(score() if score is not None and due else {}), **losses}
        learner.plain.train()
        for name, value in figures.items():
            record(name, value)
        state.validated(val_loss, _decisive(figures, settings.best_by, state.step), in_turn=state.step % per_epoch == 0)
        keep()
        return "early_stop" if why == "done" and state.step < total and _waited(state, settings) else why

    learner.plain.train()
    if owed():
        with pace.pausing():
            why = validate(why)
    while state.step < total and why == "done":
        step, batch = state.step + 1, next(stream)
        rate = learning_rate(step, total, settings)
        for group in optimiser.param_groups:
            group["lr"] = rate
        # random numbers of a step (dropout) depend on seed, step and worker only: a resumed run draws the same
        torch.manual_seed((settings.seed * 1_000_003 + step) * 1_009 + worker.rank)
        tokens = sum(len(examples.targets[index]) for index in batch)
        loss = _backward(learner, examples, batch, tokens, settings)
        # one exchange per step: the loss, and the requests of the workers
        sums = over_workers([loss, float(should_stop()), *clock.requests(worker)], worker)
        if not math.isfinite(sums[0]):
            raise RadrayError(
                f"fine-tuning: the loss is {sums[0]} at step {step}; lower train.learning_rate (now"
                f" {settings.learning_rate}) or train.max_gradient_norm (now {settings.max_gradient_norm})"
            )
        nn.utils.clip_grad_norm_(learner.learning().values(), settings.max_gradient_norm)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        state.stepped(step)
        state.window_loss += sums[0]
        state.window_tokens += tokens
        pace.add(len(batch))
        if sums[1]:
            why = "stopped"
        elif step < total and sums[3]:
            why = "max_hours"
        if step % settings.log_every_steps == 0 or step == total:
            record("train_loss", state.window_loss / state.window_tokens)
            record("learning_rate", rate)
            record("examples_per_second", pace.since_last())
            state.window_loss, state.window_tokens = 0.0, 0
        with pace.pausing():
            due = owed() or why == "max_hours"
            # before the validation too: it takes minutes, and a spot machine may have only two left
            if due or why != "done" or sums[2] or clock.due_at(step):
                keep()
            if due and why != "stopped":
                why = validate(why)
    return Ending(why, pace.overall())


def steps_total(count: int, settings: TrainSettings) -> int:
    """Return the optimiser steps of a training on `count` examples."""
    steps = settings.epochs * math.ceil(count / settings.batch_size)
    return steps if settings.max_steps is None else min(steps, settings.max_steps)


def _decisive(figures: Mapping[str, float], best_by: str, step: int) -> float | None:
    """Return the figure that decides which weights are kept, lower is better; None where it was not taken."""
    if best_by == "last":
        return -float(step)
    if best_by not in figures:
        return None
    return figures[best_by] if best_by == "val_loss" else -figures[best_by]


def _waited(state: State, settings: TrainSettings) -> bool:
    return settings.early_stop_after is not None and state.since_best >= settings.early_stop_after


def task_losses(
    learner: Learner, examples: Examples, batch_size: int, max_tokens: int | None = None
) -> dict[str, float]:
    """Return val_loss as `evaluate`, the last; before it, where there are several tasks, that of each (BY_TASK).

    All workers call it together.
    """
    parts = by_task(examples)
    if len(parts) < 2:
        return {"val_loss": evaluate(learner, examples, batch_size, max_tokens)}
    losses = {task: evaluate(learner, part, batch_size, max_tokens) for task, part in parts.items()}
    tokens = {task: sum(map(len, part.targets)) for task, part in parts.items()}
    mean = sum(losses[task] * tokens[task] for task in parts) / sum(tokens.values())
    return {**{f"{BY_TASK}{task}": loss for task, loss in losses.items()}, "val_loss": mean}


@torch.no_grad()
def evaluate(learner: Learner, examples: Examples, batch_size: int, max_tokens: int | None = None) -> float:
    """Return the mean loss per target token over all `examples`, the same on every worker.

    A model call has at most `batch_size` examples and `max_tokens` tokens (None: no limit), as in training. Leaves the
    model in evaluation mode. All workers call it together.
    """
    learner.plain.eval()
    worker = learner.worker
    mine = rounds(validation_batches(examples, batch_size, max_tokens), worker.rank, worker.workers)
    # the plain model: there are no gradients here for a wrapper to exchange
    plain = Learner(learner.plain, learner.plain, worker, learner.autocast)
    loss = sum(float(plain.loss_sum(examples, batch)) for batch in mine)
    return over_workers([loss], worker)[0] / sum(len(row) for row in examples.targets)


def over_workers(values: list[float], worker: Worker) -> list[float]:
    """Return the sum of each of `values` over all workers. All workers call it together."""
    if worker.workers == 1:
        return values
    total = torch.tensor(values, dtype=torch.float64, device=worker.device)
    distributed.all_reduce(total)
    return [float(value) for value in total]


def _backward(learner: Learner, examples: Examples, batch: list[int], tokens: int, settings: TrainSettings) -> float:
    """Add up the gradients of this worker's share of a step; return its summed token losses."""
    worker = learner.worker
    mine = calls(examples, batch, worker.rank, worker.workers, settings.micro_batch_tokens)
    sums = []
    for place, rows in enumerate(mine):
        with learner.accumulating(more=place + 1 < len(mine)):
            loss = learner.loss_sum(examples, rows)
            # wrappers average gradients over the workers, but the step's loss is a sum over them
            (loss * (worker.workers / tokens)).backward()
        sums.append(loss.detach())
    return float(torch.stack(sums).sum())


class Clock:
    """When a checkpoint is due and when `train.max_hours` are over, by the clock of the first worker."""

    def __init__(self, settings: TrainSettings) -> None:
        self._settings = settings
        self._start = self._saved = time.monotonic()

    def requests(self, worker: Worker) -> list[float]:
        """Return 1 or 0 for "a checkpoint is due" and for "the time is over"; zeros on all but the first worker."""
        if worker.rank != 0:
            return [0.0, 0.0]
        now, minutes, hours = time.monotonic(), self._settings.checkpoint_every_minutes, self._settings.max_hours
        due = minutes is not None and now - self._saved >= minutes * 60
        return [float(due), float(hours is not None and now - self._start >= hours * 3600)]

    def due_at(self, step: int) -> bool:
        """Return whether a checkpoint is due after `step` by `checkpoint_every_steps`."""
        every = self._settings.checkpoint_every_steps
        return every is not None and step % every == 0

    def saved(self) -> None:
        """Restart the time to the next checkpoint."""
        self._saved = time.monotonic()


class _Pace:
    """Examples per second, without validation and saving."""

    def __init__(self) -> None:
        self._rows = self._all_rows = 0
        self._since = self._start = time.monotonic()

    def add(self, rows: int) -> None:
        self._rows += rows
        self._all_rows += rows

    def pausing(self) -> "_Pace":
        return self

    def __enter__(self) -> None:
        self._pause = time.monotonic()

    def __exit__(self, *_: object) -> None:
        away = time.monotonic() - self._pause
        self._since += away
        self._start += away

    def since_last(self) -> float:
        speed = self._rows / max(time.monotonic() - self._since, 1e-9)
        self._rows, self._since = 0, time.monotonic()
        return speed

    def overall(self) -> float:
        return self._all_rows / max(time.monotonic() - self._start, 1e-9)
