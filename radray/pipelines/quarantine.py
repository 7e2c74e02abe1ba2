"""A file or member costs its own rows and no others: whatever its reader does, what was planned of it are rows."""

import errno
import logging
from collections.abc import Callable, Iterator

from radray.console import log_warning
from radray.errors import InputError, RadrayError
from radray.pipelines.stage import innermost_frame
from radray.reports.record.record import SECONDS_A_RECORD, Record, rejected_record
from radray.schema.statuses import RejectReason
from radray.time_limit import TimeLimitError, time_limit

SECONDS_TO_THE_NEXT = 300.0
"""Time from one record of a file to the next, which may be a slow store's; the texts of each have a limit of their
own."""

_LOG = logging.getLogger(__name__)

_OF_THE_DISK = frozenset(
    {errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT}
    | {errno.ENOTCONN, errno.ECONNRESET, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EMFILE, errno.ENFILE}
)


def reason_of(error: Exception) -> RejectReason:
    """Return why a file is set aside whose reader raised `error`: its own reason, TOO_LARGE, else MALFORMED.

    Raises `error` again where it is not about the file: any RadrayError but an InputError, and what a disk or a network
    refuses.
    """
    # pyarrow's errors about data are OSErrors without an errno, those of a seek to a place that data names have EINVAL
    is_of_the_disk = isinstance(error, OSError) and error.errno in _OF_THE_DISK
    if is_of_the_disk or (isinstance(error, RadrayError) and not isinstance(error, InputError)):
        raise error
    reason = getattr(error, "reason", None)
    if isinstance(reason, RejectReason):
        return reason
    if isinstance(error, MemoryError):
        return RejectReason.TOO_LARGE
    if not isinstance(error, InputError):
        log_warning(_LOG, f"a file was set aside: {type(error).__name__} at {innermost_frame(error)}")
    return RejectReason.MALFORMED


def document_or_reason(read: Callable[[], Record]) -> Record | RejectReason:
    """Return the record that `read` returns, or why there is none; TIMEOUT after SECONDS_A_RECORD."""
    try:
        with time_limit(SECONDS_A_RECORD):
            return read()
    except TimeLimitError:
        return RejectReason.TIMEOUT
    except Exception as error:
        return reason_of(error)


def exactly(count: int, records: Iterator[Record]) -> Iterator[Record]:
    """Yield `count` records, those of `records` as far as there are any; the others are rejected with the reason.

    A file that turns out to hold more than was counted is MALFORMED in its last row: the further ones have none. Where
    the next record takes longer than SECONDS_TO_THE_NEXT, those that are left are TIMEOUT, without a digest.
    """
    given = 0
    reason = RejectReason.MALFORMED
    waiting: Record | None = None
    try:
        for record in _each(records):
            if given + (waiting is not None) == count:
                waiting = None
                break
            if waiting is not None:
                yield waiting
                given += 1
            waiting = record
    except TimeLimitError:
        reason = RejectReason.TIMEOUT
    except Exception as error:
        reason = reason_of(error)
    if waiting is not None:
        yield waiting
        given += 1
    for offset in range(given, count):
        yield rejected_record("", offset, "", reason)


def _each(records: Iterator[Record]) -> Iterator[Record]:
    """Yield `records`. Raises TimeLimitError where the next takes longer than SECONDS_TO_THE_NEXT."""
    while True:
        with time_limit(SECONDS_TO_THE_NEXT):
            record = next(records, None)
        if record is None:
            return
        yield record
