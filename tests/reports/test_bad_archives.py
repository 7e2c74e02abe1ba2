"""The catalogue of bad archives, XML and tables, read by the readers alone."""

import collections
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from radray.errors import InputError
from radray.reports.archives.container import list_members, open_members, read_members
from radray.reports.formats.registry import DOCUMENTS, RECORDS
from radray.reports.record.record import Record, rejected_record
from radray.schema.statuses import RejectReason, ReportStatus
from tests.support.inputs import bad_archives, bad_tables
from tests.support.inputs.bad_input import BadInput

INPUTS = [*bad_archives.INPUTS, *bad_tables.INPUTS]


def records_of(path: Path, format_: str) -> Iterator[Record]:
    """All records of a file or folder: what the prepare job does, in one process."""
    for file in sorted(path.rglob("*.*")) if path.is_dir() else [path]:
        with file.open("rb") as stream:
            members = list_members(stream)
            if format_ in DOCUMENTS:
                for member, data in read_members(stream, members):
                    if isinstance(data, RejectReason):
                        yield rejected_record(member.name, member.occurrence, "", data)
                    else:
                        yield DOCUMENTS[format_].read(data, member.name or file.name)
                continue
            for member, opened in open_members(stream, members):
                if isinstance(opened, RejectReason):
                    yield rejected_record(member.name, 0, "", opened)
                else:
                    records = list(RECORDS[format_].read(opened))
                    ((_, again),) = open_members(stream, [member])
                    assert not isinstance(again, RejectReason)
                    assert RECORDS[format_].count(again) == len(records)
                    assert [record.offset for record in records] == list(range(len(records)))
                    yield from records


@pytest.mark.parametrize("bad", INPUTS, ids=[f"{bad.format}: {bad.kind}: {bad.what}" for bad in INPUTS])
def test_it_is_answered_as_the_catalogue_says(bad: BadInput, tmp_path: Path) -> None:
    path = bad.make(tmp_path)
    start = time.perf_counter()
    if bad.error == "no file":
        with path.open("rb") as stream:
            assert list_members(stream) == []
        return
    if bad.rows is None:
        with pytest.raises(InputError) as refused:
            list(records_of(path, bad.format))
        assert bad.error in str(refused.value)
        return
    records = list(records_of(path, bad.format))
    outcomes: collections.Counter[str] = collections.Counter()
    for record in records:
        outcomes[record.reason.value if record.reason else "ok"] += 1
        assert (record.reason is None) == (record.status is ReportStatus.OK)
        for text in (record.member, record.study_id, record.findings, record.reference, record.reference_raw):
            assert (text or "").encode() is not None
    assert outcomes == collections.Counter(bad.rows)
    assert time.perf_counter() - start < 20  # no hang; the slowest takes 3 s, a bomb of 256 MiB


def test_kinds_have_names_of_their_own() -> None:
    assert len({(bad.kind, bad.what) for bad in INPUTS}) == len(INPUTS)
    assert len({bad.kind for bad in INPUTS}) >= 50
    assert all((bad.rows is None) != (bad.error is None) for bad in INPUTS)
