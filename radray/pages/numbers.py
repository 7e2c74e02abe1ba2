"""What the page draws for one dataset and split: figures, the values behind them, the look of each system."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import Floats
from radray.evaluation.strata import ALL
from radray.evaluation.systems import FLOOR, System
from radray.pages.charts.svg import DASHES, INK, MARKERS, MUTED, SERIES
from radray.pages.evaluation_tables import HEADLINE
from radray.pages.figures import Figures, stratum_of


def label_of(flag: str) -> str:
    """Return the class of a flag in words, with the reports that its rate is of where these are not all."""
    words = flag.replace("_", " ")
    return words if stratum_of(flag) == ALL else f"{words}, of the reports with a critical finding"


@dataclass(frozen=True, slots=True)
class Look:
    """How a system is drawn, the same in every chart."""

    color: str
    dash: Any
    marker: str


class Numbers(Figures):
    """Figures and differences, with the values behind them and the look of each system."""

    def scored(self) -> list[System]:
        """Return the systems that have a ROUGE score for any report."""
        return [
            system for system in self.side.systems.values() if (self.choices.main_scorer, HEADLINE) in system.values
        ]

    def values(self, system: System, metric: str, stratum: str = ALL) -> Floats:
        """Return the main scorer's values of the reports of a stratum that have one; order is without meaning."""
        column = system.values.get((self.choices.main_scorer, metric))
        if column is None or stratum not in self.side.strata:
            return np.empty(0)
        inside = column[self.side.strata[stratum]]
        return np.asarray(inside[~np.isnan(inside)])

    def look(self, system: str) -> Look:
        """Return the look of a system: models in colour, floors in grey, the radiologist in ink."""
        models = self.models
        if system in models:
            place = models.index(system)
            dash = DASHES[place // len(SERIES) % len(DASHES)]
            return Look(SERIES[place % len(SERIES)], dash, MARKERS[place % len(MARKERS)])
        floors: Sequence[str] = [floor.name for floor in self.side.of(FLOOR)]
        if system in floors:
            place = floors.index(system)
            return Look(MUTED, DASHES[1 + place % (len(DASHES) - 1)], MARKERS[-1 - place % 3])
        return Look(INK, DASHES[0], "D")
