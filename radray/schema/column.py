"""Columns and tables of the schema, and the types that columns share."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: pa.DataType
    doc: str
    nullable: bool = True

    def field(self) -> pa.Field:
        """Return the Arrow field, with `doc` where Iceberg looks for it."""
        return pa.field(self.name, self.type, nullable=self.nullable, metadata={"doc": self.doc})


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table: its columns, its key and the columns that it is partitioned by."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: tuple[str, ...] = ()
    one_ok: str | None = None
    """Column of which each value has one ok row in a partition: the last by `order`, nulls first. Its other rows are
    superseded, and so is what a later row with reason cancelled withdraws."""
    order: tuple[str, ...] = ()
    row_id: str = "unit_id"
    """Column that names a row within a partition: a row staged twice is kept once, and a run knows its rows by it."""
    withdrawn_by: tuple[str, ...] = ()
    """Columns, besides `one_ok`, in which a cancellation is equal to what it withdraws; two nulls are equal."""

    def arrow(self) -> pa.Schema:
        """Return the Arrow schema, columns in order."""
        return pa.schema([column.field() for column in self.columns])


HYPOTHESES = pa.list_(pa.field("element", pa.struct([pa.field("text", pa.string()), pa.field("score", pa.float64())])))
"""Candidates of the beam, best first; score = sequence log-probability / length ** length_penalty."""


ENTRIES = pa.list_(
    pa.field(
        "element",
        pa.struct([pa.field("name", pa.string()), pa.field("state", pa.string()), pa.field("place", pa.string())]),
    )
)
"""Entries of an answer in order: a finding, device, sentence or change, by name; its state; where it is, or null."""


SECTIONS = pa.list_(
    pa.field(
        "element",
        pa.struct([pa.field("name", pa.string()), pa.field("start", pa.int64()), pa.field("text", pa.string())]),
    )
)
"""Sections of a report in order: normalised name, start of the heading in characters of the unit's text, text as it
came, stripped."""


STRINGS = pa.list_(pa.field("element", pa.string()))


STRING, LONG, DOUBLE, BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()


TIME = pa.timestamp("us")


def required(name: str, type_: pa.DataType, doc: str) -> Column:
    """Return a column that is never null."""
    return Column(name, type_, doc, nullable=False)
