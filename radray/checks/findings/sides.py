"""Side conflicts: what the impression puts on one side and its input on the other, by concept and by words."""

from collections.abc import Iterator

from radray.checks.context import (
    VAGUE,
    ReportContext,
    akin,
    is_current,
    is_finding,
    place,
    places_meet,
    related,
    sides_meet,
)
from radray.checks.findings.side_words import BOTH, LEFT, RIGHT, SideWord, find_sides, may_hold_side
from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Hit, Place
from radray.language.mentions import MIDLINE_TUBES, Mention, State

_OTHER = {LEFT: RIGHT, RIGHT: LEFT}


def find_side_conflicts(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return what `impression` puts on one side and findings and background only on the other; [] for none.

    By concept: there are mentions of the concept, its parents or its children, and all are on the other side. A
    doubtful finding may also be the reading of another one on its side ("opacity at the right base": "scar or
    pneumonia"). By words, whatever the concept and the organ: the words beside "left" are in the findings beside
    "right" and not beside "left" or "bilateral", or more of them are, at least two; or the findings know only "right"
    and nothing knows "left". Clauses that deny or say what is well count neither way, unless they share more words.
    Bilateral counts as each side. A side where the findings state none is no conflict (see Tier B, location).
    """
    if not may_hold_side(impression):
        return []
    hits: list[Hit] = []
    for mention in mentions:
        if len(mention.sides) != 1 or not is_current(mention) or mention.concept in VAGUE | MIDLINE_TUBES:
            continue
        kin = [
            (form, other)
            for form, other in context.mentions()
            if related(other.concept, mention.concept) and other.state is not State.ABSENT
        ]
        if not kin or any(sides_meet(other, mention) for _, other in kin):
            continue
        if not _reads(mention, impression, context) and not _same_words(mention, impression, context):
            form, nearest = next((pair for pair in kin if pair[1].concept == mention.concept), kin[0])
            hits.append((place(mention), place(nearest, form)))
    return hits or list(_by_words(impression, mentions, context))


def _same_words(mention: Mention, impression: str, context: ReportContext) -> bool:
    """Return whether the words beside `mention` are those beside its side in the findings, more than the other side's.

    At least two of them: "nodules: 6 mm right lower lobe, 4 mm left upper lobe" has the 4 mm nodule on the left.
    """
    beside = _beside(mention, impression)
    common = dict.fromkeys((LEFT, RIGHT), 0)
    for word in find_sides(context.findings):
        if word.side in common and not word.quiet and not word.by_nature:
            common[word.side] = max(common[word.side], len(beside & word.beside))
    own = LEFT if LEFT in mention.sides else RIGHT
    return common[own] >= 2 and common[own] > common[_OTHER[own]]


def _beside(mention: Mention, impression: str) -> frozenset[str]:
    return frozenset[str]().union(
        *(word.beside for word in find_sides(impression) if word.first <= mention.start < word.last)
    )


def _reads(mention: Mention, impression: str, context: ReportContext) -> bool:
    """Return whether a doubtful `mention` may interpret what the findings have at its side and place."""
    if mention.state is not State.UNCERTAIN:
        return False
    if any(
        is_finding(other)
        and is_current(other)
        and not mention.sides.isdisjoint(other.sides)
        and not mention.locations.isdisjoint(other.locations)
        for other in context.in_findings
    ):
        return True
    beside = _beside(mention, impression)
    return any(
        word.side in mention.sides and not word.quiet and not beside.isdisjoint(word.beside)
        for word in find_sides(context.findings)
    )


def _by_words(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> Iterator[Hit]:
    in_findings = [(FINDINGS, word) for word in find_sides(context.findings)]
    in_background = [(BACKGROUND, word) for word in find_sides(context.background)]
    sides = {word.side for _, word in (*in_findings, *in_background) if not word.by_nature}
    for word in find_sides(impression):
        if word.side == BOTH or word.quiet or word.by_nature:
            continue
        against = [
            (len(word.beside & other.beside), form, other)
            for form, other in in_findings
            if other.side == _OTHER[word.side] and not other.quiet and not other.by_nature
        ]
        if not against:
            continue
        shared, form, nearest = max(against, key=lambda pair: pair[0])
        agreeing, quiet = 0, 0
        for _, other in (*in_findings, *in_background):
            if other.side != nearest.side:
                common = len(word.beside & other.beside)
                quiet = max(quiet, common)
                agreeing = max(agreeing, 0 if other.quiet else common)
        named = (shared >= 1 and agreeing == 0) or (shared >= 2 and agreeing < shared)
        only = sides == {nearest.side} and _has_kin(word.side, mentions, context)
        if ((named and quiet <= shared) or only) and not _agreed(word, impression, mentions, context):
            yield Place(IMPRESSION, word.start, word.end), Place(form, nearest.start, nearest.end)


def _agreed(word: SideWord, impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> bool:
    """Return whether every finding in the clause of `word` and on its side is one that the findings have there."""
    beside = [
        mention
        for mention in mentions
        if word.first <= mention.start < word.last
        and word.side in mention.sides
        and is_finding(mention)
        and is_current(mention)
    ]
    return bool(beside) and all(
        _reads(mention, impression, context)
        or any(
            related(other.concept, mention.concept)
            and word.side in other.sides
            and is_current(other)
            and places_meet(other, mention)
            for other in context.in_findings
        )
        for mention in beside
    )


def _has_kin(side: str, mentions: tuple[Mention, ...], context: ReportContext) -> bool:
    """Return whether a finding of the impression on `side` is akin to one of the findings on the other side."""
    return any(
        akin(mention.concept, other.concept) and is_current(mention) and is_current(other)
        for mention in mentions
        if mention.sides == {side}
        for other in context.in_findings
        if other.sides == {_OTHER[side]}
    )
