"""The plan of a night: its frozen files, cut into tasks of about the same number of reports.

A file that cannot be planned (junk, a cut archive, a bomb, a link) is one row with its reason, and so is one of more
than MAX_UNITS_A_FILE units: it refuses no other. Only where nothing at all can be read does the plan raise.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import BinaryIO, TypeVar

from radray.errors import InputError
from radray.messages import file_name, line_of
from radray.pipelines.quarantine import reason_of
from radray.pipelines.work import REPORTS_A_TASK, PlannedUnit, SourceSpec, WorkUnit, opened
from radray.reports.archives.container import BrokenStream, Member, container, list_members, open_members
from radray.reports.formats.detect import (
    HEAD_BYTES,
    Origin,
    companion_reason,
    not_recognised,
    recognise,
    without_companions,
)
from radray.reports.formats.mimic import is_report as is_mimic
from radray.reports.formats.registry import DocumentFormat, RecordFormat
from radray.reports.record.counting import MAX_UNITS_A_FILE
from radray.reports.record.identity import unit_id
from radray.schema.statuses import RejectReason
from radray.storage.files import FrozenFile, Storage
from radray.time_limit import TimeLimitError, time_limit

MAX_UNITS_A_NIGHT = 3_000_000
"""Units of all files together; beyond it the largest files are set aside, so that the many small ones are read."""

_SECONDS_TO_PLAN, _BYTES_A_SECOND = 120.0, 1e6
"""Time that the units of a file may take to be counted: a tenth of the speed of any format, and a store's."""

_T = TypeVar("_T")


class _TooManyUnits(InputError):
    reason = RejectReason.TOO_LARGE


def plan(storage: Storage, files: Sequence[FrozenFile], source: SourceSpec) -> list[PlannedUnit]:
    """Return the work of `files`; together its unit_ids are the frozen input, each once. No files give no work.

    A file that cannot be read, or is not of the format, is one row among others; with format auto each file, and each
    member of an archive, is read in its own. Raises InputError when none of them can be read.
    """
    planner = _Planner(storage, files, source)
    for file in files:
        planner.add(file)
    return planner.units()


class _Planner:
    """Plans one file after the other; each is judged by itself."""

    def __init__(self, storage: Storage, files: Sequence[FrozenFile], source: SourceSpec) -> None:
        self._storage = storage
        self._source = source
        self._files = files
        self._origin: Origin = "file" if len(files) == 1 and "/" not in files[0].path else "folder"
        self._reports = without_companions([file.path for file in files])
        self._by_file: list[list[PlannedUnit]] = []
        self._documents: dict[str, list[FrozenFile]] = {}
        self._first_error: InputError | None = None

    def add(self, file: FrozenFile) -> None:
        """Plan `file`: documents are gathered, anything else is work by itself."""
        if file.problem is not None:
            self._set_aside(file, file.problem, _error(file, f"is not read: {file.problem.value}"))
            return
        try:
            with _named(file), opened(self._storage, file) as stream, time_limit(_seconds_to_plan(file)):
                self._add(file, stream)
        except TimeLimitError:
            self._set_aside(file, RejectReason.TIMEOUT, _error(file, "takes too long to be counted"))
        except Exception as error:
            named = error if isinstance(error, InputError) else _error(file, "its reader failed")
            self._set_aside(file, reason_of(error), named)

    def units(self) -> list[PlannedUnit]:
        """Return the work of all files. Raises InputError where nothing of them can be read."""
        for format_, documents in self._documents.items():
            for some in _chunks(documents):
                self._by_file.append([self._unit(WorkUnit(tuple(some), format_))])
        units = [unit for planned in self._within_a_night() for unit in planned]
        if self._files and not any(self._may_have_reports(unit.work) for unit in units):
            raise self._first_error or self._no_report(units)
        return units

    def _add(self, file: FrozenFile, stream: BinaryIO) -> None:
        stream.seek(0)
        kind = container(stream.read(HEAD_BYTES))
        if kind != "none":
            self._by_file.append(list(self._archive(file, stream, kind)))
            return
        format_ = self._source.format
        if format_ == "auto":
            if file.path not in self._reports:
                self._set_aside(file, companion_reason(file.path), None)
                return
            recognised = recognise(self._origin, file.path, lambda: _head_of(stream))
            if recognised is None:
                self._set_aside(file, RejectReason.MALFORMED, None)
                return
            format_ = recognised
        reader = self._source.open(format_)
        if isinstance(reader, DocumentFormat):
            self._documents.setdefault(format_, []).append(file)
            return
        stream.seek(0)
        count = reader.count(stream)
        if count > MAX_UNITS_A_FILE:
            raise _too_many()
        self._by_file.append([self._unit(WorkUnit((file,), format_, counts=(count,)))])

    def _archive(self, file: FrozenFile, stream: BinaryIO, kind: str) -> Iterator[PlannedUnit]:
        """Yield the work of the members of a container, or of what gzip packed."""
        members = list_members(stream)
        if not members:
            raise InputError("the archive holds no file")
        if len(members) > MAX_UNITS_A_FILE:
            raise _too_many()
        by_format: dict[str, list[Member]] = {self._source.format: members}
        if self._source.format == "auto":
            by_format, aside = self._members_by_format(file, stream, members, kind)
            for problem, some in aside.items():
                yield self._unit(WorkUnit((file,), "auto", tuple(some), problem=problem))
        left = MAX_UNITS_A_FILE
        for format_, some in by_format.items():
            reader = self._source.open(format_)
            if isinstance(reader, RecordFormat):
                unit = self._unit(_records(file, stream, format_, reader, some, left))
                left -= len(unit.unit_ids)
                yield unit
                continue
            # a zip is read anywhere; a tar, and what gzip packed, only from its beginning
            for chunk in _chunks(some) if kind == "zip" else [some]:
                yield self._unit(WorkUnit((file,), format_, tuple(chunk)))

    def _members_by_format(
        self, file: FrozenFile, stream: BinaryIO, members: Sequence[Member], kind: str
    ) -> tuple[dict[str, list[Member]], dict[RejectReason, list[Member]]]:
        """Return the members by their formats, and those that are set aside, by reason.

        Raises InputError when no member's format is recognised.
        """
        lone = [member.name for member in members] == [""]
        origin: Origin = self._origin if lone else "zip" if kind == "zip" else "tar"
        reports = without_companions([member.name for member in members])
        formats: dict[int, str | RejectReason] = {}  # by the id() of the member
        unknown: list[Member] = []
        for member in members:
            if member.problem is not None:
                formats[id(member)] = member.problem
            elif member.name not in reports:
                formats[id(member)] = companion_reason(member.name)
            elif not lone and is_mimic(member.name):
                formats[id(member)] = f"mimic_{origin}"
            else:
                unknown.append(member)
        for member, content in open_members(stream, unknown):
            head = content if isinstance(content, RejectReason) else _read_head(content)
            formats[id(member)] = (
                head
                if isinstance(head, RejectReason)
                else _recognised(origin, file.path if lone else member.name, head)
            )
        by_format: dict[str, list[Member]] = {}
        aside: dict[RejectReason, list[Member]] = {}
        several = len({format_ for format_ in formats.values() if not isinstance(format_, RejectReason)}) > 1
        for member in members:
            format_ = formats[id(member)]
            if several and member.occurrence:  # offsets of two formats under one name would be the same
                format_ = RejectReason.MALFORMED
            if isinstance(format_, RejectReason):
                aside.setdefault(format_, []).append(member)
            else:
                by_format.setdefault(format_, []).append(member)
        if not by_format:
            raise not_recognised([member.name for member in members])
        return by_format, aside

    def _unit(self, work: WorkUnit) -> PlannedUnit:
        """Return the planned unit of `work`."""
        dataset = self._source.dataset
        return PlannedUnit(
            work, tuple(unit_id(dataset, file.path, *place) for file in work.files for place in work.places())
        )

    def _set_aside(self, file: FrozenFile, problem: RejectReason, error: InputError | None) -> None:
        self._first_error = self._first_error or error
        self._by_file.append([self._single_row(file, problem)])

    def _single_row(self, file: FrozenFile, problem: RejectReason) -> PlannedUnit:
        return self._unit(WorkUnit((file,), self._source.format, problem=problem))

    def _within_a_night(self) -> list[list[PlannedUnit]]:
        """Return the work by file, with the largest files set aside until MAX_UNITS_A_NIGHT holds."""
        sizes = [sum(len(unit.unit_ids) for unit in planned) for planned in self._by_file]
        total = sum(sizes)
        within = list(self._by_file)
        for place in sorted(range(len(sizes)), key=lambda place: -sizes[place]):
            if total <= MAX_UNITS_A_NIGHT:
                break
            (file, *more) = {file.uri: file for unit in within[place] for file in unit.work.files}.values()
            if not more:
                within[place] = [self._single_row(file, RejectReason.TOO_LARGE)]
                total -= sizes[place] - 1
        if total > MAX_UNITS_A_NIGHT:
            raise InputError(f"the source has {total:,} files or units, more than {MAX_UNITS_A_NIGHT:,}: split it")
        return within

    def _may_have_reports(self, work: WorkUnit) -> bool:
        if work.problem is not None:
            return False
        reader = self._source.open(work.format)
        names = [member.name for member in work.members] or [file.path for file in work.files]
        return isinstance(reader, RecordFormat) or any(reader.is_report(name) for name in names)

    def _no_report(self, units: Sequence[PlannedUnit]) -> InputError:
        """Return the error for files none of which has a problem, or a report."""
        if self._source.format == "auto":
            return not_recognised([file.path for file in self._files])
        reader = self._source.open(self._source.format)
        example = reader.example_name if isinstance(reader, DocumentFormat) else ""
        number = sum(len(unit.unit_ids) for unit in units)
        where = file_name(self._files[0].path) if len(self._files) == 1 else "the folder"
        return InputError(
            f"{where}: none of {number:,} files is an archive, or named as a report of {self._source.format} is"
            f" ({example}); see source.format and source.uri"
        )


def _records(
    file: FrozenFile, stream: BinaryIO, format_: str, reader: RecordFormat, members: Sequence[Member], left: int
) -> WorkUnit:
    """Return the work of members with many reports each; one that cannot be counted is one row.

    Of those that together have more than `left` units the last are TOO_LARGE. Raises what the first of them raised when
    none can be counted.
    """
    counted: list[Member] = []
    counts: list[int] = []
    first_error: Exception | None = None
    for member, content in open_members(stream, members):
        count, problem = 1, member.problem
        if not isinstance(content, RejectReason):
            try:
                count = reader.count(content)
            except Exception as error:
                first_error, problem = first_error or error, reason_of(error)
        if count > max(left, 1):
            count, problem = 1, RejectReason.TOO_LARGE
        left -= count
        counted.append(replace(member, problem=problem))
        counts.append(count)
    if first_error is not None and all(member.problem is not None for member in counted):
        raise first_error
    return WorkUnit((file,), format_, tuple(counted), tuple(counts))


def _recognised(origin: Origin, name: str, head: bytes) -> str | RejectReason:
    return recognise(origin, name, lambda: head) or RejectReason.MALFORMED


def _head_of(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read(HEAD_BYTES)


def _read_head(stream: BinaryIO) -> bytes | RejectReason:
    with suppress(BrokenStream):
        return stream.read(HEAD_BYTES)
    return b""


@contextmanager
def _named(file: FrozenFile) -> Iterator[None]:
    """Put the file's short name before what a reader says of it: readers see bytes and know no names."""
    try:
        yield
    except InputError as error:
        error.args = (line_of(f"{file_name(file.path)}: {error}"),)
        raise


def _error(file: FrozenFile, what: str) -> InputError:
    return InputError(f"{file_name(file.path)}: {what}; see source.uri and source.format")


def _seconds_to_plan(file: FrozenFile) -> float:
    return _SECONDS_TO_PLAN + file.bytes / _BYTES_A_SECOND


def _too_many() -> InputError:
    return _TooManyUnits(f"it has more than {MAX_UNITS_A_FILE:,} units: split it")


def _chunks(items: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (items[start : start + REPORTS_A_TASK] for start in range(0, len(items), REPORTS_A_TASK))
