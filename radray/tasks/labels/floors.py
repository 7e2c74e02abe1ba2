"""Labels without a model: our rules, as they are and as people's codes take them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from radray.language.mentions import State
from radray.tasks.answering import Example, GoldSource, Parsed
from radray.tasks.labels.readings import concise, positives, read_texts


def by_rules(inputs: Mapping[str, str]) -> Parsed:
    """Return the labels that our rules read in a report's `inputs`."""
    return Parsed(entries=read_texts(inputs.values()))


def rules(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Return what our rules read in each report; training is of no use to them."""
    return [by_rules(its.inputs) for its in asked]


def fitted_rules(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Return what our rules read in each report and people would code.

    A label that is present, or possible, is given where people coded at least half of those in training; all of one
    that training does not have. Which possible findings are coded differs: most atelectases, few pneumonias.
    """
    read: Counter[tuple[str, str]] = Counter()
    coded: Counter[tuple[str, str]] = Counter()
    for its in training:
        if its.gold_source == GoldSource.CODES and its.gold is not None:
            right = positives(its.gold.entries or ())
            for label, (state, _) in positives(by_rules(its.inputs).entries or ()).items():
                read[label, state] += 1
                coded[label, state] += label in right
    answers = []
    for its in asked:
        reading = positives(by_rules(its.inputs).entries or ())
        kept = {
            label: (State.PRESENT.value, sides)
            for label, (state, sides) in reading.items()
            if 2 * coded[label, state] >= read[label, state]
        }
        answers.append(Parsed(entries=concise(kept)))
    return answers
