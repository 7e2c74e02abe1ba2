"""Recommendations that the findings make and the impression leaves out."""

from radray.checks.recommendations.actions import find_actions
from radray.checks.spans import FINDINGS, Hit, Place


def find_missed_recommendations(impression: str, findings: str) -> list[Hit]:
    """Return the recommendations of `findings` where the impression makes none; [] for none."""
    if find_actions(impression):
        return []
    return [(Place(FINDINGS, start, end),) for start, end, _, _ in find_actions(findings)]
