"""Impression against findings, by concept: another side, the opposite, a critical finding left out."""

import re

from radray.metrics.checks_known import (
    VAGUE,
    Known,
    asserted,
    is_finding,
    place,
    places_meet,
    related,
    said,
    sides_meet,
)
from radray.metrics.checks_spans import FINDINGS, IMPRESSION, Hit, Place
from radray.metrics.mentions import Mention, State
from radray.metrics.phrases import CONCEPTS, ancestors

_LEFT = re.compile(r"\b(?:left(?:ward|-?sided)?|lt|lul|lll|lingul\w*)\b", re.IGNORECASE)
_RIGHT = re.compile(r"\b(?:right(?:ward|-?sided)?|rt|rul|rml|rll)\b", re.IGNORECASE)
_BOTH = re.compile(
    r"\b(?:bilateral\w*|both|bi-?(?:basil|basal|apic|hil)\w*|each|either|lungs|diffuse\w*)\b", re.IGNORECASE
)

# "No opacity" is said of a film with a scar: only the finding itself, not a part of so wide a family, contradicts it.
WIDE = frozenset({"lung_opacity", "enlarged_cardiomediastinum", "bone_abnormality", "support_devices", "lung_lesion"})
"""Concepts so wide that their absence says nothing of their children."""


def find_side_conflicts(impression: str, mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the findings and devices that `impression` puts on the one side and all else only on the other.

    A finding said of both sides is on each; a side where the findings have none is no conflict (Tier B, location).
    Compared with the mentions of the same concept, else with its parents and children. A side word of the impression
    that findings and background do not have at all, while the findings have the other, is a conflict in any words.
    """
    hits: list[Hit] = []
    for mention in mentions:
        if len(mention.sides) != 1 or not said(mention) or mention.concept in VAGUE:
            continue
        same = [(form, other) for form, other in known.all() if other.concept == mention.concept and _may_be(other)]
        same = same or [(form, other) for form, other in known.all() if _family(other, mention) and _may_be(other)]
        if same and all(other.sides and other.sides.isdisjoint(mention.sides) for _, other in same):
            hits.append((place(mention), place(same[0][1], same[0][0])))
    return hits or _unknown_side(impression, known)


def _may_be(mention: Mention) -> bool:
    return mention.state is not State.ABSENT


def _family(one: Mention, other: Mention) -> bool:
    return one.concept != other.concept and related(one.concept, other.concept)


def _unknown_side(impression: str, known: Known) -> list[Hit]:
    for side, other in ((_LEFT, _RIGHT), (_RIGHT, _LEFT)):
        written = side.search(impression)
        if written is None:
            continue
        if any(side.search(text) or _BOTH.search(text) for text in (known.findings, known.background)):
            continue
        opposite = other.search(known.findings)
        if opposite is not None:
            return [(Place(IMPRESSION, *written.span()), Place(FINDINGS, *opposite.span()))]
    return []


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
    if any(
        other.state is not State.ABSENT and related(other.concept, mention.concept) and sides_meet(other, mention)
        for _, other in known.all()
    ):
        return None
    for other in known.in_findings:
        if other.state is not State.ABSENT or other.historical or not _plain(other):
            continue
        if other.concept != mention.concept and (
            other.concept not in ancestors(mention.concept) or other.concept in WIDE
        ):
            continue
        if other.sides and not mention.sides <= other.sides:
            continue
        if places_meet(other, mention):
            return other
    return None


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
    for other in known.in_findings:
        if other.concept == mention.concept and other.state is not State.PRESENT:
            # "right effusion, no left effusion": the denial of the left does not excuse one of the right, or of all
            if other.state is State.UNCERTAIN or not other.sides or (mention.sides and sides_meet(other, mention)):
                return None
    return next((other for other in known.in_findings if asserted(other) and reaches(other)), None)


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
