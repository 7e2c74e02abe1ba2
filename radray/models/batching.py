"""Batches of texts of like length, so that little of a model call is padding."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def length_batches(lengths: Sequence[int], max_rows: int, max_tokens: int | None = None) -> list[list[int]]:
    """Return the indices of `lengths` in batches, longest first, ties in order.

    A batch has at most `max_rows` rows and, padded to its longest, at most `max_tokens` tokens; a row longer than
    that is a batch of its own. The longest come first so that a batch that does not fit in memory fails at once and
    not at the end. No lengths: no batches. Raises ValueError unless both limits are positive.
    """
    if max_rows < 1 or (max_tokens is not None and max_tokens < 1):
        raise ValueError(f"max_rows and max_tokens must be positive, got {max_rows} and {max_tokens}")
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    batches = []
    start = 0
    while start < len(order):
        # the first is the longest: all are padded to it
        fit = max_rows if max_tokens is None else max_tokens // max(1, lengths[order[start]])
        batches.append(order[start : start + max(1, min(max_rows, fit))])
        start += len(batches[-1])
    return batches


def equal_length_batches(lengths: Sequence[int], max_rows: int, max_tokens: int | None = None) -> list[list[int]]:
    """Return batches as `length_batches` does, with rows of one length in each. No lengths: no batches.

    Raises ValueError as that.
    """
    rows_of: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        rows_of.setdefault(length, []).append(index)
    return [
        [rows[place] for place in batch]
        for length, rows in sorted(rows_of.items(), reverse=True)
        for batch in length_batches([length] * len(rows), max_rows, max_tokens)
    ]


def in_order(batches: Iterable[Sequence[int]], results: Iterable[Sequence[T]]) -> list[T]:
    """Return the `results` of index `batches`, batch by batch, in the order of the indices.

    Raises ValueError when a batch and its results differ in number, or the indices are not 0, 1, 2, ...
    """
    placed: dict[int, T] = {}
    for batch, values in zip(batches, results, strict=True):
        placed.update(zip(batch, values, strict=True))
    if sorted(placed) != list(range(len(placed))):
        raise ValueError("the batches do not hold each index once")
    return [placed[index] for index in range(len(placed))]


def pad(rows: Sequence[Sequence[int]], value: int) -> list[list[int]]:
    """Return `rows` filled with `value` at the end, to the length of the longest. No rows: an empty list."""
    width = max((len(row) for row in rows), default=0)
    return [[*row, *([value] * (width - len(row)))] for row in rows]
