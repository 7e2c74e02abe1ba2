"""Examples as token ids, and the global batches that all workers agree on without talking to one another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


def validation_batches(examples: Examples, batch_size: int) -> list[list[int]]:
    """Return the batches of a pass for the loss alone: every index once, longest first."""
    lengths = [len(row) + len(target) for row, target in zip(examples.inputs, examples.targets, strict=True)]
    return length_batches(lengths, batch_size)


def share(batch: Sequence[T], rank: int, workers: int) -> Sequence[T]:
    """Return the part of the items that worker `rank` of `workers` has; none where there are too few."""
    return batch[rank::workers]


def endless(examples: Examples, batch_size: int, seed: int) -> Iterator[list[int]]:
    """Yield the global batches of epoch 0, 1, 2 and so on."""
    epoch = 0
    while True:
        yield from epoch_batches(examples, batch_size, seed=seed, epoch=epoch)
        epoch += 1


def _encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limit: int) -> tuple[list[list[int]], int]:
    if not texts:
        return [], 0
    whole = tokenizer(list(texts), verbose=False)["input_ids"]
    cut = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]
    return cut, sum(len(row) > len(kept) for row, kept in zip(whole, cut, strict=True))
