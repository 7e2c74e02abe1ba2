"""MEDIQA 2021 task 3: a JSON array, or JSON lines, of study_id, subject_id, findings, impression, background."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from radray.errors import InputError
from radray.reports.formats.jsonl import require_reports
from radray.reports.record.counting import count_units
from radray.reports.record.fields import Fields
from radray.reports.record.record import MAX_REPORT_BYTES, Record
from radray.reports.wire.json_elements import ElementScanner
from radray.reports.wire.json_values import load, object_record
from radray.reports.wire.pieces import Chunks, Piece, read_lines

_FIELDS = Fields()
_EXPECTED = "expected a JSON array, or JSON lines, of objects with the keys study_id, findings and impression"
_WHAT = f"the JSON file ({_EXPECTED})"


def read(file: BinaryIO) -> Iterator[Record]:
    """Yield a record for each element of `file`, of which one is in memory at a time; an empty array yields none.

    The digest is of the raw element. A bad element costs a row, as in `radray.reports.formats.jsonl`; an array
    that does not end adds one row, TRUNCATED, and content after its end one row, MALFORMED. Raises InputError if the
    file is blank, begins like neither form, or no element has a text; see `jsonl.read`.
    """
    for offset, (piece, value) in enumerate(_values(file)):
        yield object_record(value, _FIELDS, offset, piece.digest)


def count(file: BinaryIO) -> int:
    """Return the number of records that `read` yields, see `count_units`. Raises InputError as `read` does."""
    return count_units(_values(file))


def _values(file: BinaryIO) -> Iterator[tuple[Piece, Any]]:
    chunks = Chunks(file)
    first = chunks.first_byte()
    if first not in (b"", b"[", b"{"):
        raise InputError(f"the file is not JSON from its first character on: {_EXPECTED}")
    if first == b"[":
        pieces = ElementScanner(chunks, MAX_REPORT_BYTES).pieces()
    else:
        pieces = read_lines(chunks, MAX_REPORT_BYTES)
    return require_reports(((piece, load(piece)) for piece in pieces), _FIELDS, _WHAT, may_be_empty=first == b"[")
