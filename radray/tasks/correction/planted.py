"""What is asked about a report's impression: as it is, or with an error."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from radray.tasks.correction.planting.agreement import Asked, plant_agreement, plant_disagreement
from radray.tasks.correction.planting.attributes import Planted, location, polarity, severity, side
from radray.tasks.correction.planting.change import comparison
from radray.tasks.correction.planting.omissions import omission
from radray.tasks.correction.planting.statements import Report

_EDITS: tuple[Callable[[Random, Report], Planted | None], ...] = (
    *(side, severity, location, comparison, polarity, omission),
)
_APPENDED = frozenset({"appended", "asserted", "denied"})
"""Ways in which these put a sentence of their own after the impression: its words would give it away."""
OWN, PLANTED = "own", "planted"
"""What an item begins with, before a dot: whether the radiologist's words are asked about, edited or not, or a planted
finding; what allows neither has neither."""


def ask(draw: Random, report: Report, *, of_chest: bool) -> tuple[Asked, Asked | None]:
    """Return the impression of `report` when it is fine and when it has an error that the findings show.

    Where the radiologist's own words name a finding that the findings have, too, the one is as it is, and in the other
    these are changed. Elsewhere a finding is planted, in reports of the chest, `of_chest`: others are not known here.
    None where no error can be planted.
    """
    for edit in draw.sample(_EDITS, len(_EDITS)):
        error = edit(draw, report)
        if error is not None and error.way not in _APPENDED:
            return (
                Asked(f"{OWN}.as-is", report.findings, report.impression),
                Asked(f"{OWN}.{error.kind}", report.findings, error.wrong, report.impression),
            )
    fine, erroneous = (plant_agreement(draw, report), plant_disagreement(draw, report)) if of_chest else (None, None)
    if fine is None or erroneous is None:
        return as_is(report), None
    return replace(fine, kind=f"{PLANTED}.{fine.kind}"), replace(erroneous, kind=f"{PLANTED}.{erroneous.kind}")


def as_is(report: Report) -> Asked:
    """Return the impression of `report` where nothing can be planted."""
    return Asked("as-is", report.findings, report.impression)


def part_of(item: str) -> str | None:
    """Return `OWN` or `PLANTED`, whichever an item is of; None for neither."""
    part, dot, _ = item.partition(".")
    return part if dot else None
