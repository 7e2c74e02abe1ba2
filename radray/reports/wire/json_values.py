"""From one JSON text to its value, strictly: what would silently lose data is refused."""

import json
import re
from collections.abc import Mapping
from typing import Any

from radray.reports.record.fields import Fields
from radray.reports.record.record import Record, rejected_record
from radray.reports.record.values import to_record
from radray.reports.text.decoding import decode
from radray.reports.wire.pieces import Piece
from radray.schema.statuses import RejectReason

MAX_NESTING = 100
"""Brackets inside each other; a deeper text is MALFORMED. FHIR's resources have a dozen, in a Bundle's entry some more.

Counted before Python parses: its own limit is what is left of a stack, which is higher in a task than in the driver, so
that a text could be planned and not be read."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LISTS = frozenset({"human_codes"})
"""Fields whose value may be a list of strings."""
_IDS = frozenset({"study_id", "subject_id"})
_TIMES = frozenset({"exam_time", "report_time"})
"""Fields whose value may be anything: a value that is not a time counts as missing."""


class _NotAllowedError(ValueError):
    """A duplicate key, an infinity, or a deep text; the message is empty, since it could hold report text."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotAllowedError
    return members


def _constant(word: str) -> None:
    """Return None for NaN, which pandas and numpy write where a value is missing. Raises for infinities."""
    if word != "NaN":
        raise _NotAllowedError


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_constant)


def load(piece: Piece) -> Any | RejectReason:
    """Return the value of the JSON text `piece`, or the reason why there is none.

    NaN is null, a missing value. Text that is not JSON is MALFORMED, and so are duplicate keys in an object,
    infinities, more than MAX_NESTING brackets inside each other and numbers of more than 4,300 digits; where the file
    ended inside the piece, it is TRUNCATED.
    """
    if piece.too_large:
        return RejectReason.TOO_LARGE
    text = decode(piece.data)
    if text is None:
        return RejectReason.BAD_ENCODING
    try:
        if _is_deep(text):
            raise _NotAllowedError
        value = _DECODER.decode(text)
    except ValueError:
        is_cut = piece.cut or (not piece.ended and _is_open(piece.data))
        return RejectReason.TRUNCATED if is_cut else RejectReason.MALFORMED
    return RejectReason.TRUNCATED if piece.cut else value


def object_record(value: Any | RejectReason, fields: Fields, offset: int, digest: str) -> Record:
    """Return the record of `value`, the result of `load`: an object with the names of `fields`.

    An id that is neither a string nor a whole number is BAD_ID (a float has lost its leading zeros, and with more
    than 15 digits its value); a text that is not a string, or a value that is not an object, MALFORMED.
    """
    if isinstance(value, RejectReason):
        return rejected_record("", offset, digest, value)
    if not isinstance(value, dict):
        return rejected_record("", offset, digest, RejectReason.MALFORMED)
    names = dict(fields.items())
    names["findings"], names["impression"] = fields.text_names(value)
    return values_record({field: value.get(name) for field, name in names.items()}, offset, digest)


def values_record(raw: Mapping[str, Any], offset: int, digest: str) -> Record:
    """Return the record of `raw`, values by the names of `Fields`, of the types that `object_record` allows."""
    values: dict[str, str | None] = {}
    wrong: RejectReason | None = None
    for field, value in raw.items():
        if field in _TIMES:
            values[field] = value if isinstance(value, str) else None
            continue
        kept, reason = (_id if field in _IDS else _codes if field in _LISTS else _text)(value)
        if reason and (wrong is None or reason is RejectReason.BAD_ID):
            wrong = reason
        values[field] = kept
    if wrong:
        known = to_record({name: values.get(name) for name in _IDS}, offset, digest)
        return rejected_record("", offset, digest, wrong, known.study_id, known.subject_id)
    return to_record(values, offset, digest)


_Kept = tuple[str | None, RejectReason | None]


def _id(value: Any) -> _Kept:
    if value is None or isinstance(value, str):
        return value, None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value), None
    return None, RejectReason.BAD_ID


def _text(value: Any) -> _Kept:
    return (value, None) if value is None or isinstance(value, str) else (None, RejectReason.MALFORMED)


def _codes(value: Any) -> _Kept:
    if isinstance(value, list) and all(isinstance(code, str) for code in value):
        return ";".join(value), None
    return _text(value)


def _is_deep(text: str) -> bool:
    """Return whether `text` has more than MAX_NESTING brackets inside each other."""
    if text.count("[") + text.count("{") <= MAX_NESTING:
        return False
    depth = 0
    for bracket in _STRING.sub(b"", text.encode("utf-8", "surrogatepass")).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_NESTING:
            return True
    return False


def _is_open(data: bytes) -> bool:
    """Return whether the JSON text `data` lacks its last brackets or the end of a string."""
    depth, in_string, escaped = 0, False, False
    for byte in data:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
        elif byte in b"]}":
            depth -= 1
    return in_string or depth > 0
