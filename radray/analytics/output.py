"""Rows as text and files: CSV that no spreadsheet executes, JSON, Parquet; batch by batch, a file whole or absent."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from radray.errors import ConfigError
from radray.messages import escaped
from radray.storage.requested import requested_file

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 # full width: Excel reads them, too
"""Beginnings of a cell that a spreadsheet may take for a formula."""


@dataclass(frozen=True, slots=True)
class RowStream:
    """Rows, batch by batch: nothing holds them all."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    """Can be read once. Those of a query raise InputError when it fails on rows."""

    @classmethod
    def of(cls, table: pa.Table) -> "RowStream":
        """Return the rows of `table`, which is in memory."""
        return cls(table.schema, iter(table.to_batches()))

    def counted(self, count: Callable[[int], None]) -> "RowStream":
        """Return the same rows; `count` is called with the number of rows of each batch as it passes."""

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in self.batches:
                count(batch.num_rows)
                yield batch

        return RowStream(self.schema, batches())

    def table(self) -> pa.Table:
        """Read all rows into memory and return them."""
        return pa.Table.from_batches(self.batches, self.schema)


def write_csv(rows: RowStream, file: TextIO) -> int:
    """Write the rows as CSV with a header and return their number.

    Null is an empty cell, an empty text is ``""``, lists and structs are JSON. A text, or the name of a column, that a
    spreadsheet would take for a formula is prefixed with ``'``; numbers are not. JSON and Parquet leave texts as they
    are.
    """
    file.write(",".join(map(_cell, rows.schema.names)) + "\n")
    count = 0
    for batch in rows.batches:
        columns = [column.to_pylist() for column in batch.columns]
        file.writelines(",".join(map(_cell, row)) + "\n" for row in zip(*columns, strict=True))
        count += batch.num_rows
    return count


def write_json(rows: RowStream, file: TextIO) -> int:
    """Write the rows as one JSON array of objects, one a line, and return their number."""
    count = 0
    file.write("[")
    for batch in rows.batches:
        for row in batch.to_pylist():
            file.write(",\n " if count else "\n ")
            json.dump(_plain(row), file, ensure_ascii=False, default=str)
            count += 1
    file.write("\n]\n")
    return count


def write_parquet(rows: RowStream, file: str) -> int:
    """Write the rows as one Parquet file and return their number."""
    count = 0
    with pq.ParquetWriter(file, rows.schema, compression="zstd") as writer:
        for batch in rows.batches:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def write_file(rows: RowStream, form: str, file: str, setting: str = "out_file") -> int:
    """Write the rows to `file` as csv, json or parquet and return their number.

    The file is whole or absent. Raises ConfigError, which names `setting`, when it cannot be written.
    """
    with requested_file(file, setting) as part:
        if form == "parquet":
            try:
                return write_parquet(rows, str(part))
            except pa.ArrowException as error:
                raise ConfigError(f"{setting}={file} cannot be written: {type(error).__name__}") from None
        write: Callable[[RowStream, TextIO], int] = write_csv if form == "csv" else write_json
        with part.open("w", encoding="utf-8", newline="") as opened:
            return write(rows, opened)


def harmless(text: str) -> str:
    """Return `text`, prefixed with ``'`` where a spreadsheet would execute it as a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def printable(text: str) -> str:
    r"""Return `text` with characters that move a terminal's cursor or turn its direction escaped, as in ``\x1b``."""
    return escaped(text, keep="\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        value = json.dumps(_plain(value), ensure_ascii=False, default=str)
    if isinstance(value, str):
        value = harmless(value)
        # by hand: csv.writer leaves a lone \r unquoted, and null and an empty text look alike
        return '"' + value.replace('"', '""') + '"' if not value or set(value) & set(',"\r\n') else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """Return `value` as JSON allows it: None for NaN and the infinities."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
