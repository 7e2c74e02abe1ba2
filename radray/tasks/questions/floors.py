"""Answers to questions without a model."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from radray.tasks.answering import Example, Floor, Parsed
from radray.tasks.questions.readings import by_rules
from radray.tasks.questions.templates import negative, template_of

_TEXTS = ("findings", "impression")


def always_no(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Return to each question that there is nothing: no, or none. Training is of no use to it."""
    return [Parsed(value=negative(its.item)) for its in asked]


def commonest(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Return the commonest answer of training to the same question, else to its template; of equals the first.

    A question of a template that training does not have is answered as by `always_no`.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for its in training:
        if its.gold is not None and its.gold.value is not None:
            for key in (its.item, template_of(its.item)):
                counts[key][its.gold.value] += 1
    answers = []
    for its in asked:
        known = counts.get(its.item) or counts.get(template_of(its.item))
        answers.append(Parsed(value=known.most_common(1)[0][0] if known else negative(its.item)))
    return answers


def rules(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Return what our rules read in each report, the best of several answers; training is of no use to them."""
    return [Parsed(value=by_rules(its.item, [its.inputs[name] for name in _TEXTS])[0]) for its in asked]


FLOORS: dict[str, Floor] = {"always no": always_no, "commonest": commonest, "rules": rules}
"""Floors by name."""
