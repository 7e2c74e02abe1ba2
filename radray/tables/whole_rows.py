"""What is decided on a partition's rows when all of them are there."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import pyarrow as pa


class WholeRows(Protocol):
    """What is known only when all rows of a partition are staged, and changes them before they are written.

    The same rows must always end the same: a run that is repeated makes the same partition.
    """

    columns: Sequence[str]
    """Columns that decide, unit_id among them."""

    def decide(self, tables: Iterable[pa.Table]) -> None:
        """Look at the `columns` of all rows, one a unit, in any order; not called without rows."""

    def finish(self, table: pa.Table) -> pa.Table:
        """Return rows as they are to be written: the same units, in the same order."""
