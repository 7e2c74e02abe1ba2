"""The one place that prints and logs: every line is escaped and cut, see `radray.messages`."""

import logging
import sys
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from radray.messages import escaped, line_of

LOG_COLUMNS = 120
"""Width of what is printed where no terminal says one: a log file."""


def stderr_console() -> Console:
    """Return the console that jobs report on: standard error, so that standard output carries data alone."""
    return Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else LOG_COLUMNS)


def print_line(console: Console, line: str, style: str | None = None) -> None:
    """Print `line` as one line, however long: logs are searched by line."""
    console.print(line_of(line), style=style, markup=False, soft_wrap=True)


def print_table(console: Console, table: Table) -> None:
    """Print `table`, whose cells may hold names that others chose."""
    for column in table.columns:
        cells: list[Any] = column._cells  # rich has no other way to read the cells of a column
        cells[:] = [escaped(cell, "\n") if isinstance(cell, str) else cell for cell in cells]
    console.print(table, markup=False)


def write_line(file: TextIO, line: str) -> None:
    """Write `line` to `file`, standard output or a part of it, as one line, and whole: a monitor parses it."""
    file.write(f"{escaped(line)}\n")


def log_warning(logger: logging.Logger, line: str) -> None:
    """Log `line` as a warning: in a worker, that is Ray's log of it."""
    logger.warning("%s", line_of(line))
