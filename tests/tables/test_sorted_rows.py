"""Staged rows in order: the same whatever they hold, and in memory that has no room for them all."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.errors import RadrayError
from radray.schema.reports import REPORTS
from radray.tables.merging import sorted_rows as module
from radray.tables.merging.sorted_rows import sorted_rows
from radray.tables.rows import to_arrow
from tests.support.worlds.tables import report_rows


def stage(folder: Path, rows: int, characters: int, a_file: int = 100) -> list[str]:
    """Return files of `rows` reports, whose order is not that of their studies, each with three texts."""
    files = []
    units = [hashlib.sha256(str(n).encode()).hexdigest()[:16] for n in range(rows)]
    for start in range(0, rows, a_file):
        some = report_rows(units[start : start + a_file], "k", "r").to_pylist()
        # no two texts are the same: Parquet, or DuckDB, would hold them once
        texts = [(f"{row['unit_id']} clear. " * (characters // 24 + 1))[:characters] for row in some]
        some = [row | {"findings": text, "reference": text} for row, text in zip(some, texts, strict=True)]
        some = [row | {"sections": [{"name": "findings", "start": 0, "text": row["findings"]}]} for row in some]
        files.append(f"{folder}/{start}.parquet")
        pq.write_table(to_arrow(some, REPORTS), files[-1], compression="zstd")
    return files


def table(files: list[str]) -> pa.Table:
    return pa.Table.from_batches(sorted_rows(files, REPORTS))


def test_slices_follow_each_other_in_the_order_of_studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = stage(tmp_path, 300, 500)
    whole = table(files)
    studies = whole["study_id"].to_pylist()
    assert len(studies) == 300
    assert studies == sorted(studies)
    monkeypatch.setattr(module, "SLICE_BYTES", 60_000)
    assert len(list(sorted_rows(files, REPORTS))) > 5
    assert table(files).equals(whole)


def test_no_rows_give_nothing(tmp_path: Path) -> None:
    pq.write_table(to_arrow([], REPORTS), tmp_path / "none.parquet")
    assert list(sorted_rows([str(tmp_path / "none.parquet")], REPORTS)) == []


@pytest.mark.parametrize(("rows", "characters"), [(400, 100_000), (16_000, 2_500)], ids=["wide", "many"])
def test_rows_of_more_text_than_there_is_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, characters: int
) -> None:
    files = stage(tmp_path, rows, characters, a_file=max(10, 2_000_000 // characters))
    monkeypatch.setattr(module, "SORT_MEMORY", "100MB")
    monkeypatch.setattr(module, "SLICE_BYTES", 25 << 20)
    assert table(files).num_rows == rows
    monkeypatch.setattr(module, "SLICE_BYTES", 1 << 40)
    with pytest.raises(RadrayError, match="OutOfMemoryException"):  # sorted at once they do not fit
        table(files)
