"""How labels compare with the right ones."""

from radray.tasks.answering import Counts, Example, GoldSource, Outcome, Parsed
from radray.tasks.labels.labels import DEVICES, NO_FINDING
from radray.tasks.labels.readings import Reading, positives

SIDE = "side"
"""Label of the counts of sides: of labels that both answers have, and the right one with a side."""


def score(example: Example, answer: Parsed | None) -> Outcome:
    """Compare `answer` with the right one: a label counts as given where it is present or possible.

    So do the labels that it is a kind of, as in CheXpert's hierarchy. All of it is right where the same labels are
    given, with each side that the right answer has, and, unless people's codes are that, which know of no doubt, with
    the same states. What is denied counts for nothing. A failed answer gives no label, and not NO_FINDING either.
    """
    right = positives(example.gold.entries or ()) if example.gold is not None else {}
    given = positives(answer.entries or ()) if answer is not None else {}
    wanted, named = _names(right), _names(given) if answer is not None else set()
    counts = {
        label: Counts(int(label in wanted & named), int(label in named - wanted), int(label in wanted - named))
        for label in sorted(wanted | named)
    }
    sides = _sides(right, given)
    if any(sides):
        counts[SIDE] = sides
    same = wanted == named and sides.false_negatives == 0
    if same and example.gold_source != GoldSource.CODES:
        same = all(given[label][0] == state for label, (state, _) in right.items())
    return Outcome(same, counts)


def _names(reading: Reading) -> set[str]:
    return set(reading) if reading.keys() - DEVICES else {*reading, NO_FINDING}


def _sides(right: Reading, given: Reading) -> Counts:
    asked = [(sides, given[label][1]) for label, (_, sides) in right.items() if sides and label in given]
    hits = sum(sides == answered for sides, answered in asked)
    wrong = sum(sides != answered != frozenset() for sides, answered in asked)
    return Counts(hits, wrong, len(asked) - hits)
