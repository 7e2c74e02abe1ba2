"""Rows of a CSV file with named columns: a bad row costs one row, a stray quote one line."""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from radray.errors import InputError
from radray.reports.archives.member import BrokenStream, ByteStream, chunks_of
from radray.reports.record.fields import describe_names
from radray.reports.record.record import MAX_REPORT_BYTES
from radray.reports.text.decoding import decode
from radray.schema.statuses import RejectReason

_SURROGATE = re.compile("[\ud800-\udfff]")
_CUT_CHARACTER = "\udfff"
"""Stands for the odd last byte of a UTF-16 file: no encoding has this character."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells, and the line of the file on which it ends, counted from 1."""

    line: int
    cells: tuple[str, ...]
    """One for each column; in a row with a problem, those that could be read, or the raw line."""
    problem: RejectReason | None
    """MALFORMED, BAD_ENCODING or TOO_LARGE; in the last row also the reason why the stream broke, such as TRUNCATED."""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file after its header; `rows` can be read once, and blank lines are not rows."""

    columns: dict[str, int]
    """Position of each column by its name in lower case."""
    rows: Iterator[Row]

    def get(self, row: Row, column: str) -> str | None:
        """Return the cell of `row`, a row without a problem, in `column`; None if the file has no such column."""
        position = self.columns.get(column.lower())
        return None if position is None else row.cells[position]


def read_csv(file: BinaryIO, wanted: Sequence[str]) -> CsvFile:
    """Read the header of `file`, which is not closed, and return the file's columns and rows.

    Encoding: by the byte order mark (UTF-8, UTF-16), else UTF-8 or, in a row that is not UTF-8, Windows-1252. Lines end
    in LF, CRLF or CR. A row that cannot be decoded, or holds NUL, is BAD_ENCODING; one with too few or too many cells,
    or with a quote that is neither closed nor doubled, MALFORMED; a line of more than MAX_REPORT_BYTES characters
    TOO_LARGE. Where the stream breaks, the last row holds the reason.

    A stray opening quote would swallow the rows after it. So a row of several lines must end well (quote closed before
    a comma or the end of a line, all cells present, at most MAX_REPORT_BYTES characters): else its first line is a row
    of its own (MALFORMED, or TOO_LARGE) and each line after it is read again as a row. Nothing is lost; a report that
    really is malformed over n lines becomes n rows. (Where another stray quote closes it in the same column of a later
    row, the CSV is valid: one row, and nothing in the file shows the mistake.) Each line is parsed at most three times.

    Raises InputError if there is no header, a column is duplicate, or one of `wanted` is missing. The message names the
    columns of `wanted` alone, and counts the others: a file without a header begins with a patient's data.
    """
    rows = _Rows(file)
    header = next(rows.read(None), None)
    if header is None:
        raise InputError(f"the CSV file is empty: expected a header with the columns {', '.join(wanted)}")
    names = [name.strip().lower() for name in header.cells]
    description = describe_names(names, wanted)
    if header.problem is not None:
        description = f"found a first line that is {header.problem.value.replace('_', ' ')}"
        names = []
    missing = [name for name in wanted if name.lower() not in names]
    if missing:
        raise InputError(
            f"the CSV file has no column {' or '.join(missing)}: expected {', '.join(wanted)}; {description}"
        )
    if len(set(names)) != len(names):
        raise InputError(f"the CSV file has a duplicate column; {description}")
    return CsvFile({name: position for position, name in enumerate(names)}, rows.read(len(names)))


class _TooLarge(Exception):
    """The current row has more than MAX_REPORT_BYTES characters."""


class _Rows:
    """The rows of a file, and the lines of the current row."""

    def __init__(self, file: BinaryIO) -> None:
        stream = ByteStream(chunks_of(file))
        try:
            head = stream.peek(2)[:2]
        except BrokenStream:
            head = b""  # raised again, and reported, with the first line
        self._wide = head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        encoding, errors = ("utf-16", "surrogatepass") if self._wide else ("utf-8-sig", "surrogateescape")
        # closed when garbage-collected, and then closes `stream` alone, never `file`
        self._text = io.TextIOWrapper(cast(BinaryIO, stream), encoding=encoding, errors=errors, newline="")
        self._cut = False
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self._ended = False
        self._line = 0

    def __iter__(self) -> "_Rows":
        return self

    def __next__(self) -> str:
        """Return the next line of the current row, for csv.reader. Raises BrokenStream at a break."""
        line = self._again.popleft() if self._again else self._readline()
        if not line:
            self._ended = True
            raise StopIteration
        self._line += 1
        self._taken.append(line)
        self._size += len(line)
        if self._size > MAX_REPORT_BYTES:
            raise _TooLarge
        return line

    def read(self, width: int | None) -> Iterator[Row]:
        """Yield the rows from here on, each of `width` cells; None: of any number."""
        reader = csv.reader(self, strict=True)
        while True:
            self._taken, self._size, self._ended = [], 0, False
            cells: list[str] | None = None
            problem = RejectReason.MALFORMED
            retry = False
            # the limit is global to the process: set for one row at a time, so that it affects nobody else
            limit = csv.field_size_limit(MAX_REPORT_BYTES + 1)
            try:
                cells = next(reader)
            except StopIteration:
                return
            except _TooLarge:
                problem = RejectReason.TOO_LARGE
            except BrokenStream as error:
                yield Row(self._line, (), error.reason)
                return
            except csv.Error:
                # the line at which quoting failed may begin a good row, unless the file ended
                retry = not self._ended
            finally:
                csv.field_size_limit(limit)
            if len(self._taken) == 1 or (cells and width in (None, len(cells))):
                if cells is None:
                    yield Row(self._line, (self._taken[0],), problem)
                elif cells:
                    yield self._row(cells, width)
                continue
            yield from self._line_by_line(self._taken, problem, width, retry=retry)

    def _line_by_line(
        self, lines: list[str], problem: RejectReason, width: int | None, *, retry: bool
    ) -> Iterator[Row]:
        """Yield a row for each of `lines`, which did not end well; with `retry` the last is left to be read again."""
        self._line -= len(lines) - 1
        yield Row(self._line, (lines[0],), problem)
        if retry:
            self._again.appendleft(lines[-1])
            lines = lines[:-1]
        for line in lines[1:]:
            self._line += 1
            if len(line) > MAX_REPORT_BYTES:
                yield Row(self._line, (line,), RejectReason.TOO_LARGE)
                continue
            try:
                cells = next(csv.reader((line,), strict=True), [])
            except csv.Error:
                yield Row(self._line, (line,), RejectReason.MALFORMED)
                continue
            if cells:
                yield self._row(cells, width)

    def _row(self, cells: list[str], width: int | None) -> Row:
        decoded = self._decoded(tuple(cells))
        if decoded is None:
            return Row(self._line, tuple(cells), RejectReason.BAD_ENCODING)
        problem = None if width in (None, len(cells)) else RejectReason.MALFORMED
        return Row(self._line, decoded, problem)

    def _readline(self) -> str:
        """Return the next line; of one that is too long only the beginning, its rest is skipped."""
        if self._cut:
            return ""
        try:
            line = self._text.readline(MAX_REPORT_BYTES + 1)
            if len(line) > MAX_REPORT_BYTES:
                more = line
                while len(more) > MAX_REPORT_BYTES and not more.endswith(("\n", "\r")):
                    more = self._text.readline(MAX_REPORT_BYTES + 1)
        except UnicodeDecodeError:
            self._cut = True  # only at the end: surrogatepass and surrogateescape accept everything else
            return _CUT_CHARACTER
        return line

    def _decoded(self, cells: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return `cells` with bytes that are not UTF-8 decoded as Windows-1252; None if they are not that either."""
        joined = "".join(cells)
        if "\x00" in joined:
            return None
        if joined.isascii() or not _SURROGATE.search(joined):
            return cells
        if self._wide:
            return None
        try:
            texts = tuple(decode(cell.encode("utf-8", "surrogateescape")) for cell in cells)
        except UnicodeEncodeError:
            return None
        whole = tuple(text for text in texts if text is not None)
        return whole if len(whole) == len(texts) else None
