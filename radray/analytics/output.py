"""Rows as text and files: CSV that a spreadsheet does not run, JSON, Parquet; rows as they come, files whole."""

import json
import math
import os
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from radray.errors import ConfigError
from radray.storage.s3 import cause, lever

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 # full width: Excel reads them, too
"""First characters of a cell that a spreadsheet may take for a formula."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows as they come: nothing holds them all."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    """Read once. Of a query: raises InputError when it fails on rows."""

    @classmethod
    def of(cls, table: pa.Table) -> "Answer":
        """Return the rows of a table that is in memory."""
        return cls(table.schema, iter(table.to_batches()))

    def table(self) -> pa.Table:
        """Return all rows, in memory."""
        return pa.Table.from_batches(self.batches, self.schema)


def write_csv(answer: Answer, file: TextIO) -> int:
    """Write the rows as CSV with a header and return their number.

    Null is an empty cell, an empty text is ``""``, lists and structs are JSON. A text, or a column's name, that a
    spreadsheet would take for a formula gets ``'`` before it; numbers stay. Who wants texts as they are takes JSON or
    Parquet.
    """
    file.write(",".join(map(_cell, answer.schema.names)) + "\n")
    count = 0
    for batch in answer.batches:
        columns = [column.to_pylist() for column in batch.columns]
        file.writelines(",".join(map(_cell, row)) + "\n" for row in zip(*columns, strict=True))
        count += batch.num_rows
    return count


def write_json(answer: Answer, file: TextIO) -> int:
    """Write the rows as one JSON array of objects, a line each, and return their number."""
    count = 0
    file.write("[")
    for batch in answer.batches:
        for row in batch.to_pylist():
            file.write(",\n " if count else "\n ")
            json.dump(_plain(row), file, ensure_ascii=False, default=str)
            count += 1
    file.write("\n]\n")
    return count


def write_parquet(answer: Answer, file: str) -> int:
    """Write the rows as one Parquet file and return their number."""
    count = 0
    with pq.ParquetWriter(file, answer.schema, compression="zstd") as writer:
        for batch in answer.batches:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def write_file(answer: Answer, form: str, file: str, setting: str = "out_file") -> int:
    """Write the rows to `file` as csv, json or parquet and return their number, see `whole`."""
    with whole(file, setting) as part:
        if form == "parquet":
            return write_parquet(answer, part)
        write: Callable[[Answer, TextIO], int] = write_csv if form == "csv" else write_json
        with open(part, "w", encoding="utf-8", newline="") as opened:
            return write(answer, opened)


def harmless(text: str) -> str:
    """Return `text` as a spreadsheet shows it and does not run it."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def printable(text: str) -> str:
    r"""Return `text` without what moves a terminal's cursor or turns its direction: such characters as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else ascii(c)[1:-1] for c in text
    )


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
    """Return `value` as JSON has it: no NaN and no infinity."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def whole(file: str, setting: str) -> Iterator[str]:
    """Yield the name to write to; it becomes `file` when the block is done, and nothing is left when it fails.

    A file that is there is replaced; folders are made. Raises ConfigError, which names `setting`, when it cannot be
    written.
    """
    part = f"{file}.part"
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, file)
    except (OSError, pa.ArrowException) as error:
        said = f"{cause(error)}: {lever(error)}" if isinstance(error, OSError) else type(error).__name__
        raise ConfigError(f"{setting}={file} cannot be written: {said}") from None
    finally:
        with suppress(OSError):
            os.unlink(part)
