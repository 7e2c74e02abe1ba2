import gzip
import io
from typing import BinaryIO, cast

import pytest

from radray.errors import InputError
from radray.reports.archives.container import list_members, open_members
from radray.reports.formats.mimic_sectioned_csv import count, read
from radray.reports.record.record import Record
from radray.schema.statuses import RejectReason
from tests.support.inputs.mutate import mutations

HEADER = b"study,impression,findings,last_paragraph,comparison\r\n"


def rows(data: bytes) -> list[Record]:
    records = list(read(io.BytesIO(data)))
    assert count(io.BytesIO(data)) == len(records)
    assert [record.offset for record in records] == list(range(len(records)))
    return records


def test_a_row_is_read() -> None:
    (record,) = rows(HEADER + b's50414267,"1. Small nodule.\n2. No effusion.",A 5 mm nodule.,,None.\r\n')
    assert (record.member, record.study_id, record.subject_id, record.reason) == ("", "50414267", None, None)
    assert (record.findings, record.reference) == ("A 5 mm nodule.", "Small nodule. No effusion.")
    assert record.reference_raw == "1. Small nodule.\n2. No effusion."
    assert (record.background, record.comparison) == ("Comparison: None.", "None.")


@pytest.mark.parametrize(
    ("study", "study_id"), [("s50414267", "50414267"), ("50414267", "50414267"), ("s1", "s1"), ("007", "007")]
)
def test_the_letter_of_a_study_goes_and_nothing_else(study: str, study_id: str) -> None:
    (record,) = rows(HEADER + f"{study},Normal.,Clear.,,\n".encode())
    assert record.study_id == study_id


def test_the_last_paragraph_is_used_for_nothing() -> None:
    data = HEADER + (
        b"s50000001,,,Clear lungs. Normal chest.,\n"
        b"s50000002,Normal.,,Clear lungs.,\n"
        b"s50000003,,Clear.,Normal chest.,\n"
        b"s50000004,,,,None.\n"
        b"s50000005,,, ,\n"
    )
    records = rows(data)
    assert [record.reason for record in records] == [
        RejectReason.NO_SECTIONS,
        RejectReason.NO_FINDINGS,
        None,
        RejectReason.EMPTY,
        RejectReason.EMPTY,
    ]
    assert (records[2].findings, records[2].reference, records[2].background) == ("Clear.", None, None)
    assert not any("lungs" in (record.findings or "") + (record.background or "") for record in records)


def test_a_header_without_its_columns_is_refused() -> None:
    with pytest.raises(InputError, match="no column last_paragraph: expected"):
        rows(b"study,impression,findings\n")


def test_mutated_gzip_files_give_as_many_records_as_are_counted() -> None:
    data = HEADER + b's50414267,"1. Small nodule.\n2. No effusion.",A 5 mm nodule.,,None.\r\n' * 20
    counted = 0
    for mutated in mutations(gzip.compress(data, 1), seed=8, count=200):
        file = io.BytesIO(mutated)
        members = list_members(file)
        try:
            expected = [count(cast(BinaryIO, stream)) for _, stream in open_members(file, members)]
        except InputError:
            continue
        assert [len(list(read(cast(BinaryIO, stream)))) for _, stream in open_members(file, members)] == expected
        counted += 1
    assert counted > 20
