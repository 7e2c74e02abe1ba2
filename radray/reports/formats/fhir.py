"""FHIR R4 DiagnosticReport: NDJSON, a Bundle, an array, or a single resource."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydantic import ValidationError

from radray.errors import InputError
from radray.reports.record.record import Record, rejected_record
from radray.reports.record.values import to_record
from radray.reports.text.decoding import decode
from radray.reports.text.markup import plain_text
from radray.reports.text.modalities import modality_of
from radray.reports.wire.fhir_elements import Attachment, CodeableConcept, DiagnosticReport, Identifier
from radray.reports.wire.json_elements import ElementScanner
from radray.reports.wire.json_values import load
from radray.reports.wire.pieces import Chunks, Piece, read_lines
from radray.schema.statuses import RejectReason

MAX_RESOURCE_BYTES = 16 << 20
"""A resource may hold the PDF of its report beside the text; its text is limited to MAX_REPORT_BYTES."""

_EXPECTED = "expected FHIR R4 JSON: DiagnosticReport resources as NDJSON, a Bundle or one resource (source.format=fhir)"
_PATIENT = re.compile(r"(?:^|/)Patient/([^/]+)|^urn:(?:uuid|oid):(.+)")
_LINE_END = re.compile(rb"[\r\n]+")
_WHITE = str.maketrans("", "", " \t\r\n")


@dataclass(frozen=True, slots=True)
class _Unit:
    value: Any | RejectReason
    digest: str


class _RejectedError(Exception):
    """The text of a resource cannot be read; never leaves this module."""

    def __init__(self, reason: RejectReason) -> None:
        super().__init__()
        self.reason = reason


def read(file: BinaryIO) -> Iterator[Record]:
    """Yield a record for each resource of `file`: a line, a Bundle's entry, an array's element, or the single resource.

    A resource other than a DiagnosticReport is NOT_A_REPORT; a DiagnosticReport is MALFORMED if an element that is read
    here does not have FHIR's type, whatever its other elements are. The study id is the accession identifier (type
    ACSN), else the first identifier, else the id. `conclusion` is the impression; text and HTML in `presentedForm`
    are a whole report; other forms are UNSUPPORTED_CONTENT where there is no text. Broken JSON costs a row as in
    `radray.reports.formats.jsonl`. An empty Bundle yields none. Raises InputError if the file is blank, does not begin
    like JSON, or has no resource at all.
    """
    for offset, unit in enumerate(_units(file)):
        yield _record(unit.value, offset, unit.digest)


def count(file: BinaryIO) -> int:
    """Return the number of records that `read` yields for `file`. Raises InputError as `read` does."""
    return sum(1 for _ in _units(file))


def _units(file: BinaryIO) -> Iterator[_Unit]:
    chunks = Chunks(file)
    first = chunks.first_byte()
    if not first:
        raise InputError(f"the file is empty: {_EXPECTED}")
    if first not in (b"{", b"["):
        raise InputError(f"the file is not JSON from its first character on: {_EXPECTED}")
    any_resource = any_value = False
    for unit in _lines(chunks) if _is_lines(chunks) else _elements(chunks):
        any_value = any_value or not isinstance(unit.value, RejectReason)
        any_resource = any_resource or (isinstance(unit.value, dict) and "resourceType" in unit.value)
        yield unit
    if any_value and not any_resource:
        raise InputError(f"the JSON file has no FHIR resource: {_EXPECTED}")


def _is_lines(chunks: Chunks) -> bool:
    """Return whether a file is NDJSON: its first line is an object, or its second line begins with a brace."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_RESOURCE_BYTES or (_LINE_END.search(chunk) and len(_LINE_END.split(b"".join(parts), 1)[1]) > 0):
            break
    head = b"".join(parts)
    chunks.push_back(head)
    line, *rest = _LINE_END.split(head, maxsplit=1)
    if rest and rest[0].startswith(b"{"):
        return True
    return line.startswith(b"{") and isinstance(load(Piece(line, "", too_large=len(line) > MAX_RESOURCE_BYTES)), dict)


def _lines(chunks: Chunks) -> Iterator[_Unit]:
    for piece in read_lines(chunks, MAX_RESOURCE_BYTES):
        yield from _expand(load(piece), piece.digest)


def _elements(chunks: Chunks) -> Iterator[_Unit]:
    scanner = ElementScanner(chunks, MAX_RESOURCE_BYTES, key="entry")
    is_bundle = chunks.first_byte() != b"["
    for piece in scanner.pieces():
        value = load(piece)
        if not scanner.has_array:
            yield from _expand(value, piece.digest)
        else:
            yield _Unit(_resource(value) if is_bundle else value, piece.digest)


def _expand(value: Any | RejectReason, digest: str) -> Iterator[_Unit]:
    """Yield the resource, or the resources of its entries if it is a Bundle."""
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        yield _Unit(value, digest)
        return
    entries = value.get("entry")
    if entries is not None and not isinstance(entries, list):
        yield _Unit(RejectReason.MALFORMED, digest)
        return
    for entry in entries or []:
        content = json.dumps(entry, sort_keys=True).encode("ascii")
        yield _Unit(_resource(entry), hashlib.sha256(content).hexdigest())


def _resource(entry: Any | RejectReason) -> Any | RejectReason:
    """Return the resource of a Bundle's entry; an entry without one (a deletion, a response) is not a report."""
    if not isinstance(entry, dict):
        return entry if isinstance(entry, RejectReason) else RejectReason.MALFORMED
    return entry.get("resource", RejectReason.NOT_A_REPORT)


def _record(value: Any | RejectReason, offset: int, digest: str) -> Record:
    if isinstance(value, RejectReason):
        return rejected_record("", offset, digest, value)
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        return rejected_record("", offset, digest, RejectReason.MALFORMED)
    if value["resourceType"] != "DiagnosticReport":
        return rejected_record("", offset, digest, RejectReason.NOT_A_REPORT)
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
        resource = DiagnosticReport.model_validate(value)
    except UnicodeEncodeError:
        return rejected_record("", offset, digest, RejectReason.BAD_ENCODING)
    except (ValidationError, RecursionError):  # its message holds the values
        return rejected_record("", offset, digest, RejectReason.MALFORMED)
    values: dict[str, str | None] = {"study_id": _study_id(resource), "subject_id": _subject_id(resource)}
    if resource.has_fractional_id:
        return rejected_record("", offset, digest, RejectReason.BAD_ID)
    values |= {
        "impression": resource.conclusion,
        "exam_description": _description(resource.code),
        "report_status": resource.status,
        "modality": next((m for code in _codes(resource.category) if (m := modality_of(code))), None),
        "human_codes": ";".join(_codes(resource.conclusionCode)),
        "exam_time": resource.exam_time,
        "report_time": resource.issued if isinstance(resource.issued, str) else None,
    }
    try:
        values["report"] = _report(resource.presentedForm or [])
    except _RejectedError as error:
        if error.reason is not RejectReason.UNSUPPORTED_CONTENT or not (resource.conclusion or "").strip():
            return rejected_record("", offset, digest, error.reason, values["study_id"], values["subject_id"])
    return to_record(values, offset, digest)


def _study_id(resource: DiagnosticReport) -> str | None:
    identifiers = [identifier for identifier in resource.identifier or [] if identifier.value_text]
    accessions = [identifier for identifier in identifiers if _is_accession(identifier)]
    for identifier in (*accessions, *identifiers):
        return identifier.value_text
    return resource.id


def _is_accession(identifier: Identifier) -> bool:
    return identifier.type is not None and "ACSN" in _codes([identifier.type])


def _subject_id(resource: DiagnosticReport) -> str | None:
    subject = resource.subject
    if subject is None:
        return None
    patient = _PATIENT.search(subject.reference or "")
    if patient:
        return patient.group(1) or patient.group(2)
    return subject.identifier.value_text if subject.identifier else None


def _description(code: CodeableConcept | None) -> str | None:
    if code is None:
        return None
    return code.text or next((coding.display for coding in code.coding or [] if coding.display), None)


def _codes(concepts: list[CodeableConcept] | None) -> list[str]:
    words = []
    for concept in concepts or []:
        codes = [coding.code or coding.display for coding in concept.coding or []]
        words += [code for code in codes if code] or ([concept.text] if concept.text else [])
    return words


def _report(forms: list[Attachment]) -> str | None:
    """Return the text of a report's forms: all plain texts, else all HTML; None without forms.

    Raises _RejectedError for forms of which none is text, or whose text cannot be decoded.
    """
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    for form in forms:
        kind = (form.contentType or "").partition(";")[0].strip().lower()
        if kind in texts and form.data:
            text = _decode_base64(form.data)
            texts[kind].append(plain_text(text) if kind == "text/html" else text)
    chosen = texts["text/plain"] or texts["text/html"]
    if not chosen and forms:
        raise _RejectedError(RejectReason.UNSUPPORTED_CONTENT)
    return "\n\n".join(dict.fromkeys(chosen)) or None


def _decode_base64(data: str) -> str:
    try:
        content = base64.b64decode(data.translate(_WHITE), validate=True)
    except (binascii.Error, ValueError):
        raise _RejectedError(RejectReason.MALFORMED) from None
    text = decode(content)
    if text is None:
        raise _RejectedError(RejectReason.BAD_ENCODING)
    return text
