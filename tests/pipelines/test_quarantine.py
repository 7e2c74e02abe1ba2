"""Whatever a reader does, a file is the rows that were planned of it, and no error of a disk is held against it."""

import errno
from collections.abc import Iterator

import pytest

from radray.errors import InputError, RadrayError
from radray.pipelines.quarantine import document_or_reason, exactly, reason_of
from radray.reports.archives.container import BrokenStream
from radray.reports.record.record import Record, rejected_record
from radray.schema.statuses import RejectReason, ReportStatus


def records(number: int, error: BaseException | None = None) -> Iterator[Record]:
    """Yield `number` ok records, then raise `error`."""
    for offset in range(number):
        yield Record("", offset, "d", ReportStatus.OK)
    if error is not None:
        raise error


def outcome(count: int, given: Iterator[Record]) -> list[str]:
    rows = list(exactly(count, given))
    assert [row.offset for row in rows] == list(range(count))
    return [row.reason.value if row.reason else row.status.value for row in rows]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InputError("secret"), "malformed"),
        (ValueError("secret"), "malformed"),
        (RecursionError(), "malformed"),
        (MemoryError(), "too_large"),
        (OSError("no errno: pyarrow, of data"), "malformed"),
        (OSError(errno.EINVAL, "a seek to where data says"), "malformed"),
        (BrokenStream(RejectReason.TRUNCATED), "truncated"),
        (BrokenStream(RejectReason.TOO_LARGE), "too_large"),
    ],
)
def test_the_rows_after_an_error_are_rejected_with_its_reason(error: Exception, reason: str) -> None:
    assert outcome(4, records(2, error)) == ["ok", "ok", reason, reason]
    assert outcome(2, records(2, error)) == ["ok", "ok"]
    assert outcome(0, records(0, error)) == []


def test_too_few_records_are_filled_up_and_too_many_are_shown() -> None:
    assert outcome(3, records(1)) == ["ok", "malformed", "malformed"]
    assert outcome(3, records(3)) == ["ok"] * 3
    assert outcome(3, records(9)) == ["ok", "ok", "malformed"]
    assert outcome(0, records(2)) == []


@pytest.mark.parametrize("error", [RadrayError("S3"), OSError(errno.EIO, "disk"), TimeoutError(errno.ETIMEDOUT, "net")])
def test_what_is_no_fault_of_the_file_ends_the_run(error: Exception) -> None:
    with pytest.raises(type(error)):
        list(exactly(4, records(2, error)))
    with pytest.raises(type(error)):
        reason_of(error)


def test_a_document_is_its_record_or_a_reason() -> None:
    record = rejected_record("", 0, "d", RejectReason.EMPTY)
    assert document_or_reason(lambda: record) is record

    def fail() -> Record:
        raise KeyError("secret")

    assert document_or_reason(fail) is RejectReason.MALFORMED


def test_the_log_names_the_class_and_place_of_an_error_only(caplog: pytest.LogCaptureFixture) -> None:
    reason_of(InputError("secret"))
    assert caplog.messages == []
    try:
        list(records(0, ZeroDivisionError("secret")))
    except ZeroDivisionError as error:
        reason_of(error)
    assert len(caplog.messages) == 1
    assert "ZeroDivisionError at test_quarantine.py" in caplog.messages[0]
    assert "secret" not in caplog.text
