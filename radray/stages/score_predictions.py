"""The stage that scores predictions and gives the rows the schema of `predictions`."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from radray.config import Score
from radray.metrics.rouge import Scorer
from radray.schemas import PREDICTIONS, ROUGE_COLUMNS
from radray.stages.report_rows import REPORT_COLUMNS
from radray.stages.stage import Stage
from radray.tables.rows import to_arrow


class ScorePredictions(Stage):
    """Score each prediction against its reference and give the row the schema of `predictions`."""

    reads = (*REPORT_COLUMNS, "prediction", "hypotheses")
    keeps_rows = True

    def __init__(self, settings: Score, constants: Mapping[str, Any]) -> None:
        self._settings = settings
        self._constants = constants

    def run(self, batch: pa.Table) -> pa.Table:
        """Return the rows of `predictions`; a failed prediction scores 0, one without a reference null."""
        scorer = Scorer(stemmer=self._settings.stemmer)
        names = [column.name for column in PREDICTIONS.columns]
        rows = []
        for source in batch.to_pylist():
            row = {name: source.get(name) for name in names} | dict(self._constants)
            if source["reference"]:
                row |= scorer.score(source["reference"], source["prediction"] or "")
                row["scorer_id"] = scorer.scorer_id
            else:
                row |= dict.fromkeys(ROUGE_COLUMNS)
            rows.append(row)
        return to_arrow(rows, PREDICTIONS)
