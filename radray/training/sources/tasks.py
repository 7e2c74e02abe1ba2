"""The examples of a task other than the impression: rows of the table `examples`."""

import json
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from radray.errors import InputError
from radray.schema.examples import EXAMPLES
from radray.schema.reports import REPORTS
from radray.schema.statuses import ExampleStatus
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.identity import READ_BY_TASKS, digest_columns, examples_key
from radray.tables.patients.priors import digest_with_priors, prior_rows
from radray.tasks.answering import PRIOR_READS, AskedTask
from radray.training.sources.reports import Report, place_of, split_cut, where_of
from radray.training.sources.source import Row, TaskExamples, drawn_units, times_drawn

_COLUMNS = ("example_id", "unit_id", "dataset", "status", "reason", "inputs", "target", "gold_source", "run_key")
_NOT_KNOWN = "answer not known"


def task_examples(
    warehouse: Warehouse, settings: Settings, reports: Sequence[Report], asked: AskedTask
) -> TaskExamples:
    """Return the examples of a task that are of `reports`, all the ok ones there are.

    Split and split key are those of the report: it is on one side in every task. Rows that ask nothing, or of which the
    right answer is not known, are left out and counted. Raises InputError for no examples, for examples made of other
    reports or by another version of the task, and where none of the training reports has one that can be learnt.
    """
    task, cut = asked.task.id, split_cut(settings)
    rows = warehouse.read(EXAMPLES, _COLUMNS, {**place_of(settings), "task": task}).to_pylist()
    lever = f"run jobs.prepare tasks={task} first"
    if not rows:
        raise InputError(f"no examples of task {task} on {where_of(settings)}: {lever}")
    for dataset in sorted({row["dataset"] for row in (*reports, *rows)}):
        own = [report for report in reports if report["dataset"] == dataset]
        if {row["run_key"] for row in rows if row["dataset"] == dataset} != {
            _key(warehouse, settings, own, dataset, asked)
        }:
            raise InputError(
                f"the examples of task {task} in {dataset} were made of other reports than those on"
                f" {where_of(settings)}, or by another version of the task: {lever}"
            )
    belongs = {report["unit_id"]: (report["split"], report["split_key"]) for report in reports}
    left_out: Counter[str] = Counter()
    sides: dict[str, list[Row]] = {"train": [], "validation": []}
    gold: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: str(row["example_id"])):
        side = cut.split_of(*belongs[row["unit_id"]])
        if side not in sides:
            continue
        if row["status"] != ExampleStatus.OK or not row["target"]:
            left_out[row["reason"] or _NOT_KNOWN] += 1
            continue
        sides[side].append(row)
        gold[row["example_id"]] = row["gold_source"]
    drawn = drawn_units((row["unit_id"] for row in sides["train"]), settings)
    train = [row for row in sides["train"] if row["unit_id"] in drawn]
    if not train:
        listed = ", ".join(f"{reason} {count:,}" for reason, count in sorted(left_out.items())) or "none left out"
        raise InputError(f"no train examples of task {task} with a right answer on {where_of(settings)} ({listed})")

    def example(row: Row, copy: int = 0) -> Row:
        prompt = asked.fill(json.loads(row["inputs"]))
        return {"unit_id": row["example_id"], "copy": copy, "input": prompt, "target": row["target"], "reference": None}

    times = times_drawn(len(train), task, settings)
    return TaskExamples(
        task,
        [example(row, copy) for row, count in zip(train, times, strict=True) for copy in range(count)],
        [example(row) for row in sides["validation"]],
        [
            belongs[row["unit_id"]][1] or row["unit_id"]
            for row, count in zip(train, times, strict=True)
            for _ in range(count)
        ],
        len(train),
        Counter(gold[row["example_id"]] for row in train),
        left_out,
    )


def _key(warehouse: Warehouse, settings: Settings, reports: Sequence[Report], dataset: str, asked: AskedTask) -> str:
    """Return the key of the run that would make the examples of `reports`, all of `dataset` on the date."""
    columns = {name: pa.array([report[name] for report in reports], pa.string()) for name in READ_BY_TASKS}
    units = pa.table(columns)
    input_digest = digest_columns(units, READ_BY_TASKS)
    if not set(PRIOR_READS).isdisjoint(asked.task.reads):  # reports of other nights decide it as well
        rows = prior_rows(warehouse.load(REPORTS), dataset, settings.date, units)
        input_digest = digest_with_priors(input_digest, rows)
    partition = {"batch_date": settings.date, "dataset": dataset, "task": asked.task.id}
    return examples_key(partition, asked.task.version, input_digest)
