"""JSON lines: an object a line, with the fields of `reports.record.fields`, or a pair of prompt and completion."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from radray.errors import InputError
from radray.reports.record.fields import Fields, names_found
from radray.reports.record.record import MAX_REPORT_BYTES, Record
from radray.reports.wire.json_values import load, object_record
from radray.reports.wire.pieces import Chunks, Piece, read_lines

_DEFAULT = Fields()


def read(file: BinaryIO, fields: Fields = _DEFAULT) -> Iterator[Record]:
    """Yield a record a line of `file` that is not blank; digests are of the line without white space around it.

    A line is decoded as any report is (`radray.reports.text.decoding`); UTF-16 needs a byte order mark. A line that is
    not a JSON object, has a key twice, NaN, or a text that is no string is rejected MALFORMED; one of more than
    MAX_REPORT_BYTES TOO_LARGE; the last one, if it is not whole, TRUNCATED; see `object_record`.
    Raises InputError if the file is blank, or none of its lines can be a report: no line begins with a brace, or no
    object has a text; it comes after the records, and `count` raises it too.
    """
    for offset, (piece, value) in enumerate(_values(file, fields)):
        yield object_record(value, fields, offset, piece.digest)


def count(file: BinaryIO, fields: Fields = _DEFAULT) -> int:
    """Return how many records `read` gives of `file`. Raises InputError as `read` does."""
    return sum(1 for _ in _values(file, fields))


def _values(file: BinaryIO, fields: Fields) -> Iterator[tuple[Piece, Any]]:
    pieces = read_lines(Chunks(file), MAX_REPORT_BYTES)
    return recognised(((piece, load(piece)) for piece in pieces), fields, "the JSON lines file")


def recognised(
    values: Iterator[tuple[Piece, Any]], fields: Fields, what: str, *, may_be_empty: bool = False
) -> Iterator[tuple[Piece, Any]]:
    """Yield `values`, and raise InputError at their end if there were none, or none that may have been a report.

    That is an object with a text among its `fields`, or, if no object was whole, what begins like one.
    """
    any_values = any_like = False
    names: list[str] | None = None
    for piece, value in values:
        any_values = True
        if isinstance(value, dict):
            any_like = any_like or fields.are_in(value)
            names = names if names is not None else list(value)
        elif piece.too_large or piece.data.startswith(b"{") or not piece.data:
            any_like = any_like or names is None
        yield piece, value
    if not any_values and not may_be_empty:
        raise InputError(f"{what} is empty: {fields.wanted}")
    if any_values and not any_like:
        found = "no JSON object" if names is None else f"the first object: {names_found(names)}"
        raise InputError(f"{what} holds no reports: {fields.wanted}; {found}; see source.format and source.fields")
