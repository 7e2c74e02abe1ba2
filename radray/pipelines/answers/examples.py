"""The pipeline of examples: rows of `reports` → what each of several tasks asks of them, staged for each task."""

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray

from radray.console import log_warning
from radray.language.lexicon.vocabulary import adopt
from radray.pipelines.answers.staged_files import write_staged
from radray.pipelines.portions import portions
from radray.pipelines.report_rows import READ_ROWS, ReadRows, UnitIds
from radray.pipelines.stage import Stage, innermost_frame
from radray.schema.examples import EXAMPLES
from radray.schema.statuses import ExampleStatus, NotAskedReason, ReportStatus
from radray.storage.files import Storage
from radray.tables.identity import digest_of_example
from radray.tables.patients.priors import Priors
from radray.tables.rows import to_arrow
from radray.tasks.answering import PRIOR_READS, AnswerTask, Example
from radray.tasks.example_rows import GOLD, answer_columns, refuse_malformed
from radray.tasks.report import without_breaks
from radray.time_limit import TimeLimitError, time_limit

SECONDS_A_REPORT = 60.0
"""Time that a task may take over a report; an ordinary one takes some milliseconds."""

_OF_REPORT = ("unit_id", "split", "split_key", "study_id", "subject_id")
"""Columns of `reports` that an example has too."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExamplesJob:
    """What is to be made of a task for the reports of a partition."""

    task: AnswerTask
    constants: Mapping[str, Any]
    """Columns that all rows share: batch_date, dataset, task, run_key, run_id."""
    staging: str
    """Folder that the rows are written below, as Parquet."""
    staged: Collection[str] = ()
    """Reports whose examples are there already, by unit_id."""


def stage_examples(
    storage: Storage, files: Sequence[str], jobs: Sequence[ExamplesJob], priors: Priors | None = None
) -> Iterator[int]:
    """Make what `jobs` lack of the ok reports in the data `files` of `reports`, and yield how many reports are done.

    `priors` are the reports before, where a task reads them.

    The reports are read once for all tasks, and their numbers come in no order. Without files nothing is made. Raises
    what Ray ends a pipeline with.
    """
    if not files:
        return
    columns = columns_of(jobs)
    data = ray.data.from_items([{"uri": uri} for uri in files], override_num_blocks=len(files))
    read, make = ReadRows(storage, columns=columns).__call__, MakeExamples(storage, jobs, priors).__call__
    # tasks, not actors: there is nothing to load, and a pool of actors can starve the tasks that read
    data = data.map_batches(read, batch_format="pyarrow", batch_size=1)
    # a data file is one task's: this is what spreads its rows
    data = data.repartition(target_num_rows_per_block=READ_ROWS)
    data = data.map_batches(make, batch_format="pyarrow", batch_size=None)
    for counted in data.iter_batches(batch_size=None, batch_format="pyarrow"):
        yield sum(counted.column("reports").to_pylist())


def columns_of(jobs: Sequence[ExamplesJob]) -> tuple[str, ...]:
    """Return the columns of `reports` that are read for `jobs`."""
    read = (name for job in jobs for name in job.task.reads if name not in PRIOR_READS)
    return tuple(dict.fromkeys((*MakeExamples.reads, *read)))


class MakeExamples(Stage):
    """Make the examples of several tasks and write them as staged files; the rows that go on only count them.

    Not Ray's writer: it writes one table, and may cut the examples of a report in two. Here they are in one file, so
    that a file which is there whole has all that a task asks of each report in it. A task that Ray runs again writes
    the same files again.
    """

    reads = (*_OF_REPORT, "status")
    keeps_rows = False

    def __init__(self, storage: Storage, jobs: Sequence[ExamplesJob], priors: Priors | None = None) -> None:
        self._storage = storage
        self._priors = priors
        self._jobs = [(job, UnitIds(job.staged)) for job in jobs]

    def run(self, batch: pa.Table) -> pa.Table:
        """Return a row that says of how many ok reports the examples were made, after all are written."""
        adopt({})  # a worker that scored a hospital's predictions has its phrases still
        ok = batch.filter(pa.array([status == ReportStatus.OK for status in batch.column("status").to_pylist()]))
        units = ok.column("unit_id").to_pylist()
        for job, staged in self._jobs:
            self._write(job, ok.filter(pa.array(~staged.have(units).astype(np.bool_))))
        return pa.table({"reports": [ok.num_rows]})

    def _write(self, job: ExamplesJob, reports: pa.Table) -> None:
        columns = dict.fromkeys((*_OF_REPORT, *(name for name in job.task.reads if name not in PRIOR_READS)))
        groups = ({"rows": _rows(job, report)} for report in self._each(job, reports.select(list(columns))))
        for some in portions(groups, READ_ROWS):
            rows = [row for group in some for row in group["rows"]]
            write_staged(self._storage, job.staging, to_arrow(rows, EXAMPLES))

    def _each(self, job: ExamplesJob, reports: pa.Table) -> Iterator[dict[str, Any]]:
        """Yield each of `reports`, with the texts of the report before where the task reads them."""
        nothing = dict.fromkeys(name for name in job.task.reads if name in PRIOR_READS)
        for batch in reports.to_batches(100):  # all of a block as Python objects would be held with the first
            rows = batch.to_pylist()
            priors = self._priors.of([row["unit_id"] for row in rows]) if self._priors is not None and nothing else {}
            for row in rows:
                yield row | nothing | priors.get(row["unit_id"], {})


def _rows(job: ExamplesJob, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of what the task asks of `report`, at least one."""
    shown = {name: report[name] for name in ("unit_id", "split", *job.task.reads)}
    try:
        with time_limit(SECONDS_A_REPORT):
            examples = job.task.make_examples(shown)
            refuse_malformed(examples, job.task.id)
            return [_row(job, report, example) for example in examples]
    except (Exception, TimeLimitError) as error:  # of rules on free text: it may cost this report, and no other
        why = f"{type(error).__name__} at {innermost_frame(error)}"
        log_warning(_LOG, f"unit_id {report['unit_id']}: task {job.task.id} makes no example: {why}")
        late = isinstance(error, TimeLimitError)
        reason = NotAskedReason.TASK_TIMEOUT if late else NotAskedReason.TASK_ERROR
        return [_row(job, report, Example(reason=reason))]


def _row(job: ExamplesJob, report: Mapping[str, Any], example: Example) -> dict[str, Any]:
    inputs = {name: without_breaks(text) for name, text in example.inputs.items()}
    gold = answer_columns(example.gold, GOLD)
    source = example.gold_source and example.gold_source.value
    asked = example.reason is None
    row = {
        "example_id": f"{report['unit_id']}/{example.item}" if example.item else report["unit_id"],
        "item": example.item,
        "status": (ExampleStatus.OK if asked else ExampleStatus.NOT_ASKED).value,
        "reason": example.reason and example.reason.value,
        **{name: report[name] for name in _OF_REPORT},
        "inputs": json.dumps(inputs, ensure_ascii=False) if asked else None,
        **gold,
        "gold_source": source,
        "target": None if example.gold is None else job.task.write(example.gold),
        **job.constants,
    }
    return {**row, "input_digest": digest_of_example(row)}
