from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.errors import AuditError
from radray.nights.rejects import refuse_rejects
from radray.settings.loading import load_settings
from radray.storage.files import Storage
from radray.tables.counts import RowCounts
from radray.tables.merge import DataFile, Merged


def merged(folder: Path, *rows: tuple[str | None, str, str, int], ok: int = 0) -> Merged:
    """Return what was merged: `ok` reports, and rejected units of reason, uri, member and offset."""
    first: dict[str, Any] = {"source_uri": "a.hl7", "source_member": "", "source_offset": 0, "findings": "secret"}
    values = [first | {"status": "ok", "reason": None}] * ok
    names = ("reason", "source_uri", "source_member", "source_offset")
    values += [first | {"status": "rejected", **dict(zip(names, row, strict=True))} for row in rows]
    counts, files = RowCounts(["reason"]), []
    for place, some in enumerate((values[: len(values) // 2], values[len(values) // 2 :])):
        if some:
            table = pa.Table.from_pylist(some)
            table = table.set_column(table.column_names.index("reason"), "reason", table["reason"].cast(pa.string()))
            pq.write_table(table, folder / f"{place}.parquet")
            counts.add(table)
            files.append(DataFile(str(folder / f"{place}.parquet"), len(some), "0"))
    return Merged(tuple(files), counts)


def refused(night: Merged, most: float = 0.5) -> str | None:
    try:
        refuse_rejects(night, most, Storage.of(load_settings((), []).warehouse.s3))
    except AuditError as error:
        return str(error)
    return None


COMPANION = ("not_a_report", "feed.hl7", "", 3)
BAD = ("no_findings", "night/reports.zip", "p1/s2.txt", 0)


def test_companions_count_neither_as_rejected_nor_as_units(tmp_path: Path) -> None:
    assert refused(merged(tmp_path, *[COMPANION] * 1_000, ok=10)) is None
    assert refused(merged(tmp_path, *[COMPANION] * 1_000, BAD, ok=1)) is None
    assert refused(merged(tmp_path, *[COMPANION] * 1_000, BAD, BAD, ok=1), most=2 / 3) is None


def test_a_refusal_names_reasons_counts_and_places_and_how_to_look(tmp_path: Path) -> None:
    message = refused(merged(tmp_path, COMPANION, *[BAD] * 3, ("malformed", "b\n.txt", "", 7), ok=2))
    assert message is not None
    assert message.startswith(
        "4 of 6 units were rejected, more than source.max_rejected_fraction (0.5), besides 1 that are no reports:"
        " 3 no_findings (one is night/reports.zip member p1/s2.txt offset 0);"
    )
    assert r"1 malformed (one is 'b\n.txt' offset 7)" in message
    assert "1 not_a_report (one is feed.hl7 offset 3)" in message
    assert "nothing was committed" in message
    assert "source.max_rejected_fraction=1" in message
    assert "SELECT reason, source_uri, source_member, source_offset FROM reports" in message
    assert "secret" not in message


def test_nothing_but_companions_is_refused_unless_everything_is_allowed(tmp_path: Path) -> None:
    night = merged(tmp_path, COMPANION, COMPANION)
    assert str(refused(night)).startswith(
        "none of the 2 units is a report: 2 not_a_report (one is feed.hl7 offset 3); nothing"
    )
    assert refused(night, most=1) is None


@pytest.mark.parametrize("most", [0.0, 0.5, 1.0])
def test_a_night_without_units_and_one_of_good_reports_pass(tmp_path: Path, most: float) -> None:
    assert refused(Merged((), RowCounts(["reason"])), most) is None
    assert refused(merged(tmp_path, ok=3), most) is None
