"""How names and sides of two answers agree, as counts by label."""

from collections.abc import Mapping, Set

from radray.tasks.answering import Counts

SIDE = "side"
"""Label of the counts of sides."""


def count_names(wanted: Set[str], given: Set[str]) -> dict[str, Counts]:
    """Return the counts of each name of either answer: of the right one, `wanted`, and of the one to score."""
    return {
        name: Counts(int(name in wanted and name in given), int(name not in wanted), int(name not in given))
        for name in sorted(wanted | given)
    }


def count_sides(wanted: Mapping[str, Set[str]], given: Mapping[str, Set[str]]) -> Counts:
    """Return the counts of sides, by name: of names that both answers have, and the right one with a side."""
    asked = [(sides, given[name]) for name, sides in wanted.items() if sides and name in given]
    hits = sum(sides == answered for sides, answered in asked)
    wrong = sum(bool(answered) and sides != answered for sides, answered in asked)
    return Counts(hits, wrong, len(asked) - hits)
