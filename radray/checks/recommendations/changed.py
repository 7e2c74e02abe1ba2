"""Recommendations of the findings that the impression leaves out, contradicts, or changes in test or interval."""

from radray.checks.context import akin
from radray.checks.recommendations.recommendation import (
    Recommendation,
    find_recommendations_in,
    same_interval,
)
from radray.checks.recommendations.vocabulary import FOLLOW_UP, NO_FOLLOW_UP
from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Hit, Place

_LIKE = (
    frozenset({"ct", "ct_angiography"}),
    frozenset({"mri", "mr_angiography"}),
    frozenset({"angiography", "ct_angiography", "mr_angiography"}),
    frozenset({"biopsy", "aspiration"}),
    frozenset({"aspiration", "chest_tube"}),
    frozenset({"consultation", "surgery"}),
    frozenset({"consultation", "cancer_therapy"}),
    frozenset({"ultrasound", "echocardiography"}),
)
"""Tests that stand for each other: a CT for a CT angiogram, the referral for the operation."""


def find_missed_recommendations(impression: str, findings: str) -> list[Hit]:
    """Return the recommendations of `findings` that `impression` neither repeats nor replaces; [] for none.

    Those that leave the action to the patient's state, and correlations, may be left out.
    """
    asked = [r for r in find_recommendations_in(findings) if _is_firm(r)]
    if not asked:
        return []
    kept = [r for r in find_recommendations_in(impression) if r.kind != "correlation" and r.test != NO_FOLLOW_UP]
    covered = {r.first for r in asked if any(_alike(r, other) or _share_finding(r, other) for other in kept)}
    return [(Place(FINDINGS, r.start, r.end),) for r in asked if r.first not in covered]


def find_changed_recommendations(impression: str, findings: str) -> list[Hit]:
    """Return the recommendations of `impression` that contradict those of `findings` for the finding; [] for none.

    Another test (a radiograph for the biopsy), none where the findings want one, one where they want none. A test
    that no finding of `findings` has a recommendation for is not a change, nor one beside the right one.
    """
    asked = [r for r in find_recommendations_in(findings) if r.kind != "correlation" and not r.conditional]
    if not asked:
        return []
    named = [r for r in find_recommendations_in(impression) if r.kind not in ("correlation", "device")]
    hits: list[Hit] = []
    for written in named:
        if written.conditional or written.test == FOLLOW_UP:
            continue
        about = [r for r in asked if _share_finding(r, written)]
        others = [r for r in named if any(_share_finding(r, other) for other in about)]
        if about and not any(_alike(r, other) for r in about for other in others):
            hits.append((Place(IMPRESSION, written.start, written.end), Place(FINDINGS, about[0].start, about[0].end)))
    return hits


def find_changed_intervals(impression: str, findings: str, background: str) -> list[Hit]:
    """Return the recommendations of `impression` with another interval than the input has for them; [] for none.

    Intervals that overlap, and a year for twelve months, are the same; one that the input does not give is none.
    """
    written = [r for r in find_recommendations_in(impression) if r.days]
    if not written:
        return []
    known = [(FINDINGS, r) for r in find_recommendations_in(findings) if r.days]
    known += [(BACKGROUND, r) for r in find_recommendations_in(background) if r.days] if known else []
    only = len({r.first for r in written}) == 1 == len({r.first for form, r in known if form == FINDINGS})
    hits: list[Hit] = []
    for each in written:
        about = [(form, r) for form, r in known if _alike(each, r) and (only or _share_finding(each, r))]
        if about and not any(each.days and r.days and same_interval(each.days, r.days) for _, r in about):
            form, first = about[0]
            hits.append((Place(IMPRESSION, each.start, each.end), Place(form, first.start, first.end)))
    return hits


def _is_firm(recommended: Recommendation) -> bool:
    return not recommended.conditional and recommended.kind != "correlation" and recommended.test != NO_FOLLOW_UP


def _alike(first: Recommendation, second: Recommendation) -> bool:
    """Return whether one recommendation stands for the other: the same or a like test, or one that is not named."""
    tests = {first.test, second.test}
    if len(tests) == 1:
        return True
    if NO_FOLLOW_UP in tests:
        return False
    return FOLLOW_UP in tests or any(tests <= like for like in _LIKE)


def _share_finding(first: Recommendation, second: Recommendation) -> bool:
    if first.concept is None or second.concept is None:
        return True
    return akin(first.concept, second.concept)
