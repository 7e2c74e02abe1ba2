"""Rows in portions: so many that a table is worth writing, and no more text than fits into memory several times."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MOST_CHARACTERS = 32 << 20
"""Characters of text in a portion: 2,000 rows of a megabyte, which compress to nothing, took 10 GB as a table."""


def portions(rows: Iterable[dict[str, Any]], most_rows: int) -> Iterator[list[dict[str, Any]]]:
    """Yield `rows` in lists of at most `most_rows`, and of at most 32 million characters or one row; none: nothing."""
    some: list[dict[str, Any]] = []
    held = 0
    for row in rows:
        size = _characters(row)
        if some and (len(some) >= most_rows or held + size > MOST_CHARACTERS):
            yield some
            some, held = [], 0
        some.append(row)
        held += size
    if some:
        yield some


def _characters(value: Any) -> int:
    """Return how many characters of text `value` has, in the lists and mappings in it too."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_characters, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_characters, value))
    return 0
