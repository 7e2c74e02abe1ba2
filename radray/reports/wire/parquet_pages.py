"""The pages of a Parquet file, by their headers: how large they get, before any is decompressed.

The footer does not say it: a page of a few bytes may be one of two gigabytes, and one text in a dictionary is that of
each of a million rows. The headers are what a reader goes by, so they are held within bounds; they are Thrift's compact
protocol (https://github.com/apache/parquet-format, parquet.thrift, FileMetaData and PageHeader;
thrift-compact-protocol.md).

The footer is read here, too: pyarrow (26.0) ends the whole process when it is asked for the metadata of a column chunk
whose statistics contradict themselves.
"""

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

_FIRST_BYTES = 1 << 14
_MOST_HEADER_BYTES = 1 << 24
"""What Arrow reads of a header at most (parquet/column_reader.cc, kDefaultMaxPageHeaderSize)."""
_MOST_FOOTER_BYTES = 8 << 20
"""Bytes of the footer, of which Python's objects take thirty times as much: a million reports have some kilobytes."""
_MOST_DEPTH = 10
_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8
"""Fields of a page's header that hold the one of its kind."""
_PREFIXES = frozenset({6, 7})
"""DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY: of the second each value may repeat the one before it."""


class DamagedPages(ValueError):
    """The pages of a file are not where its footer says, or their headers cannot be read."""


class Chunk(NamedTuple):
    """A column in a row group: its path in the schema, number of values, where its pages begin and end."""

    path: tuple[str, ...]
    values: int
    place: int
    end: int


class RowGroup(NamedTuple):
    """A row group, as the footer has it."""

    rows: int
    chunks: tuple[Chunk, ...]


class Page(NamedTuple):
    """A page: bytes when decompressed, number of values, nulls included, and encoding (parquet.thrift, Encoding)."""

    bytes: int
    values: int
    encoding: int
    is_dictionary: bool


@dataclass(frozen=True, slots=True)
class PageSizes:
    """What reading some columns of a row group holds at most."""

    pages: int
    """Bytes of the largest page of each column, and of its dictionary, together; of a column of lists all pages."""
    shared: int
    """Bytes of the dictionaries together: each row may have as many, where a reader does not share them."""
    a_row: float
    """Bytes of a row at most, as the mean of a page, all columns together but those of lists."""
    repeating: int
    """Bytes of the largest page whose values repeat each other: a single value may have as many. 0: there is none."""
    values: int
    """Most values of a column: of one of lists, more than there are rows."""


def read_footer(file: BinaryIO) -> list[RowGroup]:
    """Return the row groups of the Parquet file `file`; none: an empty list. Raises DamagedPages, and OSError.

    A footer of more than 8 MB is damaged, too.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 8))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != b"PAR1" or length > min(_MOST_FOOTER_BYTES, size - 8):
        raise DamagedPages
    file.seek(size - 8 - length)
    try:
        groups = _Compact(file.read(length)).struct(0).get(4, [])
        return [_row_group(group) for group in groups]
    except (IndexError, AttributeError, TypeError):
        raise DamagedPages from None


def _row_group(group: dict[int, Any]) -> RowGroup:
    return RowGroup(_number(group, 3), tuple(_chunk(chunk[3]) for chunk in group.get(1, []) if chunk.get(3)))


def _chunk(column: dict[int, Any]) -> Chunk:
    place, dictionary = _number(column, 9), column.get(11)
    if isinstance(dictionary, int) and 0 < dictionary < place:
        place = dictionary
    path = tuple(part.decode("utf-8", "replace") for part in column.get(3, []))
    return Chunk(path, _number(column, 5), place, place + _number(column, 7))


def page_sizes(file: BinaryIO, group: RowGroup, columns: Collection[str]) -> PageSizes:
    """Return the sizes of the pages of `columns` in `group`, a row group of `file`.

    Raises DamagedPages for pages that are not where the footer says.
    """
    pages, shared, a_row, repeating, values = 0, 0, 0.0, 0, 0
    for chunk in group.chunks:
        if chunk.path[:1] and chunk.path[0] not in columns:
            continue
        # a single row of lists may go through all pages
        is_list = len(chunk.path) > 1
        largest, of_dictionary, of_row, count = 0, 0, 0.0, 0
        for page in read_pages(file, chunk):
            if page.is_dictionary:
                of_dictionary = max(of_dictionary, page.bytes)
                continue
            largest, count = largest + page.bytes if is_list else max(largest, page.bytes), count + page.values
            of_row = 0.0 if is_list else max(of_row, page.bytes / max(1, page.values))
            if page.encoding in _PREFIXES:
                repeating = max(repeating, page.bytes)
        pages, shared = pages + largest + of_dictionary, shared + of_dictionary
        a_row, values = a_row + of_row, max(values, count)
    return PageSizes(pages, shared, a_row, repeating, values)


def read_pages(file: BinaryIO, chunk: Chunk) -> Iterator[Page]:
    """Yield the pages of `chunk`, a column of a row group of `file`, as Arrow goes through them.

    Raises DamagedPages for pages that are not where the footer says.
    """
    place, values = chunk.place, 0
    while values < chunk.values and place < chunk.end:
        header, length = _header(file, place)
        compressed = _number(header, 3)
        of_data = header.get(_DATA) or header.get(_DATA_V2)
        of_kind = of_data or header.get(_DICTIONARY)
        place += length + compressed
        if not isinstance(of_kind, dict):
            continue  # an index page: Arrow passes over it
        encoding = _number(of_kind, 4 if header.get(_DATA_V2) else 2)
        page = Page(_number(header, 2), _number(of_kind, 1), encoding, of_data is None)
        values += 0 if page.is_dictionary else page.values
        yield page
    if place > chunk.end:
        raise DamagedPages


def _number(struct: dict[int, Any], field: int) -> int:
    """Return the number in `field`. Raises DamagedPages for none, and for a negative one."""
    value = struct.get(field)
    if not isinstance(value, int) or value < 0:
        raise DamagedPages
    return value


def _header(file: BinaryIO, place: int) -> tuple[dict[int, Any], int]:
    """Return the header of the page at `place`, by field, and its length. Raises DamagedPages."""
    size = _FIRST_BYTES
    while True:
        file.seek(place)
        compact = _Compact(file.read(size))
        try:
            return compact.struct(0), compact.at
        except IndexError:
            if len(compact.data) < size or size >= _MOST_HEADER_BYTES:
                raise DamagedPages from None
            size *= 8


class _Compact:
    """A value in Thrift's compact protocol: numbers, bytes, lists, and structs by the numbers of their fields."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def struct(self, depth: int) -> dict[int, Any]:
        """Return values by field. Raises IndexError at the end of the data, DamagedPages."""
        fields: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            fields[field] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _MOST_DEPTH:
            raise DamagedPages
        if kind in (1, 2):  # true and false
            return None
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind == 7:
            return self._skip(8)
        if kind == 8:
            length = self._varint()
            self._skip(length)
            return self.data[self.at - length : self.at]
        if kind == 12:
            return self.struct(depth + 1)
        if kind in (9, 10):
            head = self._byte()
            values = []
            for _ in range(head >> 4 if head >> 4 < 15 else self._varint()):
                # a truth value in a list has a byte of its own
                values.append(self._byte() if head & 15 in (1, 2) else self._value(head & 15, depth + 1))
            return values
        raise DamagedPages

    def _byte(self) -> int:
        byte = self.data[self.at]
        self.at += 1
        return byte

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise DamagedPages

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self.data):
            raise IndexError
