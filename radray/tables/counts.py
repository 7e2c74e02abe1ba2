"""Rows counted by the values of a few columns, batch by batch, while they pass."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa


class RowCounts:
    """How many rows have which values of `columns`: status, and those that were asked for.

    Meant for columns of few values each, such as reason and split: there is one count for each combination.
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        """Start at no row. `columns` are those to count by besides status."""
        self.columns = tuple(dict.fromkeys(("status", *columns)))
        self._counts: Counter[tuple[Any, ...]] = Counter()

    def add(self, rows: pa.Table) -> None:
        """Count `rows`, which have at least `columns`."""
        counted = rows.select(self.columns).group_by(list(self.columns)).aggregate([([], "count_all")])
        names = [*self.columns, "count_all"]
        for *values, count in zip(*(counted.column(name).to_pylist() for name in names), strict=True):
            self._counts[tuple(values)] += count

    @property
    def rows(self) -> int:
        """All rows."""
        return self._counts.total()

    def where(self, **values: Any) -> int:
        """Return how many rows have all of `values`, by column; None is a value as any other."""
        return self.by(**values).total()

    def by(self, *names: str, **values: Any) -> Counter[Any]:
        """Return the rows that have all of `values`, counted by the columns `names`.

        Keys are the values of one name, and tuples for several. No such row gives an empty counter.
        """
        wanted = [(self.columns.index(name), value) for name, value in values.items()]
        places = [self.columns.index(name) for name in names]
        counts: Counter[Any] = Counter()
        for key, count in self._counts.items():
            if all(key[place] == value for place, value in wanted):
                counts[key[places[0]] if len(places) == 1 else tuple(key[place] for place in places)] += count
        return counts
