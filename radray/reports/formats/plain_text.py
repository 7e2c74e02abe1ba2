"""Plain text files: one report a file, the study id from the file's name."""

import hashlib
from pathlib import PurePosixPath

from radray.reports.record.free_text import record_of
from radray.reports.record.record import Record


def read(data: bytes, member: str) -> Record:
    """Return the record of one file; the study id is the name of `member` without folders and its last suffix.

    There is no subject id. Encodings as in `radray.reports.text.decoding`; bytes that are no text are rejected
    BAD_ENCODING, a text without a heading NO_SECTIONS, one longer than a report can be TOO_LARGE, empty data EMPTY.
    """
    digest = hashlib.sha256(data).hexdigest()
    return record_of(data, member=member, digest=digest, study_id=PurePosixPath(member).stem)
