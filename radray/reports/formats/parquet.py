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
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from radray.errors import InputError
from radray.reports.archives.member import BOMB_BYTES, CHUNK_BYTES, MAX_RATIO
from radray.reports.record.fields import Fields, to_utc
from radray.reports.record.record import MAX_REPORT_BYTES, Record, rejected_record
from radray.reports.record.values import to_record
from radray.reports.wire.json_values import values_record
from radray.reports.wire.parquet_pages import PageSizes, RowGroup, page_sizes, read_footer
from radray.schema.statuses import RejectReason

MAX_HELD_BYTES = 256 << 20
"""A file that cannot be sought (a member of an archive) is read into memory, up to this size."""
_MOST_PAGE_BYTES = 256 << 20
"""Bytes of the pages that are in memory at a time: DuckDB writes some of 100 MB, other writers of 1 MB."""
_BATCH_BYTES = 32 << 20
"""A batch has at most this many bytes, by the headers of its pages; a single row may have more."""
_MOST_ROWS = 1024
_MOST_VALUES = 1 << 24
"""Values of a column of lists in a row group."""
_MOST_CODES = 10_000

_DEFAULT = Fields()
_IDS = frozenset({"study_id", "subject_id"})
_TIMES = frozenset({"exam_time", "report_time"})
_UNREADABLE = (pa.ArrowException, OSError, ValueError, EOFError, NotImplementedError, OverflowError)
"""What pyarrow raises for damaged data, and for a time in the year 10000; its messages may hold values."""


@dataclass(frozen=True, slots=True)
class _Opened:
    file: Any
    """The pyarrow.parquet.ParquetFile, which holds a text that many rows share once."""
    plain: Any
    """The same without that: texts that each say how much of the one before they repeat are read in no other way."""
    raw: BinaryIO
    """What both read."""
    groups: list[RowGroup]
    columns: dict[str, str]
    """The column of each field; fields without a column are left out."""


def read(file: BinaryIO, fields: Fields = _DEFAULT) -> Iterator[Record]:
    """Yield a record for each row of `file`, a batch at a time; a digest is of the columns of the row that are read.

    Ids are strings, whole numbers or decimals without a fraction; floats and booleans are BAD_ID. Times are timestamps,
    dates or ISO 8601 texts. Rows on a damaged page (checksums are verified) are MALFORMED, all others are read; no
    rows yield no records. A file larger than MAX_HELD_BYTES that cannot be sought is one row UNSUPPORTED_CONTENT; the
    rows of a row group whose pages decompress to more than 256 MB are TOO_LARGE, and so are those left of a file whose
    rows share so few texts that they have given BOMB_BYTES and MAX_RATIO times its size.
    Raises InputError if the file is not a whole Parquet file, lacks the id or every text, or has a text column that is
    not of strings.
    """
    opened = _open(file, fields)
    if opened is None:
        yield rejected_record("", 0, "", RejectReason.UNSUPPORTED_CONTENT)
        return
    offset = 0
    room = max(BOMB_BYTES, MAX_RATIO * opened.raw.seek(0, io.SEEK_END))
    for group, (rows, _) in enumerate(opened.groups):
        given = 0
        sizes = _sizes(opened, group) if room >= 0 else RejectReason.TOO_LARGE
        reason = sizes if isinstance(sizes, RejectReason) else RejectReason.MALFORMED
        batches = iter(()) if isinstance(sizes, RejectReason) else _batches(opened, group, sizes)
        for cells in islice(_rows(batches, opened.columns), rows):
            record, size = _record(cells, offset + given)
            given += 1
            room -= size
            yield record
            if room < 0:
                reason = RejectReason.TOO_LARGE
                break
        for place in range(given, rows):
            yield rejected_record("", offset + place, "", reason)
        offset += rows


def count(file: BinaryIO, fields: Fields = _DEFAULT) -> int:
    """Return the number of records that `read` yields for `file`, from its footer. Raises InputError as `read` does."""
    opened = _open(file, fields)
    if opened is None:
        return 1
    return sum(group.rows for group in opened.groups)


def _open(file: BinaryIO, fields: Fields) -> _Opened | None:
    """Return the file and the columns of its fields; None if too large for memory. Raises InputError as `read`."""
    if isinstance(file, zipfile.ZipExtFile | gzip.GzipFile) or not file.seekable():
        held = _held(file)
        if held is None:
            return None
        file = held
    try:
        groups = read_footer(file)
        plain = _parquet_file(file)
        parquet = _sharing(plain, file)
        schema = parquet.schema_arrow
        is_sound = _is_sound(groups, parquet.metadata)
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
    return _Opened(parquet, plain, file, groups, columns)


def _parquet_file(file: BinaryIO, **settings: Any) -> pq.ParquetFile:
    """Return `file` opened. Raises what pyarrow does for a damaged one."""
    return pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False, **settings)


def _sharing(plain: pq.ParquetFile, file: BinaryIO) -> pq.ParquetFile:
    """Return the `file` of `plain` opened so that a text that many rows share is held once."""
    types = {field.name: field.type for field in plain.schema_arrow}
    leaves = (plain.schema.column(leaf) for leaf in range(len(plain.schema.names)))
    texts = [leaf.path for leaf in leaves if _holds_text(types.get(leaf.path.partition(".")[0]))]
    return _parquet_file(file, metadata=plain.metadata, read_dictionary=texts)


def _holds_text(type_: pa.DataType | None) -> bool:
    if type_ is not None and (pt.is_list(type_) or pt.is_large_list(type_)):
        type_ = type_.value_type
    return type_ is not None and _is_text(type_)


def _held(file: BinaryIO) -> io.BytesIO | None:
    """Return the content of `file`; None if it is too large. Raises InputError for one that cannot be read."""
    held = io.BytesIO()
    try:
        # in parts: one read of all would hold it twice
        while chunk := file.read(CHUNK_BYTES):
            held.write(chunk)
            if held.tell() > MAX_HELD_BYTES:
                return None
    except (EOFError, zipfile.BadZipFile, *_UNREADABLE):
        raise InputError("the Parquet file cannot be read to its end, where its columns stand") from None
    return held


def _is_sound(groups: list[RowGroup], metadata: Any) -> bool:
    """Return whether each flat column has a value for each row: a damaged footer may claim any number of rows."""
    for group in groups:
        if any(chunk.values != group.rows for chunk in group.chunks if len(chunk.path) == 1):
            return False
    return bool(sum(group.rows for group in groups) == metadata.num_rows and len(groups) == metadata.num_row_groups)


def _require_type(field: str, name: str, type_: pa.DataType) -> None:
    if pt.is_dictionary(type_):
        type_ = type_.value_type
    scalar = not pt.is_nested(type_) and not pt.is_binary(type_) and not pt.is_large_binary(type_)
    codes = field == "human_codes" and (pt.is_list(type_) or pt.is_large_list(type_)) and _is_texts(type_.value_type)
    if _is_text(type_) or pt.is_null(type_) or codes or (field in _IDS | _TIMES and scalar):
        return
    raise InputError(f"column {field} of the Parquet file is {_kind(type_)}, expected a string (source.fields.{field})")


def _kind(type_: pa.DataType) -> str:
    return "nested" if pt.is_nested(type_) else str(type_)


def _is_text(type_: pa.DataType) -> bool:
    return bool(pt.is_string(type_) or pt.is_large_string(type_) or pt.is_string_view(type_))


def _is_texts(type_: pa.DataType) -> bool:
    return _is_text(type_.value_type if pt.is_dictionary(type_) else type_)


def _sizes(opened: _Opened, group: int) -> PageSizes | RejectReason:
    """Return the sizes of the pages of a row group, or why none of them is decompressed."""
    try:
        sizes = page_sizes(opened.raw, opened.groups[group], set(opened.columns.values()))
    except _UNREADABLE:
        return RejectReason.MALFORMED
    too_large = sizes.pages > _MOST_PAGE_BYTES or sizes.values > max(_MOST_VALUES, opened.groups[group].rows)
    return RejectReason.TOO_LARGE if too_large else sizes


def _batches(opened: _Opened, group: int, sizes: PageSizes) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a row group, whose pages have `sizes`, up to the first damaged one."""
    file, a_row = opened.file, sizes.a_row
    if sizes.repeating:
        file, a_row = opened.plain, sizes.a_row + sizes.repeating + sizes.shared
    size = max(1, min(_MOST_ROWS, int(_BATCH_BYTES / max(1.0, a_row))))
    batches = file.iter_batches(size, [group], columns=list(opened.columns.values()), use_threads=False)
    while True:
        try:
            batch = next(batches)
        except pa.ArrowMemoryError:
            raise  # the machine's lack, and not the file's damage: its rows are none that are malformed
        except (StopIteration, *_UNREADABLE):
            return
        if not all(map(_is_within, batch.columns)):
            return
        yield batch


def _is_within(column: pa.Array) -> bool:
    """Return whether each value of a column that shares texts is one of them: Arrow takes the numbers as they are."""
    if pt.is_list(column.type) or pt.is_large_list(column.type):
        column = column.values
    if not pt.is_dictionary(column.type):
        return True
    bounds = pc.min_max(column.indices)
    least, most = bounds["min"].as_py(), bounds["max"].as_py()
    return least is None or (least >= 0 and most < len(column.dictionary))


def _rows(batches: Iterator[pa.RecordBatch], columns: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the cell of each field, row by row."""
    for batch in batches:
        cells = {field: _cells(batch.column(name), field) for field, name in columns.items()}
        for place in range(batch.num_rows):
            yield {field: column[place] for field, column in cells.items()}


def _record(cells: dict[str, Any], place: int) -> tuple[Record, int]:
    """Return the record of a row, and the bytes of its texts."""
    values: dict[str, Any] = {}
    reason = None
    all_bytes = 0
    for field, cell in cells.items():
        try:
            size = _of_list(cell) if field == "human_codes" and pt.is_nested(cell.type) else _bytes(cell)
            all_bytes += size
            if size > MAX_REPORT_BYTES:
                reason = RejectReason.TOO_LARGE
            else:
                values[field] = _value(cell, field)
        except UnicodeDecodeError:
            reason = reason or RejectReason.BAD_ENCODING
        except _UNREADABLE:
            reason = reason or RejectReason.MALFORMED
    digest = hashlib.sha256(json.dumps(values, default=str).encode("ascii")).hexdigest()
    if reason is None:
        return values_record(values, place, digest), all_bytes
    ids = to_record({name: values[name] for name in _IDS if isinstance(values.get(name), str)}, 0, digest)
    return rejected_record("", place, digest, reason, ids.study_id, ids.subject_id), all_bytes


class _Shared:
    """The cells of a column that shares texts; each is the text itself."""

    def __init__(self, column: pa.DictionaryArray) -> None:
        self._texts = column.dictionary
        self._null = pa.scalar(None, column.dictionary.type)
        self._places = column.indices.to_pylist()

    def __getitem__(self, place: int) -> pa.Scalar:
        text = self._places[place]
        return self._null if text is None else self._texts[text]


def _cells(column: pa.Array, field: str) -> "pa.Array | _Shared":
    if pt.is_dictionary(column.type):
        return _Shared(column)
    if field in _TIMES and (pt.is_timestamp(column.type) or pt.is_date(column.type)):
        # only pandas converts nanoseconds to a datetime; a date becomes midnight; Parquet stores a zone's times in UTC
        return column.cast(pa.timestamp("us"), safe=False)
    return column


def _bytes(cell: pa.Scalar) -> int:
    """Return the size of a string; 0 for anything else."""
    if pt.is_dictionary(cell.type):
        cell = cell.value
    buffer = cell.as_buffer() if cell is not None and _is_text(cell.type) else None
    return 0 if buffer is None else buffer.size


def _of_list(cell: pa.Scalar) -> int:
    """Return the size of the strings of a list; of one of more than _MOST_CODES more than any report has."""
    if not cell.is_valid:
        return 0
    return sum(map(_bytes, cell.values)) if len(cell.values) <= _MOST_CODES else MAX_REPORT_BYTES + 1


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
