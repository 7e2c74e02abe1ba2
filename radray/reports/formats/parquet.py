"""Parquet: one report a row, with the columns of `reports.record.fields.Fields` or a pair of prompt and completion."""

import datetime
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from radray.errors import InputError
from radray.reports.record.fields import Fields, to_utc
from radray.reports.record.record import MAX_REPORT_BYTES, Record, rejected_record
from radray.reports.record.values import to_record
from radray.reports.wire.json_values import values_record
from radray.schema.statuses import RejectReason

MAX_HELD_BYTES = 1 << 30
"""A file that cannot be sought (a member of an archive) is read into memory, up to this size."""
_BATCH_BYTES = 32 << 20
"""A batch has at most this many bytes, by the row group's metadata; a single row may have more."""
_MOST_ROWS = 1024

_DEFAULT = Fields()
_IDS = frozenset({"study_id", "subject_id"})
_TIMES = frozenset({"exam_time", "report_time"})
_UNREADABLE = (pa.ArrowException, OSError, ValueError, EOFError, NotImplementedError)
"""What pyarrow raises for damaged data; its messages may hold values."""


@dataclass(frozen=True, slots=True)
class _Opened:
    file: Any
    """The pyarrow.parquet.ParquetFile."""
    columns: dict[str, str]
    """The column of each field; fields without a column are left out."""


def read(file: BinaryIO, fields: Fields = _DEFAULT) -> Iterator[Record]:
    """Yield a record for each row of `file`, a batch at a time; a digest is of the columns of the row that are read.

    Ids are strings, whole numbers or decimals without a fraction; floats and booleans are BAD_ID. Times are timestamps,
    dates or ISO 8601 texts. Rows on a damaged page (checksums are verified) are MALFORMED, all others are read; no
    rows yield no records. A file larger than MAX_HELD_BYTES that cannot be sought is one row UNSUPPORTED_CONTENT.
    Raises InputError if the file is not a whole Parquet file, lacks the id or every text, or has a text column that is
    not of strings.
    """
    opened = _open(file, fields)
    if opened is None:
        yield rejected_record("", 0, "", RejectReason.UNSUPPORTED_CONTENT)
        return
    offset = 0
    for group in range(opened.file.metadata.num_row_groups):
        rows = opened.file.metadata.row_group(group).num_rows
        given = 0
        for batch in _batches(opened, group):
            for record in _records(batch, opened.columns, offset + given, rows - given):
                given += 1
                yield record
        for place in range(given, rows):
            yield rejected_record("", offset + place, "", RejectReason.MALFORMED)
        offset += rows


def count(file: BinaryIO, fields: Fields = _DEFAULT) -> int:
    """Return the number of records that `read` yields for `file`, from its footer. Raises InputError as `read` does."""
    opened = _open(file, fields)
    if opened is None:
        return 1
    metadata = opened.file.metadata
    return sum(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))


def _open(file: BinaryIO, fields: Fields) -> _Opened | None:
    """Return the file and the columns of its fields; None if too large for memory. Raises InputError as `read`."""
    if isinstance(file, zipfile.ZipExtFile | gzip.GzipFile) or not file.seekable():
        try:
            data = file.read(MAX_HELD_BYTES + 1)
        except (EOFError, zipfile.BadZipFile, *_UNREADABLE):
            raise InputError("the Parquet file cannot be read to its end, where its columns stand") from None
        if len(data) > MAX_HELD_BYTES:
            return None
        file = io.BytesIO(data)
    try:
        parquet = pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False)
        schema = parquet.schema_arrow
        is_sound = _is_sound(parquet.metadata)
    except _UNREADABLE:
        raise InputError("not a whole Parquet file (source.format=parquet): its footer cannot be read") from None
    if not is_sound:
        raise InputError("not a whole Parquet file (source.format=parquet): its footer contradicts itself")
    fields.require(schema.names, "the Parquet file")
    if len(set(schema.names)) != len(schema.names):
        raise InputError("the Parquet file has a duplicate column")
    names = dict(fields.items())
    names["findings"], names["impression"] = fields.text_names(schema.names)
    columns = {field: name for field, name in names.items() if name in schema.names}
    for field, name in columns.items():
        _require_type(field, name, schema.field(name).type)
    return _Opened(parquet, columns)


def _is_sound(metadata: Any) -> bool:
    """Return whether each flat column has a value for each row: a damaged footer may claim any number of rows."""
    total = 0
    for place in range(metadata.num_row_groups):
        group = metadata.row_group(place)
        total += group.num_rows
        chunks = [group.column(leaf) for leaf in range(group.num_columns)]
        flat = [chunk for chunk in chunks if "." not in chunk.path_in_schema]
        if group.num_rows < 0 or any(chunk.num_values != group.num_rows for chunk in flat):
            return False
    return bool(total == metadata.num_rows)


def _require_type(field: str, name: str, type_: pa.DataType) -> None:
    if pt.is_dictionary(type_):
        type_ = type_.value_type
    scalar = not pt.is_nested(type_) and not pt.is_binary(type_) and not pt.is_large_binary(type_)
    codes = field == "human_codes" and (pt.is_list(type_) or pt.is_large_list(type_)) and _is_text(type_.value_type)
    if _is_text(type_) or pt.is_null(type_) or codes or (field in _IDS | _TIMES and scalar):
        return
    raise InputError(f"column {field} of the Parquet file is {_kind(type_)}, expected a string (source.fields.{field})")


def _kind(type_: pa.DataType) -> str:
    return "nested" if pt.is_nested(type_) else str(type_)


def _is_text(type_: pa.DataType) -> bool:
    return bool(pt.is_string(type_) or pt.is_large_string(type_) or pt.is_string_view(type_))


def _batches(opened: _Opened, group: int) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a row group up to the first damaged one."""
    metadata = opened.file.metadata.row_group(group)
    a_row = max(1, metadata.total_byte_size // max(1, metadata.num_rows))
    size = max(1, min(_MOST_ROWS, _BATCH_BYTES // a_row))
    batches = opened.file.iter_batches(size, [group], columns=list(opened.columns.values()), use_threads=False)
    while True:
        try:
            batch = next(batches)
        except (StopIteration, *_UNREADABLE):
            return
        yield batch


def _records(batch: pa.RecordBatch, columns: dict[str, str], offset: int, most: int) -> Iterator[Record]:
    cells = {field: _cells(batch.column(name), field) for field, name in columns.items()}
    for place in range(min(batch.num_rows, most)):
        values: dict[str, Any] = {}
        reason = None
        for field, column in cells.items():
            cell = column[place]
            try:
                if _bytes(cell) > MAX_REPORT_BYTES:
                    reason = RejectReason.TOO_LARGE
                else:
                    values[field] = _value(cell, field)
            except UnicodeDecodeError:
                reason = reason or RejectReason.BAD_ENCODING
            except _UNREADABLE:
                reason = reason or RejectReason.MALFORMED
        digest = hashlib.sha256(json.dumps(values, default=str).encode("ascii")).hexdigest()
        if reason is not None:
            ids = to_record({name: values[name] for name in _IDS if isinstance(values.get(name), str)}, 0, digest)
            yield rejected_record("", offset + place, digest, reason, ids.study_id, ids.subject_id)
        else:
            yield values_record(values, offset + place, digest)


def _cells(column: pa.Array, field: str) -> pa.Array:
    if field in _TIMES and (pt.is_timestamp(column.type) or pt.is_date(column.type)):
        # only pandas converts nanoseconds to a datetime; a date becomes midnight; Parquet stores a zone's times in UTC
        return column.cast(pa.timestamp("us"), safe=False)
    return column


def _bytes(cell: pa.Scalar) -> int:
    """Return the size of a string; 0 for anything else."""
    buffer = cell.as_buffer() if _is_text(cell.type) else None
    return 0 if buffer is None else buffer.size


def _value(cell: pa.Scalar, field: str) -> Any:
    value = cell.as_py()
    if field in _TIMES:
        if isinstance(value, datetime.datetime):
            time = to_utc(value)
            return time.isoformat() if time else None
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
