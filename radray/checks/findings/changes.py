"""The change of a finding since the prior exam, reversed: better for worse, worse for better."""

from radray.checks.context import ReportContext, is_finding, place, related, sides_meet
from radray.checks.findings.locations import direction
from radray.checks.spans import FINDINGS, Hit
from radray.language.mentions import Mention

_OPPOSITE = {"worse": "better", "better": "worse"}


def find_reversed_changes(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings that the impression calls better and the findings worse, or the reverse; [] for none."""
    hits: list[Hit] = []
    for mention in mentions:
        way = direction(mention, impression) if is_finding(mention) else None
        if way not in _OPPOSITE:
            continue
        others = [
            (other, other_way)
            for other in context.in_findings
            if related(other.concept, mention.concept)
            and sides_meet(other, mention)
            and (other_way := direction(other, context.findings)) is not None
        ]
        if others and all(other_way == _OPPOSITE[way] for _, other_way in others):
            hits.append((place(mention), place(others[0][0], FINDINGS)))
    return hits
