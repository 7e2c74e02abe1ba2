import datetime
import decimal
import gzip
import hashlib
import io
import json
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.formats.parquet import count, read
from radray.reports.record.fields import Fields
from radray.reports.record.record import Record
from radray.schema.statuses import RejectReason

COLUMNS = {"study_id": ["01", "2"], "findings": ["Clear.", "Fine ."], "impression": ["1. Normal", None]}


def written(columns: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), file, **options)
    return file.getvalue()


DEFAULT = Fields()


def rows(data: Any, fields: Any = DEFAULT) -> list[Record]:
    data = data if isinstance(data, bytes) else written(data)
    records = list(read(io.BytesIO(data), fields))
    assert count(io.BytesIO(data), fields) == len(records)
    assert [record.offset for record in records] == list(range(len(records)))
    return records


def test_a_row_is_read() -> None:
    first, second = rows(COLUMNS)
    assert (first.study_id, first.findings, first.reference, first.reason) == ("01", "Clear.", "Normal", None)
    assert (second.study_id, second.findings, second.reference, second.reason) == ("2", "Fine.", None, None)
    content = json.dumps({"study_id": "01", "findings": "Clear.", "impression": "1. Normal"})
    assert first.source_digest == hashlib.sha256(content.encode()).hexdigest()


@pytest.mark.parametrize(
    ("column", "ids"),
    [
        ([1, 2], ["1", "2"]),
        (pa.array([1, 2], pa.uint64()), ["1", "2"]),
        ([decimal.Decimal("5.00"), decimal.Decimal("5.50")], ["5", None]),
        ([1.0, 2.0], [None, None]),
        ([True, None], [None, None]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
        (pa.array(["a", "b"], pa.string_view()), ["a", "b"]),
    ],
)
def test_ids_are_strings_or_whole_numbers(column: Any, ids: Any) -> None:
    records = rows({**COLUMNS, "study_id": column})
    assert [record.study_id for record in records] == ids
    assert {record.reason for record in records if record.study_id is None} <= {
        RejectReason.BAD_ID,
        RejectReason.NO_STUDY_ID,
    }


@pytest.mark.parametrize(
    "type_",
    [
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ],
)
def test_texts_are_any_kind_of_string(type_: pa.DataType) -> None:
    assert [record.findings for record in rows({**COLUMNS, "findings": pa.array(["a b", "c"], type_)})] == ["a b", "c"]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([datetime.datetime(2024, 1, 1, 9, tzinfo=datetime.UTC)] * 2, pa.timestamp("ns", tz="Europe/Zurich")),
        pa.array([datetime.datetime(2024, 1, 1, 9)] * 2, pa.timestamp("ms")),
        ["2024-01-01T10:00:00+01:00"] * 2,
    ],
)
def test_times_are_utc(column: Any) -> None:
    assert {record.exam_time for record in rows({**COLUMNS, "exam_time": column})} == {datetime.datetime(2024, 1, 1, 9)}


def test_dates_are_midnight_and_what_is_no_time_is_none() -> None:
    columns = {**COLUMNS, "exam_time": [datetime.date(2024, 1, 1), None], "report_time": [7, 8]}
    first, second = rows(columns)
    assert (first.exam_time, first.report_time) == (datetime.datetime(2024, 1, 1), None)
    assert (second.exam_time, second.reason) == (None, None)


def test_no_rows_give_no_records() -> None:
    assert rows(pa.table(COLUMNS).slice(0, 0)) == []


def test_names_are_a_setting_and_pairs_are_read() -> None:
    (record, _) = rows({"acc": ["1", "2"], "text": ["FINDINGS: Clear.", ""]}, Fields(study_id="acc", report="text"))
    assert (record.study_id, record.findings) == ("1", "Clear.")
    (pair,) = rows({"study_id": ["1"], "prompt": ["Clear."], "completion": ["Normal."]})
    assert (pair.findings, pair.reference) == ("Clear.", "Normal.")


def test_a_member_of_an_archive_is_held() -> None:
    data = written(COLUMNS)
    stream = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data)))
    assert list(read(cast(BinaryIO, stream))) == rows(data)


def test_a_name_that_was_set_is_wanted() -> None:
    with pytest.raises(
        InputError, match=r"no column radiology_text: .* found 3 names, study_id, findings, impression among them; see"
    ):
        rows(COLUMNS, Fields(report="radiology_text"))


def test_columns_are_named_only_if_they_are_known() -> None:
    with pytest.raises(InputError, match="found 3 names, findings among them") as refused:
        rows({"Quanterfield": ["a"], "Lungs are clear.": ["b"], "findings": ["c"]})
    assert not {"Lungs", "Quanterfield"} & set(str(refused.value).replace(",", " ").split())


def test_row_groups_and_batches_are_joined() -> None:
    many = {"study_id": [str(i) for i in range(5000)], "findings": ["Clear."] * 5000}
    assert [record.study_id for record in rows(written(many, row_group_size=1500))] == many["study_id"]


GOOD = written(
    {"study_id": [str(i) for i in range(200)], "findings": [f"Clear {i}." for i in range(200)]},
    write_page_checksum=True,
    row_group_size=50,
)


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_byte_that_changed_costs_rows_or_the_file(place: int, change: int) -> None:
    data = bytearray(GOOD)
    data[place] ^= change
    try:
        expected = count(io.BytesIO(bytes(data)))
    except InputError:
        return
    assert len(list(read(io.BytesIO(bytes(data))))) == expected


def test_rows_left_of_a_file_that_shares_its_text_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radray.reports.formats.parquet.BOMB_BYTES", 50_000)
    monkeypatch.setattr("radray.reports.formats.parquet.MAX_RATIO", 2)
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 20, pa.int32()), ["The lungs are clear. " * 480])
    table = pa.table({"study_id": [str(n) for n in range(20)], "findings": texts})
    reasons = [record.reason for record in rows(written(table, compression="zstd", row_group_size=4))]
    assert reasons == [None] * 5 + [RejectReason.TOO_LARGE] * 15
