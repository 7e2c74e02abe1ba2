"""A calibration: the threshold that was chosen on one set of predictions, its bounds, and what it may be used for.

It is one JSON file with numbers, names and digests, without an id or a text of a report::

    {"version": 1, "confidence": "logprob",
     "chosen": {"threshold": -0.021, "delta": 0.05, "bounds": [{"risk": "r2", "alpha": 0.1, "n": 384, ...}], ...},
     "bound_to": {"model_digest": ..., "engine": ..., "prompt_id": ..., "settings_digest": ..., "dataset": ...},
     "basis": {"batch_date": ..., "split": ..., "reports": 997, "digest": ..., ...},
     "histogram": {"edges": [...], "counts": [...]}}
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from radray.errors import ConfigError, InputError
from radray.evaluation.deferral.bounds import Bound, Threshold, lowest_threshold
from radray.evaluation.deferral.sample import drawn, sample_of
from radray.evaluation.deferral.shift import Histogram, histogram_of, shift_p_value
from radray.evaluation.systems import CONFIDENCES

BOUND_TO = ("model_digest", "engine", "prompt_id", "settings_digest", "dataset")
"""Columns of `predictions` that the calibrated predictions and those of a night must share."""

MEANING = {
    "r1": "of all that is kept, those that read normal over an abnormal report",
    "r1_normal": "of what is kept and reads normal, those over an abnormal report",
    "r2": "of all abnormal reports, those whose impression reads normal and is kept",
}
"""The risks in words."""

LEVER = "write one with jobs.evaluate evaluate.calibrate=..., or unset score.calibration"


@dataclass(frozen=True, slots=True)
class Basis:
    """The predictions that a threshold was chosen on."""

    batch_date: str
    split: str
    predictions: int
    reports: int
    """One of each cluster."""
    unjudged: int
    """Those of them without a reference that is normal or abnormal: the bound says nothing about such."""
    digest: str
    """sha256 of the ids, texts' digests and confidences of all predictions."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold with its bounds, and what it is bound to."""

    confidence: str
    """Name of the confidence, one of CONFIDENCES."""
    chosen: Threshold
    bound_to: dict[str, str]
    """BOUND_TO."""
    basis: Basis
    histogram: Histogram
    """Of the confidences of `basis`, one report of each cluster."""
    version: Literal[1] = 1

    @property
    def column(self) -> str:
        """Column of `predictions` with the confidence."""
        return CONFIDENCES[self.confidence]

    @property
    def digest(self) -> str:
        """sha256 of the file."""
        return hashlib.sha256(self.to_json()).hexdigest()

    def to_json(self) -> bytes:
        """Return the file."""
        return _FORM.dump_json(self, indent=1) + b"\n"

    def refuse_other(self, columns: Mapping[str, str], place: str) -> None:
        """Raise ConfigError, naming both sides, where `columns`, some of BOUND_TO, are others than it is bound to.

        `place` is where it was read.
        """
        wrong = [
            f"{name} {self.bound_to[name]}, and this is {value}"
            for name, value in columns.items()
            if self.bound_to[name] != value
        ]
        if wrong:
            raise ConfigError(f"score.calibration={place} was made for {'; '.join(wrong)}: {LEVER}")

    def p_value(self, rows: Iterable[Mapping[str, Any]]) -> float | None:
        """Return the p-value of the confidences of `rows` being spread as the calibration's, one row of each cluster.

        Rows need unit_id, split_key and the confidence's column. None without rows.
        """
        return shift_p_value(self.histogram, [row[self.column] for row in drawn(rows)])

    def sentences(self) -> list[str]:
        """Return in words what was calibrated, what it promises and what it keeps."""
        chosen, basis = self.chosen, self.basis
        reports = f"{chosen.reports:,} reports, one of each patient or text, {chosen.pilot:,} of them the pilot"
        first = f"{self.confidence} on {reports}; {basis.unjudged:,} more had no reference to judge by"
        bounds = [_sentence(bound, chosen.delta) for bound in chosen.bounds]
        if chosen.threshold is None:
            none = "no threshold passes: every prediction that reads normal is deferred; tested at the first tried"
            return [first, f"{none}: {'; '.join(bounds)}"]
        kept = (
            f"kept: {100 * chosen.kept:.1f} % of all predictions, {100 * chosen.kept_normal:.1f} % of those that read"
            f" normal ({chosen.normal:,}, of which {chosen.wrong:,} over an abnormal report)"
        )
        promise = (
            f"with probability {1 - chosen.delta:g} over such sets of reports, as long as the night's reports and these"
            " are exchangeable"
        )
        return [first, f"threshold {chosen.threshold:.6g}: {'; '.join(bounds)}; {promise}", kept]


def calibrate(
    rows: Sequence[Mapping[str, Any]], confidence: str, alphas: Mapping[str, float], delta: float
) -> Calibration:
    """Return the calibration on `rows`, predictions of one model on one dataset and split, with references.

    Raises InputError for rows of several models, engines, prompts, settings, datasets, dates or splits, for none, for
    the split train, and where none has the confidence.
    """
    column = CONFIDENCES[confidence]
    about = {name: sorted({str(row[name]) for row in rows}) for name in (*BOUND_TO, "batch_date", "split")}
    for name, values in about.items():
        if len(values) != 1:
            listed = ", ".join(values) or "none"
            raise InputError(
                f"evaluate.calibrate wants predictions of one {name}, and got {listed}: choose by evaluate.models,"
                " source.dataset, split.name and date"
            )
    if about["split"] == ["train"]:
        raise InputError(
            "evaluate.calibrate: split train is what models learn from, and no sample of a night's reports"
        )
    if all(row[column] is None for row in rows):
        raise InputError(f"evaluate.calibrate={confidence}: none of the {len(rows):,} predictions has {column}")
    chosen = drawn(rows)
    sample = sample_of(chosen, column)
    decided = sorted([row["unit_id"], row["text_digest"], row["status"], row[column]] for row in rows)
    return Calibration(
        confidence=confidence,
        chosen=lowest_threshold(sample, alphas, delta),
        bound_to={name: about[name][0] for name in BOUND_TO},
        basis=Basis(
            batch_date=about["batch_date"][0],
            split=about["split"][0],
            predictions=len(rows),
            reports=len(chosen),
            unjudged=len(chosen) - len(sample),
            digest=hashlib.sha256(json.dumps(decided).encode()).hexdigest(),
        ),
        histogram=histogram_of([row[column] for row in chosen]),
    )


def parse_calibration(content: bytes, place: str) -> Calibration:
    """Return the calibration that `content`, read from `place`, holds. Raises ConfigError for anything else."""
    try:
        calibration: Calibration = _FORM.validate_json(content)
    except ValidationError:
        raise ConfigError(f"score.calibration={place} is no calibration of this version of radray: {LEVER}") from None
    if set(calibration.bound_to) != set(BOUND_TO) or calibration.confidence not in CONFIDENCES:
        raise ConfigError(f"score.calibration={place} is no calibration of this version of radray: {LEVER}")
    return calibration


_FORM = TypeAdapter(Calibration)


def _sentence(bound: Bound, delta: float) -> str:
    share = f"{bound.k:,} of {bound.n:,}, at most {100 * bound.upper:.1f} % at {100 * (1 - delta):g} %"
    return f"{bound.risk} ({MEANING[bound.risk]}) {share}, asked for {100 * bound.alpha:g} %"
