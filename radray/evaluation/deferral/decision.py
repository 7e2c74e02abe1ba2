"""Which predictions a person should write, and why: by thresholds of the settings, and by a calibration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from radray.errors import ConfigError
from radray.evaluation.deferral.bounds import R2
from radray.evaluation.deferral.calibration import Calibration
from radray.evaluation.deferral.sample import reads_normal
from radray.evaluation.systems import CONFIDENCES
from radray.schema.statuses import DeferReason, PredictionStatus
from radray.settings.generate import ScoreSettings

BELOW = {name: DeferReason(f"below_{name}") for name in CONFIDENCES}
"""The reason that goes with the threshold of each confidence."""


@dataclass(frozen=True, slots=True)
class Deferral:
    """The rules by which predictions are left to a person."""

    thresholds: Mapping[str, float]
    """Least value of each confidence that is asked of every prediction."""
    calibration: Calibration | None
    """Asks its own confidence of the predictions that read normal: no other can be the error that it bounds."""
    level: float
    """A night whose confidences are spread as the calibration's with a p-value below this withdraws it."""

    @classmethod
    def of(cls, settings: ScoreSettings, calibration: Calibration | None) -> "Deferral":
        """Return the rules of `settings`; `calibration` is what score.calibration holds, None where that is unset.

        Raises ConfigError for thresholds beside a calibration of another risk than r2: what they leave of the kept may
        be worse than what was tested, while r2 can only fall. Raises ValueError where one of the two is missing.
        """
        if (settings.calibration is None) is not (calibration is None):
            raise ValueError("the calibration belongs to score.calibration: both are given, or neither")
        named = {name: getattr(settings, f"defer_below_{name}") for name in CONFIDENCES}
        thresholds = {name: value for name, value in named.items() if value is not None}
        tested = [] if calibration is None else [bound.risk for bound in calibration.chosen.bounds]
        if thresholds and set(tested) - {R2}:
            raise ConfigError(
                f"score.defer_below_{next(iter(thresholds))} is set beside score.calibration, which bounds"
                f" {', '.join(tested)}: of what both keep nothing is known; unset it, or calibrate {R2} alone"
            )
        return cls(thresholds, calibration, settings.calibration_level)

    @property
    def ids(self) -> list[str]:
        """What tells these rules from others, for `checks_id`; [] where all are off."""
        ids = [f"defer {name}<{value!r}" for name, value in self.thresholds.items()]
        if self.calibration is not None:
            ids.append(f"calibration {self.calibration.digest[:16]} {self.level!r}")
        return ids

    def columns(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return `defer` and `defer_reason` of `row`, which has status, prediction and the confidences.

        Both are None where all rules are off. Whether the night withdraws its calibration is not known of a row: see
        `radray.pipelines.whole_night`.
        """
        if not self.thresholds and self.calibration is None:
            return {"defer": None, "defer_reason": None}
        reason = self._reason(row)
        return {"defer": reason is not None, "defer_reason": None if reason is None else reason.value}

    def _reason(self, row: Mapping[str, Any]) -> DeferReason | None:
        if row["status"] != PredictionStatus.OK.value:
            return DeferReason.NO_PREDICTION
        for name, least in self.thresholds.items():
            if _is_below(row[CONFIDENCES[name]], least):
                return BELOW[name]
        calibration = self.calibration
        if calibration is None or not reads_normal(row["prediction"]):
            return None
        return DeferReason.UNSURE_NORMAL if _is_below(row[calibration.column], calibration.chosen.threshold) else None


def _is_below(value: float | None, least: float | None) -> bool:
    return value is None or least is None or value < least
