"""The figures of one task as tables: floors first, then models, by how much they differ, and each label."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.table import Table

from radray.evaluation.answers.ranking import FALSE_ALARMS
from radray.evaluation.answers.side import GOLD, LABEL, PART, Answered
from radray.evaluation.answers.tally import ACCURACY, ENOUGH, F1, MACRO_F1, REPORT_ACCURACY, SENSITIVITY
from radray.evaluation.strata import ALL
from radray.evaluation.systems import FLOOR, MODEL
from radray.pages.evaluation_tables import p_value, points, with_interval

Row = Mapping[str, Any]

METRICS = {
    SENSITIVITY: f"errors seen at {FALSE_ALARMS:.0%} false alarms".replace("%", " %"),
    MACRO_F1: f"macro F1, labels with n >= {ENOUGH}",
    ACCURACY: "answers all right",
    REPORT_ACCURACY: "reports all right",
}
"""Metrics of a whole task, in the order of the tables' columns."""


class TaskTables:
    """The tables of one task on one dataset and split, from its rows of `evaluations` and `comparisons`."""

    def __init__(self, task: str, side: Answered, figures: Iterable[Row], differences: Iterable[Row]) -> None:
        self.task = task
        self.side = side
        self._figures = {(row["system"], row["stratum"], row["metric"]): row for row in figures}
        self._differences = {
            (row["system_a"], row["system_b"], row["stratum"], row["metric"]): row for row in differences
        }

    @property
    def floors(self) -> list[str]:
        """Names of the floors, in order."""
        return [system.name for system in self.side.of(FLOOR)]

    @property
    def models(self) -> list[str]:
        """Names of the models, the base first."""
        return [system.name for system in self.side.of(MODEL)]

    @property
    def metrics(self) -> list[str]:
        """The metrics of METRICS that any system has, in order."""
        known = {metric for _, _, metric in self._figures}
        return [metric for metric in METRICS if metric in known]

    @property
    def decisive(self) -> list[str]:
        """The metrics by which systems are compared in words: errors seen, where the task looks for any, and F1.

        Macro F1, or accuracy where no label is frequent; [] without a figure.
        """
        known = {metric for _, stratum, metric in self._figures if stratum == ALL}
        others = [metric for metric in METRICS if metric in known and metric != SENSITIVITY]
        return [metric for metric in (SENSITIVITY, *others[:1]) if metric in known]

    def figure(self, system: str, stratum: str, metric: str) -> Row | None:
        """Return the row of `evaluations`; None where there is none."""
        return self._figures.get((system, stratum, metric))

    def difference(self, a: str, b: str, stratum: str, metric: str) -> Row | None:
        """Return the row of `comparisons` for `a` minus `b`; None where there is none."""
        return self._differences.get((a, b, stratum, metric))

    def tables(self) -> Iterator[Table]:
        """Yield the tables in order, without those that would be empty."""
        for table in (self.headline(), self.differences(), self.labels()):
            if table.row_count:
                yield table

    def headline(self) -> Table:
        """Return each system on all examples, and on those of each source of gold and each part that are apart."""
        names = (METRICS[metric] for metric in self.metrics)
        table = self._table("mean and 95 % interval", "system", "examples", *names, "n", "failed", "missing")
        strata = [ALL, *sorted({stratum for _, stratum, _ in self._figures if stratum.startswith((GOLD, PART))})]
        for stratum in strata:
            for system in (*self.floors, *self.models):
                rows = [self.figure(system, stratum, metric) for metric in self.metrics]
                whole = self.figure(system, stratum, ACCURACY)
                if whole is not None:
                    counts = (f"{whole[name]:,}" for name in ("n", "failed", "missing"))
                    table.add_row(
                        system, stratum.removeprefix(GOLD).removeprefix(PART), *map(with_interval, rows), *counts
                    )
        return table

    def differences(self) -> Table:
        """Return each model minus each floor, then minus each model before it."""
        columns = [cell for metric in self.metrics for cell in (METRICS[metric], "p")]
        table = self._table("paired difference, points", "system", "minus", *columns)
        for model in self.models:
            for other in (*self.floors, *self.models):
                rows = [self.difference(model, other, ALL, metric) for metric in self.metrics]
                if any(rows):
                    table.add_row(model, other, *(cell for row in rows for cell in (points(row), p_value(row))))
        return table

    def labels(self) -> Table:
        """Return F1 of each label that the right answers have, the most frequent first."""
        systems = (*self.floors, *self.models)
        table = self._table("F1 of each label", "label", "n", *systems)
        n: dict[str, int] = {}
        for (_, stratum, metric), row in self._figures.items():
            if metric == F1:
                n[stratum] = max(n.get(stratum, 0), row["n"])
        for stratum in sorted(n, key=lambda stratum: (-n[stratum], stratum)):
            rows = (self.figure(system, stratum, F1) for system in systems)
            table.add_row(stratum.removeprefix(LABEL), f"{n[stratum]:,}", *map(with_interval, rows))
        return table

    def _table(self, title: str, *columns: str) -> Table:
        return Table(*columns, title=f"{self.task}: {title} ({self.side.dataset}, {self.side.split})")
