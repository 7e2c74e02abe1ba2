"""Rows for reading: a table where it fits, else one column a line, as psql has it."""

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from radray.analytics.output import RowStream, printable

SHOWN = 1_000
"""Rows that are shown at most."""

_LEAST_COLUMNS = 20
"""Narrowest that a value is folded to beside its column's name."""


def show(rows: RowStream, file: TextIO, columns: int) -> bool:
    """Write the first `SHOWN` rows to `file`, `columns` wide, and return whether there are more.

    A row that is wider is written one column a line, all rows alike; ``no rows`` where there is none. Characters that
    move a terminal's cursor are escaped.
    """
    names = [printable(name) for name in rows.schema.names]
    stream = (row for batch in rows.batches for row in batch.to_pylist())
    shown = [_texts(row) for row in itertools.islice(stream, SHOWN)]
    if not shown:
        file.write("no rows\n")
    elif _width(names, shown) <= columns:
        table = Table(*names)
        for row in shown:
            table.add_row(*row)
        Console(file=file, width=columns, markup=False, highlight=False).print(table)
    else:
        for number, row in enumerate(shown, 1):
            file.write(_upright(f"row {number}", names, row, columns))
    return next(stream, None) is not None


def _texts(row: Mapping[str, Any]) -> list[str]:
    return ["" if value is None else _text(value) for value in row.values()]


def _text(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else printable(str(value))


def _width(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return the columns of a terminal that a table of `rows` takes, unfolded: two spaces and a border a column."""
    cells = zip(names, *rows, strict=True)
    return sum(max(cell_len(line) for cell in column for line in cell.split("\n")) + 3 for column in cells) + 1


def _upright(title: str, names: Sequence[str], row: Sequence[str], columns: int) -> str:
    """Return one row as text, a column a line: name, value, long values folded below one another."""
    left = max(cell_len(name) for name in names)
    room = max(columns - left - 3, _LEAST_COLUMNS)
    lines = [f"-- {title} ".ljust(min(columns, left + 3 + _LEAST_COLUMNS), "-")]
    for name, value in zip(names, row, strict=True):
        folded = [part for line in value.split("\n") for part in textwrap.wrap(line, room) or [""]]
        lines.append(f"{name.ljust(left)} | {folded[0]}".rstrip())
        lines += [f"{' ' * left} | {part}".rstrip() for part in folded[1:]]
    return "\n".join(lines) + "\n"
