"""Which predictions a person should write, and why."""

from typing import Any

import pytest

from radray.errors import ConfigError
from radray.evaluation.deferral.calibration import calibrate
from radray.evaluation.deferral.decision import Deferral
from radray.schema.statuses import DeferReason
from radray.settings.generate import ScoreSettings
from tests.support.worlds.calibrated import ABNORMAL, NORMAL, prediction_rows

CALIBRATION = calibrate(prediction_rows(400), "logprob", {"r2": 0.2}, 0.05)
THRESHOLD = CALIBRATION.chosen.threshold or 0.0
NONE = calibrate(prediction_rows(20), "logprob", {"r2": 0.2}, 0.05)


def reason(rules: Deferral, **columns: Any) -> tuple[bool | None, str | None]:
    row = {"status": "ok", "prediction": NORMAL, "logprob_per_token": -0.1, "margin": 1.0, "agreement": None, **columns}
    decided = rules.columns(row)
    return decided["defer"], decided["defer_reason"]


def calibrated(**settings: Any) -> Deferral:
    return Deferral.of(ScoreSettings(calibration="c.json", **settings), CALIBRATION)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"logprob_per_token": THRESHOLD}, None),
        ({"logprob_per_token": THRESHOLD - 1e-9}, DeferReason.UNSURE_NORMAL),
        ({"logprob_per_token": None}, DeferReason.UNSURE_NORMAL),
        ({"prediction": ABNORMAL, "logprob_per_token": -99.0}, None),
        # nothing that can be judged: who reads it learns of nothing wrong
        ({"prediction": "XXXX.", "logprob_per_token": -99.0}, DeferReason.UNSURE_NORMAL),
        ({"status": "failed", "prediction": None}, DeferReason.NO_PREDICTION),
    ],
)
def test_a_calibration_defers_what_reads_normal_and_is_unsure(columns: dict[str, Any], expected: str | None) -> None:
    assert reason(calibrated(), **columns) == (expected is not None, expected)


def test_thresholds_of_the_settings_come_first() -> None:
    both = calibrated(defer_below_logprob=-0.5, defer_below_margin=0.3)
    assert reason(both, logprob_per_token=-9.0) == (True, "below_logprob")
    assert reason(both, logprob_per_token=-0.4, margin=0.2) == (True, "below_margin")
    assert reason(both, margin=None) == (True, "below_margin")
    # they are about every prediction, the calibration about those that read normal
    assert reason(both, prediction=ABNORMAL, logprob_per_token=-0.6) == (True, "below_logprob")
    agreed = Deferral.of(ScoreSettings(defer_below_agreement=0.5), None)
    assert reason(agreed) == (True, "below_agreement")
    assert reason(agreed, agreement=0.5) == (False, None)


def test_where_no_threshold_passed_all_that_reads_normal_is_deferred() -> None:
    rules = Deferral.of(ScoreSettings(calibration="c.json"), NONE)
    assert NONE.chosen.threshold is None
    assert reason(rules, logprob_per_token=0.0) == (True, "unsure_normal")
    assert reason(rules, prediction=ABNORMAL) == (False, None)


def test_without_rules_nothing_is_said() -> None:
    rules = Deferral.of(ScoreSettings(), None)
    assert reason(rules, status="failed", prediction=None) == (None, None)
    assert rules.ids == []


def test_another_calibration_threshold_or_level_has_another_id() -> None:
    rules = [
        Deferral.of(ScoreSettings(calibration="c.json"), NONE),
        calibrated(),
        calibrated(calibration_level=0.05),
        calibrated(defer_below_margin=0.3),
    ]
    assert len({tuple(own.ids) for own in rules}) == 4
    # where the file lies says nothing of what is in it
    elsewhere = Deferral.of(ScoreSettings(calibration="s3://bucket/c.json"), CALIBRATION)
    assert elsewhere.ids == calibrated().ids


def test_thresholds_beside_a_bound_on_what_is_kept_are_refused() -> None:
    of_kept = calibrate(prediction_rows(400), "logprob", {"r1_normal": 0.3, "r2": 0.3}, 0.05)
    with pytest.raises(ConfigError, match=r"defer_below_margin is set beside .* bounds r1_normal, r2: "):
        Deferral.of(ScoreSettings(calibration="c.json", defer_below_margin=0.1), of_kept)
    Deferral.of(ScoreSettings(calibration="c.json"), of_kept)


def test_settings_and_calibration_belong_together() -> None:
    for settings, calibration in ((ScoreSettings(), CALIBRATION), (ScoreSettings(calibration="c.json"), None)):
        with pytest.raises(ValueError, match="both are given, or neither"):
            Deferral.of(settings, calibration)
