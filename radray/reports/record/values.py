"""From named values (texts, ids and times) to a record: the last step of every source that has them."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from radray.reports.record.background import background_parts
from radray.reports.record.fields import parse_time, report_status
from radray.reports.record.named_texts import SectionText, cut_named, indication_of, section_texts
from radray.reports.record.record import (
    MAX_REPORT_BYTES,
    Record,
    is_too_long,
    make_record,
    rejected_record,
    within_limit,
)
from radray.reports.text.markup import plain_text
from radray.reports.text.placeholders import says_nothing
from radray.reports.text.sections import parse
from radray.schema.statuses import RejectReason

_TEXTS = ("findings", "impression", "report", "background", "indication", "comparison")
_LABELS = ("exam_description", "modality", "body_part", "human_codes")


def to_record(
    values: Mapping[str, str | None],
    offset: int,
    digest: str,
    *,
    exam_time: datetime.datetime | None = None,
    report_time: datetime.datetime | None = None,
    apart: Sequence[tuple[str, str]] = (),
    sender: str | None = None,
) -> Record:
    """Return the record of a unit with `values`, named as the fields of `record.fields.Fields`; any may be missing.

    The sections of a whole `report` fill in values that are missing, blank or say nothing ("See report."), and so do
    indication and comparison under their headings in a whole `background`, which stays as it is. Times that are not
    given are parsed from `values`. In this order: text with NUL or lone surrogates is rejected BAD_ENCODING; more than
    MAX_REPORT_BYTES or MAX_REPORT_WORDS of text TOO_LARGE; a report that was cancelled or entered in error CANCELLED,
    without its text, which may be another patient's; one whose texts take longer than SECONDS_A_RECORD TIMEOUT;
    `make_record` decides the rest.

    `apart` are texts (section name, text) which their source names as something other than the report: they follow its
    sections in `sections`, and are neither findings nor reference. A unit with nothing else is NO_FINDINGS, not EMPTY.
    `sender` is the digest of who sent it, see `record.identity.sender_digest`.
    """
    study_id, subject_id = values.get("study_id"), values.get("subject_id")
    texts = "".join(text for name in _TEXTS + _LABELS if (text := values.get(name)))
    texts += "".join(text for _, text in apart)
    size = _size_of(texts + (study_id or "") + (subject_id or ""))
    if size is None or "\x00" in texts:
        return rejected_record(
            "", offset, digest, RejectReason.BAD_ENCODING, _encodable(study_id), _encodable(subject_id)
        )
    if size > MAX_REPORT_BYTES or is_too_long(texts):
        return rejected_record("", offset, digest, RejectReason.TOO_LARGE, study_id, subject_id)
    status = report_status(values.get("report_status"))
    exam_time = exam_time or parse_time(values.get("exam_time"))
    report_time = report_time or parse_time(values.get("report_time"))
    if status == "cancelled":
        record = rejected_record("", offset, digest, RejectReason.CANCELLED, study_id, subject_id)
        return replace(record, report_status=status, exam_time=exam_time, report_time=report_time, sender=sender)
    read = partial(_read, values, offset, digest, exam_time, report_time, status, apart, sender)
    return within_limit(read, offset, digest, study_id=study_id, subject_id=subject_id)


def _read(
    values: Mapping[str, str | None],
    offset: int,
    digest: str,
    exam_time: datetime.datetime | None,
    report_time: datetime.datetime | None,
    status: str | None,
    apart: Sequence[tuple[str, str]],
    sender: str | None,
) -> Record:
    """Return the record of `values` that are neither too long nor of a cancelled report."""
    given = {name: values.get(name) for name in ("findings", "impression", "indication", "comparison")}
    exam_description = values.get("exam_description")
    report = values.get("report")
    has_impression = bool((given["impression"] or "").strip())
    sections = parse(plain_text(report), has_impression=has_impression) if report and report.strip() else None
    all_sections: tuple[SectionText, ...] | None = None
    if sections is not None:
        parsed = {name: sections.get(name) for name in given} | {"indication": indication_of(sections.get)}
        named = cut_named(given["findings"], given["impression"])
        given |= {"findings": named.findings, "impression": named.impression}
        given |= {"indication": given["indication"] or named.indication}
        given |= {"comparison": given["comparison"] or named.comparison}
        # a comparison of "None" says something
        empty = {name: says_nothing if name in ("findings", "impression") else str.isspace for name in given}
        given = {name: parsed[name] if not text or empty[name](text) else text for name, text in given.items()}
        exam_description = exam_description or named.exam_description or sections.get("examination")
        all_sections = (named.sections or ()) + section_texts(sections)
    parts = background_parts(values.get("background"))
    modality, body_part = values.get("modality") or "", values.get("body_part") or ""
    record = make_record(
        member="",
        offset=offset,
        source_digest=digest,
        study_id=values.get("study_id"),
        subject_id=values.get("subject_id"),
        background=values.get("background"),
        indication=given["indication"] or parts.indication,
        comparison=given["comparison"] or parts.comparison,
        findings=given["findings"],
        impression=given["impression"],
        exam_description=exam_description,
        human_codes=values.get("human_codes"),
        exam_time=exam_time,
        report_time=report_time,
        no_sections=sections is not None and not sections.has_headings,
        sections=all_sections,
        modality=modality.strip().upper() or None,
        body_part=body_part.strip().lower() or None,
        report_status=status,
        sender=sender,
    )
    return _with_sections(record, apart, len(report or "")) if apart else record


def _with_sections(record: Record, apart: Sequence[tuple[str, str]], start: int) -> Record:
    """Return `record` with the texts of `apart` as further sections, the first of which begins at `start`."""
    kept = list(record.sections or ())
    for name, text in apart:
        if text.strip():
            kept.append(SectionText(name, start, text.strip()))
            start += len(text) + 1
    if len(kept) == len(record.sections or ()):
        return record
    reason = RejectReason.NO_FINDINGS if record.reason is RejectReason.EMPTY else record.reason
    return replace(record, sections=tuple(kept), reason=reason)


def _size_of(text: str) -> int | None:
    """Return the number of bytes of `text` in UTF-8; None if it cannot be encoded."""
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError:
        return None


def _encodable(text: str | None) -> str | None:
    return None if text is None or _size_of(text) is None else text
