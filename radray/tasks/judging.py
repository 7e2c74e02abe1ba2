"""What models and floors answer, compared with the right answers: a side of `radray.evaluation.answers`."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from radray.evaluation.answers.side import RULES, Answered, Answers
from radray.evaluation.systems import FLOOR, MODEL
from radray.tasks.answering import AnswerTask, Example, Parsed

FLOOR_NAME = "floor: "
"""What the names of floors begin with in `evaluations`."""


class Given(NamedTuple):
    """What a model answers."""

    answer: Parsed | None
    """None: it failed."""
    logprob_per_token: float | None = None


class Judged(NamedTuple):
    """An example with a right answer, and whose it is."""

    unit_id: str
    split_key: str
    example: Example


def judge(
    task: AnswerTask,
    where: tuple[str, str],
    judged: Sequence[Judged],
    models: Mapping[str, Mapping[int, Given]],
    training: Sequence[Example],
) -> Answered:
    """Return the models, in order, and all floors of `task` on the examples `judged`.

    `where` is dataset and split. `models` has each model's answers by place in `judged`: no entry where it has none.
    Floors learn from `training`, and their answers have no log-probability. No example: a side on which nothing is
    scored. Raises ValueError for an example without a right answer.
    """
    examples = [each.example for each in judged]
    sources = [None if example.gold is None else example.gold_source for example in examples]
    known = [source.value for source in sources if source is not None]
    if len(known) != len(examples):
        raise ValueError(f"{len(examples) - len(known)} of {len(examples)} examples have no right answer")
    systems = [_answers(task, name, MODEL, examples, answers) for name, answers in models.items()]
    for name, floor in task.floors.items():
        given = {place: Given(answer) for place, answer in enumerate(floor(training, examples))}
        systems.append(_answers(task, FLOOR_NAME + name, FLOOR, examples, given, by_rules=RULES in name.split()))
    units, split_keys = [each.unit_id for each in judged], [each.split_key for each in judged]
    errors = (
        [its.gold is not None and its.gold.value == task.detection.error for its in examples] if task.detection else []
    )
    parts = [task.part_of(its.item) for its in examples] if task.part_of else []
    return Answered(*where, task.version, units, split_keys, known, systems, errors, parts)


def _answers(
    task: AnswerTask,
    name: str,
    kind: str,
    examples: Sequence[Example],
    given: Mapping[int, Given],
    *,
    by_rules: bool = False,
) -> Answers:
    places = range(len(examples))
    outcomes = [task.score(examples[place], given[place].answer) if place in given else None for place in places]
    suspicions: list[float] = []
    if task.detection is not None:
        suspicions = [task.detection.suspicion(*given[place]) if place in given else math.nan for place in places]
    failed = sum(each.answer is None for each in given.values())
    return Answers(name, kind, outcomes, failed, by_rules, suspicions)
