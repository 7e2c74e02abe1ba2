"""The parsing pipeline: raw files → rows of `reports`, staged."""

import pickle
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import ray

from radray.pipelines import prometheus as metrics
from radray.pipelines.stage import texts_withheld
from radray.pipelines.work import REPORTS_A_TASK, PlannedUnit, SourceSpec, WorkUnit, _named, _offset_base, _opened
from radray.reports.archives.container import Member, open_members, read_members
from radray.reports.formats.registry import DocumentFormat, RecordFormat
from radray.reports.record.identity import split_key, text_digest, unit_id
from radray.reports.record.record import MAX_REPORT_BYTES, Record, rejected_record
from radray.schema.reports import REPORTS
from radray.schema.statuses import RejectReason, ReportStatus
from radray.storage.files import FrozenFile, Storage, is_s3
from radray.tables.rows import to_arrow


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
            "sections": [section._asdict() for section in record.sections] if record.sections else None,
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
        yield file, rejected_record("", 0, file.digest, work.problem)
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
                yield rejected_record(member.name, member.occurrence, "", data)
            else:
                record = reader.read(data, member.name)
                yield record if member.occurrence == 0 else replace(record, offset=member.occurrence)
        return
    for member, opened in open_members(stream, members):
        base = _offset_base(member)
        if isinstance(opened, RejectReason):
            yield rejected_record(member.name, base, "", opened)
            continue
        for record in reader.read(opened):
            yield replace(record, member=member.name, offset=base + record.offset)
