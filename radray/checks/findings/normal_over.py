"""An impression that reads normal over findings that assert something abnormal."""

from radray.checks.context import ReportContext, is_asserted, is_finding, place
from radray.checks.spans import FINDINGS, IMPRESSION, Hit, Place
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.normality import is_normal


def find_normal_over_abnormal(impression: str, context: ReportContext) -> list[Hit]:
    """Return the urgent findings that the findings assert where the impression reads normal as a whole; [] for none."""
    if not is_normal(impression):
        return []
    whole = Place(IMPRESSION, 0, len(impression))
    return [
        (whole, place(mention, FINDINGS))
        for mention in context.in_findings
        if is_asserted(mention) and is_finding(mention) and CONCEPTS[mention.concept].urgency
    ]
