"""What came of a feed's reports, against what is right for each: by the words drawn, without radray's own rules."""

import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from radray.reports.formats import hl7
from radray.reports.record.record import Record
from radray.schema.statuses import ReportStatus
from tests.support.inputs.vendor_feeds.messages import Feed
from tests.support.inputs.vendor_feeds.reports import InventedReport

_HEADING = re.compile(
    r"\b(?:find\w{3,5}|impres+ions?|con\w{3,5}sion|interpretation|opinion|summary|diagnosis|results|observations"
    r"|description|history|indication|technique|comparisons?|exam(?:ination)?|procedure|addendum|notes)\s*:",
    re.IGNORECASE,
)


class Verdict(NamedTuple):
    """What came of one report."""

    report: InventedReport
    record: Record | None
    wrong: tuple[str, ...]
    """leak: a heading, name, number or line that is not the text's own; findings, reference: another difference;
    cut: the reference lacks a word of its own; kept: ok where it should be rejected; rejected; missing."""


def judge(feed: Feed) -> Iterator[Verdict]:
    """Yield a verdict for each report of `feed`, in its order."""
    records = {record.study_id: record for record in hl7.read(io.BytesIO(feed.data))}
    for report in feed.reports:
        record = records.get(report.study_id)
        yield Verdict(report, record, tuple(_wrong(report, record)))


def _wrong(report: InventedReport, record: Record | None) -> Iterator[str]:
    if record is None:
        yield "missing"
    elif report.findings is None:
        if record.status is ReportStatus.OK:
            yield "kept"
    elif record.status is not ReportStatus.OK:
        yield "rejected"
    else:
        texts = f"{record.findings} {record.reference or ''}"
        if _HEADING.search(texts) or any(_holds(texts, line) for line in report.foreign):
            yield "leak"
        else:
            if record.findings != report.findings:
                yield "findings"
            if record.reference != report.reference:
                yield "reference"
        if not set(report.reference.split()) <= set((record.reference or "").split()):
            yield "cut"


def _holds(text: str, line: str) -> bool:
    return line in text and re.search(rf"(?<!\w){re.escape(line)}(?!\w)", text) is not None
