"""The parsing pipeline: raw files → rows of `reports`, staged."""

import io
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, BinaryIO, TypeVar, cast

import pyarrow as pa
import ray

from radray.errors import InputError
from radray.pipelines import prometheus as metrics
from radray.pipelines.stage import texts_withheld
from radray.reports.archives.container import BrokenStream, Member, container, list_members, open_members, read_members
from radray.reports.formats.detect import HEAD_BYTES, Origin, detect
from radray.reports.formats.registry import DocumentFormat, RecordFormat, get_format
from radray.reports.record.fields import Fields
from radray.reports.record.identity import split_key, text_digest, unit_id
from radray.reports.record.record import MAX_REPORT_BYTES, Record, rejected
from radray.schema.reports import REPORTS
from radray.schema.statuses import RejectReason, ReportStatus
from radray.storage.files import FrozenFile, Storage, is_s3
from radray.tables.rows import to_arrow

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


@dataclass(frozen=True, slots=True)
class RowContext:
    """What every row of a `prepare` run says alike, and the splits."""

    source: SourceSpec
    constants: Mapping[str, Any]
    """batch_date, run_key, run_id."""
    splits: Mapping[str, str] | None
    """Split by study_id; a study that is not there is in no split. None: all are in `default_split`."""
    default_split: str


def detect_format(storage: Storage, files: Sequence[FrozenFile]) -> str:
    """Return the format of `files` by names and first bytes: of the first one's members when it is an archive.

    Raises InputError when it cannot be told.
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

    A file that is not of the format is one row among several files, and an InputError when none of them is.
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
                found = list(_units_of(file, stream, kind, reader, source.dataset))
        except InputError as error:
            first_error = first_error or error
            problem = WorkUnit((file,), problem=RejectReason.MALFORMED)
            units.append(PlannedUnit(problem, (unit_id(source.dataset, file.path, "", 0),)))
            continue
        readable = readable or bool(found) or isinstance(reader, RecordFormat)
        units += found
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
            f" ({reader.wanted}); see source.format and source.uri"
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


class ReadReports:
    """Read and parse work units into rows of `reports`, some thousands at a time."""

    def __init__(self, storage: Storage, context: RowContext) -> None:
        self._storage = storage
        self._context = context

    def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
        """Yield the rows of the work units in column `work` (pickled), at most REPORTS_A_TASK in a table."""
        with texts_withheld(type(self).__name__, f"{batch.num_rows} work units"):
            rows = (row for work in batch.column("work").to_pylist() for row in self._rows(pickle.loads(work)))
            while some := list(islice(rows, REPORTS_A_TASK)):
                for status, count in Counter(row["status"] for row in some).items():
                    metrics.record(metrics.PARSED, count, dataset=self._context.source.dataset, status=status)
                yield to_arrow(some, REPORTS)

    def _rows(self, work: WorkUnit) -> Iterator[dict[str, Any]]:
        for file, record in _read(self._storage, work, self._context.source.open()):
            yield self._row(file, record)

    def _row(self, file: FrozenFile, record: Record) -> dict[str, Any]:
        context, dataset = self._context, self._context.source.dataset
        row = dict(_EMPTY_ROW) | dict(context.constants)
        row |= {
            "unit_id": unit_id(dataset, file.path, record.member, record.offset),
            "dataset": dataset,
            "format": context.source.format,
            "status": record.status.value,
            "reason": record.reason.value if record.reason else None,
            "source_uri": file.path,
            "source_etag": file.digest,
            "source_member": record.member,
            "source_offset": record.offset,
            "sections": [one._asdict() for one in record.sections] if record.sections else None,
            "impression_items": None if record.impression_items is None else list(record.impression_items),
        }
        for name in _OF_RECORD:
            row[name] = getattr(record, name)
        if record.status is ReportStatus.OK and record.study_id is not None:
            row["text_digest"] = text_digest(record)
            row["split_key"] = split_key(dataset, record.study_id, record.subject_id, record.findings)
            row["split"] = context.default_split if context.splits is None else context.splits.get(record.study_id)
        return row


_EMPTY_ROW = dict.fromkeys(column.name for column in REPORTS.columns)
_OF_RECORD = (
    *("source_digest", "study_id", "subject_id", "background", "indication", "comparison", "findings", "reference"),
    *("reference_raw", "exam_description", "human_codes", "exam_time", "report_time", "comparison_state", "modality"),
    *("body_part", "report_status"),
)


def stage_reports(
    storage: Storage, units: Sequence[PlannedUnit], context: RowContext, staging: str, staged: frozenset[str]
) -> None:
    """Run the parsing pipeline over `units` into Parquet files below `staging`; units wholly staged are passed over."""
    left = [{"work": pickle.dumps(unit.work)} for unit in units if not staged.issuperset(unit.unit_ids)]
    if not left:
        return
    data = ray.data.from_items(left, override_num_blocks=len(left))
    # tasks, not actors: parsing has nothing to load, and a pool of actors can starve the tasks that write
    data = data.map_batches(ReadReports(storage, context).__call__, batch_size=1, batch_format="pyarrow")
    fs, path = storage.filesystem(staging)
    # a task that writes holds all its rows: other resources keep it apart from the one that reads a large file
    arguments = {"num_cpus": 0.5}
    data.write_parquet(path, filesystem=fs, try_create_dir=not is_s3(staging), ray_remote_args=arguments)


def _read(
    storage: Storage, work: WorkUnit, reader: DocumentFormat | RecordFormat
) -> Iterator[tuple[FrozenFile, Record]]:
    if work.problem is not None:
        (file,) = work.files
        yield file, rejected("", 0, file.digest, work.problem)
    elif work.members:
        (file,) = work.files
        with _opened(storage, file) as stream:
            for record in _of_members(stream, work.members, reader):
                yield file, record
    elif isinstance(reader, DocumentFormat):
        for file in work.files:
            with _opened(storage, file) as stream:
                data = stream.read(MAX_REPORT_BYTES + 1)
            # what is longer than a report can be is refused by its length; the digest is then that of the file
            yield file, replace(reader.read(data, file.path), member="", offset=0)
    else:
        (file,) = work.files
        with _named(file), _opened(storage, file) as stream:
            for record in reader.read(stream):
                yield file, record


def _of_members(stream: BinaryIO, members: Sequence[Member], reader: DocumentFormat | RecordFormat) -> Iterator[Record]:
    if isinstance(reader, DocumentFormat):
        for member, data in read_members(stream, members):
            if isinstance(data, RejectReason):
                yield rejected(member.name, member.occurrence, "", data)
            else:
                record = reader.read(data, member.name)
                yield record if member.occurrence == 0 else replace(record, offset=member.occurrence)
        return
    for member, opened in open_members(stream, members):
        base = _offset_base(member)
        if isinstance(opened, RejectReason):
            yield rejected(member.name, base, "", opened)
            continue
        for record in reader.read(opened):
            yield replace(record, member=member.name, offset=base + record.offset)


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
