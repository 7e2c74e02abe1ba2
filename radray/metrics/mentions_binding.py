"""Bind side, severity, place and change to the findings of a clause."""

from collections.abc import Callable

from radray.metrics.assertion import COMMA, Words
from radray.metrics.mentions_targets import Match, Target
from radray.metrics.phrases import CONCEPTS
from radray.metrics.phrases_attributes import SEVERITIES, SIDES
from radray.metrics.phrases_cues import PREDICATES, PREPOSITIONS
from radray.metrics.phrases_trie import PLACES, scan

_REACH = 10
"""Words between an attribute and what it belongs to, at most."""
_JOINTS = frozenset(
    [
        "and",
        "or",
        "nor",
        "with",
        "associated",
        "adjacent",
        "overlying",
        "underlying",
        "compressive",
        "possible",
        "probable",
    ]
)
_BLOCKS = PREDICATES | PREPOSITIONS | frozenset(["and", "or", "nor", "but", "with", "which", "without", "no", "not"])
"""Words an attribute does not reach over on its way to the finding after it."""

Bind = Callable[[Target], None]


def bind(
    words: Words, first: int, last: int, matches: list[Match], found: list[Target], used: set[int], links: list[int]
) -> None:
    """Give the targets `found` of the clause their attributes; `links` are first words of interpreting phrases."""
    tokens = words.words
    groups = _Clause(words, found)
    for at in range(first, last):
        sides = SIDES.get(tokens[at])
        if sides is not None:
            for target in groups.owners(at, at + 1, predicate=False):
                target.sides |= sides
    for start, end, place in scan(PLACES, tokens, words.barriers, first, last):
        if place is not None:
            for target in groups.owners(start, end, predicate=False):
                if not (target.first <= start < target.last and CONCEPTS[target.concepts[0]].device):
                    target.places.add(place)
    for start, end, entry in matches:
        if entry.severity is not None and start not in used:
            for target in groups.owners(start, end, predicate=True):
                if target.severity is None or SEVERITIES.index(entry.severity) > SEVERITIES.index(target.severity):
                    target.severity = entry.severity
        if entry.change is not None and start not in used:
            for target in groups.owners(start, end, predicate=True):
                if target.change is None or entry.change == "resolved":
                    target.change = entry.change
    groups.inherit(links)


class _Clause:
    """The targets of a clause by position."""

    def __init__(self, words: Words, found: list[Target]) -> None:
        self.words, self.found = words, found

    def owners(self, start: int, end: int, *, predicate: bool) -> list[Target]:
        """Return the targets that the attribute at `start` to `end` belongs to."""
        inside = [target for target in self.found if target.first <= start and end <= target.last]
        if inside:
            return inside
        before = [target for target in self.found if target.last <= start]
        after = next((target for target in self.found if target.first >= end), None)
        tokens = self.words.words
        if after is not None:
            same = [target for target in self.found if target.first == after.first]
            said = any(token in PREDICATES for token in tokens[max(start - 2, 0) : start])
            if self._reaches(end, after.first) and not (predicate and said and before):
                return same
            if not before or "there" in tokens[end : after.first]:
                return same
        if not before or start - before[-1].last > _REACH:
            return []
        return self._group(before)

    def _reaches(self, end: int, target: int) -> bool:
        if target - end > _REACH:
            return False
        tokens, barriers = self.words.words, self.words.barriers
        if barriers[target] == COMMA and target > end - 1:
            return False
        at = end
        while at < target:
            if barriers[at] == COMMA:
                return False
            if tokens[at] in _BLOCKS:
                beyond = tokens[at + 1] if at + 1 < target else ""
                if not (
                    tokens[at] in ("and", "or", "to") and (beyond in SIDES or beyond in _DEGREES or beyond in PLACES)
                ):
                    return False
            at += 1
        return True

    def _group(self, before: list[Target]) -> list[Target]:
        """Return the last of `before` and those it is listed with ("effusion and atelectasis on the left")."""
        group = [before[-1]]
        for target in reversed(before[:-1]):
            if target.first == group[-1].first:
                group.append(target)
                continue
            between = self.words.words[target.last : group[-1].first]
            if not between or not set(between) <= {"and", "or"}:
                break
            group.append(target)
        return group

    def inherit(self, links: list[int]) -> None:
        """Pass side and place on within a list and from a finding to its interpretation."""
        tokens = self.words.words
        for earlier, later in zip(self.found, self.found[1:], strict=False):
            if later.sides or not earlier.sides or later.first < earlier.last:
                continue
            between = tokens[earlier.last : later.first]
            joined = bool(between) and _JOINTS.issuperset(between)
            if joined or any(earlier.last <= link < later.first for link in links):
                later.sides |= earlier.sides
                if not later.places:
                    later.places |= earlier.places


_DEGREES = frozenset(["mild", "moderate", "severe", "small", "large", "marked", "minimal", "moderately"])
