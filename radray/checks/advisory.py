"""Tier B: what an impression adds or shades, to be set against the radiologist's own rate on the same reports."""

import re
from collections.abc import Callable, Mapping

from radray.checks.known import (
    Known,
    akin,
    is_finding,
    place,
    related,
    said,
    sides_meet,
)
from radray.checks.locations import direction, find_ribs, sentence_of, tips, tips_meet
from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Hit, Place
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
"""Places that reports name one by the other's name: a lower lobe's opacity is "basilar"."""
_MIDLINE = frozenset({"cardiomegaly", "enlarged_cardiomediastinum"})
"""Concepts that are of no side: a side beside them is another word's."""
_READ = frozenset({"emphysema", "edema", "malignancy", "pneumonia", "interstitial_lung_disease", "hilar_enlargement"})
"""Concepts whose words name a sign ("congestion") as well as what it is read as ("heart failure")."""
_SPINES = {"c": "cervical spine", "t": "thoracic spine", "l": "lumbar spine"}
_LEVEL = re.compile(r"([ctl])\d{1,2}")


def find_unsupported(mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the findings that the impression asserts, certainly or not, and nothing else names.

    A parent, a child or one with a parent in common supports it: an opacity may be read as pneumonia. What the
    findings deny is Tier A's to say.
    """
    hits: list[Hit] = []
    for mention in mentions:
        if not is_finding(mention) or not said(mention):
            continue
        if not any(
            (other.state is not State.ABSENT and akin(other.concept, mention.concept))
            or (other.concept == mention.concept)
            for _, other in known.all()
        ):
            hits.append((place(mention),))
    return hits


def find_certainty(impression: str, mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the findings that are uncertain in the findings and plain in the impression, or the reverse.

    Of a concept that holds a sign and its reading (`_READ`) only where both use a word in common: to doubt the
    emphysema is not to doubt the hyperexpansion.
    """
    hits: list[Hit] = []
    for mention in mentions:
        if not is_finding(mention) or not said(mention):
            continue
        words = _stems(impression, mention)
        others = [
            other
            for other in known.in_findings
            if other.concept == mention.concept
            and said(other)
            and (mention.concept not in _READ or not words.isdisjoint(_stems(known.findings, other)))
        ]
        if others and all(other.state is not mention.state for other in others):
            hits.append((place(mention), place(others[0], FINDINGS)))
    return hits


def _stems(text: str, mention: Mention) -> frozenset[str]:
    return frozenset(word[:5] for word in text[mention.start : mention.end].lower().split())


def find_severity(mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the findings whose degree the impression says otherwise than the findings do; one not said is any."""
    hits: list[Hit] = []
    for mention in mentions:
        if mention.severity is None or not said(mention):
            continue
        others = _compared(mention, known, lambda other: other.severity is not None and said(other))
        if others and all(other.severity != mention.severity for _, other in others):
            hits.append((place(mention), place(others[0][1], others[0][0])))
    return hits


def find_location(impression: str, mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the findings that the impression puts in another place, or on a side where the findings have none.

    A place that the findings name for no such finding, and nowhere else either, is made up. Ribs and vertebrae count
    by their number.
    """
    hits: list[Hit] = [
        (Place(IMPRESSION, start, end),)
        for ribs, start, end in find_ribs(impression)
        if (told := find_ribs(known.findings) + find_ribs(known.background))
        and not ribs <= frozenset().union(*(one[0] for one in told))
    ]
    for mention in mentions:
        if not said(mention) or not is_finding(mention):
            continue
        others = [
            (FINDINGS, other) for other in known.in_findings if said(other) and related(other.concept, mention.concept)
        ]
        if not others or mention.concept in _MIDLINE:
            continue
        first = (place(mention), place(others[0][1], others[0][0]))
        placed = frozenset().union(*(other.locations for _, other in others))
        if (mention.sides and not any(other.sides for _, other in others)) or (
            mention.locations and not _near(mention.locations, placed or _everywhere(known))
        ):
            hits.append(first)
        elif len(mention.sides) == 2 and all(len(other.sides) == 1 for _, other in others):
            if len({side for _, other in others for side in other.sides}) == 1:
                hits.append(first)
        elif len(mention.sides) == 1 and not any(other.sides & mention.sides or not other.sides for _, other in others):
            hits.append(first)
    return hits


def _everywhere(known: Known) -> frozenset[str]:
    return frozenset().union(*(other.locations for _, other in known.all()))


def find_device(impression: str, mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the devices of the impression that nothing else names, or that it puts in another place.

    The place is where the device's sentence says that a tube ends; a place not said is any. "Coiled", "malpositioned"
    and the like claim a place too, which the findings must claim as well.
    """
    hits: list[Hit] = []
    texts = {FINDINGS: known.findings, BACKGROUND: known.background}
    for mention in mentions:
        if not CONCEPTS[mention.concept].device or not said(mention):
            continue
        others = [
            (form, other)
            for form, other in known.all()
            if other.state is not State.ABSENT and related(other.concept, mention.concept)
        ]
        if not others:
            hits.append((place(mention),))
            continue
        ends, awry = tips(impression, *sentence_of(impression, mention.start))
        told = [tips(texts[form], *sentence_of(texts[form], other.start)) for form, other in others]
        placed = frozenset().union(*(found for found, _ in told))
        claimed = awry and placed and ends.isdisjoint(placed) and not any(known_awry for _, known_awry in told)
        if not tips_meet(ends, placed) or claimed:
            hits.append((place(mention), place(others[0][1], others[0][0])))
    return hits


def find_comparison(impression: str, mentions: tuple[Mention, ...], known: Known) -> list[Hit]:
    """Return the findings whose change the impression says otherwise: better or worse, new or the same.

    A change is the mention's own, else what its sentence says of one way ("has enlarged", "is smaller").
    """
    hits: list[Hit] = []
    texts = {FINDINGS: known.findings, BACKGROUND: known.background}
    for mention in mentions:
        if not is_finding(mention) or (way := direction(mention, impression)) is None:
            continue
        others = [
            (form, other, direction(other, texts[form])) for form, other in _compared(mention, known, lambda _: True)
        ]
        others = [one for one in others if one[2] is not None]
        if others and all(other_way != way for _, _, other_way in others):
            hits.append((place(mention), place(others[0][1], others[0][0])))
    return hits


def _compared(mention: Mention, known: Known, fit: Callable[[Mention], bool]) -> list[tuple[str, Mention]]:
    """Return the known mentions that `fit`, of the side of `mention`: of its concept, else of parents and children."""
    others = [
        (form, other)
        for form, other in known.all()
        if fit(other) and related(other.concept, mention.concept) and sides_meet(other, mention)
    ]
    return [one for one in others if one[1].concept == mention.concept] or others


def _near(places: frozenset[str], others: frozenset[str]) -> bool:
    """Whether one of `places` is, or lies by, one of `others`."""
    if not places.isdisjoint(others):
        return True
    if any(not others.isdisjoint(_NEAR.get(one, ())) for one in places):
        return True
    if any(not places.isdisjoint(_NEAR.get(other, ())) for other in others):
        return True
    return any(_in_spine(one, other) or _in_spine(other, one) for one in places for other in others)


def _in_spine(level: str, place: str) -> bool:
    """Whether `level` ("t12") lies in the part of the spine that `place` names without a level."""
    part = _LEVEL.fullmatch(level)
    return part is not None and place in ("spine", _SPINES[part[1]])
