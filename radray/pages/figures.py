"""The figures and differences of one dataset and split, found by what they are of: the rows that the tables hold."""

from collections.abc import Iterable, Mapping
from typing import Any

from radray.evaluation.figures import Plan
from radray.evaluation.strata import ALL, CRITICAL
from radray.evaluation.systems import FLAGS_OF_BOTH, MODEL, SideBySide

Row = Mapping[str, Any]


def stratum_of(flag: str) -> str:
    """Return the reports that a flag is told of: only of those with a critical finding can one leave it out."""
    return CRITICAL if flag == "critical_missed" else ALL


class Figures:
    """Rows of `evaluations` and `comparisons` of one dataset and split."""

    def __init__(self, side: SideBySide, plan: Plan, figures: Iterable[Row], differences: Iterable[Row]) -> None:
        self.side = side
        self.plan = plan
        here = (side.dataset, side.split)
        self._figures = {
            (row["system"], row["stratum"], row["scorer_id"], row["metric"]): row
            for row in figures
            if (row["dataset"], row["split"]) == here
        }
        self._differences = {
            (row["system_a"], row["system_b"], row["stratum"], row["scorer_id"], row["metric"]): row
            for row in differences
            if (row["dataset"], row["split"]) == here
        }
        models = {system.name for system in side.of(MODEL)}
        told = {key[2] for key in self._figures if key[0] in models and key[3].startswith("flag_")}
        self.checks = max(told, default=None)
        """Version of the checks that flags are told of: the models' newest; None: never checked."""

    @property
    def models(self) -> list[str]:
        """Names of the models, what runs now first."""
        return [system.name for system in self.side.of(MODEL)]

    def figure(self, system: str, stratum: str, metric: str) -> Row | None:
        """Return the row of the main scorer, or of the checks for a flag; None for none."""
        return self._figures.get((system, stratum, self._scorer(metric), metric))

    def difference(self, a: str, b: str, stratum: str, metric: str) -> Row | None:
        """Return the row of `a` less `b`, likewise."""
        return self._differences.get((a, b, stratum, self._scorer(metric), metric))

    def differences_in(self, metric: str) -> dict[tuple[str, str, str], Row]:
        """Return the rows of a metric of the main scorer by first system, second and stratum, as they came."""
        return {
            (a, b, stratum): row
            for (a, b, stratum, scorer, of), row in self._differences.items()
            if (scorer, of) == (self.plan.main_scorer, metric)
        }

    def _scorer(self, metric: str) -> str:
        of_checks = metric.startswith("flag_") or metric in FLAGS_OF_BOTH
        return str(self.checks if of_checks else self.plan.main_scorer)
