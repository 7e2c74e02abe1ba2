"""The loop that a worker runs: steps, learning rate, losses. No Ray: the same with one process or several."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import distributed, nn
from transformers import PreTrainedModel

from radray.config import Train
from radray.errors import RadrayError
from radray.models.batching import pad
from radray.training.examples import Examples, endless, share, validation_batches

IGNORED = -100
"""Label of a place that is padding and bears no loss."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Which of how many processes this is, and where its model lives."""

    rank: int = 0
    workers: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


Log = Callable[[int, float, str, float], None]
"""Called with optimiser steps done, epochs done, name and value."""
EpochEnd = Callable[[int, float, float], None]
"""Called on every worker with optimiser steps done, epochs done and val_loss; the place to save the model."""


def train(
    model: nn.Module,
    plain: PreTrainedModel,
    examples: Examples,
    validation: Examples,
    settings: Train,
    worker: Worker,
    *,
    log: Log,
    epoch_end: EpochEnd,
) -> float:
    """Train `model` in place for `settings.epochs`, or `settings.max_steps` if that is sooner.

    `model` is `plain` or wraps it for several workers (gradients averaged over them); each has all examples and
    takes its share of every global batch. A step's loss is the sum of its target tokens' losses over their number
    in the global batch, so any number of workers takes the same step. `log` gets train_loss (mean a token since
    the last), learning_rate and examples_per_second every `log_every_steps`, and val_loss (mean a token) after
    each epoch and at the end. Returns examples a second over all workers, validation and saving left out. Raises
    RadrayError when a loss is not finite.
    """
    per_epoch = math.ceil(len(examples) / settings.batch_size)
    total = steps_total(len(examples), settings)
    optimiser = _optimiser(plain, settings)
    stream = endless(examples, settings.batch_size, settings.seed)
    model.train()
    window, clock, rows = _Window(), -time.monotonic(), 0
    for step in range(1, total + 1):
        rate = learning_rate(step, total, settings)
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = next(stream)
        tokens = sum(len(examples.targets[index]) for index in batch)
        loss = _loss_sum(model, plain, examples, share(batch, worker.rank, worker.workers), worker.device)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise RadrayError(
                f"fine-tuning: the loss is {value} at step {step}; lower train.learning_rate (now"
                f" {settings.learning_rate}) or train.max_gradient_norm (now {settings.max_gradient_norm})"
            )
        # wrappers average gradients over workers, the step's loss is a sum over them
        (loss * (worker.workers / tokens)).backward()
        nn.utils.clip_grad_norm_(plain.parameters(), settings.max_gradient_norm)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        window.add(value, tokens, len(batch))
        rows += len(batch)
        if step % settings.log_every_steps == 0 or step == total:
            train_loss, speed = window.close(worker)
            log(step, step / per_epoch, "train_loss", train_loss)
            log(step, step / per_epoch, "learning_rate", rate)
            log(step, step / per_epoch, "examples_per_second", speed)
        if step % per_epoch == 0 or step == total:
            pause = time.monotonic()
            loss_now = evaluate(plain, validation, settings.batch_size, worker)
            model.train()
            log(step, step / per_epoch, "val_loss", loss_now)
            epoch_end(step, step / per_epoch, loss_now)
            pause -= time.monotonic()
            window.exclude(-pause)
            clock += pause
    return rows / (clock + time.monotonic())


def steps_total(count: int, settings: Train) -> int:
    """Return the optimiser steps of a training on `count` examples."""
    steps = settings.epochs * math.ceil(count / settings.batch_size)
    return steps if settings.max_steps is None else min(steps, settings.max_steps)


def learning_rate(step: int, total: int, settings: Train) -> float:
    """Return the rate of `step` (from 1) of `total`: up in a line over the warm-up's share, then down to 0."""
    warmup = round(settings.warmup_fraction * total)
    if step <= warmup:
        return settings.learning_rate * step / warmup
    return settings.learning_rate * (total - step + 1) / (total - warmup)


@torch.no_grad()
def evaluate(plain: PreTrainedModel, examples: Examples, batch_size: int, worker: Worker) -> float:
    """Return the mean loss a target token over all `examples`, the same on every worker. Leaves `plain` in eval."""
    plain.eval()
    mine = share(validation_batches(examples, batch_size), worker.rank, worker.workers)
    loss = sum(float(_loss_sum(plain, plain, examples, batch, worker.device)) for batch in mine)
    return _over_workers(loss, worker) / sum(len(row) for row in examples.targets)


def _loss_sum(
    model: nn.Module, plain: PreTrainedModel, examples: Examples, batch: Sequence[int], device: torch.device
) -> torch.Tensor:
    """Return the summed token losses of `batch`; of none: a zero that still takes part in the workers' averaging."""
    rows = batch or (0,)
    inputs = [examples.inputs[index] for index in rows]
    labels = torch.tensor(pad([examples.targets[index] for index in rows], IGNORED), device=device)
    shift_right: Any = plain.prepare_decoder_input_ids_from_labels
    logits = model(
        input_ids=torch.tensor(pad(inputs, plain.config.pad_token_id), device=device),
        attention_mask=torch.tensor(pad([[1] * len(row) for row in inputs], 0), device=device),
        decoder_input_ids=shift_right(labels),
        use_cache=False,
    ).logits
    loss = nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return loss if batch else loss * 0.0


def _optimiser(plain: PreTrainedModel, settings: Train) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in plain.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": settings.weight_decay},
        # gains of layer norms and biases are not drawn to zero
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


class _Window:
    """Loss and speed since the last log: this worker's summed losses over the tokens of all workers."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._loss, self._tokens, self._rows, self._since = 0.0, 0, 0, time.monotonic()

    def add(self, loss: float, tokens: int, rows: int) -> None:
        self._loss += loss
        self._tokens += tokens
        self._rows += rows

    def exclude(self, seconds: float) -> None:
        """Take validation and saving out of the training speed."""
        self._since += seconds

    def close(self, worker: Worker) -> tuple[float, float]:
        """Return the mean loss a token and the examples a second over all workers, and start anew."""
        loss = _over_workers(self._loss, worker) / self._tokens
        speed = self._rows / max(time.monotonic() - self._since, 1e-9)
        self._reset()
        return loss, speed


def _over_workers(value: float, worker: Worker) -> float:
    if worker.workers == 1:
        return value
    total = torch.tensor([value], dtype=torch.float64, device=worker.device)
    distributed.all_reduce(total)
    return float(total)
