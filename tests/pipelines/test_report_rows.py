"""Which reports a run generates for, and that they are read as written."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.errors import StageError
from radray.pipelines.report_rows import ReadRows, SelectReports
from radray.reports.splits import SplitCut, report_units
from radray.settings.warehouse import S3Settings
from radray.storage.files import Storage
from tests.support.worlds.report_tables import reports

STORAGE = Storage.of(S3Settings())
CUT = SplitCut(validation_fraction=0.3, seed=1)


def test_validation_is_cut_from_train_and_nothing_is_lost() -> None:
    table = reports(200)
    train, validation = (
        report_units(table, CUT, split).column("unit_id").to_pylist() for split in ("train", "validation")
    )
    assert sorted(train + validation) == table.column("unit_id").to_pylist()
    assert 40 <= len(validation) <= 80  # 30 % of 200, and four sigmas
    assert CUT.split_of("test", "p1") == "test"
    assert CUT.split_of(None, "p1") is None
    assert SplitCut(0.0, 1).split_of("train", "p1") == "train"


def test_select_keeps_what_the_frozen_input_names_less_what_is_staged() -> None:
    table = pa.concat_tables([reports(50), reports(3, status="rejected"), reports(3, split="test")])
    frozen = report_units(table, CUT, "validation").column("unit_id").to_pylist()
    kept = SelectReports(CUT, "validation", frozenset())(table)
    assert sorted(kept.column("unit_id").to_pylist()) == frozen
    for staged in (frozen[:4], frozen[::2], frozen[-1:], frozen, ["zz", "", "u"]):
        kept = SelectReports(CUT, "validation", frozenset(staged))(table)
        assert sorted(kept.column("unit_id").to_pylist()) == sorted(set(frozen) - set(staged))
    none = SelectReports(CUT, "validation", frozenset(frozen))(table.slice(0, 0))
    assert none.num_rows == 0


def test_a_flipped_bit_in_a_data_file_ends_the_run_and_is_never_a_report(tmp_path: Path) -> None:
    file = tmp_path / "part.parquet"
    rows = reports(500, findings="Small left effusion, CANARY.", unit_id="u")
    pq.write_table(rows, file, write_page_checksum=True, compression="none")
    read = ReadRows(STORAGE)
    batch = pa.table({"uri": [str(file)]})
    assert pa.concat_tables(read(batch)).equals(rows)
    whole = file.read_bytes()
    at = whole.index(b"CANARY")
    file.write_bytes(whole[:at] + b"K" + whole[at + 1 :])
    assert "KANARY" in pq.read_table(file).column("findings")[0].as_py()  # unchecked, it is read as text
    with pytest.raises(StageError, match=r"ReadRows: OSError at .*, 1 data files") as caught:
        list(read(batch))
    assert "ANARY" not in str(caught.value)


def test_a_data_file_from_before_some_columns_reads_null_in_them(tmp_path: Path) -> None:
    file = tmp_path / "part.parquet"
    rows = reports(3)
    later = ["modality", "comparison_state"]
    pq.write_table(rows.drop_columns(later), file, write_page_checksum=True)
    (read,) = ReadRows(STORAGE)(pa.table({"uri": [str(file)]}))
    assert read.column_names == rows.column_names
    assert read.select(later).to_pylist() == [dict.fromkeys(later)] * 3
    assert read.drop_columns(later).equals(rows.drop_columns(later))
    # what every version wrote must be there
    pq.write_table(rows.drop_columns(["unit_id"]), file, write_page_checksum=True)
    with pytest.raises(StageError, match="ReadRows: KeyError"):
        list(ReadRows(STORAGE)(pa.table({"uri": [str(file)]})))
