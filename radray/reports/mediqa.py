"""MEDIQA 2021 task 3: a JSON array, or JSON lines, of study_id, subject_id, findings, impression, background."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from radray.errors import InputError
from radray.reports.record import Record, make_record, rejected
from radray.schemas import RejectReason

_EXPECTED = "expected a JSON array, or JSON lines, of objects with the keys study_id, findings and impression"
_TEXTS = ("findings", "impression", "background")


def read(file: BinaryIO) -> Iterator[Record]:
    """Yield a record an element of `file`, which is read whole; an empty array gives none.

    Ids are strings or whole numbers; anything else there, a text that is not a string, an element that is not an
    object and a line that is not JSON are rejected MALFORMED; a string that no encoding can write (half of a
    surrogate pair) is BAD_ENCODING. The digest of an element is that of its JSON with sorted keys. Raises InputError
    on the first record if the file is not JSON in UTF-8, or not such an array: no element has findings.
    """
    for offset, element in enumerate(_elements(file)):
        yield _record(offset, element)


def count(file: BinaryIO) -> int:
    """Return how many records `read` gives of `file`. Raises InputError as `read` does."""
    return len(_elements(file))


def _record(offset: int, element: Any) -> Record:
    digest = _digest(element)
    if not isinstance(element, dict):
        return rejected("", offset, digest, RejectReason.MALFORMED)
    ids = [element.get(key) for key in ("study_id", "subject_id")]
    texts = [element.get(key) for key in _TEXTS]
    if not all(value is None or (isinstance(value, str | int) and not isinstance(value, bool)) for value in ids):
        return rejected("", offset, digest, RejectReason.MALFORMED)
    if not all(text is None or isinstance(text, str) for text in texts):
        return rejected("", offset, digest, RejectReason.MALFORMED)
    study_id, subject_id = (None if value is None else str(value) for value in ids)
    try:
        "".join(part for part in (study_id, subject_id, *texts) if part).encode("utf-8")
    except UnicodeEncodeError:
        return rejected("", offset, digest, RejectReason.BAD_ENCODING)
    findings, impression, background = texts
    return make_record(
        member="",
        offset=offset,
        source_digest=digest,
        study_id=study_id,
        subject_id=subject_id,
        background=background,
        findings=findings,
        impression=impression,
    )


def _digest(element: Any) -> str:
    try:
        content = json.dumps(element, sort_keys=True)
    except RecursionError:
        raise InputError(f"the JSON file is nested too deeply: {_EXPECTED}") from None
    return hashlib.sha256(content.encode("ascii")).hexdigest()


def _elements(file: BinaryIO) -> list[Any]:
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"the JSON file is not UTF-8: {_EXPECTED}") from None
    if not text.strip():
        raise InputError(f"the JSON file is empty: {_EXPECTED}")
    elements = _lines(text) if text.lstrip().startswith("{") else _array(text)
    if elements and not any(isinstance(element, dict) and "findings" in element for element in elements):
        raise InputError(f"no element of the JSON file has the key findings: {_EXPECTED}")
    return elements


def _array(text: str) -> list[Any]:
    try:
        elements = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"the file is not JSON from {where} on: {_EXPECTED}") from None
    except (ValueError, RecursionError):
        raise InputError(
            f"the JSON file holds a number that is too long, or is nested too deeply: {_EXPECTED}"
        ) from None
    if not isinstance(elements, list):
        raise InputError(f"the JSON file is not an array: {_EXPECTED}")
    return elements


def _lines(text: str) -> list[Any]:
    """Return the element of each line that is not blank; None for a line that is not JSON."""
    elements: list[Any] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            elements.append(json.loads(line))
        except (ValueError, RecursionError):
            elements.append(None)
    return elements
