"""FHIR DiagnosticReport (R4, and R5 where it differs): NDJSON, Bundles, an array, or a single resource."""

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from pydantic import ValidationError

from radray.reports.record.counting import count_units
from radray.reports.record.identity import sender_digest
from radray.reports.record.record import Record, is_too_long, rejected_record, within_limit
from radray.reports.record.values import to_record
from radray.reports.text.headings.names import REPORT
from radray.reports.text.markup import plain_text
from radray.reports.text.modalities import modality_of
from radray.reports.text.sections import parse
from radray.reports.wire.fhir.elements import CodeableConcept, DiagnosticReport, Identifier, narrative_of
from radray.reports.wire.fhir.forms import FormError, texts_of_forms
from radray.reports.wire.fhir.results import OTHER, Results, Text, references_of, texts_of_contained, texts_of_notes
from radray.reports.wire.fhir.units import Unit, read_units
from radray.schema.statuses import RejectReason

_PATIENT = re.compile(r"(?:^|/)Patient/([^/]+)|^urn:(?:uuid|oid):(.+)")
MAX_HELD_BYTES = 32 << 20
"""Of reports that wait for their results, and as many of results, in memory; then the oldest wait no longer."""
_BYTES_OF_A_RECORD = 1_000
"""Memory of a record besides its texts, roughly."""
_OF_RESULTS = frozenset({"findings", "impression", "comparison", "indication", REPORT})
_MARK = re.compile(r"\s*(?:[0-9]+[.)]|[-*\u2022])")
_GENERATED = ("Generated Narrative", 'title="Codes')
"""In a narrative that a FHIR library made: a table of elements, with times between the texts."""


@dataclass(slots=True)
class _Draft:
    """A report that lacks findings or impression, which its results may have."""

    record: Record
    values: dict[str, str | None]
    unread: RejectReason | None
    """Why its forms have no text."""
    apart: list[Text]
    contained: list[Text]
    references: list[str]
    subject: str | None
    narrative: str
    """XHTML."""
    results: Results
    is_finished: bool = False

    @property
    def bytes(self) -> int:
        texts = [*self.values.values(), self.narrative, *(text for _, text in self.contained + self.apart)]
        return _BYTES_OF_A_RECORD + 2 * sum(len(text) for text in texts if text)


def read(file: BinaryIO) -> Iterator[Record]:
    """Yield a record for each resource of `file`: a line, a Bundle's entry, an array's element, or the single resource.

    A resource other than a DiagnosticReport is NOT_A_REPORT; a DiagnosticReport is MALFORMED if an element that is read
    here does not have FHIR's type, whatever its other elements are. The study id is the accession identifier (type
    ACSN), else the first identifier, else the id. `conclusion` is the impression; text, HTML and RTF in `presentedForm`
    are a whole report (`wire.fhir.forms`). Findings or an impression that are not there are read from the results
    (`wire.fhir.results`): contained, or anywhere in the same Bundle or, outside of Bundles, file; else from the
    narrative, if that has the heading of findings. Without a text, forms of other kinds are UNSUPPORTED_CONTENT.
    Broken JSON costs a row as in `radray.reports.formats.jsonl`. An empty Bundle yields none. Raises InputError if the
    file is blank, does not begin like JSON, or has no resource at all.

    Reports that wait for results are held, and the results for later reports, both up to MAX_HELD_BYTES: in a larger
    file a report and its results must not be further apart.
    """
    of_file, of_bundle, bundle = Results(MAX_HELD_BYTES), Results(0), 0
    held: deque[tuple[Record | _Draft, int]] = deque()
    open_drafts: list[_Draft] = []
    size = 0
    for offset, unit in enumerate(read_units(file)):
        if unit.bundle not in (0, bundle):  # what another Bundle's references lead to is not what this one's do
            for draft in open_drafts:
                _finish(draft)
            of_bundle, bundle, open_drafts = Results(MAX_HELD_BYTES), unit.bundle, []
        results = of_bundle if unit.bundle else of_file
        results.add(unit.value, unit.url)
        item = within_limit(partial(_draft, unit, offset, results), offset, unit.digest)
        if unit.bundle and isinstance(item, _Draft):
            open_drafts.append(item)
        held.append((item, _size(item)))
        size += held[-1][1]
        while held and (size > MAX_HELD_BYTES or _is_ready(held[0][0])):
            first, first_size = held.popleft()
            size -= first_size
            yield _finish(first)
    yield from (_finish(item) for item, _ in held)


def count(file: BinaryIO) -> int:
    """Return the number of records that `read` yields, see `count_units`. Raises InputError as `read` does."""
    return count_units(read_units(file))


def _draft(unit: Unit, offset: int, results: Results) -> Record | _Draft:
    value, digest = unit.value, unit.digest
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
    except ValidationError:  # its message holds the values
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
    unread, apart = None, list[Text]()
    try:
        values["report"], apart = texts_of_forms(resource.presentedForm or [])
    except FormError as error:
        unread = error.reason
        if unread is not RejectReason.UNSUPPORTED_CONTENT:
            return rejected_record("", offset, digest, unread, values["study_id"], values["subject_id"])
    record = to_record(values, offset, digest, apart=apart, sender=_sender(resource))
    if (record.findings and record.reference) or record.reason not in _LACKS_TEXT:
        return record
    references = references_of(resource)
    return _Draft(
        record,
        values,
        unread,
        apart,
        texts_of_contained(resource, references) + texts_of_notes(resource),
        [reference for reference in references if not reference.startswith("#")],
        resource.subject.relative if resource.subject else None,
        narrative_of(resource),
        results,
    )


_LACKS_TEXT = frozenset({None, RejectReason.EMPTY, RejectReason.NO_FINDINGS, RejectReason.NO_SECTIONS})
"""Reasons of records for which a result may have the text."""


def _size(held: Record | _Draft) -> int:
    return held.bytes if isinstance(held, _Draft) else _BYTES_OF_A_RECORD + 2 * len(held.findings or "")


def _is_ready(held: Record | _Draft) -> bool:
    return isinstance(held, Record) or held.is_finished or held.results.are_all_known(held.references)


def _finish(held: Record | _Draft) -> Record:
    """Return the record of a report with the text of its results, or of its narrative, where its own lacks it."""
    if isinstance(held, Record) or held.is_finished:
        return held if isinstance(held, Record) else held.record
    held.is_finished = True
    known = held.record
    held.record = within_limit(
        partial(_completed, held),
        known.offset,
        known.source_digest,
        study_id=known.study_id,
        subject_id=known.subject_id,
    )
    return held.record


def _completed(held: _Draft) -> Record:
    """Return the record of a draft with the texts of others."""
    texts = list(dict.fromkeys(held.results.texts(held.references, held.subject) + held.contained))
    if texts:
        _add(texts, held)
    is_written = held.narrative and not any(sign in held.narrative for sign in _GENERATED)
    if held.record.findings is None and is_written and not _has_headings(held.values):
        narrative = plain_text(held.narrative)
        # one that is too long is refused with its report
        if is_too_long(narrative) or (parse(narrative).get("findings") or "").strip():
            held.values["report"] = narrative
            _write(held)
    record = held.record
    if held.unread and record.findings is None and record.reference is None and record.reason in _LACKS_TEXT:
        return rejected_record("", record.offset, record.source_digest, held.unread, record.study_id, record.subject_id)
    return record


def _add(texts: list[Text], draft: _Draft) -> None:
    """Give the draft those of `texts` that it lacks, and keep the others apart."""
    has_headings = _has_headings(draft.values)
    by_section: dict[str, list[str]] = {}
    for section, text in texts:
        if section == REPORT and (has_headings or is_too_long(text) or not parse(text).has_headings):
            section = OTHER
        section = "indication" if section == "history" else section
        if section in _OF_RESULTS:
            by_section.setdefault(section, []).append(text)
        else:
            draft.apart.append((section, text))
    present = {"findings": draft.record.findings, "impression": draft.record.reference}
    for section, parts in by_section.items():
        if not (present.get(section) or (draft.values.get(section) or "").strip()):
            draft.values[section] = _joined(parts, are_items=section == "impression")
    _write(draft)


def _joined(parts: list[str], *, are_items: bool) -> str:
    """Return the results of a section as one text; impressions, of which each is a result, as numbered items."""
    if are_items and len(parts) > 1 and not any(_MARK.match(part) for part in parts):
        return "\n".join(f"{number}. {part.strip()}" for number, part in enumerate(parts, start=1))
    return "\n\n".join(parts)


def _write(draft: _Draft) -> None:
    before = draft.record
    draft.record = to_record(draft.values, before.offset, before.source_digest, apart=draft.apart, sender=before.sender)


def _has_headings(values: dict[str, str | None]) -> bool:
    report = values.get("report") or ""
    return bool(report.strip()) and parse(report).has_headings


def _study_id(resource: DiagnosticReport) -> str | None:
    return _study_identifier(resource).value_text or resource.id


def _study_identifier(resource: DiagnosticReport) -> Identifier:
    """Return the identifier that is the study id; a blank one where there is none."""
    identifiers = [identifier for identifier in resource.identifier or [] if identifier.value_text]
    accessions = [identifier for identifier in identifiers if _is_accession(identifier)]
    return next(iter([*accessions, *identifiers]), Identifier())


def _is_accession(identifier: Identifier) -> bool:
    return identifier.type is not None and "ACSN" in _codes([identifier.type])


def _sender(resource: DiagnosticReport) -> str | None:
    """Return the digest of the server that the resource says it comes from, else of the system of its study id.

    HAPI appends the number of the request to `meta.source`, behind a #.
    """
    source = resource.meta.get("source") if isinstance(resource.meta, dict) else None
    name = source.partition("#")[0] if isinstance(source, str) else ""
    return sender_digest(name or _study_identifier(resource).system_text)


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
