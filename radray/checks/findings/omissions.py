"""Urgent findings that an impression leaves out without a related word."""

from radray.checks.context import ReportContext, akin, is_asserted, is_finding, place
from radray.checks.spans import FINDINGS, Hit
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import Mention, State


def find_omissions(mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the urgent findings that the findings assert and no word of the impression is akin to; [] for none."""
    named = {mention.concept for mention in mentions if mention.state is not State.ABSENT}
    return [
        (place(mention, FINDINGS),)
        for mention in context.in_findings
        if CONCEPTS[mention.concept].urgency
        and is_asserted(mention)
        and is_finding(mention)
        and not any(akin(concept, mention.concept) for concept in named)
    ]
