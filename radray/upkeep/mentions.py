"""What rows of `predictions` say of other reports: the training reports that a prompt showed or an answer came from."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from radray.evaluation.concept_f1 import CONCEPT_F1
from radray.evaluation.systems import CONFIDENCES
from radray.flags import CLASSES
from radray.reports.record.identity import normalise
from radray.schema.checks import RAW_ROUGE_COLUMNS
from radray.schema.predictions import ROUGE_COLUMNS
from radray.schema.statuses import DeferReason, FailReason, PredictionStatus

MENTIONING = ("exemplars", "candidates")
"""Columns with a JSON list of objects of which some name a training report by unit_id; null where there is none."""

_TEXTS = ("findings", "reference", "reference_raw", "background")

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
    """Return `rows` without the entries that name one of `units`; texts without such an entry stay byte for byte.

    A candidate that a prediction was chosen from, the first, stays without its unit_id: the text is others' too.
    """
    for name in _present(rows):
        texts = [_without(text, units, keep_first=name == "candidates") for text in rows.column(name).to_pylist()]
        place = rows.column_names.index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(texts, rows.schema.field(place).type))
    return rows


def texts_to_look_for(rows: pa.Table, units: frozenset[str]) -> set[tuple[str, str]]:
    """Return (dataset, text) of the predictions that are an impression of `units`, as `copied`; empty for none."""
    if "candidates" not in rows.column_names:
        return set()
    copies = rows.filter(pa.array(copied(rows, units), pa.bool_())).select(["dataset", "prediction"]).to_pylist()
    return {(row["dataset"], row["prediction"]) for row in copies if row["prediction"]}


def texts_of_others(reports: Iterable[pa.RecordBatch], texts: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of `texts` that one of `reports`, others', has in its findings, impression or background.

    Whatever the case of letters and the punctuation: a sentence that another report has as well is no patient's.
    """
    words = {(dataset, text): f" {normalise(text)} " for dataset, text in texts}
    shared = {key for key, wanted in words.items() if not wanted.strip()}
    for batch in reports:
        left = {key: wanted for key, wanted in words.items() if key not in shared}
        if not left:
            break
        for dataset, *own in zip(*(batch.column(name).to_pylist() for name in ("dataset", *_TEXTS)), strict=True):
            held = "|".join(f" {normalise(text)} " for text in own if text)
            shared |= {key for key, wanted in left.items() if key[0] == dataset and wanted in held}
    return shared


def without_text(rows: pa.Table, gone: Sequence[bool]) -> pa.Table:
    """Return `rows`, of `predictions`, with those of `gone` as failed: without the text, and what the text scored.

    They have the reason `erased`, and are left to a person where others of the night are.
    """
    if not any(gone):
        return rows
    deferring = rows.column("defer").to_pylist() if "defer" in rows.column_names else [None] * rows.num_rows
    for name in rows.column_names:
        values = rows.column(name).to_pylist()
        if name in _OF_FAILED:
            values = [_OF_FAILED[name](value) if its else value for value, its in zip(values, gone, strict=True)]
        elif name == "defer_reason":
            reasons = [None if defer is None else DeferReason.NO_PREDICTION.value for defer in deferring]
            values = [reason if its else value for value, reason, its in zip(values, reasons, gone, strict=True)]
        else:
            continue
        place = rows.column_names.index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(values, rows.schema.field(place).type))
    return rows


def _null(value: Any) -> None:
    return None


def _zero(score: float | None) -> float | None:
    return None if score is None else 0.0


_SCORES = (*ROUGE_COLUMNS, *RAW_ROUGE_COLUMNS, CONCEPT_F1)
_OF_PREDICTION = (
    *("prediction", "hypotheses", "candidates", "evidence", "followup", "urgent_first", "impression_items"),
    "item_order",
    *("recommendations", *CONFIDENCES.values(), *(f"flag_{name}" for name in CLASSES)),
)
_OF_FAILED: dict[str, Callable[[Any], Any]] = {
    "status": lambda _: PredictionStatus.FAILED.value,
    "reason": lambda _: FailReason.ERASED.value,
    "defer": lambda defer: None if defer is None else True,
    "mentions": lambda text: text and "; ".join(its for its in text.split("; ") if not its.startswith("prediction:")),
    **dict.fromkeys(_SCORES, _zero),
    **dict.fromkeys(_OF_PREDICTION, _null),
}
"""What the columns of a prediction become that fails, as the stage that scores predictions leaves them."""


def _without(text: str | None, units: frozenset[str], *, keep_first: bool) -> str | None:
    entries = list(_entries(text))
    kept = []
    for place, entry in enumerate(entries):
        if entry.get("unit_id") not in units:
            kept.append(entry)
        elif place == 0 and keep_first:
            kept.append({name: value for name, value in entry.items() if name != "unit_id"})
    return text if kept == entries else json.dumps(kept)


def _present(rows: pa.Table) -> list[str]:
    return [name for name in MENTIONING if name in rows.column_names]


def _entries(text: str | None) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON list; none of null, and of what is no such list: the proof would find an id in it."""
    try:
        value = json.loads(text or "[]")
    except ValueError:
        return
    yield from (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()
