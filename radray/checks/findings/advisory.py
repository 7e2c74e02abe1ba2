"""Tier B: what an impression adds or words differently; read it beside the radiologists' own rate."""

from collections.abc import Callable, Mapping

from radray.checks.context import (
    ReportContext,
    akin,
    in_spine,
    is_current,
    is_finding,
    place,
    related,
    sides_meet,
)
from radray.checks.findings.locations import direction, find_ribs, tips, tips_meet
from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Hit, Place, sentence_of
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import Mention, State

_NEAR: Mapping[str, frozenset[str]] = {
    place: frozenset(others.split("|"))
    for place, others in {
        "lower lobe": "base|costophrenic angle|retrocardiac|diaphragm|midlung",
        "base": "lower lobe|middle lobe|lingula|costophrenic angle|retrocardiac|diaphragm|pleura",
        "upper lobe": "apex|midlung|lingula|hilum",
        "apex": "upper lobe|pleura",
        "middle lobe": "base|midlung",
        "midlung": "upper lobe|middle lobe|lower lobe|lingula|hilum",
        "lingula": "base|midlung|upper lobe",
        "hilum": "mediastinum|midlung|upper lobe",
        "mediastinum": "hilum",
        "svc": "cavoatrial junction",
        "cavoatrial junction": "svc|right atrium",
        "pleura": "apex|base|fissure|costophrenic angle",
        "stomach": "abdomen|subdiaphragmatic|duodenum|diaphragm",
        "shoulder": "humerus|clavicle|scapula",
    }.items()
}
"""Locations that reports use for each other: an opacity of the lower lobe is "basilar"."""
_MIDLINE = frozenset({"cardiomegaly", "enlarged_cardiomediastinum"})
"""Concepts without a side: a side next to them belongs to another word."""
_READ = frozenset({"emphysema", "edema", "malignancy", "pneumonia", "interstitial_lung_disease", "hilar_enlargement"})
"""Concepts whose phrases name a sign ("congestion") as well as its interpretation ("heart failure")."""


def find_unsupported(mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings that the impression asserts, certain or not, and nothing in `context` names.

    A parent, a child or a sibling supports a finding: an opacity may be read as pneumonia. What the findings deny is
    left to Tier A (polarity).
    """
    hits: list[Hit] = []
    for mention in mentions:
        if not is_finding(mention) or not is_current(mention):
            continue
        if not any(
            (other.state is not State.ABSENT and akin(other.concept, mention.concept))
            or (other.concept == mention.concept)
            for _, other in context.mentions()
        ):
            hits.append((place(mention),))
    return hits


def find_certainty(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings that are uncertain in the findings and certain in the impression, or the reverse.

    For a concept that covers a sign and its interpretation (`_READ`), only where both use a common word: doubt about
    emphysema is not doubt about hyperexpansion.
    """
    hits: list[Hit] = []
    for mention in mentions:
        if not is_finding(mention) or not is_current(mention):
            continue
        words = _stems(impression, mention)
        others = [
            other
            for other in context.in_findings
            if other.concept == mention.concept
            and is_current(other)
            and (mention.concept not in _READ or not words.isdisjoint(_stems(context.findings, other)))
        ]
        if others and all(other.state is not mention.state for other in others):
            hits.append((place(mention), place(others[0], FINDINGS)))
    return hits


def _stems(text: str, mention: Mention) -> frozenset[str]:
    return frozenset(word[:5] for word in text[mention.start : mention.end].lower().split())


def find_severity(mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings to which the impression gives another severity; an unstated severity agrees with any."""
    hits: list[Hit] = []
    for mention in mentions:
        if mention.severity is None or not is_current(mention):
            continue
        others = _compared(mention, context, lambda other: other.severity is not None and is_current(other))
        if others and all(other.severity != mention.severity for _, other in others):
            hits.append((place(mention), place(others[0][1], others[0][0])))
    return hits


def find_location(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings to which the impression gives another location, or a side where the findings state none.

    Where the findings give such a finding no location, any location that they name elsewhere is accepted. Ribs and
    vertebrae are compared by number.
    """
    known = frozenset[int]().union(
        *(ribs for text in (context.findings, context.background) for ribs, _, _ in find_ribs(text))
    )
    hits: list[Hit] = [
        (Place(IMPRESSION, start, end),)
        for ribs, start, end in (find_ribs(impression) if known else ())
        if not ribs <= known
    ]
    for mention in mentions:
        if not is_current(mention) or not is_finding(mention):
            continue
        others = [
            (FINDINGS, other)
            for other in context.in_findings
            if is_current(other) and related(other.concept, mention.concept)
        ]
        if not others or mention.concept in _MIDLINE:
            continue
        first = (place(mention), place(others[0][1], others[0][0]))
        placed = frozenset().union(*(other.locations for _, other in others))
        if (mention.sides and not any(other.sides for _, other in others)) or (
            mention.locations and not _near(mention.locations, placed or _everywhere(context))
        ):
            hits.append(first)
        elif len(mention.sides) == 2 and all(len(other.sides) == 1 for _, other in others):
            if len({side for _, other in others for side in other.sides}) == 1:
                hits.append(first)
        elif len(mention.sides) == 1 and not any(other.sides & mention.sides or not other.sides for _, other in others):
            hits.append(first)
    return hits


def _everywhere(context: ReportContext) -> frozenset[str]:
    return frozenset().union(*(other.locations for _, other in context.mentions()))


def find_device(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the devices of the impression that nothing in `context` names, that it denies, or locates elsewhere.

    The location is where the device's sentence says that the tip lies; an unstated one agrees with any. "Coiled",
    "malpositioned" and the like are claims too, which the findings must share.
    """
    hits: list[Hit] = []
    texts = {FINDINGS: context.findings, BACKGROUND: context.background}
    for mention in mentions:
        if not CONCEPTS[mention.concept].device:
            continue
        if mention.state is State.ABSENT and mention.change is None:
            same = [other for other in context.in_findings if other.concept == mention.concept]
            if same and all(map(is_current, same)):
                hits.append((place(mention), place(same[0], FINDINGS)))
        if not is_current(mention):
            continue
        others = [
            (form, other)
            for form, other in context.mentions()
            if other.state is not State.ABSENT and related(other.concept, mention.concept)
        ]
        if not others:
            hits.append((place(mention),))
            continue
        ends, awry = tips(impression, *sentence_of(impression, mention.start))
        known_tips = [tips(texts[form], *sentence_of(texts[form], other.start)) for form, other in others]
        placed = frozenset().union(*(ends for ends, _ in known_tips))
        claimed = awry and placed and ends.isdisjoint(placed) and not any(known_awry for _, known_awry in known_tips)
        if not tips_meet(ends, placed) or claimed:
            hits.append((place(mention), place(others[0][1], others[0][0])))
    return hits


def find_comparison(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings to which the impression gives another change: better, worse or the same.

    The change is the mention's own, else that of its sentence where this states only one ("has enlarged").
    """
    hits: list[Hit] = []
    texts = {FINDINGS: context.findings, BACKGROUND: context.background}
    for mention in mentions:
        if not is_finding(mention) or (way := direction(mention, impression)) is None:
            continue
        others = [
            (form, other, direction(other, texts[form])) for form, other in _compared(mention, context, lambda _: True)
        ]
        others = [triple for triple in others if triple[2] is not None]
        if others and all(other_way != way for _, _, other_way in others):
            hits.append((place(mention), place(others[0][1], others[0][0])))
    return hits


def _compared(mention: Mention, context: ReportContext, fit: Callable[[Mention], bool]) -> list[tuple[str, Mention]]:
    """Return the mentions of `context` that `fit`, on the side of `mention`: its concept, else parents and children."""
    others = [
        (form, other)
        for form, other in context.mentions()
        if fit(other) and related(other.concept, mention.concept) and sides_meet(other, mention)
    ]
    return [pair for pair in others if pair[1].concept == mention.concept] or others


def _near(places: frozenset[str], others: frozenset[str]) -> bool:
    """Return whether any of `places` is, or is adjacent to, any of `others`."""
    if not places.isdisjoint(others):
        return True
    if any(not others.isdisjoint(_NEAR.get(name, ())) for name in places):
        return True
    if any(not places.isdisjoint(_NEAR.get(other, ())) for other in others):
        return True
    return any(in_spine(name, other) or in_spine(other, name) for name in places for other in others)
