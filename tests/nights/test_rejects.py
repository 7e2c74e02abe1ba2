from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.errors import AuditError
from radray.nights.rejects import refuse_rejects, refuse_withdrawn
from radray.settings.loading import load_settings
from radray.storage.files import Storage
from radray.tables.counts import RowCounts
from radray.tables.merge import Merged
from radray.tables.merging.data_files import DataFile


def merged(folder: Path, *rows: tuple[str | None, str, str, int], ok: int = 0) -> Merged:
    """Return what was merged: `ok` reports, and rejected units of reason, uri, member and offset."""
    first: dict[str, Any] = {"source_uri": "a.hl7", "source_member": "", "source_offset": 0, "findings": None}
    first |= {"reference": "secret"}
    values = [first | {"status": "ok", "reason": None, "unit_id": "ok"}] * ok
    names = ("reason", "source_uri", "source_member", "source_offset")
    for number, row in enumerate(rows, 1):
        text = "secret" if row[0] == "no_findings" else None
        rejected = {"status": "rejected", "reference": text, "unit_id": str(number)}
        values.append(first | rejected | dict(zip(names, row, strict=True)))
    counts, files = RowCounts(["reason"]), []
    for place, some in enumerate((values[: len(values) // 2], values[len(values) // 2 :])):
        if some:
            table = pa.Table.from_pylist(some)
            for name in ("reason", "findings", "reference"):
                table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.string()))
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
        " 3 no_findings (one is unit_id 2);"
    )
    assert "1 malformed (one is unit_id 5)" in message
    assert "1 not_a_report (one is unit_id 1)" in message
    assert "nothing was committed" in message
    assert "source.max_rejected_fraction=1" in message
    assert "SELECT unit_id, reason, source_uri, source_member, source_offset FROM reports" in message
    assert not any(word in message for word in ("secret", "zip", "p1/", "feed.hl7", ".txt"))


def test_nothing_but_companions_is_refused_unless_everything_is_allowed(tmp_path: Path) -> None:
    night = merged(tmp_path, COMPANION, COMPANION)
    assert str(refused(night)).startswith("none of the 2 units is a report: 2 not_a_report (one is unit_id 1); nothing")
    assert refused(night, most=1) is None


@pytest.mark.parametrize("most", [0.0, 0.5, 1.0])
def test_a_night_without_units_and_one_of_good_reports_pass(tmp_path: Path, most: float) -> None:
    assert refused(Merged((), RowCounts(["reason"])), most) is None
    assert refused(merged(tmp_path, ok=3), most) is None


def junk(file: str, units: int) -> list[tuple[str, str, str, int]]:
    return [("no_study_id", file, "", offset) for offset in range(units)]


def test_a_junk_file_counts_once_however_many_units_it_has(tmp_path: Path) -> None:
    assert refused(merged(tmp_path, *junk("x.jsonl", 5_000), ok=1_000)) is None
    three = [unit for name in "xyz" for unit in junk(name, 900)]
    assert refused(merged(tmp_path, *three, *[BAD] * 497, ok=500)) is None
    message = refused(merged(tmp_path, *three, *[BAD] * 500, ok=500))
    assert message is not None
    assert message.startswith(
        "3,200 of 3,700 units were rejected, more than source.max_rejected_fraction (0.5)"
        " (the 2,700 of 3 junk files count as one each):"
    )


def test_units_with_a_text_count_each_whatever_file_they_are_of(tmp_path: Path) -> None:
    renamed = [("no_findings", "main.jsonl", "", offset) for offset in range(1_001)]
    assert str(refused(merged(tmp_path, *renamed, ok=1_000))).startswith("1,001 of 2,001 units were rejected")


@pytest.mark.parametrize(
    ("empty", "ok", "is_refused"), [(600, 400, True), (950, 50, True), (1_000, 0, True), (400, 600, False)]
)
def test_a_lone_file_of_mostly_empty_reports_is_refused(tmp_path: Path, empty: int, ok: int, is_refused: bool) -> None:
    units = [("empty", "a.hl7", "", offset) for offset in range(empty)]
    assert (refused(merged(tmp_path, *units, ok=ok)) is not None) is is_refused


def test_empty_units_of_a_file_with_reports_count_each(tmp_path: Path) -> None:
    units = [("empty", "a.hl7", "", offset) for offset in range(600)]
    other = [("no_findings", "b.hl7", "", 0)]
    assert str(refused(merged(tmp_path, *units, *other, ok=400))).startswith("601 of 1,001 units were rejected")


@pytest.mark.parametrize(("files", "is_refused"), [(3, False), (4, True), (40, True)])
def test_a_feed_of_which_most_files_are_junk_is_refused(tmp_path: Path, files: int, is_refused: bool) -> None:
    night = merged(tmp_path, *[unit for file in range(files) for unit in junk(f"{file}.hl7", 1)], ok=4_000)
    message = refused(night)
    assert (message is not None) is is_refused
    if message is not None:
        assert message.startswith(f"{files} of {files + 1} files hold hardly a report, more than source.max_rejected_")


def test_an_archive_of_junk_is_one_junk_file(tmp_path: Path) -> None:
    units = [("malformed", "a.zip", f"{member}", 0) for member in range(2_000)]
    assert refused(merged(tmp_path, *units, ok=100)) is None
    message = refused(merged(tmp_path, *units, BAD, ok=1), most=0.6)
    assert message is not None
    assert "(the 2,000 of 1 junk files count as one each)" in message


def test_cancellations_are_neither_rejected_nor_units(tmp_path: Path) -> None:
    cancelled = [("cancelled", "z.hl7", "", offset) for offset in range(500)]
    assert refused(merged(tmp_path, *cancelled, ok=10)) is None
    assert refused(merged(tmp_path, *cancelled)) is None
    assert refused(merged(tmp_path, *cancelled, BAD, BAD, ok=1)) is not None


@pytest.mark.parametrize(
    ("withdrawn", "ok", "is_refused"), [(0, 0, False), (10, 0, False), (11, 0, True), (11, 99, False), (12, 99, True)]
)
def test_a_night_of_which_too_much_is_withdrawn_is_refused(withdrawn: int, ok: int, is_refused: bool) -> None:
    counts = RowCounts(["reason"])
    statuses = ["superseded"] * withdrawn + ["ok"] * ok
    reasons = ["withdrawn"] * withdrawn + [None] * ok
    counts.add(pa.table({"status": pa.array(statuses, pa.string()), "reason": pa.array(reasons, pa.string())}))
    if not is_refused:
        refuse_withdrawn(Merged((), counts), 0.1)
        return
    with pytest.raises(AuditError, match=rf"{withdrawn} of {withdrawn + ok} .*source\.max_withdrawn_fraction \(0\.1\)"):
        refuse_withdrawn(Merged((), counts), 0.1)
    refuse_withdrawn(Merged((), counts), 1.0)
