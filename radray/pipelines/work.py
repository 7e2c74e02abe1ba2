"""Units of work: the frozen files of a source, cut into tasks of about the same number of reports."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeVar, cast

from radray.errors import InputError
from radray.reports.archives.container import BrokenStream, Member, container, list_members, open_members
from radray.reports.formats.detect import HEAD_BYTES, Origin, detect
from radray.reports.formats.registry import DocumentFormat, RecordFormat, get_format
from radray.reports.record.fields import Fields
from radray.reports.record.identity import unit_id
from radray.schema.statuses import RejectReason
from radray.storage.files import FrozenFile, Storage, is_s3

REPORTS_A_TASK = 2_000
"""Reports a task parses: about 0.5 s of work and 2 MB of rows, so that blocks stay small and many."""

BUFFER_BYTES = 4 << 20
"""Read at once of an archive: its members lie one after the other, and on S3 each read is a request."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """What one task reads: some files of a folder, some members of an archive, or one whole file."""

    files: tuple[FrozenFile, ...]
    members: tuple[Member, ...] = ()
    """Members of the one archive; () otherwise."""
    problem: RejectReason | None = None
    """Why nothing of the one file can be read: one row says so."""


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """A work unit and the rows that must come of it."""

    work: WorkUnit
    unit_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """How the source is read."""

    format: str
    """As in source.format, but never auto."""
    fields: Fields
    dataset: str

    def open(self) -> DocumentFormat | RecordFormat:
        """Return what reads it."""
        return get_format(self.format, self.fields)


def detect_format(storage: Storage, files: Sequence[FrozenFile]) -> str:
    """Return the format of `files` by names and first bytes: of the first one's members when it is an archive.

    Raises InputError when it is not known.
    """
    first = files[0]
    with _named(first), _opened(storage, first) as stream:
        members = {member.name: member for member in list_members(stream)}
        if list(members) != [""]:
            origin: Origin = "zip" if _container(stream) == "zip" else "tar"
            return detect(origin, list(members), lambda name: _head_of(stream, members[name]))
    by_path = {file.path: file for file in files}

    def head(path: str) -> bytes:
        with _opened(storage, by_path[path]) as stream:
            return _head_of(stream, *list_members(stream)[:1])

    return detect("file" if len(files) == 1 and "/" not in first.path else "folder", list(by_path), head)


def plan(storage: Storage, files: Sequence[FrozenFile], source: SourceSpec) -> list[PlannedUnit]:
    """Return the work of `files` in order; together its unit_ids are the frozen input, each once.

    A file that is not of the format is one row among several files. Raises InputError when none of them is of it.
    """
    reader = source.open()
    units: list[PlannedUnit] = []
    documents: list[FrozenFile] = []
    first_error: InputError | None = None
    readable = False
    for file in files:
        try:
            with _named(file), _opened(storage, file) as stream:
                kind = _container(stream)
                if kind == "none" and isinstance(reader, DocumentFormat):
                    documents.append(file)
                    readable = readable or reader.is_report(file.path)
                    continue
                planned = list(_units_of(file, stream, kind, reader, source.dataset))
        except InputError as error:
            first_error = first_error or error
            problem = WorkUnit((file,), problem=RejectReason.MALFORMED)
            units.append(PlannedUnit(problem, (unit_id(source.dataset, file.path, "", 0),)))
            continue
        readable = readable or bool(planned) or isinstance(reader, RecordFormat)
        units += planned
    for some in _chunks(documents):
        ids = tuple(unit_id(source.dataset, file.path, "", 0) for file in some)
        units.append(PlannedUnit(WorkUnit(tuple(some)), ids))
    if first_error is not None and not readable:
        raise first_error
    if isinstance(reader, DocumentFormat) and not _any_report(reader, units):
        number = sum(len(unit.unit_ids) for unit in units)
        where = files[0].uri if len(files) == 1 else "the folder"
        raise InputError(
            f"{where}: none of {number:,} files is an archive, or named as a report of {source.format} is"
            f" ({reader.example_name}); see source.format and source.uri"
        )
    return units


def _any_report(reader: DocumentFormat, units: Sequence[PlannedUnit]) -> bool:
    for unit in units:
        names = [member.name for member in unit.work.members] or [file.path for file in unit.work.files]
        if unit.work.problem is None and any(reader.is_report(name) for name in names):
            return True
    return False


def _units_of(
    file: FrozenFile, stream: BinaryIO, kind: str, reader: DocumentFormat | RecordFormat, dataset: str
) -> Iterator[PlannedUnit]:
    """Yield the work of one file: a container of documents, or records, in a container or not."""
    if isinstance(reader, RecordFormat) and kind == "none":
        stream.seek(0)
        ids = tuple(unit_id(dataset, file.path, "", i) for i in range(reader.count(stream)))
        yield PlannedUnit(WorkUnit((file,)), ids)
        return
    members = list_members(stream)
    if not members:
        raise InputError("the archive holds no file")
    if isinstance(reader, DocumentFormat):
        # a zip is read anywhere; a tar, and what gzip packed, only from its beginning
        for some in _chunks(members) if kind == "zip" else [members]:
            ids = tuple(unit_id(dataset, file.path, member.name, member.occurrence) for member in some)
            yield PlannedUnit(WorkUnit((file,), tuple(some)), ids)
        return
    ids_of: list[str] = []
    counted: list[Member] = []
    first_error: InputError | None = None
    for member, opened in open_members(stream, members):
        count, problem = 1, member.problem
        if not isinstance(opened, RejectReason):
            try:
                count = reader.count(opened)
            except InputError as error:
                first_error, problem = first_error or error, RejectReason.MALFORMED
        counted.append(replace(member, problem=problem))
        base = _offset_base(member)
        ids_of += [unit_id(dataset, file.path, member.name, base + i) for i in range(count)]
    if first_error is not None and all(member.problem is not None for member in counted):
        raise first_error
    yield PlannedUnit(WorkUnit((file,), tuple(counted)), tuple(ids_of))


_OCCURRENCE = 10**12
"""Offset of the first record of a second member of one name: more records than any file has."""


def _offset_base(member: Member) -> int:
    return member.occurrence * _OCCURRENCE


def _container(stream: BinaryIO) -> str:
    stream.seek(0)
    return container(stream.read(HEAD_BYTES))


def _head_of(stream: BinaryIO, member: Member) -> bytes:
    for _, opened in open_members(stream, [member]):
        with suppress(BrokenStream):
            return b"" if isinstance(opened, RejectReason) else opened.read(HEAD_BYTES)
    return b""


@contextmanager
def _opened(storage: Storage, file: FrozenFile) -> Iterator[BinaryIO]:
    with storage.open_input(file.uri) as raw:
        yield io.BufferedReader(cast(io.RawIOBase, raw), BUFFER_BYTES) if is_s3(file.uri) else raw


@contextmanager
def _named(file: FrozenFile) -> Iterator[None]:
    """Put the file's uri before what a reader says of it: readers see bytes and know no names."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{file.uri}: {error}") from None


def _chunks(items: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (items[start : start + REPORTS_A_TASK] for start in range(0, len(items), REPORTS_A_TASK))
