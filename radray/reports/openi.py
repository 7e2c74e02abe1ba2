"""Open-i: the Indiana University chest X-ray reports as CSV, one study a row."""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from radray.reports.csv_file import CsvFile, read_csv
from radray.reports.record import Record, make_record, rejected
from radray.schemas import RejectReason

_WANTED = ("uid", "findings", "impression")

_SPREADSHEET_ERRORS = frozenset({"#NAME?", "#VALUE!", "#REF!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!"})
"""What a spreadsheet leaves of a cell that begins with "-" or "=": 2 indications of the file are ``#NAME?``."""


def read(file: BinaryIO) -> Iterator[Record]:
    """Yield a record a row of `file`; `uid` is the study id, `image` the exam, `MeSH` the human codes.

    There are no subject ids. "None" is text. A row with too few or too many cells is rejected MALFORMED, one that
    is neither UTF-8 nor Windows-1252 BAD_ENCODING. No rows give no records. Raises InputError on the first record
    if the header lacks uid, findings or impression.
    """
    with _opened(file) as table:
        for offset, row in enumerate(table.rows):
            digest = hashlib.sha256(json.dumps(row.cells).encode("ascii")).hexdigest()
            if table.is_ragged(row):
                yield rejected("", offset, digest, RejectReason.MALFORMED)
                continue
            cells = _decoded(row.cells)
            if cells is None:
                yield rejected("", offset, digest, RejectReason.BAD_ENCODING)
                continue
            values = {
                name: None if cells[position].strip() in _SPREADSHEET_ERRORS else cells[position]
                for name, position in table.columns.items()
            }
            yield make_record(
                member="",
                offset=offset,
                source_digest=digest,
                study_id=values["uid"],
                indication=values.get("indication"),
                comparison=values.get("comparison"),
                findings=values["findings"],
                impression=values["impression"],
                exam_description=values.get("image"),
                human_codes=values.get("mesh"),
            )


def count(file: BinaryIO) -> int:
    """Return how many records `read` gives of `file`. Raises InputError as `read` does."""
    with _opened(file) as table:
        return sum(1 for _ in table.rows)


@contextmanager
def _opened(file: BinaryIO) -> Iterator[CsvFile]:
    lines = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield read_csv(lines, _WANTED)
    finally:
        if not file.closed:
            lines.detach()  # the file is the caller's to close


def _decoded(cells: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return `cells` with the bytes that were not UTF-8 read as Windows-1252; None if they are not that either."""
    if "".join(cells).isascii():
        return cells
    try:
        raw = [cell.encode("utf-8", "surrogateescape") for cell in cells]
        if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
            return tuple(cell.decode("cp1252") for cell in raw)
    except UnicodeError:
        return None
    return cells
