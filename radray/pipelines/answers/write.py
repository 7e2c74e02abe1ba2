"""The stage that answers examples: prompts of all tasks to one engine, in a process that its actor owns."""

import json
import secrets
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import pyarrow as pa

from radray.models.engines.engine import Answer, Failed, engine_name
from radray.models.engines.isolation.process import EngineProcess
from radray.models.engines.opening import open_checked
from radray.models.engines.repeats import AnswerOnce
from radray.models.folder import ModelFolder
from radray.models.store import on_this_node
from radray.models.verified import CheckedFiles
from radray.pipelines.prometheus import WriterMetrics
from radray.pipelines.stage import Stage
from radray.pipelines.write_impressions import until, with_column
from radray.schema.statuses import AnswerStatus, FailReason
from radray.settings.generate import GenerateSettings
from radray.tasks.answering import AskedTask


class WriteAnswers(Stage):
    """Answer each example with a model, which is loaded once an actor for all tasks, in a process of its own."""

    reads = ("task", "inputs")
    keeps_rows = True

    def __init__(
        self,
        model: ModelFolder,
        asked: Mapping[str, AskedTask],
        settings: GenerateSettings,
        converted: str | None = None,
        run_id: str | None = None,
    ) -> None:
        """Load `model` with the engine of `settings`; `converted` is the digest that a converted copy must have.

        `asked` are the tasks of the examples, at least one, under prompts that all go through a chat template or all
        do not. The model's files are checked against their manifest, once a node for all actors of `run_id` (None: this
        one). Raises InputError when they are others, and RadrayError when the engine does not answer.
        """
        run = run_id or secrets.token_hex(16)
        model = on_this_node(model, CheckedFiles(run))
        first = next(iter(asked.values()))
        self._asked = asked
        self._process = EngineProcess(
            partial(open_checked, model, settings, converted, run, chat=first.prompt.chat),
            engine_name(settings),
            settings,
            first.fill(first.task.probe),
        )
        self._engine = AnswerOnce(self._process, settings.repeats_kept)
        self._metrics = WriterMetrics(model.name)

    @property
    def engine(self) -> EngineProcess:
        """The engine's process."""
        return self._process

    def run(self, batch: pa.Table) -> pa.Table:
        """Return `batch` with what the model wrote, token counts, flags, status and reason."""
        rows = batch.select(self.reads).to_pylist()
        asked = [self._asked[row["task"]] for row in rows]
        prompts = [its.fill(json.loads(row["inputs"])) for its, row in zip(asked, rows, strict=True)]
        began = time.monotonic()
        answers = self._engine.generate(prompts)
        self._metrics.generated(answers, time.monotonic() - began, self._process.restarts)
        outcomes = [_outcome(until(answer, its.prompt.stop)) for its, answer in zip(asked, answers, strict=True)]
        for name, type_ in _OUTCOME.items():
            batch = with_column(batch, name, pa.array([outcome[name] for outcome in outcomes], type_))
        return batch


def _outcome(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Failed):
        return dict.fromkeys(_OUTCOME) | {"status": AnswerStatus.FAILED.value, "reason": answer.reason.value}
    text = answer.hypotheses[0].text.strip()
    return {
        "answer": text or None,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "input_truncated": answer.input_truncated,
        "output_cut": answer.output_cut,
        "logprob_per_token": answer.logprob_per_token,
        "repeated": answer.repeated,
        "status": (AnswerStatus.OK if text else AnswerStatus.FAILED).value,
        "reason": None if text else FailReason.EMPTY_OUTPUT.value,
    }


_OUTCOME = {
    "answer": pa.string(),
    "input_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "input_truncated": pa.bool_(),
    "output_cut": pa.bool_(),
    "logprob_per_token": pa.float64(),
    "repeated": pa.bool_(),
    "status": pa.string(),
    "reason": pa.string(),
}
