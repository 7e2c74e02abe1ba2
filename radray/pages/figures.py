"""The figures and differences of one dataset and split, looked up by system, stratum and metric."""

from collections.abc import Iterable, Mapping
from typing import Any

from radray.checks.check import checks_version
from radray.evaluation.concept_f1 import CONCEPT_F1
from radray.evaluation.figures import OUTSIDE, FigureChoices
from radray.evaluation.strata import ALL, CRITICAL
from radray.evaluation.systems import FLAGS_OF_BOTH, MODEL, SideBySide

Row = Mapping[str, Any]


def stratum_of(flag: str) -> str:
    """Return the stratum that a flag is reported on: only a report with a critical finding can have it missed."""
    return CRITICAL if flag == "critical_missed" else ALL


class Figures:
    """Rows of `evaluations` and `comparisons` of one dataset and split."""

    def __init__(
        self, side: SideBySide, choices: FigureChoices, figures: Iterable[Row], differences: Iterable[Row]
    ) -> None:
        self.side = side
        self.choices = choices
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
        versions = {key[2] for key in self._figures if key[0] in models and key[3].startswith("flag_")}
        self.checks = max(versions, default=None)
        """Version of the checks whose flags are shown: the newest of the models'; None: never checked."""
        self.outside = {key[3]: key[2] for key in sorted(self._figures) if key[2].startswith(OUTSIDE)}
        """The metrics of another program, each with its scorer id."""

    @property
    def models(self) -> list[str]:
        """Names of the models, the base of the comparison first."""
        return [system.name for system in self.side.of(MODEL)]

    def has(self, metric: str) -> bool:
        """Return whether there is a figure of `metric`, by any scorer."""
        return any(key[3] == metric for key in self._figures)

    def figure(self, system: str, stratum: str, metric: str) -> Row | None:
        """Return the row of the scorer that `metric` is of: the main scorer for ROUGE; None where there is none."""
        return self._figures.get((system, stratum, self._scorer(metric), metric))

    def difference(self, a: str, b: str, stratum: str, metric: str) -> Row | None:
        """Return the row for `a` minus `b`, likewise."""
        return self._differences.get((a, b, stratum, self._scorer(metric), metric))

    def differences_in(self, metric: str) -> dict[tuple[str, str, str], Row]:
        """Return the main scorer's rows of a metric by (first system, second system, stratum), in the order given."""
        return {
            (a, b, stratum): row
            for (a, b, stratum, scorer, name), row in self._differences.items()
            if (scorer, name) == (self._scorer(metric), metric)
        }

    def _scorer(self, metric: str) -> str:
        if metric == CONCEPT_F1:
            return checks_version()
        if metric in self.outside:
            return self.outside[metric]
        of_checks = metric.startswith("flag_") or metric in FLAGS_OF_BOTH
        return str(self.checks if of_checks else self.choices.main_scorer)
