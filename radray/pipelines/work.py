"""Units of work: what one task reads of the frozen files of a source, and the rows that must come of it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

from radray.errors import InputError, RadrayError
from radray.messages import file_name
from radray.reports.archives.container import Member
from radray.reports.formats.registry import DocumentFormat, RecordFormat, get_format
from radray.reports.record.fields import Fields
from radray.schema.statuses import RejectReason
from radray.storage.failures import cause, lever
from radray.storage.files import FrozenFile, Storage, is_s3

REPORTS_A_TASK = 2_000
"""Reports a task parses: about 0.5 s of work and 2 MB of rows, so that blocks stay small and many."""

BUFFER_BYTES = 4 << 20
"""Read at once of an archive: its members lie one after the other, and on S3 each read is a request."""

_OCCURRENCE = 10**12
"""Offset of the first record of a second member of one name: more records than any file has."""


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """What one task reads: some files of a folder, some members of an archive, or one whole file."""

    files: tuple[FrozenFile, ...]
    format: str
    """As in source.format; auto for files whose format nobody recognised, which have a problem."""
    members: tuple[Member, ...] = ()
    """Members of the one archive; () otherwise."""
    counts: tuple[int, ...] = ()
    """Of a format with many reports a file: the records of the one file, or of each of `members`; () otherwise."""
    problem: RejectReason | None = None
    """Why nothing of the one file, or of its `members`, can be read: a row for each says so."""
    ended_reader: bool = False
    """Whoever read it ended with its process: it is not read again, and each row that was planned says so."""

    def places(self) -> Iterator[tuple[str, int]]:
        """Yield the member ('' for a whole file) and the offset of each row that must come of each of `files`."""
        members = self.members or (_WHOLE,)
        if self.problem is not None:
            yield from ((member.name, offset_base(member)) for member in members)
        elif self.counts:
            for member, count in zip(members, self.counts, strict=True):
                yield from ((member.name, offset_base(member) + place) for place in range(count))
        else:
            yield from ((member.name, member.occurrence) for member in members)


_WHOLE = Member("", 0, None, None, 0)


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """A work unit and the rows that must come of it."""

    work: WorkUnit
    unit_ids: tuple[str, ...]

    def halves(self) -> "list[PlannedUnit]":
        """Return the unit as two, each with half of the files or members; itself alone where there is but one."""
        work = self.work
        if len(work.files) > 1:
            half = ids = len(work.files) // 2
            works = (replace(work, files=work.files[:half]), replace(work, files=work.files[half:]))
        elif len(work.members) > 1:
            half = len(work.members) // 2
            ids = sum(work.counts[:half]) if work.counts else half
            works = (
                replace(work, members=work.members[:half], counts=work.counts[:half]),
                replace(work, members=work.members[half:], counts=work.counts[half:]),
            )
        else:
            return [self]
        return [PlannedUnit(works[0], self.unit_ids[:ids]), PlannedUnit(works[1], self.unit_ids[ids:])]

    def set_aside(self) -> "PlannedUnit":
        """Return the unit as one whose reader ended."""
        return replace(self, work=replace(self.work, ended_reader=True))


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """How the source is read."""

    format: str
    """As in source.format; auto: each file in the format that is recognised in it."""
    fields: Fields
    dataset: str

    def open(self, format_: str) -> DocumentFormat | RecordFormat:
        """Return what reads `format_`, which is never auto."""
        return get_format(format_, self.fields)


def offset_base(member: Member) -> int:
    """Return the offset of the first record of a member of an archive."""
    return member.occurrence * _OCCURRENCE


@contextmanager
def opened(storage: Storage, file: FrozenFile) -> Iterator[BinaryIO]:
    """Open a file of the frozen input. Raises InputError for one on disk that cannot be opened.

    What S3 refuses, also while the file is read, is a RadrayError, which no reader and no quarantine takes for a fault
    of the file.
    """
    try:
        stream = storage.open_frozen(file)
    except InputError as error:
        raise (RadrayError(f"{error}; run again") if is_s3(file.uri) else error) from None
    with stream as raw:
        if not is_s3(file.uri):
            yield raw
            return
        yield io.BufferedReader(_Remote(raw, file_name(file.path)), BUFFER_BYTES)


class _Remote(io.RawIOBase):
    """A stream from S3 whose own errors are no reader's to judge."""

    def __init__(self, raw: BinaryIO, name: str) -> None:
        self._raw = raw
        self._name = name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        try:
            data = self._raw.read(len(buffer))
        except Exception as error:  # smart_open's, boto's and urllib3's have no common class
            raise RadrayError(f"{self._name}: cannot be read: {cause(error)}: {lever(error)}; run again") from None
        buffer[: len(data)] = data
        return len(data)
