"""What rows of `predictions` say of other reports: the training reports that a prompt showed or an answer came from."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

MENTIONING = ("exemplars", "candidates")
"""Columns with a JSON list of objects of which some name a training report by unit_id; null where there is none."""

NEIGHBOUR = "neighbour"
"""Source of a candidate that is a training report's impression, word for word."""


def mentioning(rows: pa.Table, units: frozenset[str]) -> list[bool]:
    """Return for each row whether it names one of `units`; a column of MENTIONING may lack. No rows: []."""
    named = [False] * rows.num_rows
    for name in _present(rows):
        for place, text in enumerate(rows.column(name).to_pylist()):
            named[place] = named[place] or any(entry.get("unit_id") in units for entry in _entries(text))
    return named


def copied(rows: pa.Table, units: frozenset[str]) -> list[bool]:
    """Return for each row whether its prediction is the impression of one of `units`: its first candidate is."""
    if "candidates" not in rows.column_names:
        return [False] * rows.num_rows
    firsts = (next(_entries(text), {}) for text in rows.column("candidates").to_pylist())
    return [first.get("source") == NEIGHBOUR and first.get("unit_id") in units for first in firsts]


def without_mentions(rows: pa.Table, units: frozenset[str]) -> pa.Table:
    """Return `rows` without the entries that name one of `units`; texts without such an entry stay byte for byte."""
    for name in _present(rows):
        texts = [_without(text, units) for text in rows.column(name).to_pylist()]
        place = rows.column_names.index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(texts, rows.schema.field(place).type))
    return rows


def _without(text: str | None, units: frozenset[str]) -> str | None:
    entries = list(_entries(text))
    kept = [entry for entry in entries if entry.get("unit_id") not in units]
    return text if len(kept) == len(entries) else json.dumps(kept)


def _present(rows: pa.Table) -> list[str]:
    return [name for name in MENTIONING if name in rows.column_names]


def _entries(text: str | None) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON list; none of null, and of what is no such list: the proof would find an id in it."""
    try:
        value = json.loads(text or "[]")
    except ValueError:
        return
    yield from (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()
