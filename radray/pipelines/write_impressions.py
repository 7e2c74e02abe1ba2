"""The stage that writes impressions: beam search by an engine in a process that its actor owns."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from radray.language.lexicon.vocabulary import adopt
from radray.models.engines.engine import Answer, Failed, engine_name
from radray.models.engines.isolation.process import EngineProcess
from radray.models.engines.opening import open_checked
from radray.models.engines.repeats import AnswerOnce
from radray.models.folder import ModelFolder
from radray.models.neighbours import Neighbour, read_neighbours
from radray.models.store import on_this_node
from radray.models.verified import CheckedFiles
from radray.pipelines.consensus import Chosen, Consensus
from radray.pipelines.prometheus import WriterMetrics
from radray.pipelines.stage import Stage
from radray.schema.column import HYPOTHESES
from radray.schema.statuses import FailReason, PredictionStatus
from radray.settings.generate import GenerateSettings, VocabularyEntry
from radray.tasks.registry import Asked
from radray.tasks.task import FAULTED_BY, ImpressionTask


class WriteImpressions(Stage):
    """Write an impression for each report with a model, which is loaded once an actor, in a process of its own."""

    reads = ("unit_id", "subject_id", *FAULTED_BY)
    """Those of the one task whose rows are predictions."""
    keeps_rows = True

    def __init__(
        self,
        model: ModelFolder,
        asked: Asked,
        settings: GenerateSettings,
        converted: str | None = None,
        run_id: str | None = None,
        vocabulary: Mapping[str, VocabularyEntry] | None = None,
    ) -> None:
        """Load `model` with the engine of `settings`; `converted` is the digest that a converted copy must have.

        `vocabulary` is that of `score.vocabulary`, for the checks that choose among candidates.

        The model's files are checked against their manifest, once a node for all actors of `run_id` (None: this one).
        Raises InputError when they are others, or neighbours are needed and the model has none, and RadrayError when
        the engine does not answer.
        """
        adopt(vocabulary or {})
        self._asked = asked
        run = run_id or secrets.token_hex(16)
        model = on_this_node(model, CheckedFiles(run))
        self._process = EngineProcess(
            partial(open_checked, model, settings, converted, run, chat=self._asked.prompt.chat),
            engine_name(settings),
            settings,
            self._asked.fill(self._asked.task.probe),
        )
        self._consensus = None if settings.consensus is None else Consensus(settings, asked.task)
        self._near = max(asked.exemplars, 0 if self._consensus is None else settings.consensus_neighbours)
        self._neighbours = read_neighbours(model.path) if self._near else None
        self._engine = AnswerOnce(self._process, settings.repeats_kept)
        self._metrics = WriterMetrics(model.name)

    @property
    def engine(self) -> EngineProcess:
        """The engine's process."""
        return self._process

    def run(self, batch: pa.Table) -> pa.Table:
        """Return `batch` with prediction, hypotheses, token counts, flags, status and reason."""
        rows = batch.select(self.reads).to_pylist()
        near: list[list[Neighbour]] = [[] for _ in rows]
        if self._neighbours is not None:
            near = self._neighbours.nearest(rows, self._near)
        shown = [nearest[: self._asked.exemplars] for nearest in near]
        if self._asked.exemplars:
            batch = with_column(batch, "exemplars", pa.array(map(describe_exemplars, shown), pa.string()))
        prompts = [self._asked.fill(row, exemplars) for row, exemplars in zip(rows, shown, strict=True)]
        began = time.monotonic()
        answers = [until(answer, self._asked.prompt.stop) for answer in self._engine.generate(prompts)]
        self._metrics.answered(answers, time.monotonic() - began, self._process.restarts)
        return answered(batch, answers, self._asked.task, self._choose(rows, answers, near))

    def _choose(
        self, rows: Sequence[dict[str, Any]], answers: Sequence[Answer], near: Sequence[Sequence[Neighbour]]
    ) -> list[Chosen | None] | None:
        """Return what is written in the place of each answer; None where that is the answer itself."""
        if self._consensus is None:
            return None
        return [
            None if isinstance(answer, Failed) else self._consensus.choose(row, answer, nearest)
            for row, answer, nearest in zip(rows, answers, near, strict=True)
        ]


def until(answer: Answer, stop: str | None) -> Answer:
    """Return `answer` with each text up to the first `stop` alone (None: whole), where another report begins."""
    if stop is None or isinstance(answer, Failed):
        return answer
    hypotheses, samples = (
        tuple(
            replace(its, text=its.text.partition(stop)[0].strip(), ended=its.ended or stop in its.text) for its in texts
        )
        for texts in (answer.hypotheses, answer.samples)
    )
    return replace(answer, hypotheses=hypotheses, samples=samples)


def describe_exemplars(exemplars: Sequence[Neighbour]) -> str:
    """Return the training reports that a prompt showed, as JSON: where they came from, and none of their text."""
    return json.dumps([{"unit_id": near.unit_id, "cosine": round(near.cosine, 4)} for near in exemplars])


def answered(
    batch: pa.Table, answers: Sequence[Answer], task: ImpressionTask, chosen: Sequence[Chosen | None] | None = None
) -> pa.Table:
    """Return `batch` with each report's outcome in columns; a column of that name is replaced.

    `chosen` are the choices of the consensus, if there is one; tokens, flags and confidences stay those of the answer.
    """
    outcomes = [_outcome(answer, task) for answer in answers]
    for outcome, choice in zip(outcomes, chosen or (), strict=chosen is not None):
        if choice is not None:
            outcome |= {"prediction": choice.text, "candidates": choice.candidates, "agreement": choice.agreement}
    for name, type_ in _OUTCOME.items():
        batch = with_column(batch, name, pa.array([answer[name] for answer in outcomes], type_))
    return batch


def with_column(batch: pa.Table, name: str, column: pa.Array) -> pa.Table:
    """Return `batch` with `column` as `name`, in the place of one of that name."""
    if name in batch.column_names:
        return batch.set_column(batch.column_names.index(name), name, column)
    return batch.append_column(name, column)


def _outcome(answer: Answer, task: ImpressionTask) -> dict[str, Any]:
    if isinstance(answer, Failed):
        return dict.fromkeys(_OUTCOME) | {"status": PredictionStatus.FAILED.value, "reason": answer.reason.value}
    best = task.parse(answer.hypotheses[0].text)
    return {
        "prediction": best,
        "hypotheses": [{"text": hypothesis.text, "score": hypothesis.score} for hypothesis in answer.hypotheses],
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "input_truncated": answer.input_truncated,
        "output_cut": answer.output_cut,
        "logprob_per_token": answer.logprob_per_token,
        "margin": answer.margin,
        "candidates": None,
        "agreement": None,
        "repeated": answer.repeated,
        "status": (PredictionStatus.OK if best else PredictionStatus.FAILED).value,
        "reason": None if best else FailReason.EMPTY_OUTPUT.value,
    }


_OUTCOME = {
    "prediction": pa.string(),
    "hypotheses": HYPOTHESES,
    "input_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "input_truncated": pa.bool_(),
    "output_cut": pa.bool_(),
    "logprob_per_token": pa.float64(),
    "margin": pa.float64(),
    "candidates": pa.string(),
    "agreement": pa.float64(),
    "repeated": pa.bool_(),
    "status": pa.string(),
    "reason": pa.string(),
}
