"""A finding at another vertebral level, numbered rib or lobe than the findings put it."""

from radray.checks.context import ReportContext
from radray.checks.findings.locations import find_ribs
from radray.checks.spans import IMPRESSION, Hit, Place
from radray.language.mentions import Mention


def find_levels(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the ribs that the impression numbers and the input, which numbers others, does not; [] for none."""
    known = [ribs for text in (context.findings, context.background) for ribs in find_ribs(text)]
    if not known:
        return []
    every = frozenset().union(*(ribs for ribs, _, _ in known))
    return [(Place(IMPRESSION, start, end),) for ribs, start, end in find_ribs(impression) if not ribs <= every]
