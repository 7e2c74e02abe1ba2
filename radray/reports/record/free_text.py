"""A file with one free-text report: from bytes to a record, the same for MIMIC-CXR and plain text files."""

from radray.reports.record.named_texts import SectionText, indication_of, section_texts
from radray.reports.record.record import MAX_REPORT_BYTES, Record, is_too_long, make_record, rejected_record
from radray.reports.text import exams
from radray.reports.text.decoding import decode
from radray.reports.text.headings.names import PREAMBLE
from radray.reports.text.markup import plain_text
from radray.reports.text.sections import parse
from radray.schema.statuses import RejectReason

_LONGEST_TITLE = 120


def record_of(data: bytes, *, member: str, digest: str, study_id: str | None, subject_id: str | None = None) -> Record:
    """Return the record of one file's `data`; `digest` is its sha256.

    Bytes that are not text are rejected BAD_ENCODING, more than MAX_REPORT_BYTES or MAX_REPORT_WORDS TOO_LARGE; else
    `make_record` decides. The indication is indication and history together; technique, which repeats the exam, is not
    part of the background. Without a heading for it, the exam is the title before the first heading, if that names one.
    """
    if len(data) > MAX_REPORT_BYTES:
        return rejected_record(member, 0, digest, RejectReason.TOO_LARGE, study_id, subject_id)
    text = decode(data)
    if text is None:
        return rejected_record(member, 0, digest, RejectReason.BAD_ENCODING, study_id, subject_id)
    if is_too_long(text):
        return rejected_record(member, 0, digest, RejectReason.TOO_LARGE, study_id, subject_id)
    return record_of_text(text, member=member, digest=digest, study_id=study_id, subject_id=subject_id)


def record_of_text(
    text: str, *, member: str, digest: str, study_id: str | None, subject_id: str | None = None
) -> Record:
    """Return the record of one free-text report, as `record_of` does after decoding."""
    sections = parse(plain_text(text))
    texts = section_texts(sections)
    by_name: dict[str, str | None] = {name: part for name, _, part in texts}
    if len(by_name) < len(texts):
        by_name = {name: sections.get(name) for name in by_name}
    text_of = by_name.get
    has_headings = len(by_name) > (PREAMBLE in by_name)
    return make_record(
        member=member,
        offset=0,
        source_digest=digest,
        study_id=study_id,
        subject_id=subject_id,
        indication=indication_of(text_of),
        comparison=text_of("comparison"),
        findings=text_of("findings"),
        impression=text_of("impression"),
        exam_description=text_of("examination") or (_title(texts) if has_headings else None),
        no_sections=not has_headings and bool(text.strip()),
        sections=texts,
    )


def _title(sections: tuple[SectionText, ...]) -> str | None:
    for section in sections:
        if section.name == PREAMBLE:
            title = section.text.partition("\n")[0]
            if title and len(title) <= _LONGEST_TITLE and exams.body_part(title):
                return title
    return None
