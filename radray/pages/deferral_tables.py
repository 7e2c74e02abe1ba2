"""The tables of deferral: the bounds of a calibration, and what was left to a person and why."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from rich.table import Table

from radray.evaluation.deferral.bounds import RISKS
from radray.evaluation.deferral.calibration import MEANING
from radray.evaluation.deferral.sample import reads_normal
from radray.evaluation.strata import ALL
from radray.evaluation.systems import CONFIDENCES, MODEL, SideBySide
from radray.language.normality import is_normal

Row = Mapping[str, Any]

BOUNDS_NOTE = (
    "An error is an impression that reads normal over an abnormal report. "
    + ". ".join(f"{risk}: {meaning}" for risk, meaning in MEANING.items())
    + ". Tested on one report of each patient or text. If the reports of a night and those of the calibration are "
    "exchangeable, the risk is at most alpha, unless the calibration is one of the share delta that mislead; of other "
    "nights it says nothing. Kept of all flatters: an impression that does not read normal is always kept."
)
DEFERRED_NOTE = (
    "Of these predictions, as they were written. Errors: impressions that read normal and were kept, over an abnormal "
    "report, of all abnormal reports; counted, without a bound."
)


def bounds_table(side: SideBySide, figure: Callable[[str, str, str], Row | None]) -> Table:
    """Return the bounds of the calibrations of `side`, a row a model, confidence and risk; no row where there is none.

    `figure` returns the row of `evaluations` of a system, stratum and metric.
    """
    table = Table(
        *("system", "confidence", "risk", "alpha", "delta", "threshold", "errors", "at most", "kept of all"),
        *("kept of those that read normal",),
        title=f"A bound on the worst error ({side.dataset}, {side.split})",
    )
    for system in side.of(MODEL):
        for confidence in CONFIDENCES:
            for risk in RISKS:
                parts = ("alpha", "delta", "errors", "threshold", "kept", "kept_normal")
                cells = {part: figure(system.name, ALL, f"calibration.{confidence}.{risk}.{part}") for part in parts}
                rows = {part: row for part, row in cells.items() if row is not None}
                if "errors" in rows:
                    table.add_row(system.name, confidence, risk, *_cells(rows))
    return table


def deferred_table(side: SideBySide) -> Table:
    """Return how many predictions of each model were left to a person, by reason; no row for a model without rules."""
    table = Table(
        *("system", "reports", "kept of all", "kept of those that read normal", "errors", "deferred, and why"),
        title=f"What was left to a person ({side.dataset}, {side.split})",
    )
    for name, of_system in side.rows.items():
        rows = [row for row in of_system if row is not None and row.get("defer") is not None]
        if not rows:
            continue
        kept = [row for row in rows if not row["defer"]]
        normal = [row for row in rows if reads_normal(row["prediction"])]
        kept_normal = [row for row in normal if not row["defer"]]
        abnormal = sum(is_normal(row["reference"] or "") is False for row in rows)
        errors = sum(is_normal(row["reference"] or "") is False for row in kept_normal)
        reasons = Counter(row.get("defer_reason") or "not recorded" for row in rows if row["defer"])
        table.add_row(
            name,
            f"{len(rows):,}",
            _share(len(kept), len(rows)),
            _share(len(kept_normal), len(normal)),
            f"{errors:,} of {abnormal:,}",
            ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common()) or "none",
        )
    return table


def _cells(rows: Mapping[str, Row]) -> list[str]:
    errors, threshold = rows["errors"], rows.get("threshold")
    return [
        f"{100 * rows['alpha']['mean']:g} %",
        f"{100 * rows['delta']['mean']:g} %",
        "none passes: all that read normal are deferred" if threshold is None else f"{threshold['mean']:.6g}",
        f"{round(errors['mean'] * errors['n']):,} of {errors['n']:,}",
        f"{100 * errors['ci_high']:.1f} %",
        f"{100 * rows['kept']['mean']:.1f} %",
        f"{100 * rows['kept_normal']['mean']:.1f} %",
    ]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
