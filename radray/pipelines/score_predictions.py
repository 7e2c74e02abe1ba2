"""The stage that scores and checks predictions and gives the rows the schema of `predictions`."""

import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any

import pyarrow as pa

from radray.checks.check import CHECKS_ID
from radray.evaluation.rouge import Scorer
from radray.evaluation.systems import CONFIDENCES
from radray.language.lexicon.vocabulary import adopt, check_additions, suffix_of
from radray.pipelines.prometheus import SCORE_SECONDS, SCORED, record
from radray.pipelines.report_rows import REPORT_COLUMNS
from radray.pipelines.stage import Stage, innermost_frame
from radray.schema.checks import RAW_ROUGE_COLUMNS
from radray.schema.predictions import PREDICTIONS, ROUGE_COLUMNS
from radray.schema.statuses import FailReason, PredictionStatus
from radray.settings.generate import ScoreSettings
from radray.tables.rows import to_arrow
from radray.tasks.registry import TASKS

_FAILED = {
    **dict.fromkeys(("prediction", "hypotheses", "candidates", *CONFIDENCES.values())),
    **{"status": PredictionStatus.FAILED.value, "reason": FailReason.SCORING_ERROR.value},
}
_LOG = logging.getLogger(__name__)


class ScorePredictions(Stage):
    """Score each prediction against its reference, check both against the report, and give the row its schema."""

    reads = (*REPORT_COLUMNS, "prediction", "hypotheses", "candidates", "output_cut", *CONFIDENCES.values())
    keeps_rows = True

    def __init__(self, settings: ScoreSettings, constants: Mapping[str, Any]) -> None:
        adopt(settings.vocabulary)
        self._settings = settings
        self._constants = {**constants, "checks_id": checks_id(settings)}
        self._task = TASKS[constants["task"]]

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the stage's rows for `batch`, and record how many there were and how long they took."""
        began = monotonic()
        scored = super().__call__(batch)
        record(SCORED, scored.num_rows, model=self._constants["model_name"])
        record(SCORE_SECONDS, monotonic() - began, model=self._constants["model_name"])
        return scored

    def run(self, batch: pa.Table) -> pa.Table:
        """Return the rows of `predictions`; a failed prediction scores 0, one without a reference null.

        A report whose scores or checks raise fails, with reason `scoring_error`, and no other.
        """
        scorer = Scorer(stemmer=self._settings.stemmer)
        names = [column.name for column in PREDICTIONS.columns]
        rows = []
        for source in batch.to_pylist():
            try:
                columns = self._task.score(scorer, source)
            except Exception as error:  # of rules on free text: it may cost this report, and no other
                _LOG.warning(
                    "unit_id %s cannot be scored: %s at %s",
                    source["unit_id"],
                    type(error).__name__,
                    innermost_frame(error),
                )
                source |= _FAILED
                columns = _zeros(scorer, source)
            row = {name: source.get(name) for name in names} | self._constants | columns
            row["defer"] = defer(self._settings, source)
            rows.append(row)
        return to_arrow(rows, PREDICTIONS)


def checks_id(settings: ScoreSettings) -> str:
    """Return how flags and `defer` are made under `settings`: rows with another are not taken over into a new night.

    Raises ConfigError for a vocabulary that names an unknown concept or a phrase that cannot be one.
    """
    check_additions(settings.vocabulary)
    version = CHECKS_ID + suffix_of(settings.vocabulary)
    return ";".join([version, *(f"defer {name}<{value!r}" for name, value in _thresholds(settings).items())])


def defer(settings: ScoreSettings, row: Mapping[str, Any]) -> bool | None:
    """Return whether a person should write this one: a confidence of `row` is missing or below its threshold.

    None where all thresholds are off.
    """
    thresholds = _thresholds(settings)
    if not thresholds:
        return None
    return any((value := row[CONFIDENCES[name]]) is None or value < least for name, least in thresholds.items())


def _thresholds(settings: ScoreSettings) -> dict[str, float]:
    named: dict[str, float | None] = {name: getattr(settings, f"defer_below_{name}") for name in CONFIDENCES}
    return {name: value for name, value in named.items() if value is not None}


def _zeros(scorer: Scorer, source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scores of a prediction that is not there."""
    if not source["reference"]:
        return {}
    return {**dict.fromkeys((*ROUGE_COLUMNS, *RAW_ROUGE_COLUMNS), 0.0), "scorer_id": scorer.scorer_id}
