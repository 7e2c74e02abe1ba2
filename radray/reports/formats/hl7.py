"""HL7 v2 ORU^R01: single messages, batch files, MLLP captures; a unit is an OBR segment and the segments after it."""

import datetime
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from radray.errors import InputError
from radray.reports.record.fields import report_status, to_utc
from radray.reports.record.record import Record, rejected_record
from radray.reports.record.values import to_record
from radray.reports.text.modalities import modality_of
from radray.reports.text.sections import parse
from radray.reports.wire.hl7_messages import Delimiters, RawMessage, decode_segments, read_messages
from radray.schema.statuses import RejectReason

_EXPECTED = "expected HL7 v2 messages, each beginning with an MSH segment (source.format=hl7)"
_TIME = re.compile(r"(?P<time>[0-9]{8}(?:[0-9]{2}){0,3})(?:\.(?P<fraction>[0-9]{1,6})[0-9]*+)?(?P<zone>[+-][0-9]{4})?")
_NULL = '""'
"""The null value: "there is none" (HL7 v2, 2.5.3)."""
_TEXT_TYPES = frozenset({"TX", "FT", "ST", ""})
_DOCUMENT_TYPES = frozenset({"ED", "RP"})
_NOT_THE_REPORT = frozenset({"D", "W", "X"})
"""Statuses of OBX-11 whose text is not read: deleted, posted as wrong, no result."""
_OBX_FIELDS = 11
"""OBX-11, the status, is required: an OBX segment without it at the end of a file may have been cut."""
_OBR_FIELDS = 25
"""OBR-25, the status, likewise in an OBR segment of a report."""
_BEFORE_TEXT = (b"MSH", b"PID", b"PD1", b"PV1", b"PV2", b"ORC", b"TQ1")
"""Segments that never end a report: its OBX segments come after them."""
_MOST_OBX_FIELDS = 33
"""Fields of OBX in the newest version, 2.9: in a segment with more, a delimiter inside the text was not escaped."""

_SECTION_OF = {
    # Suffixes of OBX-3 (HL7 v2, 7.2.3 and 7.2.4), and LOINC
    "IMP": "impression",
    "19005-8": "impression",
    "GDT": "findings",
    "59776-5": "findings",
    "CMS": "comparison",
    "18834-2": "comparison",
    "18785-6": "indication",
    "FINDINGS": "findings",
    "IMPRESSION": "impression",
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
    observations: Sequence[Sequence[str]] = ()


def read(file: BinaryIO) -> Iterator[Record]:
    """Yield a record for each OBR segment of the ORU^R01 messages of `file`; any other message is one NOT_A_REPORT.

    Study id: OBR-3 (filler order number), else OBR-18, else OBR-2; subject id: PID-3. Texts of OBX segments (TX, FT,
    ST) are joined by line ends: findings or impression where OBX-3 says so; the others are one report, which is split
    into its sections. Without a text, ED and RP (PDF, image) are UNSUPPORTED_CONTENT. OBR-25 X is CANCELLED. Times
    without a zone are taken to be UTC. A message without MSH, delimiters or OBR, or with a line that is not a segment,
    or with more fields than OBX has, is MALFORMED; where a message is cut, its last OBR is TRUNCATED. An empty batch
    yields none. Raises InputError if the file is blank or has no MSH.
    """
    for offset, unit in enumerate(_units(file)):
        yield _record(unit, offset)


def count(file: BinaryIO) -> int:
    """Return the number of records that `read` yields for `file`. Raises InputError as `read` does."""
    return sum(1 for _ in _units(file))


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
    kind = _at(header, 8).split(delimiters.component)
    if kind[0].strip() != "ORU" or (len(kind) > 1 and kind[1].strip() not in ("", "R01")):
        yield _Unit(digest, RejectReason.TRUNCATED if cut and len(header) < 12 else RejectReason.NOT_A_REPORT)
        return
    if message.malformed:
        yield _Unit(digest, RejectReason.MALFORMED)
        return
    units = list(_groups(message, delimiters, fields))
    if not units:
        yield _Unit(digest, RejectReason.TRUNCATED if cut else RejectReason.MALFORMED)
    yield from units[:-1]
    if units:
        last = units[-1]
        yield _Unit(last.digest, RejectReason.TRUNCATED) if cut else last


def _groups(message: RawMessage, delimiters: Delimiters, fields: list[list[str]]) -> Iterator[_Unit]:
    """Yield a unit for each OBR segment, with the last PID segment before it."""
    patients = [(place, segment) for place, segment in enumerate(fields) if segment[0] == "PID"]
    starts = [place for place, segment in enumerate(fields) if segment[0] == "OBR"]
    patient: Sequence[str] = ()
    for start, end in zip(starts, [*starts, len(fields)][1:], strict=True):
        while patients and patients[0][0] < start:
            patient = patients.pop(0)[1]
        observations = [segment for segment in fields[start:end] if segment[0] == "OBX"]
        ran_over = any(_ran_over(segment) for segment in observations)
        yield _Unit(
            _digest([*message.lines[: starts[0]], *message.lines[start:end]]),
            RejectReason.MALFORMED if ran_over else None,
            delimiters,
            fields[0],
            patient,
            fields[start],
            observations,
        )


def _ran_over(observation: Sequence[str]) -> bool:
    """Return whether an unescaped delimiter cut the text of an OBX segment in two."""
    units_or_range = _at(observation, 6).strip() or _at(observation, 7).strip()
    is_text = _at(observation, 2).strip() in ("TX", "FT")
    return len(observation) > _MOST_OBX_FIELDS + 1 or bool(is_text and units_or_range)


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
    study_id = first(_at(request, 3)) or first(_at(request, 18)) or first(_at(request, 2))
    subject_id = first(_at(unit.patient, 3))
    if unit.reason is not None:
        return rejected_record("", offset, unit.digest, unit.reason, study_id, subject_id)
    values, has_document = _texts(unit.observations, unit.delimiters)
    if has_document and not any((text or "").strip() for text in values.values()):
        return rejected_record("", offset, unit.digest, RejectReason.UNSUPPORTED_CONTENT, study_id, subject_id)
    status = report_status(_at(request, 25))
    statuses = [_at(observation, 11).strip() for observation in unit.observations]
    if statuses and all(code in _NOT_THE_REPORT for code in statuses):
        status = "cancelled"
    values |= {
        "study_id": study_id,
        "subject_id": subject_id,
        "exam_description": first(_at(request, 4), 1) or first(_at(request, 4), 4) or first(_at(request, 4)),
        "modality": modality_of(_at(request, 24)),
        "report_status": status or next((word for code in statuses if (word := report_status(code))), None),
    }
    return to_record(
        values,
        offset,
        unit.digest,
        exam_time=parse_time(first(_at(request, 7))),
        report_time=parse_time(first(_at(request, 22))) or parse_time(first(_at(unit.header, 6))),
    )


def _texts(observations: Sequence[Sequence[str]], delimiters: Delimiters) -> tuple[dict[str, str | None], bool]:
    """Return the texts of the observations by field of a record, and whether any of them is a document (ED, RP)."""
    lines: dict[str, list[str]] = {}
    sections: dict[str, str] = {}
    has_document = False
    for observation in observations:
        kind = _at(observation, 2).strip().upper()
        if _at(observation, 11).strip() in _NOT_THE_REPORT:
            continue
        if kind not in _TEXT_TYPES:
            has_document = has_document or kind in _DOCUMENT_TYPES
            continue
        identifier = _at(observation, 3)
        if identifier not in sections:
            sections[identifier] = _section(identifier, delimiters)
        text = "\n".join(delimiters.unescape(part) for part in _at(observation, 5).split(delimiters.repetition))
        lines.setdefault(sections[identifier], []).append(text)
    values: dict[str, str | None] = {name: "\n".join(texts) for name, texts in lines.items()}
    report = values.get("report")
    if report and "impression" in values and "findings" not in values and not parse(report).has_headings:
        # "71020^CHEST" beside "71020&IMP^CHEST": the text without a suffix is the findings
        values["findings"] = values.pop("report")
    return values, has_document


def _section(identifier: str, delimiters: Delimiters) -> str:
    """Return the field that OBX-3 names; `report` where it names none."""
    for component in identifier.split(delimiters.component):
        for word in component.split(delimiters.subcomponent):
            if section := _SECTION_OF.get(word.strip().upper()):
                return section
    return "report"


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
        return None if value in ("", _NULL) else value


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


def _at(fields: Sequence[str], place: int) -> str:
    return fields[place] if place < len(fields) else ""


def _digest(lines: Sequence[bytes]) -> str:
    return hashlib.sha256(b"\r".join(lines)).hexdigest()
