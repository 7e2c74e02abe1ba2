"""Rows into Arrow under a table's written schema, and the refusal of rows that do not fit it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from radray.errors import AuditError
from radray.schema.column import TableSchema


def to_arrow(rows: Sequence[Mapping[str, Any]], schema: TableSchema) -> pa.Table:
    """Return `rows` as a table of exactly `schema`; no rows give an empty table.

    Raises AuditError naming the column, never a value: a column missing or unknown, a value of another type, a
    null in a required column. (pyarrow's own errors hold the value that did not fit.)
    """
    expected = {column.name for column in schema.columns}
    for row in rows:
        if row.keys() != expected:
            raise AuditError(
                f"table {schema.name}: a row lacks {sorted(expected - row.keys())} and has unknown"
                f" {sorted(row.keys() - expected)}"
            )
    arrays = []
    for column in schema.columns:
        try:
            array = pa.array([row[column.name] for row in rows], type=column.type)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise AuditError(
                f"table {schema.name}: column {column.name} expects {column.type}: {type(error).__name__}"
            ) from None
        if not column.nullable and array.null_count:
            raise AuditError(f"table {schema.name}: column {column.name} must not be null")
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=schema.arrow())
