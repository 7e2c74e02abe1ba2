"""What models and floors answer, compared with the right answers: a side of `radray.evaluation.answers`."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from radray.evaluation.answers.side import RULES, Answered, Answers
from radray.evaluation.systems import FLOOR, MODEL
from radray.tasks.answering import AnswerTask, Example, Parsed

FLOOR_NAME = "floor: "
"""What the names of floors begin with in `evaluations`."""


class Judged(NamedTuple):
    """An example with a right answer, and whose it is."""

    unit_id: str
    split_key: str
    example: Example


def judge(
    task: AnswerTask,
    where: tuple[str, str],
    judged: Sequence[Judged],
    models: Mapping[str, Mapping[int, Parsed | None]],
    training: Sequence[Example],
) -> Answered:
    """Return the models, in order, and all floors of `task` on the examples `judged`.

    `where` is dataset and split. `models` has each model's answers by place in `judged`: None for one that failed, no
    entry where it has none. Floors learn from `training`. No example: a side on which nothing is scored. Raises
    ValueError for an example without a right answer.
    """
    examples = [each.example for each in judged]
    sources = [None if example.gold is None else example.gold_source for example in examples]
    known = [source.value for source in sources if source is not None]
    if len(known) != len(examples):
        raise ValueError(f"{len(examples) - len(known)} of {len(examples)} examples have no right answer")
    systems = [
        Answers(
            name,
            MODEL,
            [task.score(its, answers[place]) if place in answers else None for place, its in enumerate(examples)],
            sum(answer is None for answer in answers.values()),
        )
        for name, answers in models.items()
    ]
    systems += [
        Answers(
            FLOOR_NAME + name,
            FLOOR,
            [task.score(its, answer) for its, answer in zip(examples, floor(training, examples), strict=True)],
            by_rules=RULES in name.split(),
        )
        for name, floor in task.floors.items()
    ]
    units, split_keys = [each.unit_id for each in judged], [each.split_key for each in judged]
    return Answered(*where, task.version, units, split_keys, known, systems)
