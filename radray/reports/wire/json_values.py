"""One JSON text to its value, strictly: what would lose something in silence is refused."""

import json
from collections.abc import Mapping
from typing import Any

from radray.reports.record.fields import Fields
from radray.reports.record.record import Record, rejected_record
from radray.reports.record.values import to_record
from radray.reports.text.decoding import decode
from radray.reports.wire.pieces import Piece
from radray.schema.statuses import RejectReason

_LISTS = frozenset({"human_codes"})
"""Fields whose value may be a list of strings."""
_IDS = frozenset({"study_id", "subject_id"})
_TIMES = frozenset({"exam_time", "report_time"})
"""Fields whose value may be anything: what is not a time is none."""


class _NotAllowedError(ValueError):
    """Two keys with one name, or NaN; the message is empty."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NotAllowedError
    return made


def _constant(_: str) -> Any:
    raise _NotAllowedError


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_constant)


def load(piece: Piece) -> Any | RejectReason:
    """Return the value that `piece` is the JSON text of, or the reason why there is none.

    Two keys with one name in an object, NaN and infinities, nesting beyond Python's stack and numbers of more than
    4,300 digits are MALFORMED, like all that is not JSON; where the file ended inside the piece, it is TRUNCATED.
    """
    if piece.too_large:
        return RejectReason.TOO_LARGE
    text = decode(piece.data)
    if text is None:
        return RejectReason.BAD_ENCODING
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        is_cut = piece.cut or (not piece.ended and _is_open(piece.data))
        return RejectReason.TRUNCATED if is_cut else RejectReason.MALFORMED
    return RejectReason.TRUNCATED if piece.cut else value


def object_record(value: Any | RejectReason, fields: Fields, offset: int, digest: str) -> Record:
    """Return the record of what `load` gave, an object with the names of `fields`.

    An id that is neither a string nor a whole number is BAD_ID (a float has lost its leading zeros, and with more
    than 15 digits its value); a text that is not a string, and what is not an object, MALFORMED.
    """
    if isinstance(value, RejectReason):
        return rejected_record("", offset, digest, value)
    if not isinstance(value, dict):
        return rejected_record("", offset, digest, RejectReason.MALFORMED)
    names = dict(fields.items())
    names["findings"], names["impression"] = fields.text_names(value)
    return values_record({field: value.get(name) for field, name in names.items()}, offset, digest)


def values_record(found: Mapping[str, Any], offset: int, digest: str) -> Record:
    """Return the record of the values `found` under the names of `Fields`, types as in `object_record`."""
    values: dict[str, str | None] = {}
    wrong: RejectReason | None = None
    for field, value in found.items():
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
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ";".join(value), None
    return _text(value)


def _is_open(data: bytes) -> bool:
    """Tell whether the JSON text `data` lacks its last brackets or the end of a string."""
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
