"""The parsing pipeline: raw files → rows of `reports`, staged."""

import hashlib
import logging
import pickle
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, BinaryIO

import pyarrow as pa
import ray
from ray.exceptions import WorkerCrashedError
from ray.util.annotations import RayDeprecationWarning

from radray.console import log_warning
from radray.errors import AuditError
from radray.pipelines import prometheus as metrics
from radray.pipelines.portions import portions
from radray.pipelines.quarantine import document_or_reason, exactly
from radray.pipelines.stage import texts_withheld
from radray.pipelines.work import REPORTS_A_TASK, PlannedUnit, SourceSpec, WorkUnit, offset_base, opened
from radray.reports.archives.container import Member, open_members, read_members
from radray.reports.formats.registry import DocumentFormat, RecordFormat
from radray.reports.record.identity import split_key, text_digest, unit_id
from radray.reports.record.record import MAX_REPORT_BYTES, SECONDS_A_RECORD, Record, rejected_record
from radray.reports.record.residual import residual_kinds
from radray.schema.reports import REPORTS
from radray.schema.statuses import RejectReason, ReportStatus
from radray.storage.files import FrozenFile, Storage, is_s3
from radray.tables.merge import staged_ids
from radray.tables.rows import to_arrow
from radray.time_limit import TimeLimitError, time_limit

READ_RETRIES = 2
"""Times that a task which reads is begun again when its process ended: a machine may have been lost."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RowContext:
    """What every row of a `prepare` run says alike, and the splits."""

    source: SourceSpec
    constants: Mapping[str, Any]
    """batch_date, run_key, run_id."""
    splits: Mapping[str, str] | None
    """Split by study_id; a study that is not there is in no split. None: all are in `default_split`."""
    default_split: str


class ReadReports:
    """Read and parse work units into rows of `reports`, some thousands at a time."""

    def __init__(self, storage: Storage, context: RowContext) -> None:
        self._storage = storage
        self._context = context

    def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
        """Yield the rows of the work units in column `work` (pickled), at most REPORTS_A_TASK in a table."""
        with texts_withheld(type(self).__name__, f"{batch.num_rows} work units"):
            rows = (row for work in batch.column("work").to_pylist() for row in self._rows(pickle.loads(work)))
            for some in portions(rows, REPORTS_A_TASK):
                table = _to_table(some)
                for status, count in Counter(table.column("status").to_pylist()).items():
                    metrics.record(metrics.PARSED, count, dataset=self._context.source.dataset, status=status)
                yield table

    def _rows(self, work: WorkUnit) -> Iterator[dict[str, Any]]:
        for file, record in _read(self._storage, work, self._context.source):
            try:
                with time_limit(SECONDS_A_RECORD):
                    row = self._row(file, record, work.format)
            except TimeLimitError:
                late = (record.member, record.offset, record.source_digest, RejectReason.TIMEOUT)
                row = self._row(file, rejected_record(*late, record.study_id, record.subject_id), work.format)
            yield row

    def _row(self, file: FrozenFile, record: Record, format_: str) -> dict[str, Any]:
        context, dataset = self._context, self._context.source.dataset
        row = dict(_EMPTY_ROW) | dict(context.constants)
        row |= {
            "unit_id": unit_id(dataset, file.path, record.member, record.offset),
            "dataset": dataset,
            "format": format_,
            "status": record.status.value,
            "reason": record.reason.value if record.reason else None,
            "source_uri": file.path,
            "source_etag": file.digest,
            "source_member": record.member,
            "source_offset": record.offset,
            "sections": [section._asdict() for section in record.sections] if record.sections else None,
            "impression_items": None if record.impression_items is None else list(record.impression_items),
            "identifiers": residual_kinds(record),
        }
        for name in _OF_RECORD:
            row[name] = getattr(record, name)
        if record.status is ReportStatus.OK and record.study_id is not None:
            row["text_digest"] = text_digest(record)
            row["split_key"] = split_key(dataset, record.study_id, record.subject_id, record.findings)
            row["split"] = context.default_split if context.splits is None else context.splits.get(record.study_id)
        return row


_OF_PLACE = (
    *("unit_id", "batch_date", "dataset", "format", "source_uri", "source_etag", "source_member", "source_offset"),
    *("source_digest", "run_key", "run_id"),
)
_EMPTY_ROW = dict.fromkeys(column.name for column in REPORTS.columns)
_OF_RECORD = (
    *("source_digest", "study_id", "subject_id", "background", "indication", "comparison", "findings", "reference"),
    *("reference_raw", "exam_description", "human_codes", "exam_time", "report_time", "comparison_state", "modality"),
    *("body_part", "report_status", "sender"),
)


def stage_reports(
    storage: Storage, units: Sequence[PlannedUnit], context: RowContext, staging: str, staged: Collection[str]
) -> None:
    """Run the parsing pipeline over `units` into Parquet files below `staging`; units wholly staged are passed over.

    Where what reads ends with its process, READ_RETRIES + 1 times, half of the units that are left are read, then the
    other half, and so on: the file, or member, that does it is set aside, and costs its own rows.
    """
    known = frozenset(staged)
    left = [unit for unit in units if not known.issuperset(unit.unit_ids)]
    if not left:
        return
    try:
        _stage(storage, left, context, staging)
        return
    except WorkerCrashedError:
        halves = [left[: len(left) // 2], left[len(left) // 2 :]]
    if len(left) == 1:
        halves = [[half] for half in left[0].halves()]
        if len(halves) == 1:
            log_warning(_LOG, f"a file was set aside: its reader ended {READ_RETRIES + 1} times with its process")
            _stage(storage, [left[0].set_aside()], context, staging)
            return
    for half in halves:
        stage_reports(storage, half, context, staging, staged_ids(storage, staging, REPORTS))


def _stage(storage: Storage, units: Sequence[PlannedUnit], context: RowContext, staging: str) -> None:
    data = ray.data.from_items([{"work": pickle.dumps(unit.work)} for unit in units], override_num_blocks=len(units))
    # tasks, not actors: parsing has nothing to load, and a pool of actors can starve the tasks that write
    read = ReadReports(storage, context).__call__
    with warnings.catch_warnings():
        # by itself Ray Data begins a task again without end; 2.60 deprecates the one way to say how often
        warnings.simplefilter("ignore", RayDeprecationWarning)
        data = data.map_batches(read, batch_size=1, batch_format="pyarrow", max_retries=READ_RETRIES)
    fs, path = storage.filesystem(staging)
    # a task that writes holds all its rows: other resources keep it apart from the one that reads a large file
    arguments = {"num_cpus": 0.5}
    data.write_parquet(path, filesystem=fs, try_create_dir=not is_s3(staging), ray_remote_args=arguments)


def _read(storage: Storage, work: WorkUnit, source: SourceSpec) -> Iterator[tuple[FrozenFile, Record]]:
    """Yield the records of a work unit: those that were planned, each once, whatever the readers make of the files."""
    if work.problem is not None or work.ended_reader:
        for file, (member, offset) in product(work.files, work.places()):
            digest = "" if work.ended_reader else file.digest
            yield file, rejected_record(member, offset, digest, work.problem or RejectReason.MALFORMED)
        return
    reader = source.open(work.format)
    if work.members:
        (file,) = work.files
        for record in _of_members(storage, file, work, reader):
            yield file, record
    elif isinstance(reader, DocumentFormat):
        for file in work.files:
            with opened(storage, file) as stream:
                data = stream.read(MAX_REPORT_BYTES + 1)
            # what is longer than a report can be is refused by its length; the digest is then that of the file
            record = _document(reader, data, file.path, 0)
            yield file, replace(record, member="", offset=0)
    else:
        (file,), (count,) = work.files, work.counts
        with opened(storage, file) as stream:
            for record in exactly(count, reader.read(stream)):
                yield file, record


def _document(reader: DocumentFormat, data: bytes, name: str, offset: int) -> Record:
    record = document_or_reason(lambda: reader.read(data, name))
    if isinstance(record, RejectReason):
        return rejected_record(name, offset, hashlib.sha256(data).hexdigest(), record)
    return record if record.offset == offset else replace(record, offset=offset)


def _of_members(
    storage: Storage, file: FrozenFile, work: WorkUnit, reader: DocumentFormat | RecordFormat
) -> Iterator[Record]:
    if isinstance(reader, DocumentFormat):
        with opened(storage, file) as stream:
            for member, data in read_members(stream, work.members):
                if isinstance(data, RejectReason):
                    yield rejected_record(member.name, member.occurrence, "", data)
                else:
                    yield _document(reader, data, member.name, member.occurrence)
        return
    left = dict(zip(work.members, work.counts, strict=True))
    while left:
        with opened(storage, file) as stream:
            yield from _until_late(stream, left, reader)


def _until_late(stream: BinaryIO, left: dict[Member, int], reader: RecordFormat) -> Iterator[Record]:
    """Yield the records of the members in `left`, and take these out, up to one that took too long.

    What interrupts a stream leaves it at no known place: the members behind are read from another.
    """
    for member, content in open_members(stream, list(left)):
        base, count = offset_base(member), left.pop(member)
        if isinstance(content, RejectReason):
            records: Iterator[Record] = (rejected_record("", offset, "", content) for offset in range(count))
        else:
            records = exactly(count, reader.read(content))
        late = False
        for record in records:
            late = record.reason is RejectReason.TIMEOUT and not record.source_digest
            yield replace(record, member=member.name, offset=base + record.offset)
        if late:
            return


def _to_table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return `rows` as a table of `reports`; one that no column takes is MALFORMED, and keeps its place alone."""
    try:
        return to_arrow(rows, REPORTS)
    except AuditError:
        return pa.concat_tables([_row_to_table(row) for row in rows])


def _row_to_table(row: dict[str, Any]) -> pa.Table:
    try:
        return to_arrow([row], REPORTS)
    except AuditError:
        kept = {name: row[name] for name in _OF_PLACE}
        status = {"status": ReportStatus.REJECTED.value, "reason": RejectReason.MALFORMED.value}
        return to_arrow([dict(_EMPTY_ROW) | kept | status], REPORTS)
