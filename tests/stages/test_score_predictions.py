"""The stage that scores predictions, without Ray."""

import datetime
from typing import Any

import pyarrow as pa
import pytest
from report_tables import reports

from radray.config import Score
from radray.schemas import HYPOTHESES, PREDICTIONS, ROUGE_COLUMNS
from radray.stages.score_predictions import ScorePredictions

CONSTANTS = {
    "batch_date": datetime.date(1970, 1, 1),
    "dataset": "d",
    "split": "train",
    "model_digest": "0" * 64,
    "model_name": "m",
    "prompt_id": "findings-v1",
    "settings_digest": "s",
    "engine": "transformers",
    "run_key": "k",
    "run_id": "r",
}


def outcome(prediction: str | None, **columns: Any) -> pa.Table:
    table = reports(1, **columns)
    made = {
        "prediction": pa.array([prediction], pa.string()),
        "hypotheses": pa.array([[{"text": prediction or "", "score": -0.5}]], HYPOTHESES),
        "input_tokens": pa.array([7]),
        "output_tokens": pa.array([3]),
        "input_truncated": pa.array([False]),
        "output_cut": pa.array([False]),
        "reason": pa.array([None if prediction else "empty_output"], pa.string()),
    }
    table = table.set_column(1, "status", pa.array(["ok" if prediction else "failed"]))
    for name, column in made.items():
        table = table.append_column(name, column)
    return table


def test_a_prediction_is_scored_against_the_cleaned_reference() -> None:
    made = ScorePredictions(Score(), CONSTANTS)(outcome("Small effusion."))
    assert made.schema.equals(PREDICTIONS.arrow())
    (row,) = made.to_pylist()
    # of two words one is in the reference of one: precision 1/2, recall 1, F 2/3; no bigram
    assert (row["rouge1_precision"], row["rouge1_recall"]) == (0.5, 1.0)
    assert row["rouge1_f"] == pytest.approx(2 / 3)
    assert row["rouge2_f"] == 0.0
    assert "rouge-score-0.1.2" in row["scorer_id"]
    assert row["reference_raw"] == "1. Effusion."


def test_a_failed_prediction_scores_zero_and_one_without_reference_null() -> None:
    (failed,) = ScorePredictions(Score(), CONSTANTS)(outcome(None)).to_pylist()
    assert {failed[name] for name in ROUGE_COLUMNS} == {0.0}
    assert (failed["status"], failed["reason"]) == ("failed", "empty_output")
    (live,) = ScorePredictions(Score(), CONSTANTS)(outcome("Effusion.", reference=None, reference_raw=None)).to_pylist()
    assert {live[name] for name in ROUGE_COLUMNS} == {None}
    assert live["scorer_id"] is None
