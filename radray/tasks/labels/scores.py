"""How labels compare with the right ones."""

from radray.evaluation.answers.tally import SIDE
from radray.tasks.answering import Example, GoldSource, Outcome, Parsed
from radray.tasks.counting import count_names, count_sides
from radray.tasks.labels.labels import DEVICES, NO_FINDING
from radray.tasks.labels.readings import Reading, positives


def score(example: Example, answer: Parsed | None) -> Outcome:
    """Compare `answer` with the right one: a label counts as given where it is present or possible.

    So do the labels that it is a kind of, as in CheXpert's hierarchy. All of it is right where the same labels are
    given, with each side that the right answer has, and, unless people's codes are that, which know of no doubt, with
    the same states. What is denied counts for nothing. A failed answer gives no label, and not NO_FINDING either.
    """
    right = positives(example.gold.entries or ()) if example.gold is not None else {}
    given = positives(answer.entries or ()) if answer is not None else {}
    wanted, named = _names(right), _names(given) if answer is not None else set()
    counts = count_names(wanted, named)
    sides = count_sides(
        {label: sides for label, (_, sides) in right.items()}, {label: its[1] for label, its in given.items()}
    )
    if any(sides):
        counts[SIDE] = sides
    same = wanted == named and sides.false_negatives == 0
    if same and example.gold_source != GoldSource.CODES:
        same = all(given[label][0] == state for label, (state, _) in right.items())
    return Outcome(same, counts)


def _names(reading: Reading) -> set[str]:
    return set(reading) if reading.keys() - DEVICES else {*reading, NO_FINDING}
