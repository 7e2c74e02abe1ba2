"""Examples as token ids, and the global batches that all workers agree on without talking to one another."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TypeVar

from transformers import PreTrainedTokenizerBase

from radray.models.batching import length_batches

T = TypeVar("T")

_POOL_BATCHES = 16
"""Batches whose examples are sorted by length together: 16 leave little padding and still mix an epoch well."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Token ids of inputs and targets, one row an example, end tokens included, already cut.

    `inputs_truncated` and `targets_truncated` count the rows that lost their end.
    """

    inputs: list[list[int]]
    targets: list[list[int]]
    inputs_truncated: int
    targets_truncated: int

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.inputs)


def tokenise(
    tokenizer: PreTrainedTokenizerBase,
    inputs: Sequence[str],
    targets: Sequence[str],
    *,
    max_input_tokens: int,
    max_target_tokens: int,
) -> Examples:
    """Return `inputs` and `targets` as tokens, cut to the two limits (tokens, end token included)."""
    input_ids, inputs_cut = _encode(tokenizer, inputs, max_input_tokens)
    target_ids, targets_cut = _encode(tokenizer, targets, max_target_tokens)
    return Examples(input_ids, target_ids, inputs_cut, targets_cut)


def epoch_batches(examples: Examples, batch_size: int, *, seed: int, epoch: int) -> list[list[int]]:
    """Return the global batches of one epoch: every index once, batches of like length, shuffled by seed and epoch.

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
    """Return the batches of a pass for the loss alone: every index once, longest first, under both limits."""
    lengths = [len(row) + len(target) for row, target in zip(examples.inputs, examples.targets, strict=True)]
    batches = length_batches(lengths, batch_size)
    return [part for batch in batches for part in _parts(examples, batch, max_tokens)]


def share(batch: Sequence[T], rank: int, workers: int) -> Sequence[T]:
    """Return the part of the items that worker `rank` of `workers` has; none where there are too few."""
    return batch[rank::workers]


def calls(examples: Examples, batch: Sequence[int], rank: int, workers: int, max_tokens: int | None) -> list[list[int]]:
    """Return the calls of the model that worker `rank` makes of a global batch: its share, in parts of `max_tokens`.

    Tokens are those of inputs and of targets, each padded to its longest in the call; a longer example is a call of
    its own. Every worker gets as many calls, the last ones without examples where it has fewer: what workers
    exchange in a call, all must take part in. At least one.
    """
    parts = [_parts(examples, share(batch, one, workers), max_tokens) for one in range(workers)]
    mine = parts[rank]
    return mine + [[] for _ in range(max(len(part) for part in parts) - len(mine))]


def rounds(batches: Sequence[list[int]], rank: int, workers: int) -> list[list[int]]:
    """Return the batches that worker `rank` has of a pass: as many for every worker, an empty one where they end."""
    mine = list(share(batches, rank, workers))
    return mine + [[] for _ in range(math.ceil(len(batches) / workers) - len(mine))]


def batches_from(examples: Examples, batch_size: int, *, seed: int, step: int) -> Iterator[list[int]]:
    """Yield the global batches of epoch 0, 1, 2 and so on, but for those of the first `step` optimiser steps."""
    epoch, done = divmod(step, math.ceil(len(examples) / batch_size))
    while True:
        yield from islice(epoch_batches(examples, batch_size, seed=seed, epoch=epoch), done, None)
        epoch, done = epoch + 1, 0


def _parts(examples: Examples, rows: Sequence[int], max_tokens: int | None) -> list[list[int]]:
    if max_tokens is None or not rows:
        return [list(rows)]
    found: list[list[int]] = []
    widths = (0, 0)
    for row in sorted(rows, key=lambda one: -len(examples.inputs[one]) - len(examples.targets[one])):
        wider = (max(widths[0], len(examples.inputs[row])), max(widths[1], len(examples.targets[row])))
        if found and sum(wider) * (len(found[-1]) + 1) <= max_tokens:
            found[-1].append(row)
            widths = wider
        else:
            found.append([row])
            widths = (len(examples.inputs[row]), len(examples.targets[row]))
    return found


def _encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limit: int) -> tuple[list[list[int]], int]:
    if not texts:
        return [], 0
    whole = tokenizer(list(texts), verbose=False)["input_ids"]
    cut = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]
    return cut, sum(len(row) > len(kept) for row, kept in zip(whole, cut, strict=True))
