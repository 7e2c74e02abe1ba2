"""What a page draws of one dataset and split: the figures, the values behind them, and how each system looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from radray.evaluation.bootstrap import Floats
from radray.evaluation.strata import ALL
from radray.evaluation.systems import FLOOR, System
from radray.pages.charts.svg import DASHES, INK, MARKERS, MUTED, SERIES
from radray.pages.figures import Figures, stratum_of


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


class Numbers(Figures):
    """Figures and differences, with the values behind them and how they are drawn."""

    def scored(self) -> list[System]:
        """Return the systems with a ROUGE score of some report."""
        return [one for one in self.side.systems.values() if (self.plan.main_scorer, "rouge1") in one.values]

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
