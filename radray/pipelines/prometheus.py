"""Metrics of the pipelines, by Ray's own: each node exports them to Prometheus as ``ray_radray_...``.

Labels are names of models and datasets, statuses and reasons: never anything of a report. Where no Ray is running
nothing is recorded. ``jobs/configs/grafana.json`` is a dashboard of them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import ray
import ray.util.metrics

from radray.models.engines.engine import Answer, Failed


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric: its name without Ray's prefix, what it is, a sentence with its unit, its labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    doc: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets."""


PARSED = MetricSpec("radray_units_parsed", "counter", "Input units parsed, by status", ("dataset", "status"))
WRITTEN = MetricSpec("radray_reports_written", "counter", "Reports answered: ok, or why not", ("model", "outcome"))
REPEATED = MetricSpec("radray_reports_repeated", "counter", "Of these, by the answer to another report", ("model",))
INPUT_TOKENS = MetricSpec("radray_input_tokens", "counter", "Tokens of generated reports' prompts", ("model",))
OUTPUT_TOKENS = MetricSpec("radray_output_tokens", "counter", "Tokens of generated predictions", ("model",))
BLOCK_SECONDS = MetricSpec(
    name="radray_block_seconds",
    kind="histogram",
    doc="Time that an actor takes to answer the reports of a block, s",
    labels=("model",),
    bounds=(0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0),
)
ENGINE_RESTARTS = MetricSpec("radray_engine_restarts", "counter", "Times that an engine was started anew", ("model",))
SCORED = MetricSpec("radray_reports_scored", "counter", "Predictions scored and checked", ("model",))
SCORE_SECONDS = MetricSpec("radray_score_seconds", "counter", "Time that tasks took to score and check, s", ("model",))
ANSWERED = MetricSpec("radray_answers", "counter", "Examples answered: ok, or why not", ("model", "task", "outcome"))
ROWS_STAGED = MetricSpec("radray_rows_staged", "gauge", "Rows staged of what a job makes now", ("work",))
ROWS_EXPECTED = MetricSpec("radray_rows_expected", "gauge", "Rows that it makes in all", ("work",))

METRICS = (
    *(PARSED, WRITTEN, REPEATED, INPUT_TOKENS, OUTPUT_TOKENS, BLOCK_SECONDS, ENGINE_RESTARTS, SCORED, SCORE_SECONDS),
    *(ANSWERED, ROWS_STAGED, ROWS_EXPECTED),
)
"""All metrics there are."""


def record(spec: MetricSpec, value: float, **labels: str) -> None:
    """Add `value` to a counter (nothing for 0), set a gauge to it or put it into a histogram, where Ray is running."""
    if not ray.is_initialized() or (spec.kind == "counter" and not value):
        return
    metric = _metric_of(spec)
    change = {"counter": "inc", "gauge": "set", "histogram": "observe"}[spec.kind]
    getattr(metric, change)(value, tags=labels)


class WriterMetrics:
    """Records what one actor answers with its engine."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._restarts = 0

    def answered(self, answers: Sequence[Answer], seconds: float, restarts: int) -> None:
        """Record the impressions of a block, the time they took and how often the engine was started anew so far."""
        outcomes = Counter(answer.reason.value if isinstance(answer, Failed) else "ok" for answer in answers)
        for outcome, count in outcomes.items():
            record(WRITTEN, count, model=self._model, outcome=outcome)
        repeated = sum(1 for answer in answers if not isinstance(answer, Failed) and answer.repeated)
        record(REPEATED, repeated, model=self._model)
        self.generated(answers, seconds, restarts)

    def generated(self, answers: Sequence[Answer], seconds: float, restarts: int) -> None:
        """Record what the engine did for a block of any task: tokens, time and how often it was started anew so far."""
        new = [answer for answer in answers if not isinstance(answer, Failed) and not answer.repeated]
        record(INPUT_TOKENS, sum(answer.input_tokens for answer in new), model=self._model)
        record(OUTPUT_TOKENS, sum(answer.output_tokens for answer in new), model=self._model)
        record(BLOCK_SECONDS, seconds, model=self._model)
        record(ENGINE_RESTARTS, restarts - self._restarts, model=self._model)
        self._restarts = restarts


@cache
def _metric_of(spec: MetricSpec) -> Any:
    kind = {"counter": ray.util.metrics.Counter, "gauge": ray.util.metrics.Gauge}
    if spec.kind == "histogram":
        return ray.util.metrics.Histogram(spec.name, spec.doc, list(spec.bounds), spec.labels)
    return kind[spec.kind](spec.name, spec.doc, spec.labels)
