"""Impression against findings, by concept: the opposite said, a critical finding left out."""

import re

from radray.metrics.checks_known import (
    Known,
    asserted,
    is_finding,
    place,
    places_meet,
    related,
    said,
    sides_meet,
)
from radray.metrics.checks_spans import FINDINGS, Hit
from radray.metrics.mentions import Mention, State
from radray.metrics.phrases import CONCEPTS, ancestors

_ON_AN_EARLIER_EXAM = re.compile(
    r"[^.;]*?\bnot\s+(?:\w+\s+){0,2}?(?:on|in)\s+(?:the\s+)?(?:prior|previous|earlier|older|last|outside|___)",
    re.IGNORECASE,
)
# "No opacity" is said of a film with a scar: only the finding itself, not a part of so wide a family, contradicts it.
WIDE = frozenset({"lung_opacity", "enlarged_cardiomediastinum", "bone_abnormality", "support_devices", "lung_lesion"})
"""Concepts so wide that their absence says nothing of their children."""


def find_polarity_flips(mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the findings that the impression asserts and the findings deny, or the reverse.

    Uncertain is neither. A denial of a degree or a change ("no large effusion", "no new opacity") denies no other; a
    denial of one side or place does not reach another. What the findings assert and deny both conflicts only where
    the assertion is of another side. A denied concept denies its children, an asserted one asserts its parents, but
    for `WIDE`.
    """
    hits: list[Hit] = []
    for mention in mentions:
        if not is_finding(mention) or mention.historical:
            continue
        if asserted(mention):
            other = _denied(mention, known)
        elif mention.state is State.ABSENT and _plain(mention):
            other = _asserted_anyway(mention, mentions, known)
        else:
            continue
        if other is not None:
            hits.append((place(mention), place(other, FINDINGS)))
    return hits


def _plain(denial: Mention) -> bool:
    """Whether a denial is of the concept as such."""
    return denial.severity is None and denial.change is None


def _denied(mention: Mention, known: Known) -> Mention | None:
    """Return the denial in the findings that an asserted `mention` contradicts."""
    supports = [
        other
        for form, other in known.all()
        if other.state is not State.ABSENT
        and sides_meet(other, mention)
        and (other.concept == mention.concept or (form == FINDINGS and related(other.concept, mention.concept)))
    ]
    # an opacity elsewhere does not take back "no consolidation"; one at the very place may be read as one
    of_kind = any(
        other.concept == mention.concept
        or mention.concept in ancestors(other.concept)
        or (bool(other.sides & mention.sides) and places_meet(other, mention))
        for other in supports
    )
    for other in known.in_findings:
        if other.state is not State.ABSENT or other.historical or other.change is not None:
            continue
        if other.severity not in (None, mention.severity) or _of_the_past(other, known.findings):
            continue
        if other.concept == mention.concept:
            excused = of_kind
        else:
            excused = bool(supports) or other.concept not in ancestors(mention.concept) or other.concept in WIDE
        if not excused and (not other.sides or mention.sides <= other.sides) and places_meet(other, mention):
            return other
    return None


def _of_the_past(denial: Mention, findings: str) -> bool:
    """Whether what follows a denial makes it one of an earlier exam: "opacity, not seen on the prior"."""
    return _ON_AN_EARLIER_EXAM.match(findings, denial.end, denial.end + 80) is not None


def _asserted_anyway(mention: Mention, mentions: tuple[Mention, ...], known: Known) -> Mention | None:
    """Return the assertion in the findings that a denying `mention` contradicts."""

    def reaches(other: Mention) -> bool:
        same = other.concept == mention.concept
        child = mention.concept not in WIDE and mention.concept in ancestors(other.concept)
        return (same or child) and sides_meet(other, mention) and places_meet(other, mention)

    if any(
        said(other) and related(other.concept, mention.concept) and sides_meet(other, mention) for other in mentions
    ):
        return None
    contradicted = next((other for other in known.in_findings if asserted(other) and reaches(other)), None)
    if contradicted is None or contradicted.concept == mention.concept and not _excused(mention, known):
        return contradicted
    return None if any(other.concept == mention.concept for other in known.in_findings) else contradicted


def _excused(mention: Mention, known: Known) -> bool:
    """Whether the findings deny what `mention` denies, beside asserting it.

    "Right effusion, no left effusion": the denial of the left excuses none of the right, nor of all.
    """
    return any(
        other.concept == mention.concept
        and other.state is State.ABSENT
        and (not other.sides or (bool(mention.sides) and sides_meet(other, mention)))
        for other in known.in_findings
    )


def find_missed_critical(mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the critical findings that the findings assert and the impression does not mention.

    Critical as the phrase table has it (`urgency`). A parent or a child of the finding says it, and so does its
    mention as uncertain; a denial does not. The place is that of the findings alone.
    """
    told = {mention.concept for mention in mentions if mention.state is not State.ABSENT}
    hits: list[Hit] = []
    missed: set[str] = set()
    for mention in known.in_findings:
        if CONCEPTS[mention.concept].urgency != "critical" or not asserted(mention) or mention.concept in missed:
            continue
        if not any(related(concept, mention.concept) for concept in told):
            missed.add(mention.concept)
            hits.append((place(mention, FINDINGS),))
    return hits
