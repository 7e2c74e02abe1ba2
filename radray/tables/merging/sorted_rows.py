"""Staged rows in order, one a unit, in little memory whatever they hold."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import gettempdir

import duckdb
import pyarrow as pa

from radray.errors import RadrayError
from radray.schema.column import TableSchema
from radray.schema.statuses import RejectReason, ReportStatus
from radray.storage import spill

BATCH_ROWS = 20_000
SORT_MEMORY = "512MB"
"""DuckDB's memory; it spills beyond, see `storage.spill`. Enough for one thread, not for two."""
SLICE_BYTES = 128 << 20
"""What is sorted at a time: the text of its rows, and _BYTES_A_CELL beside it."""
_BYTES_A_CELL = 16

_ONCE = "QUALIFY row_number() OVER (PARTITION BY {row_id} ORDER BY status DESC) = 1"


@contextmanager
def _sorting(schema: TableSchema) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to merge with; what it raises in the block is one RadrayError."""
    with spill.connect({"memory_limit": SORT_MEMORY, "threads": 1}) as connection:
        try:
            yield connection
        except duckdb.Error as error:  # a staged file went while it was read, the disk is full; its message is not ours
            raise RadrayError(
                f"table {schema.name}: the staged rows could not be merged: {type(error).__name__}; is there room in"
                f" {gettempdir()} (TMPDIR)? nothing was committed; run again"
            ) from None


def rows_once(files: list[str], columns: Sequence[str], schema: TableSchema) -> Iterator[pa.RecordBatch]:
    """Yield `columns` of one row a `row_id`: that which `sorted_rows` keeps, in any order. Raises as it."""
    once = _ONCE.format(row_id=schema.row_id)
    sql = f"SELECT {', '.join(columns)} FROM read_parquet($files, hive_partitioning = false) {once}"
    with _sorting(schema) as connection:
        yield from connection.execute(sql, {"files": files}).to_arrow_reader(BATCH_ROWS)


def sorted_rows(files: list[str], schema: TableSchema) -> Iterator[pa.RecordBatch]:
    """Yield one row a `row_id` of the staged `files`, sorted by study_id; no rows yield nothing.

    A slice of SLICE_BYTES is sorted at a time, and the files are read once more for each: what does not fit into its
    memory DuckDB 1.5.5 does not always sort, though it spills (200,000 rows of 8 kB did not fit into 1 GB).
    Raises RadrayError where a file cannot be read any more, or the disk is full.
    """
    with _sorting(schema) as connection:
        connection.execute(_kept_sql(schema), {"files": files})
        slices = connection.execute("SELECT DISTINCT slice FROM kept ORDER BY slice").fetchall()
        for (number,) in slices:
            sql = f"{_written_sql(schema)} WHERE slice = {number} ORDER BY staged.study_id, staged.{schema.row_id}"
            yield from connection.execute(sql, {"files": files}).to_arrow_reader(BATCH_ROWS)


def _kept_sql(schema: TableSchema) -> str:
    """Return the statement that makes the table `kept`: the place of one row a `row_id`, and what becomes of it.

    All but the last ok row of a study are superseded. A cancellation withdraws the rows before it of the same study and
    the same `withdrawn_by` (subject and sender), which are superseded too: what somebody else sends about a study takes
    no report away. Which rows stay is decided on the few columns that say so, and the others are joined to them by
    numbers: a window over whole rows is held in memory (935,000 reports did not fit into 0.5 GB), and so are the keys
    of a join (nor did the paths of a million predictions' files).
    """
    decide = dict.fromkeys([schema.row_id, "study_id", "status", "reason", "file_index", "file_row_number"])
    withdrawn = late = "false"
    if schema.one_ok is not None:
        decide |= dict.fromkeys([schema.one_ok, *schema.withdrawn_by, *schema.order])
        order = ", ".join(f"{name} DESC NULLS LAST" for name in schema.order)
        later = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
        same = ", ".join([schema.one_ok, *schema.withdrawn_by])
        cancelled = f"bool_or(reason IS NOT DISTINCT FROM '{RejectReason.CANCELLED}')"
        cancelled_later = f"{cancelled} OVER (PARTITION BY {same} ORDER BY {order} {later})"
        withdrawn = f"status = '{ReportStatus.OK}' AND coalesce({cancelled_later}, false)"
        counts = f"(status = '{ReportStatus.OK}' AND NOT withdrawn)"
        late = f"{counts} AND row_number() OVER (PARTITION BY {counts}, {schema.one_ok} ORDER BY {order}) > 1"
    texts = " + ".join(filter(None, (_text_bytes(column.name, column.type) for column in schema.columns)))
    row_bytes = f"{texts} + {_BYTES_A_CELL * len(schema.columns)}"
    in_order = f"ORDER BY study_id, {schema.row_id} ROWS UNBOUNDED PRECEDING"
    return f"""
        CREATE TEMP TABLE kept AS
        WITH staged AS (
            SELECT *, file_index, file_row_number, {row_bytes} AS row_bytes
            FROM read_parquet($files, hive_partitioning = false)),
        once AS (
            SELECT {", ".join(decide)}, row_bytes FROM staged {_ONCE.format(row_id=schema.row_id)}),
        judged AS (SELECT *, {withdrawn} AS withdrawn FROM once)
        SELECT file_index, file_row_number, withdrawn, {late} AS late,
            sum(row_bytes) OVER ({in_order}) // {SLICE_BYTES} AS slice
        FROM judged"""


def _text_bytes(name: str, type_: pa.DataType) -> str:
    """Return the SQL for the bytes of text in a column of `type_`; '' for one without text."""
    if pa.types.is_string(type_):
        return f"coalesce(strlen({name}), 0)"
    if not pa.types.is_list(type_):
        return ""
    item = type_.value_type
    fields = [f"x.{field.name}" for field in item if pa.types.is_string(field.type)] if item.num_fields else ["x"]
    return f"coalesce(list_sum([{' + '.join(f'coalesce(strlen({field}), 0)' for field in fields)} FOR x IN {name}]), 0)"


def _written_sql(schema: TableSchema) -> str:
    """Return the query of the rows that are `kept`, as they are written."""
    replaced = {
        "status": f"'{ReportStatus.SUPERSEDED}'",
        "reason": f"CASE WHEN withdrawn THEN '{RejectReason.WITHDRAWN}' ELSE '{RejectReason.DUPLICATE_STUDY}' END",
        "split": "NULL",
        "split_key": "NULL",
    }
    columns = ", ".join(
        f"CASE WHEN withdrawn OR late THEN {replaced[column.name]} ELSE staged.{column.name} END AS {column.name}"
        if column.name in replaced and schema.one_ok is not None
        else f"staged.{column.name}"
        for column in schema.columns
    )
    return f"""
        WITH staged AS (
            SELECT *, file_index, file_row_number FROM read_parquet($files, hive_partitioning = false))
        SELECT {columns} FROM staged
        JOIN kept ON staged.file_index = kept.file_index AND staged.file_row_number = kept.file_row_number"""
