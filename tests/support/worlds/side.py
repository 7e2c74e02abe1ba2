"""Rows of `predictions` and a whole side by side of a few hand-made reports."""

from typing import Any

from radray.evaluation.floors import Training
from radray.evaluation.systems import SideBySide, add_floors, side_by_side
from radray.tasks.impression.task import IMPRESSION

REPORTS: dict[str, dict[str, Any]] = {
    "u1": {"reference": "No acute disease.", "findings": "Lungs are clear. Heart normal.", "split_key": "p1"},
    "u2": {"reference": "No acute disease.", "findings": "Clear lungs.", "split_key": "p1"},
    "u3": {"reference": "Small left effusion.", "findings": "Left effusion is seen.", "split_key": "p2"},
    "u4": {"reference": "Right pneumothorax.", "findings": "Right pneumothorax.", "split_key": "p3"},
}


def row(unit: str, model: str, prediction: str | None, **values: Any) -> dict[str, Any]:
    """Return a row of `predictions`; None: the model failed."""
    report = REPORTS[unit]
    return {
        "unit_id": unit,
        "dataset": "made",
        "split": "test",
        "model_name": model,
        "model_digest": f"{model[0]}{'0' * 63}",
        "status": "failed" if prediction is None else "ok",
        "prediction": prediction,
        "reference_raw": report["reference"],
        **report,
        **values,
    }


def rows_of(model: str, predictions: dict[str, str | None], **values: Any) -> list[dict[str, Any]]:
    return [row(unit, model, prediction, **values) for unit, prediction in predictions.items()]


def build_side(
    rows: list[dict[str, Any]], models: tuple[str, ...] = (), training: Training | None = None
) -> SideBySide:
    training = training or Training()
    side = side_by_side("made", "test", rows, models, training)
    add_floors(side, training, IMPRESSION.floors, stemmer=True)
    return side
