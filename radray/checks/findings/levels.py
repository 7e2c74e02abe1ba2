"""A finding at another vertebra, lobe, rib, ray or segment than the findings put it."""

from collections.abc import Sequence
from typing import NamedTuple

from radray.checks.context import ReportContext, akin, is_current, is_finding, related
from radray.checks.findings.positions import MAX_POSITIONS, Position, agree, find_positions
from radray.checks.spans import FINDINGS, IMPRESSION, Hit, Place
from radray.checks.subjects import Subject, conflict, subjects
from radray.language.mentions import Mention

_ASIDE = frozenset({"side", "organ"})
"""Places other than the compared ones: of two sides, the class `side` decides."""


class _Placed(NamedTuple):
    """A position with what lies there."""

    position: Position
    subject: Subject
    words: frozenset[str]
    """The words beside it that are not denied."""
    concepts: frozenset[str]
    """The findings that its part of the sentence asserts, certain or not."""


def find_levels(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the positions at which `impression` puts a finding and its findings another position; [] for none.

    The findings must name the same finding, by its words or as a related concept, at another position of the kind,
    which the impression does not name for it; and at the position of the impression nothing, something normal, or
    what neither word nor concept relates to it. Neighbours agree: a disc and its vertebrae, the base and the lower
    lobe. A rib that the findings do not number where they number others is another's in any case.
    """
    stated = find_positions(impression)
    if not stated:
        return []
    known = find_positions(context.findings)
    kinds = {position.kind for position in known}
    if kinds.isdisjoint(position.kind for position in stated):
        return []
    behind = find_positions(context.background)
    hits: list[Hit] = []
    for kind in sorted(kinds):
        here = [position for position in stated if position.kind == kind][:MAX_POSITIONS]
        there = [position for position in known if position.kind == kind][:MAX_POSITIONS]
        past = [position for position in behind if position.kind == kind]
        if kind in ("rib", "ray"):
            every = frozenset[int | str]().union(*(position.values for position in (*there, *past)))
            hits += [
                (_place(IMPRESSION, position),)
                for position in here
                if not position.values <= every and (kind == "rib" or position.values & every)
            ]
        if all(agree(position, other) for position in here for other in there):
            continue
        ours, theirs = _placed(impression, mentions, here), _placed(context.findings, context.in_findings, there)
        for each in ours:
            other = None if any(agree(each.position, position) for position in past) else _elsewhere(each, ours, theirs)
            if other is not None:
                hits.append((_place(IMPRESSION, each.position), _place(FINDINGS, other.position)))
    return hits


def _place(form: str, position: Position) -> Place:
    return Place(form, position.start, position.end)


def _elsewhere(stated: _Placed, ours: Sequence[_Placed], theirs: Sequence[_Placed]) -> _Placed | None:
    """Return the position of the findings that `stated` ought to be, None where it is right or cannot be decided."""
    if not (stated.words or stated.concepts):
        return None
    here = [other for other in theirs if agree(stated.position, other.position) and _may_meet(stated, other)]
    if any(_supports(stated, other) for other in here):
        return None
    for other in theirs:
        if agree(stated.position, other.position) or not _may_meet(stated, other) or other.subject.normal:
            continue
        common = len(stated.words & other.words)
        if not common and not _akin(stated, other):
            continue
        strong = common > 1 or any(related(concept, known) for concept in stated.concepts for known in other.concepts)
        if here and not strong and not all(quiet.subject.normal or quiet.subject.denied for quiet in here):
            continue
        if not any(_covers(each, other) for each in ours):
            return other
    return None


def _covers(each: _Placed, other: _Placed) -> bool:
    """Return whether the impression names what the findings have at the position of `other` there itself."""
    return (
        agree(each.position, other.position)
        and _may_meet(each, other)
        and (bool(each.words & other.words) or _akin(each, other) or not each.words)
    )


def _may_meet(first: _Placed, second: _Placed) -> bool:
    sides = [_sides(each) for each in (first, second)]
    return (not all(sides) or not sides[0].isdisjoint(sides[1])) and not conflict(first.subject, second.subject, _ASIDE)


def _sides(each: _Placed) -> frozenset[str]:
    if each.position.side:
        return frozenset({each.position.side})
    return frozenset(name for group, name in each.subject.places if group == "side")


def _supports(stated: _Placed, other: _Placed) -> bool:
    """Return whether what the findings put at the position of `stated` may be what the impression means."""
    if other.subject.normal and not other.concepts:
        return False
    if stated.position.kind == "lung" and other.concepts and not stated.concepts:
        return True
    return bool(stated.words & other.words) or _akin(stated, other)


def _akin(first: _Placed, second: _Placed) -> bool:
    return any(akin(concept, other) for concept in first.concepts for other in second.concepts)


def _placed(text: str, mentions: Sequence[Mention], positions: Sequence[Position]) -> list[_Placed]:
    bound = subjects(text, [(position.start, position.end) for position in positions])
    return [
        _Placed(
            position,
            subject,
            (subject.head | subject.beside) - subject.denied,
            frozenset(
                mention.concept
                for mention in mentions
                if subject.start <= mention.start < subject.end
                and is_finding(mention)
                and (is_current(mention) or mention.change == "resolved")
            ),
        )
        for position, subject in zip(positions, bound, strict=True)
    ]
