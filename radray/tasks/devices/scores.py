"""How devices compare with the right ones."""

from collections.abc import Iterable

from radray.evaluation.answers.tally import SIDE
from radray.tasks.answering import Counts, Entry, Example, GoldSource, Outcome, Parsed
from radray.tasks.counting import count_names, count_sides
from radray.tasks.devices.kinds import GROUP_OF, group_of
from radray.tasks.devices.readings import MAYBE_MISPLACED, MISPLACED
from radray.tasks.entries import sides_of


def score(example: Example, answer: Parsed | None) -> Outcome:
    """Compare `answer` with the right one; a failed one has no device.

    People's codes are compared by what they tell apart: groups and sides. All of it is right where the same groups are
    given, with each side that was coded. Elsewhere a kind counts with its group, MISPLACED is a label of kinds that
    are misplaced, perhaps or for certain, and all of it is right where state and place are, too.
    """
    right = (example.gold.entries or ()) if example.gold is not None else ()
    given = (answer.entries or ()) if answer is not None else ()
    by_codes = example.gold_source == GoldSource.CODES
    wanted, named = (_sides(entries, by_codes=by_codes) for entries in (right, given))
    counts = count_names(wanted.keys(), named.keys())
    sides = count_sides(wanted, named)
    if any(sides):
        counts[SIDE] = sides
    if by_codes:
        correct = wanted.keys() == named.keys() and sides.false_negatives == 0
    else:
        correct = set(right) == set(given)
        misplaced, called = (
            {its.name for its in entries if its.state in (MISPLACED, MAYBE_MISPLACED)} for entries in (right, given)
        )
        if misplaced | called:
            counts[MISPLACED] = Counts(len(misplaced & called), len(called - misplaced), len(misplaced - called))
    return Outcome(correct and answer is not None, counts)


def _sides(entries: Iterable[Entry], *, by_codes: bool) -> dict[str, frozenset[str]]:
    """Return the sides of each kind and group that counts."""
    sides: dict[str, frozenset[str]] = {}
    for name, _, place in entries:
        for each in (group_of(name),) if by_codes else (name, GROUP_OF.get(name)):
            if each is not None:
                sides[each] = sides.get(each, frozenset()) | sides_of(place)
    return sides
