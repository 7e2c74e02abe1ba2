"""Examples and answers as the columns of `examples` and `answers` have them, and back."""

import json
from collections.abc import Mapping
from typing import Any

from radray.tasks.answering import Entry, Example, GoldSource, Parsed


def answer_columns(parsed: Parsed | None, prefix: str = "") -> dict[str, Any]:
    """Return the columns value, rewritten and entries of an answer, each name after `prefix`; all null for None."""
    entries = None if parsed is None or parsed.entries is None else [entry._asdict() for entry in parsed.entries]
    value, rewritten = (None, None) if parsed is None else (parsed.value, parsed.rewritten)
    return {f"{prefix}value": value, f"{prefix}rewritten": rewritten, f"{prefix}entries": entries}


def answer_of(row: Mapping[str, Any]) -> Parsed | None:
    """Return what the model answered in a row of `answers`; None where it is not ok."""
    return _parsed(row, "") if row["status"] == "ok" else None


def example_of(row: Mapping[str, Any]) -> Example:
    """Return the example of an ok row of `examples`, or of a row of `answers` to one."""
    gold_source = row["gold_source"]
    return Example(
        item=row["item"],
        inputs=json.loads(row["inputs"]),
        gold=None if gold_source is None else _parsed(row, "gold_"),
        gold_source=None if gold_source is None else GoldSource(gold_source),
    )


def _parsed(row: Mapping[str, Any], prefix: str) -> Parsed:
    """Return an answer that is there: one that is neither short nor a text is a list.

    Which may be empty, and pyiceberg reads an empty list and null alike.
    """
    value, rewritten, entries = (row[f"{prefix}{name}"] for name in ("value", "rewritten", "entries"))
    if entries is None and value is None and rewritten is None:
        entries = []
    listed = None if entries is None else tuple(Entry(**entry) for entry in entries)
    return Parsed(value, rewritten, listed)
