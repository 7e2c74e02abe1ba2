"""A patient's ids out of the rows of others: texts that name the patient, names of files, settings of runs."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import In, Reference
from pyiceberg.table import Table

from radray.reports.record.identity import digest_texts
from radray.schema.column import TableSchema
from radray.schema.runs import RUNS
from radray.schema.tables import TABLES
from radray.tables.catalog import Warehouse, with_null_lists
from radray.tables.commit import commit_on_newest
from radray.tables.identity import digest_of_example
from radray.tables.inventory import Inventory
from radray.tables.rows import to_arrow
from radray.upkeep.evidence import Trace, search, string_arrays
from radray.upkeep.ids import SEARCHED_BYTES, Ids, is_distinctive
from radray.upkeep.mentions import MENTIONING
from radray.upkeep.patient_rows import HOLDING, NAMES

_OWN = ("subject_id", "study_id", "split_key")
"""Columns that say whose a row is: an id among them is its own, and not the patient's."""

_ANSWER = ("value", "rewritten", "entries")
_JSON = (*MENTIONING, "inputs")

_REPLACED = frozenset(
    {*NAMES, "background", "indication", "comparison", "findings", "reference", "reference_raw", "exam_description"}
    | {"human_codes", "sections", "impression_items", "prediction", "hypotheses", "exemplars", "candidates"}
    | {"config", "reason"}
    | {"inputs", "target", "answer", *(f"{gold}{name}" for gold in ("", "gold_") for name in _ANSWER)}
)
"""Columns in which an id is masked. The others are keys, ids and names of models and datasets, which other rows, files
and manifests refer to: what is in them is named in the report."""

_DIGESTED = ("background", "findings", "reference_raw")
_DIGESTED_OF_EXAMPLE = ("inputs", "reason", *(f"gold_{name}" for name in (*_ANSWER, "source")))


@dataclass(slots=True)
class Redaction:
    """The ids to mask, and what was masked, and what was not."""

    ids: Ids
    """Of the patient, where they can be nothing else: the others are only compared with whole values."""
    shared: Mapping[str, Collection[str]]
    """Ids that another dataset has too, by that dataset: there they are somebody else's."""
    masked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows in which an id was masked, by table and column."""
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows of others with the id in a column that cannot be changed, or with one that may be a word or a date."""

    def concerns(self, rows: pa.Table) -> list[bool]:
        """Return for each of `rows` whether an id would be masked in it. No rows: []."""
        places = {place for name in _replaced(rows) for place in self._changes(rows, name)}
        return [place in places for place in range(rows.num_rows)]

    def apply(self, schema: TableSchema, rows: pa.Table) -> pa.Table:
        """Return `rows` without the ids, and count where they were. A text's digest is that of the masked text."""
        changed: set[int] = set()
        for name in _replaced(rows):
            values = self._changes(rows, name)
            if values:
                column = rows.column(name).to_pylist()
                for place, value in values.items():
                    column[place] = value
                rows = _with(rows, name, column)
                self.masked[schema.name, name] += len(values)
                changed |= set(values) if name in (*_DIGESTED, *_DIGESTED_OF_EXAMPLE) else set()
        if changed and {"text_digest", *_DIGESTED} <= set(rows.column_names):
            texts = list(zip(*(rows.column(name).to_pylist() for name in _DIGESTED), strict=True))
            column = rows.column("text_digest").to_pylist()
            for place in changed:
                # with the text, the digest of the text with the id gives the id away: so few have eight digits
                column[place] = column[place] and digest_texts(*texts[place])
            rows = _with(rows, "text_digest", column)
        if changed and "input_digest" in rows.column_names and "inputs" in rows.column_names:
            examples = rows.select(_DIGESTED_OF_EXAMPLE).to_pylist()
            column = rows.column("input_digest").to_pylist()
            for place in changed:
                column[place] = digest_of_example(examples[place])
            rows = _with(rows, "input_digest", column)
        return rows

    def _changes(self, rows: pa.Table, name: str) -> dict[int, Any]:
        """Return the values of the column in which an id is masked that is not the row's own, by place."""
        changes = {}
        for place in _indices(rows, name, self.ids):
            own = {rows.column(column)[place].as_py() for column in _OWN if column in rows.column_names} - {None}
            if "dataset" in rows.column_names:
                own |= set(self.shared.get(rows.column("dataset")[place].as_py() or "", ()))
            before = rows.column(name)[place].as_py()
            after = _each_text(before, partial(self.ids.masked, own=own), is_json=name in _JSON)
            if after != before:
                changes[place] = after
        return changes


def redaction_of(
    warehouse: Warehouse, rows: Iterable[Mapping[str, Any]], subject_id: str, dataset: str | None
) -> Redaction:
    """Return the redaction of the patient of `rows`."""
    identifiers = {subject_id} | {row["study_id"] for row in rows if row["study_id"]}
    shared: dict[str, set[str]] = {}
    for schema in HOLDING:
        for name in _OWN[:2]:
            columns = warehouse.read(schema, ["dataset", name])
            among = columns.filter(pc.is_in(columns.column(name), pa.array(sorted(identifiers), pa.string())))
            for whose, identifier in zip(*(column.to_pylist() for column in among.columns), strict=True):
                if dataset is not None and whose != dataset:
                    shared.setdefault(whose, set()).add(identifier)
    return Redaction(Ids({its for its in identifiers if is_distinctive(its)}), shared)


def redact_other_tables(warehouse: Warehouse, redaction: Redaction) -> None:
    """Mask the ids in the tables that have no rows of patients: in the settings and reasons of `runs`."""
    if not warehouse.has(RUNS) or not redaction.ids.identifiers:
        return

    def change(table: Table) -> None:
        rows = table.scan(selected_fields=tuple(column.name for column in RUNS.columns)).to_arrow()
        rows = rows.filter(pa.array(redaction.concerns(rows), pa.bool_()))
        if rows.num_rows:
            counts = Redaction(redaction.ids, {})
            ours = to_arrow(counts.apply(RUNS, rows).to_pylist(), RUNS)
            run_ids = set(ours.column("run_id").to_pylist())
            among = In(Reference("run_id"), run_ids)  # type: ignore[call-arg, arg-type]  # pydantic hides its __init__
            table.overwrite(ours, overwrite_filter=among)
            redaction.masked |= counts.masked

    commit_on_newest(warehouse, RUNS, change)


def tables_with(inventory: Inventory, wanted: frozenset[Trace]) -> list[TableSchema]:
    """Return the tables, but those of HOLDING, that still have a file with one of `wanted`: an older snapshot's."""
    layout = inventory.layout
    return [
        schema
        for schema in TABLES.values()
        if schema not in HOLDING
        and _any_hit(inventory, (layout.data(schema.name), layout.location(schema.name)), wanted)
    ]


def note_what_is_left(warehouse: Warehouse, redaction: Redaction, identifiers: Collection[str]) -> frozenset[str]:
    """Count the rows in which one of `identifiers` is left, and return those that tables use as a name or word.

    That is in columns which are not masked; of an id that may be a word or a date, in all but those of ids. Short ids
    are in every text and are not looked for.
    """
    long = [its for its in identifiers if len(its.encode("utf-8")) >= SEARCHED_BYTES]
    each = {identifier: Ids([identifier]) for identifier in long}
    words: set[str] = set()
    for schema in (schema for schema in TABLES.values() if long and warehouse.has(schema)):
        for batch in warehouse.load(schema).scan().to_arrow_batch_reader():
            rows = with_null_lists(pa.Table.from_batches([batch]))
            for name in rows.column_names:
                places = set(_indices(rows, name, Ids(long)))
                if not places:
                    continue
                values = {place: rows.column(name)[place].as_py() for place in places}
                for identifier, ids in each.items():
                    if identifier in redaction.ids.identifiers and name in _REPLACED:
                        continue  # masked, but where it is somebody else's
                    own = _own_places(rows, identifier)
                    held = [place for place in places - own if _each_text(values[place], ids.masked) != values[place]]
                    redaction.left[schema.name, name] += len(held)
                    words |= {identifier} if held and name not in _OWN else set()
    redaction.left = +redaction.left
    return frozenset(words)


def _own_places(rows: pa.Table, identifier: str) -> set[int]:
    """Return the rows of a namesake: there the id is the row's own."""
    own = [rows.column(column).to_pylist() for column in _OWN if column in rows.column_names]
    return {place for place, values in enumerate(zip(*own, strict=True)) if identifier in values}


def _any_hit(inventory: Inventory, folders: Iterable[str], wanted: frozenset[Trace]) -> bool:
    for file in (file for folder in folders for file in inventory.files(folder)):
        with inventory.open(file.uri) as source:
            if search(source, file.uri, wanted):
                return True
    return False


def _replaced(rows: pa.Table) -> list[str]:
    return [name for name in rows.column_names if name in _REPLACED]


def _indices(rows: pa.Table, name: str, ids: Ids) -> list[int]:
    """Return the places of the values of a column that hold an id, in a text of theirs where they are lists."""
    column = rows.column(name).combine_chunks()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return ids.indices(column)
    if not any(ids.indices(texts) for texts in string_arrays(column)):
        return []
    values = column.to_pylist()
    return [place for place, value in enumerate(values) if _each_text(value, ids.masked) != value]


def _each_text(value: Any, change: Callable[[str], str], *, is_json: bool = False) -> Any:
    """Return `value`, a text or what lists and structs hold, with each of its texts changed.

    `is_json`: the text is JSON, of which the texts are changed, and no number.
    """
    if isinstance(value, str):
        if is_json:
            with suppress(ValueError):
                entries = json.loads(value)
                changed = _each_text(entries, change)
                return value if changed == entries else json.dumps(changed, ensure_ascii=False)
        return change(value)
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _each_text(item, change) for name, item in value.items()}
    return value


def _with(rows: pa.Table, name: str, values: list[Any]) -> pa.Table:
    place = rows.column_names.index(name)
    return rows.set_column(place, rows.schema.field(place), pa.array(values, rows.schema.field(place).type))
