"""Rows of a CSV file with named columns: what is missing is named, a ragged row costs a row."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from radray.errors import InputError

_FIELD_LIMIT = 2**31 - 1
"""The csv module's own limit, 131,072 characters, is a report with a long history; a C long holds this."""

_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells as they came, and the line of the file on which it ends, from 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file whose header was read; `rows` can be gone through once, blank lines are not rows."""

    columns: dict[str, int]
    """Position of each column by its name in lower case."""
    rows: Iterator[Row]

    def is_ragged(self, row: Row) -> bool:
        """Tell whether `row` has other than one cell a column."""
        return len(row.cells) != len(self.columns)

    def get(self, row: Row, column: str) -> str | None:
        """Return the cell of `row` under `column`; None where the file does not have the column."""
        position = self.columns.get(column.lower())
        return None if position is None else row.cells[position]


def read_csv(lines: Iterable[str], wanted: Sequence[str]) -> CsvFile:
    """Read the header from `lines` (a text file opened with newline="") and return the file.

    Raises InputError if there is no header, a column is there twice, or one of `wanted` is missing. Its message names
    the columns found only if every one of them looks like a name: a file without a header begins with somebody's data.
    """
    rows = _rows(lines)
    header = next(rows, None)
    if header is None:
        raise InputError(f"the CSV file is empty: expected a header with the columns {', '.join(wanted)}")
    names = [name.strip().removeprefix("\ufeff").lower() for name in header.cells]
    found = f"{len(names)} columns, not all of them names"
    if all(_COLUMN_NAME.fullmatch(name) for name in names):
        found = ", ".join(names)
    missing = [name for name in wanted if name.lower() not in names]
    if missing:
        raise InputError(
            f"the CSV file has no column {' or '.join(missing)}: wanted {', '.join(wanted)}; found {found}"
        )
    if len(set(names)) != len(names):
        raise InputError(f"the CSV file has a column twice; found {found}")
    return CsvFile({name: position for position, name in enumerate(names)}, rows)


def _rows(lines: Iterable[str]) -> Iterator[Row]:
    reader = csv.reader(lines)
    while True:
        # The limit is one for the whole process: set for the length of a row, so that nobody else meets ours.
        limit = csv.field_size_limit(_FIELD_LIMIT)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # The row is lost, its text must not get into a message: a row without cells is ragged.
            yield Row(reader.line_num, ())
            continue
        finally:
            csv.field_size_limit(limit)
        if cells:
            yield Row(reader.line_num, tuple(cells))
