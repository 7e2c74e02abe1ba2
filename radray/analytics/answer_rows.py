"""Rows that the evaluation of tasks reads: answers of the models, and the examples that floors learn from."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from radray.errors import InputError
from radray.evaluation.answers.side import AGREED, RULES, Answered
from radray.evaluation.systems import choose, place_models
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.schema.statuses import AnswerStatus, ExampleStatus
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tasks.answering import AnswerTask, Example
from radray.tasks.example_rows import answer_of, example_of
from radray.tasks.judging import Given, Judged, judge
from radray.tasks.registry import ANSWER_TASKS, find_tasks

Row = Mapping[str, Any]

_NOT_READ = frozenset({"answer", "run_key", "settings_digest", "engine", "input_tokens", "output_tokens"})
"""Columns of `answers` that no figure uses."""


class TaskSide(NamedTuple):
    """A task's systems on a dataset and split, and what a reader of their figures must know."""

    task: AnswerTask
    side: Answered
    remarks: Sequence[str]


def read_answers(warehouse: Warehouse, settings: Settings) -> list[Row]:
    """Return the rows of `answers` that `settings` choose, of each task in turn.

    Rows of what was not asked, or whose right answer is not known, are left out. Raises InputError for a task without
    any answer, for one of which no right answer is known, and for a model that has none.
    """
    rows: list[Row] = []
    for task in find_tasks(settings.tasks):
        chosen = {"batch_date": settings.date, "dataset": settings.source.dataset, "split": settings.split.name}
        where = {name: value for name, value in chosen.items() if value is not None} | {"task": task.id}
        columns = [column.name for column in ANSWERS.columns if column.name not in _NOT_READ]
        found = warehouse.read(ANSWERS, columns, where).to_pylist()
        asked = ", ".join(f"{name}={value}" for name, value in where.items())
        if not found:
            raise InputError(f"no answers for {asked} in {settings.warehouse.uri}: run jobs.generate tasks={task.id}")
        own = [
            row
            for row in choose(found, settings.evaluate.models, "answers")
            if row["status"] != AnswerStatus.NOT_ASKED.value
        ]
        known = [row for row in own if row["gold_source"] is not None]
        if not known:
            raise InputError(f"no right answer is known for {asked}: nothing to score; name another split or dataset")
        rows += sorted(known, key=itemgetter("example_id"))
    return rows


def task_sides(warehouse: Warehouse, rows: Sequence[Row], settings: Settings) -> Iterator[TaskSide]:
    """Yield the models and floors of each dataset, split and task of `rows`, those of `read_answers`."""
    tasks = {task.id: place for place, task in enumerate(find_tasks(settings.tasks))}
    by_place = sorted(rows, key=lambda row: (row["dataset"], row["split"], tasks[row["task"]]))
    for (dataset, split, name), group in groupby(by_place, key=itemgetter("dataset", "split", "task")):
        here = list(group)
        training = _training(warehouse, dataset, name, here)
        yield _side(ANSWER_TASKS[name], (dataset, split), here, training, settings.evaluate.models)


def _training(warehouse: Warehouse, dataset: str, task: str, rows: Sequence[Row]) -> list[Example]:
    """Return the training examples of the dataset, without those of a split key that is evaluated itself."""
    keys = {row["split_key"] for row in rows if row["split"] in ("train", "validation")}
    where = {"dataset": dataset, "task": task, "split": "train", "status": ExampleStatus.OK.value}
    known = [row for row in warehouse.read(EXAMPLES, where=where).to_pylist() if row["gold_source"] is not None]
    return [example_of(row) for row in sorted(known, key=itemgetter("example_id")) if row["split_key"] not in keys]


def _side(
    task: AnswerTask,
    where: tuple[str, str],
    rows: Sequence[Row],
    training: Sequence[Example],
    models: Sequence[str],
) -> TaskSide:
    by_model, by_example = place_models([{**row, "unit_id": row["example_id"]} for row in rows], models)
    first = {name: next(iter(of_model.values())) for name, of_model in by_example.items()}
    place_of = {name: place for place, name in enumerate(first)}
    units = {row["example_id"]: row["unit_id"] for row in rows}
    judged = [Judged(units[name], row["split_key"], example_of(row)) for name, row in first.items()]
    remarks, answers = [], {}
    for model, of_model in by_model.items():
        same = {name: row for name, row in of_model.items() if row["input_digest"] == first[name]["input_digest"]}
        answers[model] = {place_of[name]: Given(answer_of(row), row["logprob_per_token"]) for name, row in same.items()}
        lacking = len(first) - len(same)
        if lacking:
            remarks.append(
                f"{task.id}: {model} lacks {lacking:,} of the {len(first):,} examples, or was asked them as they no"
                " longer are: excluded from its figures"
            )
    if not training:
        remarks.append(
            f"{task.id}: no training examples of {where[0]}: floors that learn know nothing; run jobs.prepare"
            f" tasks={task.id} on its train part"
        )
    side = judge(task, where, judged, answers, training)
    return TaskSide(task, side, [*remarks, *_of_gold(task.id, side)])


def _of_gold(task: str, side: Answered) -> list[str]:
    """Return sentences on right answers that our rules have a part in; [] where they have none."""
    rules, agreed = (side.gold_sources.count(source) for source in (RULES, AGREED))
    remarks = []
    if rules:
        remarks.append(
            f"{task}: {rules:,} of {len(side.gold_sources):,} right answers are of our own rules: they are in no figure"
            " of all, only in gold:rules, which says how far a model agrees with the rules"
        )
    if agreed:
        remarks.append(
            f"{task}: {agreed:,} of {len(side.gold_sources):,} right answers say that a finding is not there where"
            " people coded none and our rules read none: floors of rules are judged without them, by gold:codes"
        )
    return remarks
