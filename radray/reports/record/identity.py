"""Digests that identify a unit and its text, and the key that keeps related reports in one split."""

import hashlib
import json
import re

from radray.reports.record.record import Record

_NOT_WORD = re.compile(r"\W+")


def unit_id(dataset: str, path: str, member: str, offset: int) -> str:
    """Return the id of an input unit: 32 hex characters, the same wherever the source is mounted.

    `path` is relative to source.uri. JSON keeps the parts apart: ("a", "bc") and ("ab", "c") differ.
    """
    return _digest([dataset, path, member, offset])[:32]


def text_digest(record: Record) -> str:
    """Return the sha256 (hex) of the report's text: background, findings and raw impression."""
    return digest_texts(record.background, record.findings, record.reference_raw)


def digest_texts(background: str | None, findings: str | None, reference_raw: str | None) -> str:
    """Return `text_digest` of the texts of a report."""
    return _digest([background, findings, reference_raw])


def sender_digest(*names: str) -> str | None:
    """Return a digest of the `names` of who sent a report, stripped, in 16 hex characters; None if all are blank.

    Senders are only ever compared, and what a feed writes there may be anything.
    """
    stripped: list[str | int | None] = [name.strip() for name in names]
    return _digest(stripped)[:16] if any(stripped) else None


def split_key(dataset: str, study_id: str, subject_id: str | None, findings: str | None) -> str:
    """Return the key on which a report's split depends: reports with one key are never in two splits.

    The subject id, unless it is blank; else a digest of the normalised findings, in 16 hex characters, since only 997
    of 1,384 Open-i findings are distinct and equal texts must stay together. Grouping study ids by equal findings would
    need all other reports, and a report's key (and split) would change as reports are added; a digest never changes.
    Without findings too: the study id.
    """
    if subject_id and subject_id.strip():
        return subject_id.strip()
    words = normalise(findings) if findings else ""
    if words:
        return f"{dataset}:text:{hashlib.sha256(words.encode('utf-8')).hexdigest()[:16]}"
    return f"{dataset}:{study_id}"


def normalise(text: str) -> str:
    """Return the words of `text`: case folded, only word characters, single spaces; '' for none."""
    return _NOT_WORD.sub(" ", text.casefold()).strip()


def _digest(parts: list[str | int | None]) -> str:
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()
