"""The console that jobs report on."""

import sys

from rich.console import Console

LOG_COLUMNS = 120
"""Width of what is printed where no terminal says one: a log file."""


def stderr_console() -> Console:
    """Return the console that jobs report on: standard error, so that standard output carries data alone."""
    return Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else LOG_COLUMNS)


def print_line(console: Console, line: str) -> None:
    """Print `line` as one line, however long: logs are searched by line."""
    console.print(line, markup=False, soft_wrap=True)
