"""MIMIC-CXR reports: one text file a study, ``files/p10/p10000032/s50414267.txt``."""

import hashlib
import re

from radray.reports.record import Record, make_record, rejected
from radray.reports.sections import parse
from radray.schemas import RejectReason

_REPORT_NAME = re.compile(r"(?:.*/)?p(?P<subject>[0-9]{8})/s(?P<study>[0-9]{8})\.txt", re.DOTALL)


def is_report(name: str) -> bool:
    """Tell by its last two parts, ``pNNNNNNNN/sNNNNNNNN.txt``, whether `name` is a report's; False for ''."""
    return _REPORT_NAME.fullmatch(name) is not None


def read(data: bytes, member: str) -> Record:
    """Return the record of one file; ids come from its path `member`, without their letters.

    A name that is not a report's is rejected NOT_A_REPORT. Text is UTF-8, else Windows-1252; NUL characters or
    bytes that are neither are BAD_ENCODING. Indication and history together are the indication; technique is not
    part of the background: it repeats the exam. Empty data gives a record rejected EMPTY.
    """
    digest = hashlib.sha256(data).hexdigest()
    name = _REPORT_NAME.fullmatch(member)
    if name is None:
        return rejected(member, 0, digest, RejectReason.NOT_A_REPORT)
    study_id, subject_id = name.group("study"), name.group("subject")
    text = _decoded(data)
    if text is None:
        return rejected(member, 0, digest, RejectReason.BAD_ENCODING, study_id, subject_id)
    sections = parse(text)
    told = (part for part in (sections.get("indication"), sections.get("history")) if part)
    return make_record(
        member=member,
        offset=0,
        source_digest=digest,
        study_id=study_id,
        subject_id=subject_id,
        indication="\n\n".join(told),
        comparison=sections.get("comparison"),
        findings=sections.get("findings"),
        impression=sections.get("impression"),
        exam_description=sections.get("examination"),
        no_sections=bool(text.strip()) and not sections.has_headings,
    )


def _decoded(data: bytes) -> str | None:
    if b"\x00" in data:
        return None
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
