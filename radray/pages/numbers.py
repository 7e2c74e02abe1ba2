"""The numbers of one dataset and split, found by what they are of: the same rows that the tables hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from radray.metrics.bootstrap import Floats
from radray.metrics.evaluation import Plan
from radray.metrics.report_strata import ALL
from radray.metrics.side_by_side import FLOOR, MODEL, SideBySide, System
from radray.pages.evaluation_tables import stratum_of
from radray.pages.svg import DASHES, INK, MARKERS, MUTED, SERIES

Row = Mapping[str, Any]


def label_of(flag: str) -> str:
    """Return the class of a flag in words, with the reports that it is told of where these are not all."""
    words = flag.replace("_", " ")
    return words if stratum_of(flag) == ALL else f"{words}, of the reports with a critical finding"


@dataclass(frozen=True, slots=True)
class Look:
    """How a system is drawn, in every chart alike."""

    color: str
    dash: Any
    marker: str


class Numbers:
    """Figures and differences of one dataset and split."""

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
        scorers = {key[2] for key in self._figures if key[3].startswith("flag_")}
        self.checks = max(scorers, default=None)
        """Version of the checks that flags are told of: the newest where rows have several; None: never checked."""

    @property
    def models(self) -> list[str]:
        """Names of the models, what runs now first."""
        return [system.name for system in self.side.of(MODEL)]

    def scored(self) -> list[System]:
        """Return the systems with a ROUGE score of some report."""
        return [one for one in self.side.systems.values() if (self.plan.main_scorer, "rouge1") in one.values]

    def figure(self, system: str, stratum: str, metric: str) -> Row | None:
        """Return the row of the main scorer, or of the checks for a flag; None for none."""
        scorer = self.checks if metric.startswith("flag_") else self.plan.main_scorer
        return self._figures.get((system, stratum, str(scorer), metric))

    def difference(self, a: str, b: str, stratum: str, metric: str) -> Row | None:
        """Return the row of `a` less `b`, likewise."""
        scorer = self.checks if metric.startswith("flag_") else self.plan.main_scorer
        return self._differences.get((a, b, stratum, str(scorer), metric))

    def values(self, system: System, metric: str, stratum: str = ALL) -> Floats:
        """Return the values of the main scorer that the reports of a stratum have, in no order."""
        found = system.values.get((self.plan.main_scorer, metric))
        if found is None or stratum not in self.side.strata:
            return np.empty(0)
        inside = found[self.side.strata[stratum]]
        return np.asarray(inside[~np.isnan(inside)])

    def look(self, system: str) -> Look:
        """Return how the system is drawn: models in colours, floors in grey, the radiologist in ink."""
        models = self.models
        if system in models:
            place = models.index(system)
            dash = DASHES[place // len(SERIES) % len(DASHES)]
            return Look(SERIES[place % len(SERIES)], dash, MARKERS[place % len(MARKERS)])
        floors: Sequence[str] = [one.name for one in self.side.of(FLOOR)]
        if system in floors:
            place = floors.index(system)
            return Look(MUTED, DASHES[1 + place % (len(DASHES) - 1)], MARKERS[-1 - place % 3])
        return Look(INK, DASHES[0], "D")
