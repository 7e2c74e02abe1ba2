"""One input unit as read, and the rule that decides its status, the same for every source."""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from radray.reports.record.conclusions import may_conclude, split_conclusion
from radray.reports.record.named_texts import SectionText, cut_named
from radray.reports.text.cleaning import clean, clean_items
from radray.reports.text.comparison import comparison_state
from radray.reports.text.exams import body_part as body_part_of
from radray.reports.text.exams import modality as modality_of
from radray.reports.text.headings.names import BOTH, LAST_PARAGRAPH
from radray.reports.text.placeholders import is_missing, says_nothing
from radray.schema.statuses import RejectReason, ReportStatus
from radray.time_limit import TimeLimitError, time_limit

Read = TypeVar("Read")

MAX_REPORT_BYTES = 1 << 20
"""The longest text of a report; more is TOO_LARGE. (The longest of MIMIC-CXR's 227,835 reports have a few kB.)"""

MAX_REPORT_WORDS = 20_000
"""The most words of a report; more are TOO_LARGE. That is ten times the longest of MIMIC-CXR's."""

SECONDS_A_RECORD = 30.0
"""Time that the texts of one unit may take; those of an ordinary report take less than a millisecond."""

MAX_ID_CHARACTERS = 256
"""The longest study or subject id. A DICOM UID has up to 64 characters, FHIR's ids 64, HL7's 199."""

_LONGEST_EXAM = 200
"""Characters of an exam's description. Of a text without line ends it could be the whole report."""

_NOT_IN_AN_ID = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


_REPORT_BEHIND = re.compile(r"(?<=[.!?])\s+(?:IMPRESSION|FINDINGS|EXAM|EXAMINATION|INDICATION|COMPARISON|TECHNIQUE):")


@dataclass(slots=True)
class Record:
    """One input unit as read: a report, or a unit that could not be one. The columns are those of the table `reports`.

    Never changed after it is built, though not frozen: a frozen one takes three times as long to build.
    """

    member: str
    """Name inside the archive or folder; '' for a single file."""
    offset: int
    """Ordinal of the record in its member, from 0."""
    source_digest: str
    """sha256 (hex) of the unit's raw content."""
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
    """Impression, not cleaned."""
    exam_description: str | None = None
    human_codes: str | None = None
    exam_time: datetime.datetime | None = None
    """UTC, naive."""
    report_time: datetime.datetime | None = None
    """UTC, naive."""
    sections: tuple[SectionText, ...] | None = None
    """All sections of a free-text report, in order; None where the source is not free text."""
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
    sender: str | None = None
    """Digest of who sent it; None where the source does not say. A cancellation counts for reports of its sender."""


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
    sender: str | None = None,
) -> Record:
    """Return the record of one unit that could be read: texts cleaned, status decided.

    The first condition that holds decides: an id longer than MAX_ID_CHARACTERS or with a control character is BAD_ID
    (the id becomes None: it may be misplaced text); no study id NO_STUDY_ID; neither findings nor impression EMPTY
    (NO_SECTIONS with `no_sections`: there is text, but no heading in it); no findings NO_FINDINGS, also where the only
    section that could serve has findings and impression in one, since as input it would hold the answer; findings in
    which a conclusion seems to be left CONCLUSION_IN_FINDINGS; else ok. A report with findings and no impression is ok
    without a reference. A rejected record keeps the texts that it has.

    Without `sections`, findings and impression are texts that their source names, and are cut at their headings; a
    conclusion under a heading of its own is always cut from the findings. Findings and an impression that say nothing
    ("See impression.") are none, and so is "nan" in any field. Blank texts and ids become None, `reference_raw`
    included; else `reference_raw` is the impression, not cleaned. Codes are stripped, not cleaned. A `background` that
    the source has as a whole is only cleaned; else it is "Indication: ... Comparison: ..." followed by
    `other_background`, missing parts left out. The items of the impression and the state of the comparison are derived
    from the cleaned texts; `modality` and `body_part`, where the source lacks them, from the description of the exam.
    """
    study_id, subject_id = _id(study_id), _id(subject_id)
    bad_study_id, bad_subject_id = _is_bad_id(study_id), _is_bad_id(subject_id)
    raw = impression
    if sections is None:
        named = cut_named(findings, _without_next_report(impression) if impression and _strip(findings) else impression)
        findings, impression, sections = named.findings, named.impression, named.sections
        raw = raw if sections is None else impression
        indication, comparison = _strip(indication) or named.indication, _strip(comparison) or named.comparison
        exam_description = _strip(exam_description) or named.exam_description
    if findings:
        findings, inside = split_conclusion(findings)
        if inside is not None and not _strip(impression):
            impression = raw = inside
    cleaned_findings = _clean(findings)
    if cleaned_findings and says_nothing(cleaned_findings):
        cleaned_findings = None
    reference, items = clean_items(impression) if impression else (None, None)
    if reference and says_nothing(reference):
        reference = items = None
    cleaned_indication, cleaned_comparison = _clean(indication), _clean(comparison)
    cleaned_background = _clean(background)
    if cleaned_background is None:
        cleaned_background = _background(cleaned_indication, cleaned_comparison, _clean(other_background))
    exam = _clean(_shortened(exam_description)) if exam_description else None
    reason = None
    if bad_study_id or bad_subject_id:
        reason = RejectReason.BAD_ID
    elif study_id is None:
        reason = RejectReason.NO_STUDY_ID
    elif cleaned_findings is None and reference is None:
        reason = RejectReason.NO_SECTIONS if no_sections else RejectReason.EMPTY
        if sections and any(section.name in (BOTH, LAST_PARAGRAPH) and section.text for section in sections):
            reason = RejectReason.NO_FINDINGS
    elif cleaned_findings is None:
        reason = RejectReason.NO_FINDINGS
    elif may_conclude(cleaned_findings):
        reason = RejectReason.CONCLUSION_IN_FINDINGS
    return Record(
        member=member,
        offset=offset,
        source_digest=source_digest,
        status=ReportStatus.OK if reason is None else ReportStatus.REJECTED,
        reason=reason,
        study_id=None if bad_study_id else study_id,
        subject_id=None if bad_subject_id else subject_id,
        background=cleaned_background,
        indication=cleaned_indication,
        comparison=cleaned_comparison,
        findings=cleaned_findings,
        reference=reference,
        reference_raw=raw if _strip(raw) else None,
        exam_description=exam,
        human_codes=_strip(human_codes),
        exam_time=exam_time,
        report_time=report_time,
        sections=sections,
        impression_items=items,
        comparison_state=comparison_state(cleaned_comparison),
        modality=modality or modality_of(exam),
        body_part=body_part or body_part_of(exam),
        report_status=report_status,
        sender=sender,
    )


def within_limit(
    read: Callable[[], Read],
    offset: int,
    digest: str,
    *,
    member: str = "",
    study_id: str | None = None,
    subject_id: str | None = None,
) -> Read | Record:
    """Return what `read` gives, or a record that is rejected TIMEOUT where it takes more than SECONDS_A_RECORD."""
    try:
        with time_limit(SECONDS_A_RECORD):
            return read()
    except TimeLimitError:
        return rejected_record(member, offset, digest, RejectReason.TIMEOUT, study_id, subject_id)


def is_too_long(text: str) -> bool:
    """Return whether `text` has more bytes or words than a report can have. False for ''."""
    if len(text) <= MAX_REPORT_WORDS:
        return False
    return len(text.encode("utf-8", "surrogatepass")) > MAX_REPORT_BYTES or len(text.split()) > MAX_REPORT_WORDS


def rejected_record(
    member: str,
    offset: int,
    source_digest: str,
    reason: RejectReason,
    study_id: str | None = None,
    subject_id: str | None = None,
) -> Record:
    """Return the record of a unit that could not be read, with the ids that are known.

    Blank and bad ids (see `make_record`) become None.
    """
    study_id, subject_id = _id(study_id), _id(subject_id)
    return Record(
        member=member,
        offset=offset,
        source_digest=source_digest,
        status=ReportStatus.REJECTED,
        reason=reason,
        study_id=None if _is_bad_id(study_id) else study_id,
        subject_id=None if _is_bad_id(subject_id) else subject_id,
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


def _without_next_report(impression: str) -> str:
    """Return `impression` without another report that follows it, whose findings must not be in a reference.

    One of 1,384 Open-i impressions is followed by "IMPRESSION: Exam: ... FINDINGS: ... IMPRESSION: ...".
    """
    if "FINDINGS:" in impression and (heading := _REPORT_BEHIND.search(impression)):
        return impression[: heading.start()]
    return impression


def _shortened(exam: str) -> str:
    """Return the description `exam`, of a long one the first line, sentence or words: what follows is not its name."""
    exam = exam.strip()
    for end in ("\n", ". "):
        if len(exam) > _LONGEST_EXAM:
            exam = exam.partition(end)[0]
    return exam if len(exam) <= _LONGEST_EXAM else exam[:_LONGEST_EXAM].rpartition(" ")[0]


def _clean(text: str | None) -> str | None:
    cleaned = clean(text) if text else ""
    return None if not cleaned or is_missing(cleaned) else cleaned


def _id(text: str | None) -> str | None:
    # "nan" as a patient's id would be one patient with the reports of many
    text = _strip(text)
    return None if text and is_missing(text) else text


def _strip(text: str | None) -> str | None:
    return (text.strip() or None) if text else None


def _is_bad_id(text: str | None) -> bool:
    if text is None or (len(text) <= MAX_ID_CHARACTERS and text.isprintable()):
        return False
    return len(text) > MAX_ID_CHARACTERS or _NOT_IN_AN_ID.search(text) is not None
