"""The text of OBX-5 by its type: text, coded entries, and documents that are text (ED: HTML, RTF, plain)."""

import base64
import binascii
import re
from collections.abc import Sequence
from enum import Enum

from radray.reports.record.fields import report_status
from radray.reports.text.decoding import decode
from radray.reports.wire.hl7.messages import Delimiters

TEXT_TYPES = frozenset({"TX", "FT", "ST", "T", "TEXT", ""})
"""Types of OBX-2 whose value is text ("T" and "TEXT" are not HL7's, but senders')."""
DOCUMENT_TYPES = frozenset({"ED", "RP"})
CODED_TYPES = frozenset({"CE", "CWE", "CNE", "CF"})
ORIGINAL_TEXT, LABEL, ALTERNATE_LABEL = 8, 1, 4
"""Components of CWE, from 0: CWE.9, CWE.2, CWE.5."""

_TEXT_FORMS = frozenset({"TEXT", "TX", "FT", "PLAIN", "TXT", "ASCII", "HTML", "XHTML", "XHTML+XML", "RTF", "X-RTF"})
"""Types and subtypes of data (HL7 v2 tables 0191 and 0291) that are text; what senders call AP may be, by its form."""
_NOT_TEXT_FORMS = frozenset(
    {"PDF", "JPEG", "JPG", "PNG", "GIF", "TIFF", "TIF", "BMP", "DICOM", "MSWORD", "DOC", "DOCX"}
)
_ENCODINGS = frozenset({"A", "HEX", "BASE64"})
"""HL7 v2 table 0299."""
_BINARY = (b"%PDF", b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\x00", b"MM\x00*", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_XML = re.compile(r"\s*+(?:<\?xml|<ClinicalDocument\b|<[A-Za-z0-9_.-]{1,40}:[A-Za-z])")
_FORMS = re.compile(r"\s*+(?:\{\\rtf|<!doctype html|<x?html\b)", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?<=[\s(])~(?=[0-9][0-9.,]{0,8}[ -]?(?:[cm]m|cc|ml|hu|x|%|degrees?|years?|months?|weeks?|days?|hours?)(?![a-z]))",
    re.IGNORECASE,
)
NULL = '""'
"""The null value: "there is none" (HL7 v2, 2.5.3)."""
_STOPS = ".!?:;"


class Document(Enum):
    """A value that is not read."""

    NOT_TEXT = "a PDF, an image, an XML document or a link"
    BROKEN = "not in the encoding that it states"
    BAD_ENCODING = "bytes that are no text"


def text_value(value: str, delimiters: Delimiters) -> str:
    """Return the text of OBX-5 `value` of a text type; repetitions are lines. '' for '' and for the null value.

    A "~" before a measure ("a node of ~3 mm") is no repetition, but a sign that its sender did not escape.
    """
    sign = delimiters.repetition
    if sign not in value:
        return "" if value.strip() == NULL else delimiters.unescape(value)
    if sign == "~":
        value = _ABOUT.sub(lambda _: f"{delimiters.escape}R{delimiters.escape}", value)
    return "\n".join("" if part.strip() == NULL else delimiters.unescape(part) for part in value.split(sign))


def coded_value(value: str, delimiters: Delimiters, *, stop: str = "") -> str:
    """Return the text of coded OBX-5 `value`, a line a repetition; '' for codes without a text.

    Of each: the original text, else the label of the code, else that of the alternate code, else the code itself where
    it has words. A diagnosis that is dictated and not coded is in the second component, after an empty first (HL7 v2,
    7.1.3.1 in version 2.3). `stop` ends a line without a stop, where the next is another diagnosis.
    """
    lines = []
    for repetition in value.split(delimiters.repetition):
        parts = [delimiters.unescape(part).strip() for part in repetition.split(delimiters.component)]
        texts = [parts[place] for place in (ORIGINAL_TEXT, LABEL, ALTERNATE_LABEL) if place < len(parts)]
        text = next((text for text in texts if text), parts[0] if " " in parts[0] else "")
        if text:
            lines.append(text if text[-1] in _STOPS else f"{text}{stop}")
    return "\n".join(lines)


def document_value(value: str, delimiters: Delimiters) -> str | Document:
    """Return the text of encapsulated data (ED: source ^ type ^ subtype ^ encoding ^ data), or why it is not read.

    Text is known by its stated type or, where that may be anything, by
    its form; PDF, images and XML documents (CDA) are not text whatever type is stated.
    """
    parts = value.split(delimiters.component)
    # senders leave out the source, or the subtype
    at = next((at for at in (3, 2) if at < len(parts) and parts[at].strip().upper() in _ENCODINGS), None)
    if at is None:
        return Document.NOT_TEXT
    forms = {delimiters.unescape(part).strip().upper().rpartition("/")[2] for part in parts[max(0, at - 2) : at]}
    if not forms.isdisjoint(_NOT_TEXT_FORMS):
        return Document.NOT_TEXT
    is_text = not forms.isdisjoint(_TEXT_FORMS)
    data = _decoded(delimiters.unescape(delimiters.component.join(parts[at + 1 :])), parts[at].strip().upper())
    if data is None:
        return Document.BROKEN if is_text else Document.NOT_TEXT
    if isinstance(data, bytes):
        if data.startswith(_BINARY):
            return Document.NOT_TEXT
        text = decode(data)
        if text is None:
            return Document.BAD_ENCODING if is_text else Document.NOT_TEXT
    else:
        text = data
    if _FORMS.match(text):
        return text
    if _XML.match(text):
        return text if "<html" in text[:1000].lower() else Document.NOT_TEXT
    return text if is_text else Document.NOT_TEXT


def _decoded(data: str, encoding: str) -> bytes | str | None:
    """Return the data as bytes, or as the text that it is; None if it is not in its encoding."""
    try:
        if encoding == "BASE64":
            packed = "".join(data.split())
            return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
        if encoding == "HEX":
            return bytes.fromhex(data)
    except (binascii.Error, ValueError):  # its message may hold the data
        return None
    return data


def is_encapsulated(value: str, delimiters: Delimiters) -> bool:
    """Return whether OBX-5 `value` of a text type is encapsulated data all the same."""
    return f"{delimiters.component}base64{delimiters.component}" in value[:200].lower()


def begins_document(text: str) -> bool:
    """Return whether `text` begins like a document in HTML or RTF."""
    return _FORMS.match(text) is not None


def is_withdrawn(observation: Sequence[str]) -> bool:
    """Return whether OBX-11 says that the value is not of the report: deleted, wrong, no result."""
    return report_status(field_at(observation, 11)) == "cancelled"


def field_at(segment: Sequence[str], place: int) -> str:
    """Return the field of `segment` at `place`; '' where the segment is shorter."""
    return segment[place] if place < len(segment) else ""
