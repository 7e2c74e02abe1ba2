"""Rows counted while they pass."""

import pyarrow as pa

from radray.tables.counts import RowCounts


def table(*rows: tuple[str, str | None, bool]) -> pa.Table:
    names = ("status", "reason", "repeated")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]).append_column(
        "text", pa.array(["t"] * len(rows))
    )


def test_rows_of_several_batches_are_counted_by_any_of_the_columns() -> None:
    counts = RowCounts(["reason", "repeated", "status"])
    counts.add(table(("ok", None, True), ("failed", "timeout", False), ("ok", None, False)))
    counts.add(table(("failed", "timeout", False), ("failed", "cut", False), ("ok", None, True)))
    assert counts.rows == 6
    assert counts.where(status="ok") == 3
    assert counts.where(status="ok", repeated=True) == 2
    assert counts.where(reason=None, repeated=False) == 1
    assert counts.where(reason="unknown") == 0
    assert counts.by("reason") == {None: 3, "timeout": 2, "cut": 1}
    assert counts.by("reason", status="failed") == {"timeout": 2, "cut": 1}
    assert counts.by("status", "repeated") == {("ok", True): 2, ("ok", False): 1, ("failed", False): 3}


def test_status_is_always_counted_and_no_row_gives_nothing() -> None:
    counts = RowCounts()
    assert (counts.rows, counts.where(status="ok"), counts.by("status")) == (0, 0, {})
    counts.add(table(("ok", None, True)).slice(0, 0))
    assert counts.rows == 0
    counts.add(table(("ok", None, True)))
    assert counts.by("status") == {"ok": 1}
