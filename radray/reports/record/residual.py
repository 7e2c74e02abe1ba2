"""Residual identifiers in the texts of a report: which kinds, how many reports have each, and how many are too many.

A count, and never a proof: rules see what they were written for, and no text is de-identified by their silence.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from radray.checks.identifiers.find import find_identifiers
from radray.checks.identifiers.kinds import KINDS, ORDINARY
from radray.errors import AuditError
from radray.reports.record.record import Record

_JOIN = ";"


class ResidualCounts(NamedTuple):
    """The reports of a night in whose texts the rules saw what may be an identifier."""

    reports: int
    """Those with any kind but the ORDINARY ones."""
    kinds: dict[str, int]
    """Reports by kind, the ORDINARY ones too, in the order of KINDS; those that no report has are left out."""

    def describe(self) -> str:
        """Return the reports by kind in words, the most frequent first; '' for none."""
        order = sorted(self.kinds.items(), key=lambda kind: -kind[1])
        return ", ".join(f"{count:,} {kind}" for kind, count in order)


def residual_kinds(record: Record) -> str:
    """Return the kinds of KINDS that the texts of `record` hold, joined by semicolons; '' for none.

    Its texts are all that is kept of it: background, findings, impression, exam, and the sections that are in none of
    these, such as signatures.
    """
    cleaned = "\n".join(
        filter(None, (record.background, record.findings, record.reference_raw, record.exam_description))
    )
    texts = [cleaned]
    for section in record.sections or ():
        flat = " ".join(section.text.split())
        if flat and flat not in cleaned:
            texts.append(flat)
    kinds = {each.kind for each in find_identifiers("\n".join(texts))}
    return _JOIN.join(kind for kind in KINDS if kind in kinds)


def count_residual(counts: Mapping[str | None, int]) -> ResidualCounts:
    """Return the counts by kind of reports counted by what `residual_kinds` gave; None, of older rows, is none."""
    kinds: Counter[str] = Counter()
    reports = 0
    for joined, count in counts.items():
        held = joined.split(_JOIN) if joined else []
        kinds.update(dict.fromkeys(held, count))
        reports += count * any(kind not in ORDINARY for kind in held)
    return ResidualCounts(reports, {kind: kinds[kind] for kind in KINDS if kinds[kind]})


def refuse_residual(counts: ResidualCounts, units: int, most: float) -> None:
    """Raise AuditError when more than the share `most` of `units` may hold an identifier; no unit passes.

    The error has counts by kind, and nothing of a text.
    """
    if counts.reports > most * units:
        where = "a source that is declared de-identified (source.deidentified)"
        raise AuditError(
            f"{counts.reports:,} of {units:,} units of {where} may hold identifiers, more than"
            f" source.max_identified_fraction ({most:g}): {counts.describe()}; nothing was committed. To see which,"
            " prepare the same source with source.deidentified=false in a scratch warehouse (warehouse.uri), and ask"
            " jobs.query there: SELECT identifiers, count(*) FROM reports GROUP BY 1. If they are none, raise"
            " source.max_identified_fraction"
        )
