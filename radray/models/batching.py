"""Batches of texts of like length, so that little of a model call is padding."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def length_batches(lengths: Sequence[int], max_rows: int) -> list[list[int]]:
    """Return the indices of `lengths` in batches of at most `max_rows`, longest first, ties in order.

    The longest come first so that a batch that does not fit in memory fails at once and not at the end. No
    lengths: no batches. Raises ValueError unless `max_rows` is positive.
    """
    if max_rows < 1:
        raise ValueError(f"max_rows must be positive, got {max_rows}")
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    return [order[start : start + max_rows] for start in range(0, len(order), max_rows)]


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
