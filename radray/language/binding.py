"""Bind side, severity, location and change to the findings of a clause."""

from bisect import bisect_left, bisect_right
from itertools import pairwise

from radray.language.assertion import COMMA, NONE, Words
from radray.language.lexicon.attributes import DIRECTIONS, MOVED, SEVERITIES, SEVERITY_WORDS, SIDES
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.lexicon.cues import PREDICATES, PREPOSITIONS, words
from radray.language.lexicon.trie import PLACES, scan
from radray.language.targets import Match, Target, listed

_REACH = 10
"""Most words between an attribute and the finding that it belongs to."""
_JOINTS = words("and or nor with associated adjacent overlying underlying compressive possible probable")
_BLOCKS = PREDICATES | PREPOSITIONS | words("and or nor but with which without no not")
"""Words that separate an attribute from a finding after it."""

_AFTER = PREPOSITIONS | PREDICATES | words("since compared as than when and or but with while again by for of versus")
"""Words that may follow an attribute which stands after its finding."""
_SHIFT = "shift"
"""The concept whose side is a direction."""
_ENDS, _TOWARDS = frozenset({"left", "right"}), frozenset({"to", "toward", "towards"})
_CHANGES = ("resolved", "increased", "decreased", "new", "unchanged")
"""The more specific first: of "persistent ... has decreased" the decrease is kept."""


def bind(
    text: Words, first: int, last: int, matches: list[Match], targets: list[Target], used: set[int], links: set[int]
) -> None:
    """Set the attributes of the `targets` of a clause.

    `used` are the first words of phrases that already named a target; `links` those of phrases that interpret a finding
    ("compatible with").
    """
    tokens = text.words
    groups = _Clause(text, targets)
    shifts = [target for target in targets if target.concepts[0] == _SHIFT][:1]
    for at in range(first, last):
        sides = SIDES.get(tokens[at]) or DIRECTIONS.get(tokens[at])
        if sides is None:
            continue
        if tokens[at + 1 : at + 2] == ["to"] and tokens[at + 2 : at + 3] in (["left"], ["right"]):
            continue  # "left-to-right shift"
        owners = groups.owners(at, at + 1, predicate=False)
        if owners and at > first and tokens[at - 1] == "with" and owners[0].last <= at:
            continue  # "mass with right hilar nodes": the side of what follows, though the table does not name it
        if _is_direction(tokens, first, at):
            owners = shifts
        for target in owners:
            target.sides |= sides
    for start, end, place in scan(PLACES, tokens, text.barriers, first, last):
        if place is not None:
            for target in groups.owners(start, end, predicate=False):
                if not (target.first <= start < target.last and CONCEPTS[target.concepts[0]].device):
                    target.places.add(place)
    for start, end, entry in matches:
        if entry.severity is not None and (start not in used or entry.severity == "borderline"):
            for target in groups.owners(start, end, predicate=True):
                if target.severity is None or SEVERITIES.index(entry.severity) > SEVERITIES.index(target.severity):
                    target.severity = entry.severity
        if entry.change is not None and start not in used and not _compares(text, end):
            for target in groups.owners(start, end, predicate=True):
                if target.change is None or _CHANGES.index(entry.change) < _CHANGES.index(target.change):
                    target.change = entry.change
    groups.inherit(links)


def _is_direction(tokens: list[str], first: int, at: int) -> bool:
    """Return whether the side at the word `at` is where something moves: "rightward", "displaced to the right"."""
    if tokens[at] in DIRECTIONS or (at - 2 >= first and tokens[at - 1] == "to" and tokens[at - 2] in _ENDS):
        return True
    before = tokens[at - 1] if at > first else ""
    if before == "the" and at - 1 > first:
        before = tokens[at - 2]
    return before in _TOWARDS and not MOVED.isdisjoint(tokens[max(at - _REACH, first) : at])


def _compares(text: Words, end: int) -> bool:
    """Return whether "worse" or "larger" before the word `end` compares two sides and not two examinations."""
    return text.words[end : end + 1] == ["than"] and not SIDES.keys().isdisjoint(text.words[end + 1 : end + 3])


class _Clause:
    """The targets of a clause, looked up by position."""

    def __init__(self, text: Words, targets: list[Target]) -> None:
        self.text, self.targets = text, targets
        self.firsts = [target.first for target in targets]

    def owners(self, start: int, end: int, *, predicate: bool) -> list[Target]:
        """Return the targets that the attribute at `start` to `end` belongs to."""
        targets, firsts = self.targets, self.firsts
        at = bisect_right(firsts, start) - 1
        inside = []
        while at >= 0 and targets[at].last > start:
            if end <= targets[at].last:
                inside.append(targets[at])
            at -= 1
        if inside:
            return inside
        before = at  # the last target that ends before the attribute
        after = bisect_left(firsts, end)
        tokens = self.text.words
        after_verb = before >= 0 and predicate and not PREDICATES.isdisjoint(tokens[max(start - 2, 0) : start])
        if after < len(targets):
            first = firsts[after]
            there = "there" in tokens[end : min(first, end + _REACH)]
            if (
                (not after_verb and self._reaches(end + (predicate and tokens[end] in ("in", "of")), first))
                or there
                or (before < 0 and first - end <= 2 * _REACH)
            ):
                return targets[after : bisect_right(firsts, first)]
        if before < 0 or start - targets[before].last > _REACH or (predicate and not after_verb and self._goes_on(end)):
            return []
        return listed(self.text, targets, before)

    def _goes_on(self, end: int) -> bool:
        """Return whether the attribute before the word `end` belongs to a following noun that is not in the table."""
        tokens = self.text.words
        return end < len(tokens) and self.text.barriers[end] == NONE and tokens[end] not in _AFTER

    def _reaches(self, end: int, target: int) -> bool:
        if target - end > _REACH:
            return False
        tokens, barriers = self.text.words, self.text.barriers
        if barriers[target] == COMMA and target > end - 1:
            return False
        at = end
        while at < target:
            if barriers[at] == COMMA:
                return False
            if tokens[at] in _BLOCKS:
                beyond = tokens[at + 1] if at + 1 < target else ""
                if not (
                    tokens[at] in ("and", "or", "to")
                    and (beyond in SIDES or beyond in SEVERITY_WORDS or beyond in PLACES)
                ):
                    return False
            at += 1
        return True

    def inherit(self, links: set[int]) -> None:
        """Pass side and location on within a list, and from a finding to its interpretation."""
        tokens = self.text.words
        for earlier, later in pairwise(self.targets):
            if later.sides or not earlier.sides or later.first < earlier.last:
                continue
            between = tokens[earlier.last : later.first]
            if not between or len(between) > 2 * _REACH:
                continue
            listed_on = COMMA not in self.text.barriers[earlier.last : later.first + 1] and _JOINTS.issuperset(between)
            if listed_on or not links.isdisjoint(range(earlier.last, later.first)):
                later.sides |= earlier.sides
                if not later.places:
                    later.places |= earlier.places
