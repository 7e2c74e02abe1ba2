"""Examples and answers as the columns of `examples` and `answers` have them, and back."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from radray.tasks.answering import Entry, Example, GoldSource, Parsed

GOLD = "gold_"
"""What the names of the columns of a right answer begin with."""
_ITEM = re.compile(r"[A-Za-z0-9_.-]*")


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
        gold=None if gold_source is None else _parsed(row, GOLD),
        gold_source=None if gold_source is None else GoldSource(gold_source),
    )


def refuse_malformed(examples: Sequence[Example], task: str) -> None:
    """Raise ValueError where `examples`, those that `task` makes of a report, are not what `examples` may hold."""
    items = {example.item for example in examples}
    alone = len(examples) == 1
    for example in examples:
        asks_nothing = example.reason is not None and not example.inputs and alone and not example.item
        if (example.reason is None and not example.inputs) or (example.reason is not None and not asks_nothing):
            raise ValueError(f"task {task}: an example has inputs, or it is the only one and has a reason")
        if not _ITEM.fullmatch(example.item) or (not example.item and not alone):
            raise ValueError(f"task {task}: an item is letters, digits, _, - and ., and a lone example may have none")
        if (example.gold is None) != (example.gold_source is None):
            raise ValueError(f"task {task}: a right answer has a source, and a source is of a right answer")
    if not examples or len(items) != len(examples):
        raise ValueError(f"task {task}: {len(examples)} examples of a report, with {len(items)} items")


def _parsed(row: Mapping[str, Any], prefix: str) -> Parsed:
    """Return an answer that is there: one that is neither short nor a text is a list.

    Which may be empty, and pyiceberg reads an empty list and null alike.
    """
    value, rewritten, entries = (row[f"{prefix}{name}"] for name in ("value", "rewritten", "entries"))
    if not entries:
        entries = [] if value is None and rewritten is None else None
    listed = None if entries is None else tuple(Entry(**entry) for entry in entries)
    return Parsed(value, rewritten, listed)
