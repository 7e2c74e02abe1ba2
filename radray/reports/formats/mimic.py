"""MIMIC-CXR reports: a text file for each study, ``files/p10/p10000032/s50414267.txt``."""

import hashlib
import re

from radray.reports.record.free_text import record_of
from radray.reports.record.record import Record, rejected_record
from radray.schema.statuses import RejectReason

_REPORT_NAME = re.compile(r"(?:.*/)?p(?P<subject>[0-9]{8})/s(?P<study>[0-9]{8})\.txt", re.DOTALL)


def is_report(name: str) -> bool:
    """Return whether `name` is a report's: whether it ends in ``pNNNNNNNN/sNNNNNNNN.txt``; False for ''."""
    return _REPORT_NAME.fullmatch(name) is not None


def read(data: bytes, member: str) -> Record:
    """Return the record of one file; the ids are those in its path `member`, without their letters.

    A file whose name is not a report's is rejected NOT_A_REPORT; for the others see
    `radray.reports.record.free_text.record_of`.
    """
    digest = hashlib.sha256(data).hexdigest()
    name = _REPORT_NAME.fullmatch(member)
    if name is None:
        return rejected_record(member, 0, digest, RejectReason.NOT_A_REPORT)
    return record_of(data, member=member, digest=digest, study_id=name.group("study"), subject_id=name.group("subject"))
