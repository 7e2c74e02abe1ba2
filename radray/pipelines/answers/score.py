"""The stages that parse and score answers, give the rows the schema of `answers`, and stage them task by task."""

import json
import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from radray.checks.identifiers.written import invents_identifier
from radray.console import log_warning
from radray.language.lexicon.vocabulary import adopt
from radray.pipelines.answers.staged_files import write_staged
from radray.pipelines.prometheus import ANSWERED, record
from radray.pipelines.stage import Stage, innermost_frame
from radray.schema.answers import ANSWERS
from radray.schema.statuses import AnswerStatus, FailReason
from radray.storage.files import Storage
from radray.tables.rows import to_arrow
from radray.tasks.answering import AnswerTask, Parsed
from radray.tasks.example_rows import answer_columns, example_of
from radray.time_limit import TimeLimitError, time_limit

SECONDS_A_ROW = 60.0
"""Time that an answer may take to be parsed and scored; an ordinary one takes less than a millisecond."""

_LOG = logging.getLogger(__name__)


class ScoreAnswers(Stage):
    """Parse each answer, score it against the right one where that is known, and give the row its schema."""

    reads = ("task", "item", "inputs", "study_id", "subject_id", "answer", "status", "reason")
    keeps_rows = True

    def __init__(self, tasks: Mapping[str, AnswerTask], constants: Mapping[str, Mapping[str, Any]]) -> None:
        """`constants` are the columns that all rows of a task share."""
        self._tasks = tasks
        self._constants = constants

    def run(self, batch: pa.Table) -> pa.Table:
        """Return the rows of `answers`. A failed answer is wrong where the right one is known.

        What is no answer fails with reason `unparsed` and keeps its text; what has an identifier that its input lacks
        fails with reason `identifier` and is shown nowhere. A row whose parser or score raises fails, with reason
        `scoring_error`, and no other; where they take longer than SECONDS_A_ROW the reason is `scoring_timeout`.
        """
        adopt({})  # a worker that scored a hospital's predictions has its phrases still
        rows = [self._row(source) for source in batch.to_pylist()]
        outcomes = Counter((row["model_name"], row["task"], row["reason"] or "ok") for row in rows)
        for (model, task, outcome), count in outcomes.items():
            record(ANSWERED, count, model=model, task=task, outcome=outcome)
        return to_arrow(rows, ANSWERS)

    def _row(self, source: dict[str, Any]) -> dict[str, Any]:
        try:
            with time_limit(SECONDS_A_ROW):
                columns = self._judge(source)
        except (Exception, TimeLimitError) as error:  # of rules on free text: it may cost this answer, and no other
            why = f"{type(error).__name__} at {innermost_frame(error)}"
            log_warning(_LOG, f"example {source['example_id']}, task {source['task']}: no score: {why}")
            late = isinstance(error, TimeLimitError)
            columns = _failed(FailReason.SCORING_TIMEOUT if late else FailReason.SCORING_ERROR)
            columns |= {"correct": None if source["gold_source"] is None else False, "f1": None}
        return {column.name: source.get(column.name) for column in ANSWERS.columns} | (
            {**columns, **self._constants[source["task"]]}
        )

    def _judge(self, source: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns of the answer, its status and its scores."""
        task, columns = self._tasks[source["task"]], dict[str, Any]()
        parsed: Parsed | None = None
        if _invents_identifier(source):
            columns = _failed(FailReason.IDENTIFIER)
        elif source["status"] == AnswerStatus.OK:
            parsed = task.parse(source["answer"])
            if parsed is None:
                columns = {"status": AnswerStatus.FAILED.value, "reason": FailReason.UNPARSED.value}
        outcome = None if source["gold_source"] is None else task.score(example_of(source), parsed)
        return {
            **columns,
            **answer_columns(parsed),
            "correct": None if outcome is None else outcome.correct,
            "f1": None if outcome is None else outcome.f1,
        }


def _invents_identifier(source: Mapping[str, Any]) -> bool:
    """Return whether the answer has an identifier that is in none of the texts that the prompt was filled with."""
    if not source["answer"]:
        return False
    identifiers = tuple(identifier for identifier in (source["study_id"], source["subject_id"]) if identifier)
    given = tuple(text for text in json.loads(source["inputs"]).values() if text)
    return invents_identifier(source["answer"], identifiers, given)


def _failed(reason: FailReason) -> dict[str, Any]:
    """Return the columns of an answer that is not shown to anybody, for `reason`."""
    hidden = {"answer": None, "logprob_per_token": None, **answer_columns(None)}
    return {**hidden, "status": AnswerStatus.FAILED.value, "reason": reason.value}


class StageAnswers(Stage):
    """Write rows of `answers` as staged files of their tasks; the rows that go on only count them.

    Not Ray's writer, which has one folder. The same rows have the same file: what Ray does again it writes over.
    """

    reads = ("example_id", "task")
    keeps_rows = False

    def __init__(self, storage: Storage, stagings: Mapping[str, str]) -> None:
        """`stagings` are the folders of the tasks."""
        self._storage = storage
        self._stagings = stagings

    def run(self, batch: pa.Table) -> pa.Table:
        """Return how many rows were written."""
        for task in pc.unique(batch.column("task")).to_pylist():
            write_staged(self._storage, self._stagings[task], batch.filter(pc.equal(batch.column("task"), task)))
        return pa.table({"rows": [batch.num_rows]})
