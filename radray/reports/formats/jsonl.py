"""JSON lines: one object a line, with the fields of `reports.record.fields`, or a pair of prompt and completion."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from radray.errors import InputError
from radray.reports.record.counting import count_units
from radray.reports.record.fields import Fields
from radray.reports.record.record import MAX_REPORT_BYTES, Record
from radray.reports.wire.json_values import load, object_record
from radray.reports.wire.pieces import Chunks, Piece, read_lines

_DEFAULT = Fields()


def read(file: BinaryIO, fields: Fields = _DEFAULT) -> Iterator[Record]:
    """Yield a record for each line of `file` that is not blank; a digest is of the line, stripped of white space.

    A line is decoded as any report is (`radray.reports.text.decoding`); UTF-16 needs a byte order mark. A line that is
    not a JSON object, or has a duplicate key, an infinity, or a text that is not a string, is rejected MALFORMED; one
    of more than MAX_REPORT_BYTES TOO_LARGE; an incomplete last line TRUNCATED; see `object_record`.
    Raises InputError if the file is blank, or none of its lines can be a report: no line begins with a brace, or no
    object has a text. It is raised after the last record.
    """
    for offset, (piece, value) in enumerate(_values(file, fields)):
        yield object_record(value, fields, offset, piece.digest)


def count(file: BinaryIO, fields: Fields = _DEFAULT) -> int:
    """Return the number of records that `read` yields, see `count_units`. Raises InputError as `read` does."""
    return count_units(_values(file, fields))


def _values(file: BinaryIO, fields: Fields) -> Iterator[tuple[Piece, Any]]:
    pieces = read_lines(Chunks(file), MAX_REPORT_BYTES)
    return require_reports(((piece, load(piece)) for piece in pieces), fields, "the JSON lines file")


def require_reports(
    values: Iterator[tuple[Piece, Any]], fields: Fields, what: str, *, may_be_empty: bool = False
) -> Iterator[tuple[Piece, Any]]:
    """Yield `values` unchanged. Raises InputError at their end if there were none, or none that can be a report.

    A value can be a report if it is an object with a text among its `fields`, or, where no object was complete, if it
    begins like an object. `what` names the file in the error.
    """
    any_values = any_report = False
    names: list[str] | None = None
    for piece, value in values:
        any_values = True
        if isinstance(value, dict):
            any_report = any_report or fields.are_in(value)
            names = names if names is not None else list(value)
        elif piece.too_large or piece.data.startswith(b"{") or not piece.data:
            any_report = any_report or names is None
        yield piece, value
    if not any_values and not may_be_empty:
        raise InputError(f"{what} is empty: {fields.expected}")
    if any_values and not any_report:
        content = "no JSON object" if names is None else f"the first object: {fields.describe(names)}"
        raise InputError(f"{what} holds no reports: {fields.expected}; {content}; see source.format and source.fields")
