"""One input unit as read, and the one rule that decides its status, whatever the source."""

import datetime
from dataclasses import dataclass
from typing import NamedTuple

from radray.reports.cleaning import clean
from radray.schemas import RejectReason, ReportStatus


class SectionText(NamedTuple):
    """One section as it came."""

    name: str
    start: int
    """Character of the unit's text where its heading begins."""
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """One input unit as read: a report, or what could not be one. The columns are those of the table `reports`."""

    member: str
    """Name inside the archive or folder; '' for a lone file."""
    offset: int
    """Ordinal of the record in its member, from 0."""
    source_digest: str
    """sha256 (hex) of the unit's content as it came."""
    status: ReportStatus
    reason: RejectReason | None = None
    study_id: str | None = None
    subject_id: str | None = None
    background: str | None = None
    indication: str | None = None
    comparison: str | None = None
    findings: str | None = None
    reference: str | None = None
    """Cleaned impression."""
    reference_raw: str | None = None
    """Impression as it came."""
    exam_description: str | None = None
    human_codes: str | None = None
    exam_time: datetime.datetime | None = None
    """UTC, naive."""
    report_time: datetime.datetime | None = None
    """UTC, naive."""
    sections: tuple[SectionText, ...] | None = None
    """All sections of a free text, in order; None where the source is not free text."""
    impression_items: tuple[str, ...] | None = None
    """Items of the impression, each cleaned; None without an impression."""
    comparison_state: str | None = None
    """none, present or unknown."""
    modality: str | None = None
    """DICOM modality code."""
    body_part: str | None = None
    """Lower case."""
    report_status: str | None = None
    """preliminary, final, corrected or cancelled."""


def make_record(
    *,
    member: str,
    offset: int,
    source_digest: str,
    study_id: str | None,
    subject_id: str | None = None,
    indication: str | None = None,
    comparison: str | None = None,
    other_background: str | None = None,
    background: str | None = None,
    findings: str | None = None,
    impression: str | None = None,
    exam_description: str | None = None,
    human_codes: str | None = None,
    exam_time: datetime.datetime | None = None,
    report_time: datetime.datetime | None = None,
    no_sections: bool = False,
    sections: tuple[SectionText, ...] | None = None,
    modality: str | None = None,
    body_part: str | None = None,
    report_status: str | None = None,
) -> Record:
    """Return the record of one unit that was read: texts cleaned, status decided.

    The first that holds: no study id, rejected NO_STUDY_ID; neither findings nor impression, EMPTY (NO_SECTIONS with
    `no_sections`: there was text, but no heading in it); no findings, NO_FINDINGS; else ok. A report with findings
    and no impression is ok without a reference. A rejected record keeps the texts that it has.

    Blank texts and ids become None, `reference_raw` included; else `reference_raw` is `impression` to the letter.
    Codes are stripped, not cleaned. `background`, where the source gives it whole, is used as it is; else it is
    "Indication: ... Comparison: ..." followed by `other_background`, the parts that are missing left out.
    """
    study_id, subject_id = _stripped(study_id), _stripped(subject_id)
    cleaned_findings, reference = _cleaned(findings), _cleaned(impression)
    cleaned_indication, cleaned_comparison = _cleaned(indication), _cleaned(comparison)
    cleaned_background = _cleaned(background)
    if cleaned_background is None:
        cleaned_background = _background(cleaned_indication, cleaned_comparison, _cleaned(other_background))
    reason = None
    if study_id is None:
        reason = RejectReason.NO_STUDY_ID
    elif cleaned_findings is None and reference is None:
        reason = RejectReason.NO_SECTIONS if no_sections else RejectReason.EMPTY
    elif cleaned_findings is None:
        reason = RejectReason.NO_FINDINGS
    return Record(
        member=member,
        offset=offset,
        source_digest=source_digest,
        status=ReportStatus.OK if reason is None else ReportStatus.REJECTED,
        reason=reason,
        study_id=study_id,
        subject_id=subject_id,
        background=cleaned_background,
        indication=cleaned_indication,
        comparison=cleaned_comparison,
        findings=cleaned_findings,
        reference=reference,
        reference_raw=impression if _stripped(impression) else None,
        exam_description=_cleaned(exam_description),
        human_codes=_stripped(human_codes),
        exam_time=exam_time,
        report_time=report_time,
        sections=sections,
        modality=modality,
        body_part=body_part,
        report_status=report_status,
    )


def rejected(
    member: str,
    offset: int,
    source_digest: str,
    reason: RejectReason,
    study_id: str | None = None,
    subject_id: str | None = None,
) -> Record:
    """Return the record of a unit that could not be read, with the ids that are known; blank ids become None."""
    return Record(
        member=member,
        offset=offset,
        source_digest=source_digest,
        status=ReportStatus.REJECTED,
        reason=reason,
        study_id=_stripped(study_id),
        subject_id=_stripped(subject_id),
    )


def _background(indication: str | None, comparison: str | None, other: str | None) -> str | None:
    parts = []
    if indication:
        parts.append(f"Indication: {indication}")
    if comparison:
        parts.append(f"Comparison: {comparison}")
    if other:
        parts.append(other)
    return " ".join(parts) or None


def _cleaned(text: str | None) -> str | None:
    return (clean(text) or None) if text else None


def _stripped(text: str | None) -> str | None:
    return (text.strip() or None) if text else None
