"""How names and sides of two answers agree, as counts by label."""

from collections.abc import Mapping, Set

from radray.tasks.answering import Counts

_UNKNOWN: Set[str] = frozenset()
"""The sides of a name that has none."""


def count_names(wanted: Set[str], given: Set[str]) -> dict[str, Counts]:
    """Return the counts of each name of either answer: of the right one, `wanted`, and of the one to score."""
    return {
        name: Counts(int(name in wanted and name in given), int(name not in wanted), int(name not in given))
        for name in sorted(wanted | given)
    }


def count_sides(wanted: Mapping[str, Set[str]], given: Mapping[str, Set[str]]) -> Counts:
    """Return the counts of sides, by name, of all names of both answers: `wanted`, and the one to score, `given`.

    The side of a name that is not given is missed, and that of a name that is not wanted is wrong. A side given to a
    name that is wanted without one does not count: what is right is not known.
    """
    hits = sum(bool(sides) and given.get(name) == sides for name, sides in wanted.items())
    wrong = sum(
        bool(sides) and (name not in wanted or wanted[name] not in (_UNKNOWN, sides)) for name, sides in given.items()
    )
    return Counts(hits, wrong, sum(map(bool, wanted.values())) - hits)
