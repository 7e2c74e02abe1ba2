"""Plain text files: one report a file, named by its study id."""

import hashlib
from pathlib import PurePosixPath

from radray.reports.record.free_text import record_of
from radray.reports.record.record import Record


def read(data: bytes, member: str) -> Record:
    """Return the record of one file; the study id is the name of `member` without its folders and last suffix.

    There is no subject id. Encodings are those of `radray.reports.text.decoding`; bytes that are not text are rejected
    BAD_ENCODING, a text without headings NO_SECTIONS, one longer than MAX_REPORT_BYTES TOO_LARGE, empty data EMPTY.
    """
    digest = hashlib.sha256(data).hexdigest()
    return record_of(data, member=member, digest=digest, study_id=PurePosixPath(member).stem)
