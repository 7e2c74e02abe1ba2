"""A report that the beds plant errors in, and which of them are plainly normal."""

import re
from dataclasses import dataclass

from radray.tasks.correction.planting.statements import LEXICON, Report, statements_of

_ABNORMAL = re.compile(
    r"large|shift|opaqu|opacif|collection|limited|upper limit"
    r"|fracture|deform|granulom|degenerat|osteophyt|tortuo|tube|line|cathet|pacem|clip|sternot|surg|low lung|hypo"
    r"|eventrat|prominen|enlarg|widen|blunt|thick|dens|marking|streak|spur|spond|arthr|density|artifact|lesion|XX|__|mild|moderate"
    r"|severe|small|stent|prosthes|valve|port\b|device|foreign|abnormal|increas|elevat|flatten|bronch|aort|recommend|follow"
    r"|suggest|correlat|evaluat|could|may\b|possib|old\b|healed|cyst|collaps|congest|engorg",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BedReport(Report):
    """A report with its ids, as the prepare job would write it."""

    study_id: str
    identifiers: tuple[str, ...]
    prior_known: bool | None
    """Whether an earlier study was at hand; None: not stated."""


def is_plainly_normal(findings: str) -> bool:
    """Tell whether no sentence of `findings` asserts or doubts any finding of the lexicon."""
    if any(
        statement.state != "absent"
        for name in LEXICON
        if name != "hilum"
        for statement in statements_of(name, findings)
    ):
        return False
    plain = re.sub(r"\b(?:no|without)\b[^.;]*", "", findings, flags=re.IGNORECASE)
    return not _ABNORMAL.search(plain)
