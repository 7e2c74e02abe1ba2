"""The stage that scores and checks predictions and gives the rows the schema of `predictions`."""

import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any, Literal

import pyarrow as pa

from radray.checks.check import CHECKS_ID
from radray.console import log_warning
from radray.evaluation.deferral.calibration import Calibration
from radray.evaluation.deferral.decision import Deferral
from radray.evaluation.rouge import Scorer
from radray.evaluation.systems import CONFIDENCES
from radray.language.lexicon.vocabulary import adopt, check_additions, suffix_of
from radray.pipelines.prometheus import SCORE_SECONDS, SCORED, record
from radray.pipelines.report_rows import REPORT_COLUMNS
from radray.pipelines.stage import Stage, innermost_frame
from radray.pipelines.withheld import withhold
from radray.schema.checks import RAW_ROUGE_COLUMNS
from radray.schema.predictions import PREDICTIONS, ROUGE_COLUMNS
from radray.schema.statuses import FailReason, PredictionStatus
from radray.settings.generate import ScoreSettings
from radray.tables.rows import to_arrow
from radray.tasks.impression.order import order_by_criticality
from radray.tasks.impression.task import IMPRESSION
from radray.time_limit import TimeLimitError, time_limit

SECONDS_A_ROW = 60.0
"""Time that scores and checks of a report may take; an ordinary one takes some milliseconds."""

_LOG = logging.getLogger(__name__)


def _failed(reason: FailReason) -> dict[str, Any]:
    """Return the columns of an answer that is not shown to anybody, for `reason`."""
    return {
        **dict.fromkeys(("prediction", "hypotheses", "candidates", "item_order", *CONFIDENCES.values())),
        **{"status": PredictionStatus.FAILED.value, "reason": reason.value},
    }


class ScorePredictions(Stage):
    """Score each prediction against its reference, check both against the report, and give the row its schema."""

    reads = (*REPORT_COLUMNS, "prediction", "hypotheses", "candidates", "output_cut", *CONFIDENCES.values())
    keeps_rows = True

    def __init__(
        self,
        settings: ScoreSettings,
        constants: Mapping[str, Any],
        calibration: Calibration | None = None,
        order: Literal["criticality"] | None = None,
    ) -> None:
        """Score by `settings`; `constants` are columns that all rows share, `calibration` is score.calibration's.

        `order` is generate.order: items are put into it before anything is scored.
        """
        adopt(settings.vocabulary)
        self._settings = settings
        self._constants = {**constants, "checks_id": checks_id(settings, calibration)}
        self._deferral = Deferral.of(settings, calibration)
        self._order = order

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the stage's rows for `batch`, and record how many there were and how long they took."""
        began = monotonic()
        scored = super().__call__(batch)
        record(SCORED, scored.num_rows, model=self._constants["model_name"])
        record(SCORE_SECONDS, monotonic() - began, model=self._constants["model_name"])
        return scored

    def run(self, batch: pa.Table) -> pa.Table:
        """Return the rows of `predictions`; a failed prediction scores 0, one without a reference null.

        A report whose scores or checks raise fails, with reason `scoring_error`, and no other; where they take longer
        than SECONDS_A_ROW the reason is `scoring_timeout`. One whose prediction has an identifier that its input lacks
        fails with reason `identifier`.
        """
        scorer = Scorer(stemmer=self._settings.stemmer)
        names = [column.name for column in PREDICTIONS.columns]
        rows = []
        for source in batch.to_pylist():
            try:
                with time_limit(SECONDS_A_ROW):
                    kept, invented = withhold(source)
                    source |= _failed(FailReason.IDENTIFIER) if invented else kept
                    if self._order and source["prediction"]:
                        ordered = order_by_criticality(source["prediction"])
                        source |= {"prediction": ordered.text, "item_order": ordered.order}
                    columns = IMPRESSION.score(scorer, source) | ({"flag_identifier": True} if invented else {})
            except (Exception, TimeLimitError) as error:  # of rules on free text: it may cost this report, and no other
                why = f"{type(error).__name__} at {innermost_frame(error)}"
                log_warning(_LOG, f"unit_id {source['unit_id']} cannot be scored: {why}")
                late = isinstance(error, TimeLimitError)
                source |= _failed(FailReason.SCORING_TIMEOUT if late else FailReason.SCORING_ERROR)
                columns = _zeros(scorer, source)
            row = {name: source.get(name) for name in names} | self._constants | columns
            rows.append(row | self._deferral.columns(row))
        return to_arrow(rows, PREDICTIONS)


def checks_id(settings: ScoreSettings, calibration: Calibration | None = None) -> str:
    """Return how flags and `defer` are made under `settings`: rows with another are not taken over into a new night.

    `calibration` is what score.calibration holds. Raises ConfigError for a vocabulary that names an unknown concept or
    a phrase that cannot be one.
    """
    check_additions(settings.vocabulary)
    version = CHECKS_ID + suffix_of(settings.vocabulary)
    return ";".join([version, *Deferral.of(settings, calibration).ids])


def _zeros(scorer: Scorer, source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scores of a prediction that is not there."""
    if not source["reference"]:
        return {}
    return {**dict.fromkeys((*ROUGE_COLUMNS, *RAW_ROUGE_COLUMNS), 0.0), "scorer_id": scorer.scorer_id}
