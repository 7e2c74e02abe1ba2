"""Tables and charts as the page holds them: plain text, escaped by the template."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its first column names each row."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: one or more drawings, what they show in words, and the numbers behind them."""

    title: str
    panels: Sequence[tuple[str, Markup]]
    """(label for a screen reader, drawing)."""
    words: str
    data: Grid


def from_rich(table: Table, note: str = "") -> Grid:
    """Return a terminal's table as one of the page, with the same cells: both show the same numbers."""
    columns = [str(column.header) for column in table.columns]
    cells = [[str(cell) for cell in column.cells] for column in table.columns]
    rows = [list(row) for row in zip(*cells, strict=True)]
    return Grid(str(table.title or ""), columns, rows, note)


def share(value: float | None, digits: int = 1) -> str:
    """Return a share, 0 to 1, as a percentage; `-` for None."""
    return "-" if value is None else f"{100 * value:.{digits}f} %"


def score(value: float | None, digits: int = 3) -> str:
    """Return a score, 0 to 1; `-` for None."""
    return "-" if value is None else f"{value:.{digits}f}"
