"""What is asked about a report's impression: as it is, or with an error."""

from collections.abc import Callable
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
_AS_IS = 0.35
"""Share of the fine impressions that are asked about as they are, where more could be planted."""


def fine(draw: Random, report: Report, *, of_chest: bool) -> Asked:
    """Return the impression of `report` as it is, or agreeing with what is planted in both texts.

    Findings are planted in reports of the chest, `of_chest`: others are not known here.
    """
    agreement = plant_agreement(draw, report) if of_chest and draw.random() > _AS_IS else None
    return agreement or Asked("as-is", report.findings, report.impression)


def erroneous(draw: Random, report: Report, *, of_chest: bool) -> Asked | None:
    """Return the impression of `report` with an error that the findings show; None where none can be planted.

    The radiologist's own words are changed where they name a finding that the findings have, too.
    """
    for edit in draw.sample(_EDITS, len(_EDITS)):
        error = edit(draw, report)
        if error is not None and error.way not in _APPENDED:
            return Asked(error.kind, report.findings, error.wrong, report.impression)
    return plant_disagreement(draw, report) if of_chest else None
