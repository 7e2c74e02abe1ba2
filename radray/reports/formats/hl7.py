"""HL7 v2 ORU^R01 and MDM: single messages, batch files, MLLP captures.

A unit is an OBR segment and the segments after it; of MDM, which sends documents, a message. Transcription systems
send radiology reports as MDM^T02 and, where they are signed or changed, T04, T06, T08 and T10 (HL7 v2, chapter 9, whose
table 0270 has "DI", diagnostic imaging; what they carry is the OBX text of ORU^R01).
"""

import datetime
import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO

from radray.errors import InputError
from radray.reports.record.counting import count_units
from radray.reports.record.fields import report_status, to_utc
from radray.reports.record.identity import sender_digest
from radray.reports.record.record import Record, rejected_record, within_limit
from radray.reports.record.values import to_record
from radray.reports.text import exams
from radray.reports.text.modalities import modality_of
from radray.reports.wire.hl7.messages import Delimiters, RawMessage, decode_segments, read_messages
from radray.reports.wire.hl7.texts import Texts, texts_of
from radray.reports.wire.hl7.values import NULL, Document, field_at
from radray.schema.statuses import RejectReason

_EXPECTED = "expected HL7 v2 messages, each beginning with an MSH segment (source.format=hl7)"
_TIME = re.compile(r"(?P<time>[0-9]{8}(?:[0-9]{2}){0,3})(?:\.(?P<fraction>[0-9]{1,6})[0-9]*+)?(?P<zone>[+-][0-9]{4})?")
_OBX_FIELDS = 11
"""OBX-11, the status, is required: an OBX segment without it at the end of a file may have been cut."""
_OBR_FIELDS = 25
"""OBR-25, the status, likewise in an OBR segment of a report."""
_BEFORE_TEXT = (b"MSH", b"EVN", b"PID", b"PD1", b"PV1", b"PV2", b"ORC", b"TQ1", b"TXA")
"""Segments that never end a report: its OBX segments come after them."""
_MOST_OBX_FIELDS = 33
"""Fields of OBX in the newest version, 2.9: in a segment with more, a delimiter inside the text was not escaped."""

_DOCUMENTS = frozenset({"T02", "T04", "T06", "T08", "T10"})
"""Events of MDM that send the document: new, changed status, addendum, edited, replaced."""
_ADDENDUM, _CANCELLED_DOCUMENT = "T06", "T11"
_IMAGING = re.compile(r"\b(?:DI|RAD\w*|IMAG\w*|X-?RAY|XR|ROENTGEN|RA)\b")
_OTHER_DOCUMENTS = re.compile(r"\b(?:PATHOLOGY|DISCHARGE|PROGRESS|OPERATIVE|CONSULT\w*|HISTORY|PHYSICAL|PEER REVIEW)\b")
_COMPLETION = {
    # HL7 v2 table 0271, TXA-17
    **dict.fromkeys(["DI", "DO", "IN", "IP", "PA"], "preliminary"),
    **dict.fromkeys(["AU", "LA"], "final"),
    "CA": "cancelled",
}
_WITHDRAWN = frozenset({"CA", "OB", "UN"})
"""HL7 v2 table 0273, TXA-19: deleted, obsolete, unavailable for patient care."""
_LABORATORY = frozenset(
    {"BG", "BLB", "CG", "CH", "CP", "HM", "IMM", "LAB", "MB", "MCB", "MYC", "OSL", "PHR", "SP", "SR", "TX", "VR"}
)
"""HL7 v2 table 0074, OBR-24: what a feed of results has beside imaging."""
_NOT_IMAGING = frozenset({"AR", "CD", "CN", "DS", "ED", "HP", "OP", "PC", "PH", "PN", "PR", "SP", "TS"})
"""HL7 v2 table 0270, TXA-2, without DI (diagnostic imaging)."""
_OF_DOCUMENT = {2: 14, 3: 15, 18: 12, 7: 4, 22: 6}
"""Fields of TXA that stand for those of OBR: order numbers, the document's number, times of activity and origin."""


_OF_UNREAD = {
    Document.NOT_TEXT: RejectReason.UNSUPPORTED_CONTENT,
    Document.BROKEN: RejectReason.MALFORMED,
    Document.BAD_ENCODING: RejectReason.BAD_ENCODING,
}


@dataclass(frozen=True, slots=True)
class _Unit:
    digest: str
    reason: RejectReason | None = None
    delimiters: Delimiters | None = None
    header: Sequence[str] = ()
    """Fields of MSH: [0] is the name and [1] is MSH-2, so indices are one less than in other segments."""
    patient: Sequence[str] = ()
    request: Sequence[str] = ()
    segments: Sequence[Sequence[str]] = ()
    """OBX and NTE."""
    status: str | None = None
    """Of the document; None where OBR and OBX say it."""
    is_addendum: bool = False


def read(file: BinaryIO) -> Iterator[Record]:
    """Yield a record for each OBR of ORU^R01 and each MDM of an imaging report in `file`; others are NOT_A_REPORT.

    Study id: OBR-3 (filler order number), else OBR-18, else OBR-2; of a document without OBR its order numbers, else
    its own (TXA-12). Subject id: PID-3. Texts of OBX segments (TX, FT, ST, coded entries, ED that is text) are joined
    by line ends, findings or impression where OBX-3 says so; the others are one report, which is split into its
    sections (`wire.hl7.texts`). Without a text, ED and RP (PDF, image) are UNSUPPORTED_CONTENT. OBR-25 X and MDM^T11
    are CANCELLED. Times without a zone are taken to be UTC. A message without MSH, delimiters or OBR, or with a line
    that is not a segment, or with more fields than OBX has, is MALFORMED; where a message is cut, its last OBR is
    TRUNCATED. An empty batch yields none. Raises InputError if the file is blank or has no MSH.
    """
    for offset, unit in enumerate(_units(file)):
        yield within_limit(partial(_record, unit, offset), offset, unit.digest)


def count(file: BinaryIO) -> int:
    """Return the number of records that `read` yields, see `count_units`. Raises InputError as `read` does."""
    return count_units(_units(file))


def _units(file: BinaryIO) -> Iterator[_Unit]:
    known, messages = read_messages(file)
    for message in messages:
        # before the first header, nothing shows that the file is HL7
        if known.any or known.any_envelope:
            yield from _units_of(message)
    if not known.any and not known.any_envelope:
        raise InputError(f"the file has no MSH segment: {_EXPECTED}")


def _units_of(message: RawMessage) -> Iterator[_Unit]:
    digest = _digest(message.lines)
    if message.too_large:
        yield _Unit(digest, RejectReason.TOO_LARGE)
        return
    if not message.has_header:
        yield _Unit(digest, RejectReason.TRUNCATED if message.cut else RejectReason.MALFORMED)
        return
    segments = decode_segments(message)
    delimiters = Delimiters.of(segments[0]) if segments else None
    cut = message.cut or _breaks_off(message, delimiters)
    if segments is None or delimiters is None:
        broken = RejectReason.MALFORMED if segments else RejectReason.BAD_ENCODING
        yield _Unit(digest, RejectReason.TRUNCATED if cut else broken)
        return
    fields = [segment.split(delimiters.field) for segment in segments]
    header = fields[0]
    kind, event = (*(part.strip() for part in field_at(header, 8).split(delimiters.component)), "")[:2]
    is_document = kind == "MDM" and _is_imaging(event, fields, delimiters)
    if not is_document and (kind != "ORU" or event not in ("", "R01")):
        yield _Unit(digest, RejectReason.TRUNCATED if cut and len(header) < 12 else RejectReason.NOT_A_REPORT)
        return
    if message.malformed:
        yield _Unit(digest, RejectReason.MALFORMED)
        return
    if is_document:
        units = [_document(digest, event, delimiters, fields)]
    else:
        units = list(_groups(message, delimiters, fields))
    if not units:
        yield _Unit(digest, RejectReason.TRUNCATED if cut else RejectReason.MALFORMED)
    yield from units[:-1]
    if units:
        last = units[-1]
        yield _Unit(last.digest, RejectReason.TRUNCATED) if cut else last


def _groups(message: RawMessage, delimiters: Delimiters, fields: list[list[str]]) -> Iterator[_Unit]:
    """Yield a unit for each OBR segment, with the last PID segment before it."""
    patients = [place for place, segment in enumerate(fields) if segment[0] == "PID"]
    starts = [place for place, segment in enumerate(fields) if segment[0] == "OBR"]
    # what precedes the first OBR is of each unit, and may be most of the message
    before = hashlib.sha256(b"".join(line + b"\r" for line in message.lines[: starts[0] if starts else 0]))
    for start, end in zip(starts, [*starts, len(fields)][1:], strict=True):
        digest = before.copy()
        digest.update(b"\r".join(message.lines[start:end]))
        patient = bisect_left(patients, start)
        segments = _with_text(fields[start:end])
        yield _Unit(
            digest.hexdigest(),
            RejectReason.MALFORMED if any(_ran_over(segment) for segment in segments) else None,
            delimiters,
            fields[0],
            fields[patients[patient - 1]] if patient else (),
            fields[start],
            segments,
        )


def _document(digest: str, event: str, delimiters: Delimiters, fields: list[list[str]]) -> _Unit:
    """Return the unit of a document: its OBR segment, or what TXA has in place of it."""
    first = {segment[0]: segment for segment in reversed(fields)}
    document, request = first["TXA"], [*first.get("OBR", ["OBR"])]
    request += [""] * (_OBR_FIELDS + 1 - len(request))
    for place, of_document in _OF_DOCUMENT.items():
        request[place] = request[place].strip() or field_at(document, of_document)
    availability = field_at(document, 19).split(delimiters.component)[0].strip().upper()
    completion = field_at(document, 17).split(delimiters.component)[0].strip().upper()
    is_void = event == _CANCELLED_DOCUMENT or availability in _WITHDRAWN
    segments = _with_text(fields)
    return _Unit(
        digest,
        RejectReason.MALFORMED if any(_ran_over(segment) for segment in segments) else None,
        delimiters,
        fields[0],
        first.get("PID", ()),
        request,
        segments,
        "cancelled" if is_void else _COMPLETION.get(completion),
        event == _ADDENDUM,
    )


def _is_imaging(event: str, fields: list[list[str]], delimiters: Delimiters) -> bool:
    """Return whether an MDM message is of a report of imaging, by the type of its document, its exam and its texts."""
    document = next((segment for segment in fields if segment[0] == "TXA"), None)
    if document is None or event not in _DOCUMENTS | {_CANCELLED_DOCUMENT}:
        return False
    kind = _words(field_at(document, 2), delimiters)
    if _IMAGING.search(kind):
        return True
    if kind.partition(" ")[0] in _NOT_IMAGING or _OTHER_DOCUMENTS.search(kind):
        return False
    places = {"OBR": (4, 24), "OBX": (3,)}
    names = [_words(field_at(segment, at), delimiters) for segment in fields for at in places.get(segment[0], ())]
    return any(_IMAGING.search(name) or exams.modality(name) or exams.body_part(name) for name in names)


def _words(text: str, delimiters: Delimiters) -> str:
    """Return the words of a coded field in capitals."""
    signs = str.maketrans(dict.fromkeys([delimiters.component, delimiters.subcomponent, "_", "-"], " "))
    return " ".join(text.translate(signs).upper().split())


def _with_text(fields: Sequence[list[str]]) -> list[list[str]]:
    return [segment for segment in fields if segment[0] in ("OBX", "NTE")]


def _ran_over(segment: Sequence[str]) -> bool:
    """Return whether an unescaped delimiter cut the text of an OBX segment in two.

    Then it stands where units and range are, and the status of OBX-11 in a place behind its own.
    """
    if segment[0] != "OBX":
        return False
    units_or_range = field_at(segment, 6).strip() or field_at(segment, 7).strip()
    is_text = field_at(segment, 2).strip() in ("TX", "FT")
    displaced = bool(is_text and units_or_range and report_status(field_at(segment, 11)) is None)
    return len(segment) > _MOST_OBX_FIELDS + 1 or displaced


def _breaks_off(message: RawMessage, delimiters: Delimiters | None) -> bool:
    """Return whether the last segment lacks its end and, by the fields it should have, is incomplete."""
    if message.ended:
        return False
    last = message.lines[-1]
    if delimiters is None:
        return True
    sign = delimiters.field.encode()
    if last.startswith(b"OBR"):
        return last.count(sign) < _OBR_FIELDS
    if not last.startswith(b"OBX"):
        return last.startswith(_BEFORE_TEXT)
    others = [line for line in message.lines[:-1] if line.startswith(b"OBX")]
    return last.count(sign) < min([_OBX_FIELDS, *(line.count(sign) for line in others)])


def _record(unit: _Unit, offset: int) -> Record:
    if unit.delimiters is None:
        return rejected_record("", offset, unit.digest, unit.reason or RejectReason.MALFORMED)
    first = _FirstValue(unit.delimiters)
    request = unit.request
    study_id = first(field_at(request, 3)) or first(field_at(request, 18)) or first(field_at(request, 2))
    subject_id = first(field_at(unit.patient, 3))
    reason = RejectReason.NOT_A_REPORT if field_at(request, 24).strip().upper() in _LABORATORY else unit.reason
    if reason is not None:
        return rejected_record("", offset, unit.digest, reason, study_id, subject_id)
    exam = [unit.delimiters.unescape(part) for part in field_at(request, 4).split(unit.delimiters.component)]
    words = frozenset(part.strip().upper() for part in (*exam[:2], *exam[3:5]) if part.strip())
    texts = texts_of(unit.segments, unit.delimiters, words, is_addendum=unit.is_addendum)
    statuses = [field_at(segment, 11).strip() for segment in unit.segments if segment[0] == "OBX"]
    status = unit.status or report_status(field_at(request, 25))
    if statuses and all(report_status(code) == "cancelled" for code in statuses):
        status = "cancelled"
    record = to_record(
        texts.values
        | {
            "study_id": study_id,
            "subject_id": subject_id,
            "exam_description": first(field_at(request, 4), 1)
            or first(field_at(request, 4), 4)
            or first(field_at(request, 4)),
            "modality": modality_of(field_at(request, 24)),
            "report_status": status or next((word for code in statuses if (word := report_status(code))), None),
        },
        offset,
        unit.digest,
        exam_time=parse_time(first(field_at(request, 7))),
        report_time=parse_time(first(field_at(request, 22))) or parse_time(first(field_at(unit.header, 6))),
        apart=texts.apart,
        sender=sender_digest(field_at(unit.header, 2), field_at(unit.header, 3)),
    )
    if texts.document is not None and _is_without_text(record, texts):
        return replace(record, reason=_OF_UNREAD[texts.document])
    return record


def _is_without_text(record: Record, texts: Texts) -> bool:
    """Return whether a unit has no report but in a document that is not read."""
    has_none = not any((text or "").strip() for text in texts.values.values())
    no_text = (RejectReason.EMPTY, RejectReason.NO_SECTIONS, RejectReason.NO_FINDINGS)
    return record.reason in no_text and (has_none or texts.is_referral)


@dataclass(frozen=True, slots=True)
class _FirstValue:
    """Returns the value of a component of a field's first repetition."""

    delimiters: Delimiters

    def __call__(self, text: str, component: int = 0) -> str | None:
        """Return component `component` (from 0) of `text`, unescaped and stripped; None if blank or null."""
        parts = text.split(self.delimiters.repetition, 1)[0].split(self.delimiters.component)
        if component >= len(parts):
            return None
        value = parts[component].split(self.delimiters.subcomponent, 1)[0]
        value = self.delimiters.unescape(value).strip()
        return None if value in ("", NULL) else value


def parse_time(text: str | None) -> datetime.datetime | None:
    """Return an HL7 v2 timestamp (YYYYMMDD[HH[MM[SS[.S]]]][+ZZZZ]) as a naive time in UTC; None for other texts."""
    match = _TIME.fullmatch(text or "")
    if match is None:
        return None
    digits = match["time"]
    form = "%Y%m%d%H%M%S"[: len(digits) - 2]
    try:
        time = datetime.datetime.strptime(digits + (match["zone"] or "+0000"), form + "%z")
        return to_utc(time.replace(microsecond=int((match["fraction"] or "0").ljust(6, "0"))))
    except ValueError:
        return None


def _digest(lines: Sequence[bytes]) -> str:
    return hashlib.sha256(b"\r".join(lines)).hexdigest()
