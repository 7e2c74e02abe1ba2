"""Examples as token ids, and the global batches that all workers compute alike without an exchange."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TypeVar

from radray.models.batching import length_batches
from radray.models.tokens import Span, cut

T = TypeVar("T")

_POOL_BATCHES = 16
"""Batches whose examples are sorted by length together: 16 leave little padding and still shuffle an epoch well."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Token ids of inputs and targets, one row per example, already cut, end tokens included.

    `inputs_truncated` and `targets_truncated` count the rows that were cut.
    """

    inputs: list[list[int]]
    targets: list[list[int]]
    inputs_truncated: int
    targets_truncated: int
    tasks: tuple[str, ...] = ()
    """The task of each; (): all of one, which nobody asks for."""

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.inputs)


def by_task(examples: Examples) -> dict[str, Examples]:
    """Return the examples of each task, by its id, in order; nothing is known of those that were cut."""
    rows: dict[str, list[int]] = {}
    for row, task in enumerate(examples.tasks):
        rows.setdefault(task, []).append(row)
    return {
        task: Examples([examples.inputs[row] for row in own], [examples.targets[row] for row in own], 0, 0)
        for task, own in sorted(rows.items())
    }


def cut_examples(
    inputs: Sequence[list[int]],
    targets: Sequence[list[int]],
    *,
    max_input_tokens: int,
    max_target_tokens: int,
    side: str = "right",
    tails: Sequence[int] | None = None,
    exemplars: Sequence[Sequence[Span]] | None = None,
) -> Examples:
    """Return the rows that a family encoded, cut to the two limits (tokens, end token included).

    Of an input the `exemplars` are lost first (None: there are none), see `tokens.cut`, and then the end of the text,
    or with `side` "left" its beginning. The last `tails` tokens of each input stay (None: the last one of each), and so
    does the end token of a target.
    """
    kept = [1] * len(inputs) if tails is None else tails
    shown: Sequence[Sequence[Span]] = [()] * len(inputs) if exemplars is None else exemplars
    return Examples(
        [cut(row, max_input_tokens, side, tail, its) for row, tail, its in zip(inputs, kept, shown, strict=True)],
        [cut(row, max_target_tokens, side) for row in targets],
        sum(len(row) > max_input_tokens for row in inputs),
        sum(len(row) > max_target_tokens for row in targets),
    )


def epoch_batches(examples: Examples, batch_size: int, *, seed: int, epoch: int) -> list[list[int]]:
    """Return the global batches of one epoch: every index once, similar lengths together, shuffled by seed and epoch.

    The same on every worker. No examples: no batches.
    """
    random = Random(f"{seed}:{epoch}")
    order = list(range(len(examples)))
    random.shuffle(order)
    batches: list[list[int]] = []
    size = batch_size * _POOL_BATCHES
    for start in range(0, len(order), size):
        pool = order[start : start + size]
        lengths = [len(examples.inputs[i]) + len(examples.targets[i]) for i in pool]
        batches += [[pool[place] for place in batch] for batch in length_batches(lengths, batch_size)]
    random.shuffle(batches)
    return batches


def validation_batches(examples: Examples, batch_size: int, max_tokens: int | None = None) -> list[list[int]]:
    """Return the batches of a pass that takes the loss only: every index once, longest first, within both limits."""
    lengths = [len(row) + len(target) for row, target in zip(examples.inputs, examples.targets, strict=True)]
    batches = length_batches(lengths, batch_size)
    return [call for batch in batches for call in _split(examples, batch, max_tokens)]


def share(batch: Sequence[T], rank: int, workers: int) -> Sequence[T]:
    """Return the items of worker `rank` of `workers`; none where there are too few."""
    return batch[rank::workers]


def calls(examples: Examples, batch: Sequence[int], rank: int, workers: int, max_tokens: int | None) -> list[list[int]]:
    """Return the model calls that worker `rank` makes for a global batch: its share, split at `max_tokens`.

    Tokens are those of inputs and targets, each padded to the longest in the call; an example over the limit is a call
    of its own. Every worker gets the same number of calls, at least one, the last of them empty where it has fewer: all
    workers must take part in the exchange that a call makes.
    """
    by_worker = [_split(examples, share(batch, worker, workers), max_tokens) for worker in range(workers)]
    mine = by_worker[rank]
    return mine + [[] for _ in range(max(map(len, by_worker)) - len(mine))]


def rounds(batches: Sequence[list[int]], rank: int, workers: int) -> list[list[int]]:
    """Return the batches of worker `rank` in a pass: the same number on every worker, filled up with an empty one."""
    mine = list(share(batches, rank, workers))
    return mine + [[] for _ in range(math.ceil(len(batches) / workers) - len(mine))]


def batches_from(examples: Examples, batch_size: int, *, seed: int, step: int) -> Iterator[list[int]]:
    """Yield the global batches of epoch 0, 1, 2 and so on, without end, after the first `step` optimiser steps."""
    epoch, done = divmod(step, math.ceil(len(examples) / batch_size))
    while True:
        yield from islice(epoch_batches(examples, batch_size, seed=seed, epoch=epoch), done, None)
        epoch, done = epoch + 1, 0


def _split(examples: Examples, rows: Sequence[int], max_tokens: int | None) -> list[list[int]]:
    """Return `rows` in calls of at most `max_tokens`, padding included, longest first; no rows: one empty call."""
    if max_tokens is None or not rows:
        return [list(rows)]
    groups: list[list[int]] = []
    widths = (0, 0)
    for row in sorted(rows, key=lambda row: -len(examples.inputs[row]) - len(examples.targets[row])):
        wider = (max(widths[0], len(examples.inputs[row])), max(widths[1], len(examples.targets[row])))
        if groups and sum(wider) * (len(groups[-1]) + 1) <= max_tokens:
            groups[-1].append(row)
            widths = wider
        else:
            groups.append([row])
            widths = (len(examples.inputs[row]), len(examples.targets[row]))
    return groups
