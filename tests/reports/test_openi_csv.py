import collections
import csv
import hashlib
import io
from collections.abc import Generator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.formats.openi_csv import count, read
from radray.reports.record.record import Record
from radray.schema.statuses import RejectReason, ReportStatus
from tests.support.inputs.mutate import mutations
from tests.support.paths import openi_file

HEADER = b"uid,MeSH,Problems,image,indication,comparison,findings,impression\n"
REAL = openi_file()


def rows(data: bytes) -> list[Record]:
    file = io.BytesIO(data)
    records = list(read(file))
    assert not file.closed
    assert count(io.BytesIO(data)) == len(records)
    assert [record.offset for record in records] == list(range(len(records)))
    return records


def test_a_row_is_read() -> None:
    data = HEADER + b'9,Lung/base;Opacity,Lung,Chest  PA,Cough,None,"Clear, but\nXXXX .",1. Normal..\n'
    content = b'["9", "Lung/base;Opacity", "Lung", "Chest  PA", "Cough", "None", "Clear, but\\nXXXX .", "1. Normal.."]'
    assert rows(data) == [
        Record(
            member="",
            offset=0,
            source_digest=hashlib.sha256(content).hexdigest(),
            status=ReportStatus.OK,
            study_id="9",
            background="Indication: Cough Comparison: None",
            indication="Cough",
            comparison="None",
            findings="Clear, but ___.",
            reference="Normal.",
            reference_raw="1. Normal..",
            exam_description="Chest PA",
            human_codes="Lung/base;Opacity",
            impression_items=("Normal.",),
            comparison_state="none",
            modality="CR",
            body_part="chest",
        )
    ]


def test_columns_come_in_any_order_and_case_and_only_three_are_needed() -> None:
    (record,) = rows(b"\xef\xbb\xbfImpression, UID ,findings\r\nNormal,9,Clear\r\n")
    assert (record.study_id, record.findings, record.reference, record.background) == ("9", "Clear", "Normal", None)


def test_a_row_that_is_not_whole_costs_a_row() -> None:
    data = b"uid,findings,impression\n1,Clear\n\n2,Clear,Normal,more\n3,Clear,Normal\n,Clear,Normal\n4,,Normal\n"
    assert [(record.study_id, record.reason) for record in rows(data)] == [
        (None, RejectReason.MALFORMED),
        (None, RejectReason.MALFORMED),
        ("3", None),
        (None, RejectReason.NO_STUDY_ID),
        ("4", RejectReason.NO_FINDINGS),
    ]


def test_rows_are_utf8_or_windows_1252() -> None:
    data = b"uid,findings,impression\n1,30\xc2\xb0 angle,a\n2,30\xb0 angle,b\n3,30\x81 angle,c\n"
    assert [(record.study_id, record.findings, record.reason) for record in rows(data)] == [
        ("1", "30\u00b0 angle", None),
        ("2", "30\u00b0 angle", None),
        (None, None, RejectReason.BAD_ENCODING),
    ]


def test_the_error_a_spreadsheet_left_is_a_blank_cell() -> None:
    (record,) = rows(b"uid,findings,impression,indication\n1,Clear,Normal,#NAME?\n")
    assert (record.indication, record.background) == (None, None)


def test_a_cell_over_the_csv_modules_limit_is_read_and_the_limit_restored() -> None:
    limit = csv.field_size_limit()
    (record,) = rows(b"uid,findings,impression\n1," + b"clear " * 30_000 + b",Normal\n")
    assert record.findings == "clear " * 29_999 + "clear"
    assert csv.field_size_limit() == limit


def test_a_file_without_rows_has_no_records() -> None:
    assert rows(b"uid,findings,impression\n") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: expected a header with the columns uid, findings, impression"),
        (b"\n\n", "is empty"),
        (
            b"uid,impression\n1,a\n",
            "no column findings: expected uid, findings, impression; found 2 names, uid, impression among them$",
        ),
        (b"a,b\n1,2\n", "no column uid or findings or impression: .*; found 2 names, none of them known$"),
        (b"1,secret,Clear lungs.\n", "found 3 names, none of them known$"),
        (b"uid;findings;impression\n", "found 1 names, none of them known$"),
        ("uid,findings,impression\n".encode("utf-16-le"), "a first line that is bad encoding$"),
        (
            b"uid,findings,findings,impression\n",
            "has a duplicate column; found 4 names, uid, findings, impression among them$",
        ),
    ],
)
def test_another_header_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        list(read(io.BytesIO(data)))
    assert "secret" not in str(refused.value)
    with pytest.raises(InputError, match=message):
        count(io.BytesIO(data))


def test_reading_may_stop_half_way() -> None:
    file = io.BytesIO(b"uid,findings,impression\n" + b"1,Clear,Normal\n" * 5)
    records = read(file)
    assert next(records).study_id == "1"
    file.close()
    cast(Generator[Record], records).close()


@given(st.binary(), st.booleans())
def test_any_bytes_give_records_or_an_input_error(data: bytes, headed: bool) -> None:
    data = HEADER + data if headed else data
    try:
        expected = count(io.BytesIO(data))
    except InputError:
        assert not headed
    else:
        assert len(list(read(io.BytesIO(data)))) == expected


def test_mutated_files_give_as_many_records_as_are_counted() -> None:
    data = HEADER + b'9,a/b;c,a,Chest PA,Cough,None,"Clear, ""but""\nXXXX .",1. Normal..\n' * 5
    for mutated in mutations(data, seed=5, count=200):
        try:
            rows(mutated)
        except InputError:
            with pytest.raises(InputError):
                count(io.BytesIO(mutated))


def test_all_studies_of_the_real_file_are_accounted_for() -> None:
    if not REAL.is_file():
        pytest.skip(f"the Open-i reports are not here: {REAL}")
    with REAL.open("rb") as file:
        records = list(read(file))
        file.seek(0)
        assert count(file) == 1904
    outcomes = collections.Counter((record.status, record.reason, record.reference is not None) for record in records)
    assert outcomes == {
        (ReportStatus.OK, None, True): 1384,
        (ReportStatus.OK, None, False): 6,
        (ReportStatus.REJECTED, RejectReason.NO_FINDINGS, True): 489,
        (ReportStatus.REJECTED, RejectReason.EMPTY, False): 25,
    }
    assert len({record.study_id for record in records}) == 1904
    assert {record.subject_id for record in records} == {None}
