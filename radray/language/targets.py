"""Find the concepts that a clause names: by a phrase of their own, or by an anatomy and an attribute together."""

from typing import Any

from radray.language.assertion import COMMA, Words
from radray.language.lexicon.attributes import SIDES
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.lexicon.cues import PREPOSITIONS
from radray.language.lexicon.pairs import BORDERLINE_PAIRS, NORMAL_PAIRS
from radray.language.lexicon.trie import Entry

Match = tuple[int, int, Entry]
"""First word, word after the last, entry of the phrase."""

ABNORMAL, NORMAL, BORDERLINE = "abnormal", "normal", "borderline"

_REACH_BACK = 14
"""Most words between an anatomy and an attribute after it."""
_REACH_ON = 6
"""Most words between an attribute and an anatomy after it."""


class Target:
    """A concept named in a clause, with its state and attributes as they are worked out."""

    __slots__ = ("change", "concepts", "first", "kind", "last", "past", "places", "severity", "sides", "state")

    def __init__(self, first: int, last: int, concepts: tuple[str, ...], kind: str = ABNORMAL) -> None:
        self.first, self.last, self.concepts, self.kind = first, last, concepts, kind
        self.state: Any = None
        self.past = False
        self.severity: str | None = None
        self.change: str | None = None
        self.sides: set[str] = set()
        self.places: set[str] = set()


def _pairs() -> dict[tuple[str, str], list[tuple[str, str]]]:
    by_words: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for concept in CONCEPTS.values():
        for anatomy, attribute in concept.pairs:
            by_words.setdefault((anatomy, attribute), []).append((concept.id, ABNORMAL))
    for kind, pairs in ((NORMAL, NORMAL_PAIRS), (BORDERLINE, BORDERLINE_PAIRS)):
        for anatomy, attribute, concept_id in pairs:
            by_words.setdefault((anatomy, attribute), []).append((concept_id, kind))
    return by_words


_PAIRS = _pairs()
_RESERVATIONS = frozenset({"otherwise", "remaining", "remainder", "elsewhere", "rest"})
"""Words that limit a statement of normality to the rest: something is present, so nothing is denied."""


def find_targets(words: Words, matches: list[Match]) -> tuple[list[Target], set[int]]:
    """Return the targets of a clause in order of their first word, and the first words of the attributes they used."""
    targets = [Target(first, last, entry.concepts) for first, last, entry in matches if entry.concepts]
    used: set[int] = set()
    if any(entry.anatomy for _, _, entry in matches):
        _add_pairs(words, matches, targets, used)
        targets = _without_parts(targets)
    return targets, used


def _without_parts(targets: list[Target]) -> list[Target]:
    """Return `targets` in order, without those contained in a longer target of the same concept ("blunting")."""
    targets.sort(key=lambda target: (target.first, -target.last))
    reached: dict[tuple[str, ...], Target] = {}
    kept = []
    for target in targets:
        longer = reached.get(target.concepts)
        if longer is None or longer.last < target.last:
            reached[target.concepts] = target
            kept.append(target)
        elif NORMAL in (target.kind, longer.kind) and target.kind != longer.kind:  # "normal or mildly enlarged"
            longer.kind = BORDERLINE
    return kept


def _add_pairs(words: Words, matches: list[Match], targets: list[Target], used: set[int]) -> None:
    waiting: list[Match] = []  # anatomies since the last attribute that was joined to any
    last_taken: tuple[int, list[Match]] = (-1, [])  # the word after that attribute, and its anatomies
    taken = -1  # anatomies up to this match belong to an earlier attribute
    for index, match in enumerate(matches):
        first, last, entry = match
        if entry.anatomy and not (entry.attributes and waiting) and index > taken:
            waiting.append(match)
        if not entry.attributes:
            continue
        waiting = [anatomy for anatomy in waiting if first - anatomy[1] <= _REACH_BACK]
        joined = [_join(anatomy, match, targets, words) for anatomy in waiting]
        if any(joined):
            last_taken = (last, waiting)
            waiting = []
            used.add(first)
            continue
        beside = 0 < first - last_taken[0] <= 2 and words.words[last_taken[0]] in _LIST and not waiting
        joined = [_join(anatomy, match, targets, words) for anatomy in last_taken[1]] if beside else []
        if any(joined):  # "is tortuous and calcified"
            used.add(first)
            continue
        for further in range(index + 1, len(matches)):
            anatomy = matches[further]
            if anatomy[0] - last > _REACH_ON or words.barriers[anatomy[0]] == COMMA:
                break
            if anatomy[2].concepts and not anatomy[2].attributes:
                break
            if anatomy[2].attributes and not anatomy[2].anatomy and (first in used or anatomy[0] != last):
                break
            if anatomy[2].anatomy and _join(anatomy, match, targets, words):
                used.add(first)
                taken = further


def _join(anatomy: Match, attribute: Match, targets: list[Target], words: Words) -> bool:
    """Append to `targets` the concepts that the two name together; return whether there are any."""
    first, last = min(anatomy[0], attribute[0]), max(anatomy[1], attribute[1])
    joined = False
    for name in anatomy[2].anatomy:
        for attribute_name in attribute[2].attributes:
            for concept, kind in _PAIRS.get((name, attribute_name), ()):
                joined = True
                span = words.words[max(first - 3, 0) : last]
                if kind != NORMAL or _RESERVATIONS.isdisjoint(span):
                    targets.append(Target(first, last, (concept,), kind))
    return joined


_LIST = frozenset({"and", "or", "nor"})
_APART = PREPOSITIONS | SIDES.keys()
"""Words between two items that each have their own side or location: what follows applies to the last alone."""
_LISTED = 8
"""Most items of a list that a phrase after it applies to."""


def listed(words: Words, targets: list[Target], at: int) -> list[Target]:
    """Return `targets[at]` and the targets before it in the same list ("effusion and atelectasis")."""
    group = [targets[at]]
    while at > 0 and len(group) < _LISTED:
        at -= 1
        target = targets[at]
        if target.first != group[-1].first:
            between = words.words[target.last : group[-1].first]
            comma = words.barriers[group[-1].first] == COMMA and not between
            if len(between) > 4 or not _APART.isdisjoint(between):
                break
            if not (comma and len(group) > 1) and _LIST.isdisjoint(between):
                break
        group.append(target)
    return group
