"""The floors of tasks on Open-i: ``python -m tests.benchmarks.task_floors TASK ... [--test]``.

Without ``--test`` on the training part (see `task_split`), in five folds of whole clusters: what rules and codes are
chosen by. With it, trained on that part, on the test part. Only where the right answer is not our rules', and of
rules only where they had no part in it. Prints accuracy, macro F1 over labels in 20 or more right answers, F1 of each
label, and errors seen at 5 % false alarms where the task looks for errors, of each of its parts too, with 95 %
intervals by cluster. Our vocabulary was made with all of Open-i's reports at hand: its figures are there to be beaten,
and promise nothing for other hospitals. Needs RADRAY_DATA. `change` alone
is measured on synthetic patients, as many for each part: there is no right answer in Open-i.
"""

import argparse
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any

from radray.evaluation.answers.figures import evaluations
from radray.evaluation.answers.side import RULES, Answered, Answers
from radray.evaluation.systems import FLOOR
from radray.reports.formats import openi_csv as openi
from radray.reports.record.identity import split_key
from radray.reports.record.record import Record
from radray.reports.synthetic.courses import make_patients
from radray.tasks.answering import AnswerTask, Example, GoldSource, Outcome
from radray.tasks.registry import ANSWER_TASKS
from tests.benchmarks.task_split import splits
from tests.benchmarks.trained_model import say
from tests.support.paths import openi_file

FOLDS = 5
PATIENTS = 1000
RESAMPLES, SEED = 2000, 1

Asked = tuple[str, str, Example]
"""The cluster of an example's report, the report, and the example."""


def reports() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the part and the row of each report with findings, as `AnswerTask.make_examples` reads it."""
    chosen = splits()
    names = [field.name for field in fields(Record)]
    with openi_file().open("rb") as opened:
        for record in openi.read(opened):
            part = chosen.get(str(record.study_id))
            if part is not None and record.findings:
                key = split_key("openi", str(record.study_id), record.subject_id, record.findings)
                row = {name: getattr(record, name) for name in names}
                row["sections"] = [section._asdict() for section in record.sections or ()]
                yield part, {**row, "format": "openi_csv", "unit_id": str(record.study_id), "split_key": key}


def patients() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the part and the row of each report of synthetic patients, with the one before."""
    for part, seed in (("train", 1), ("test", 2)):
        for studies in make_patients(PATIENTS, seed):
            prior: dict[str, Any] = {}
            for study in studies:
                row = {name: study[name] for name in ("findings", "human_codes")} | {"reference": study["impression"]}
                before = {f"prior_{name}": prior.get(name) for name in ("findings", "reference")}
                yield part, {**row, **before, "unit_id": study["study_id"], "split_key": study["subject_id"]}
                prior = row


def examples(task: AnswerTask, rows: list[dict[str, Any]], split: str) -> list[Asked]:
    """Return what `task` asks of reports of `split` and has a right answer to."""
    return [
        (row["split_key"], row["unit_id"], its)
        for row in rows
        for its in task.make_examples({**row, "split": split})
        if its.gold is not None
    ]


def fold_of(key: str) -> int:
    """Return the fold of a cluster."""
    return int(hashlib.sha256(f"fold:{key}".encode()).hexdigest()[:12], 16) % FOLDS


def main() -> None:
    """Print the figures of each task that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", choices=sorted(ANSWER_TASKS), metavar="TASK")
    parser.add_argument("--test", action="store_true", help="on the test part")
    chosen = parser.parse_args()
    for name in chosen.tasks:
        _print(ANSWER_TASKS[name], _by_part(patients if name == "change" else reports), of_test=chosen.test)


@cache
def _by_part(read: Callable[[], Iterator[tuple[str, dict[str, Any]]]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each part that `read` yields, read once for all tasks."""
    by_part: dict[str, list[dict[str, Any]]] = {"train": [], "test": []}
    for part, row in read():
        by_part[part].append(row)
    return by_part


def _print(task: AnswerTask, by_part: dict[str, list[dict[str, Any]]], *, of_test: bool) -> None:
    training = examples(task, by_part["train"], "train")
    if of_test:
        parts = [(training, examples(task, by_part["test"], "test"))]
    else:
        asked = examples(task, by_part["train"], "test")
        parts = [
            ([its for its in training if fold_of(its[0]) != fold], [its for its in asked if fold_of(its[0]) == fold])
            for fold in range(FOLDS)
        ]
    scored: dict[str, list[Outcome]] = {name: [] for name in task.floors}
    suspicions: dict[str, list[float]] = {name: [] for name in task.floors}
    judged: list[Asked] = []
    for learnt, held_out in parts:
        of_fold = [its for its in held_out if its[2].gold_source != GoldSource.RULES]
        judged += of_fold
        for name, floor in task.floors.items():
            answers = floor([example for *_, example in learnt], [example for *_, example in of_fold])
            scored[name] += [task.score(its, answer) for (*_, its), answer in zip(of_fold, answers, strict=True)]
            suspicions[name] += [task.detection.suspicion(answer, None) for answer in answers if task.detection]
    sides = tuple(
        Answers(name, FLOOR, outcomes, by_rules=RULES in name.split(), suspicions=suspicions[name])
        for name, outcomes in scored.items()
    )
    keys, units = [key for key, _, _ in judged], [unit for _, unit, _ in judged]
    errors = [its.gold is not None and its.gold.value == task.detection.error for *_, its in judged if task.detection]
    of_parts = [task.part_of(its.item) for *_, its in judged if task.part_of]
    sources = [str(its.gold_source) for *_, its in judged]
    answered = Answered("openi", "test", task.version, units, keys, sources, sides, errors, of_parts)
    say(f"{task.version}, {'test part' if of_test else 'training part, five folds'}: {len(keys):,} answers")
    for row in evaluations(answered, resamples=RESAMPLES, seed=SEED):
        if row["metric"] not in ("precision", "recall"):
            ends = "" if row["ci_low"] is None else f" [{100 * row['ci_low']:.1f}, {100 * row['ci_high']:.1f}]"
            of = f"{row['system']:16} {row['stratum']:24} {row['metric']:29}"
            say(f"{of} n {row['n']:5} {100 * row['mean']:5.1f}{ends}")


if __name__ == "__main__":
    main()
