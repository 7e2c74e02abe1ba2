"""Made-up predictions with references, whose confidence says something about the worst error."""

import datetime
from random import Random
from typing import Any

NORMAL, ABNORMAL = "No acute disease.", "Right lower lobe pneumonia."
NIGHT = datetime.date(2026, 3, 1)


def prediction_rows(count: int, seed: int = 3, *, abnormal: float = 0.4, phrasing: float = 0.0) -> list[dict[str, Any]]:
    """Return rows of `predictions`, of one night, each of a patient of its own.

    Half of the abnormal reports read normal, with low confidence most of them; `phrasing` is taken off all confidences.
    """
    random = Random(seed)
    rows = []
    for place in range(count):
        is_abnormal = random.random() < abnormal
        wrong = is_abnormal and random.random() < 0.5
        sure = -random.expovariate(2.0 if wrong else 10.0) - phrasing
        rows.append(
            {
                "unit_id": f"unit {place}",
                "split_key": f"key {place}",
                "text_digest": f"text {place}",
                "batch_date": NIGHT,
                "dataset": "d",
                "split": "test",
                "model_digest": "m" * 64,
                "model_name": "model",
                "engine": "e",
                "prompt_id": "p",
                "settings_digest": "s",
                "status": "ok",
                "findings": f"findings {place}",
                "reference": ABNORMAL if is_abnormal else NORMAL,
                "prediction": ABNORMAL if is_abnormal and not wrong else NORMAL,
                "logprob_per_token": sure,
                "margin": 3.0 + sure,
                "agreement": None,
            }
        )
    return rows
