"""An evaluation as tables for a terminal: the headline, then the tables of the published study, then the rest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.table import Table

from radray.evaluation.concept_f1 import CONCEPT_F1
from radray.evaluation.figures import FigureChoices
from radray.evaluation.outside.published import PublishedResults
from radray.evaluation.scoring import EXACT, NO_OVERLAP, READS_NORMAL
from radray.evaluation.strata import ABNORMAL, ALL, STANDARDISED
from radray.evaluation.systems import CONFIDENCES, FLAGS_OF_BOTH, NEAREST, RADIOLOGIST, SideBySide
from radray.flags import CLASSES
from radray.pages.deferral_tables import bounds_table, deferred_table
from radray.pages.figures import Figures, Row, stratum_of

TITLES = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougel": "ROUGE-L", "rougelsum": "ROUGE-Lsum"}
"""Metrics in the order and with the names of the published study."""
HEADLINE = "rouge1"
DESCRIBED = {"count": "n", "mean": "mean", "std": "sd", "min": "min", "25%": "p25", "50%": "p50", "75%": "p75"}
"""Rows of the published distributions, each with its column of `evaluations`; max follows."""

MASK = "mask"
MASK_NOTE = "Masks in the radiologists' impressions come from de-identification and are not their errors."


class EvaluationTables(Figures):
    """The tables of one dataset and split; gains are over the system `pretrained`."""

    def __init__(
        self,
        side: SideBySide,
        choices: FigureChoices,
        evaluations: Iterable[Row],
        comparisons: Iterable[Row],
        published: PublishedResults | None = None,
        pretrained: str | None = None,
    ) -> None:
        super().__init__(side, choices, evaluations, comparisons)
        self.published = published
        self.pretrained = pretrained

    def tables(self) -> Iterator[Table]:
        """Yield the tables in order, without those that would be empty."""
        if self.has(HEADLINE):
            yield self.headline()
            yield self.means()
            yield from self.distributions()
            yield self.differences()
            yield self.strata()
        if self.has(CONCEPT_F1):
            yield self.concepts()
            yield self.differences(CONCEPT_F1, "Concept F1")
        for metric in self.outside:
            yield self.scores(metric, f"{metric}, by another program: mean and 95 % interval")
            yield self.differences(metric, f"{metric}, by another program")
        flags = self.flags()
        if flags.row_count:
            yield flags
        for deferral in (self.deferral(), bounds_table(self.side, self.figure), deferred_table(self.side)):
            if deferral.row_count:
                yield deferral

    def headline(self) -> Table:
        """Return ROUGE-1 on abnormal references, on all, and standardised, with what a mean hides."""
        n = {name: int(members[self.side.referenced].sum()) for name, members in self.side.strata.items()}
        table = self._table(
            "ROUGE-1, mean and 95 % interval by split key",
            *("system", f"abnormal, n={n.get(ABNORMAL, 0):,}", f"all, n={n.get(ALL, 0):,}"),
            *(f"standardised, {self.choices.normal_weight:g} normal", "normal for abnormal", "identical", "no overlap"),
            *("missing", "failed"),
        )
        for system in self._scored():
            whole = self.figure(system, ALL, HEADLINE)
            table.add_row(
                system,
                *(with_interval(self.figure(system, name, HEADLINE)) for name in (ABNORMAL, ALL, STANDARDISED)),
                _mean(self.figure(system, ABNORMAL, READS_NORMAL), 3),
                *(_mean(self.figure(system, ALL, name), 3) for name in (EXACT, NO_OVERLAP)),
                *("-" if whole is None else f"{whole[name]:,}" for name in ("missing", "failed")),
            )
        return table

    def means(self) -> Table:
        """Return the means over all references, in the form of the published study: ours, published, the gains."""
        table = self._table("Mean F-measure", "system", *TITLES.values(), "comparable")
        for system in self._scored():
            table.add_row(system, *(_mean(self.figure(system, ALL, metric), 4) for metric in TITLES), "")
        for gain in self._gains():
            table.add_row(*gain)
        if self.published is not None:
            table.add_section()
            for result in self.published.results:
                means = (f"{result.means[metric]:.4f}" for metric in TITLES)
                table.add_row(f"published: {result.system}", *means, result.mark(self.side.dataset))
            for dataset in dict.fromkeys(result.dataset for result in self.published.results):
                points = self.published.gain(dataset)
                if points is not None:
                    cells = (f"{points[metric]:+.2f}" for metric in TITLES)
                    table.add_row(f"published gain on {dataset}, points", *cells, "fine-tuned minus pretrained")
        return table

    def distributions(self) -> Iterator[Table]:
        """Yield the distribution of each model, in the form of the published study, and the published one."""
        for system in self.models:
            figures = {metric: self.figure(system, ALL, metric) for metric in TITLES}
            if all(figures.values()):
                yield self._distribution(system, {name: row or {} for name, row in figures.items()})
        if self.published is not None and self.side.dataset in self.published.distributions:
            yield self._distribution("published", self.published.distributions[self.side.dataset])

    def concepts(self) -> Table:
        """Return concept F1 on abnormal references, on all, and standardised."""
        return self.scores(
            CONCEPT_F1, "Concept F1: findings in common, by state, side and urgency; mean and 95 % interval"
        )

    def scores(self, metric: str, title: str) -> Table:
        """Return `metric` on abnormal references, on all, and standardised."""
        table = self._table(title, "system", "abnormal", "all", "standardised")
        for system in self.side.systems:
            if self.figure(system, ALL, metric):
                rows = (self.figure(system, name, metric) for name in (ABNORMAL, ALL, STANDARDISED))
                table.add_row(system, *map(with_interval, rows))
        return table

    def differences(self, metric: str = HEADLINE, title: str = TITLES[HEADLINE]) -> Table:
        """Return the paired differences in `metric`: each model minus each floor and each model before it."""
        table = self._table(
            f"{title}, paired difference, points", "system", "minus", "abnormal", "p", "all", "p", "standardised", "p"
        )
        rows = self.differences_in(metric)
        for a, b in dict.fromkeys((a, b) for a, b, _ in rows):
            shown = [rows.get((a, b, stratum)) for stratum in (ABNORMAL, ALL, STANDARDISED)]
            table.add_row(a, b, *(cell for row in shown for cell in (points(row), p_value(row))))
        return table

    def strata(self) -> Table:
        """Return ROUGE-1 of the models and of the nearest neighbour in every stratum."""
        systems = [name for name in self._scored() if name in {*self.models, NEAREST}]
        table = self._table("ROUGE-1 by stratum", "stratum", "reports", *systems)
        for stratum, members in self.side.strata.items():
            n = int((members & self.side.referenced).sum())
            if not n:
                continue
            means = (with_interval(self.figure(name, stratum, HEADLINE)) for name in systems)
            table.add_row(stratum, f"{n:,}", *means)
        return table

    def flags(self) -> Table:
        """Return the rates of the clinical checks: the radiologists' own, and each model's with its excess.

        Masks have no excess: `MASK_NOTE`.
        """
        shown = [*self.models, NEAREST]
        by_metric: dict[str, dict[str, Row]] = {}
        for metric in (*(f"flag_{name}" for name in CLASSES), *FLAGS_OF_BOTH):
            stratum = stratum_of(metric.removeprefix("flag_"))
            rows = {name: self.difference(name, RADIOLOGIST, stratum, metric) for name in shown}
            by_metric[metric] = {name: row for name, row in rows.items() if row is not None}
        systems = [name for name in shown if any(name in by_system for by_system in by_metric.values())]
        table = self._table(
            "Clinical checks: % of the reports to which each applies; excess over the radiologists, points",
            *("check", RADIOLOGIST, *systems),
        )
        for metric, by_system in by_metric.items():
            if metric in ("flag_unsupported", FLAGS_OF_BOTH[0]):  # Tier B, then what is no error
                table.add_section()
            if not by_system:
                continue
            excess = (lambda row: "") if metric == f"flag_{MASK}" else points
            shown_rows = [by_system.get(name) for name in systems]
            rates = ["-" if row is None else f"{100 * row['mean_a']:.1f} {excess(row)}".rstrip() for row in shown_rows]
            own = next(iter(by_system.values()))["mean_b"]
            table.add_row(metric.removeprefix("flag_"), f"{100 * own:.1f}", *rates)
        return table

    def deferral(self) -> Table:
        """Return the figures of the predictions that remain when the least confident ones are deferred."""
        table = self._table(
            "Deferring the least confident: mean ROUGE-1 of the rest, and its share with a Tier A flag",
            *("system", "confidence", "AURC (best, random)", "none", *(f"{share} %" for share in (10, 20, 30, 50))),
        )
        for system in self.models:
            for name in CONFIDENCES:
                area = [self.figure(system, ALL, f"aurc_{name}{end}") for end in ("", "_oracle", "_random")]
                if area[0] is None:
                    continue
                cells = []
                for share in (10, 20, 30, 50):
                    pair = [self.figure(system, ALL, f"deferred_{share}_{what}_{name}") for what in ("mean", "flagged")]
                    cells.append(f"{_mean(pair[0], 3)}, {_mean(pair[1], 3)}")
                every = [self.figure(system, ALL, metric) for metric in (HEADLINE, f"aurc_flags_{name}_random")]
                whole = f"{_mean(every[0], 3)}, {_mean(every[1], 3)}"
                table.add_row(
                    system, name, f"{_mean(area[0], 3)} ({_mean(area[1], 3)}, {_mean(area[2], 3)})", whole, *cells
                )
        return table

    def _gains(self) -> Iterator[Sequence[str]]:
        """Yield the counterpart of the published gain: each model minus the one before fine-tuning, with intervals."""
        if self.pretrained is None:
            return
        for model in self.models:
            cells = []
            for metric in TITLES:
                gain = self.difference(model, self.pretrained, ALL, metric)
                loss = self.difference(self.pretrained, model, ALL, metric)
                cells += [points(row, sign) for row, sign in ((gain, 1), (loss, -1)) if row is not None]
            if cells:
                yield (f"gain of {model}, points", *cells, f"minus {self.pretrained}")

    def _distribution(self, system: str, figures: Mapping[str, Row]) -> Table:
        table = self._table(f"Distribution of the F-measure, {system}", "", *TITLES.values())
        for name, column in (DESCRIBED | {"max": "max"}).items():
            values = [figures[metric][column] for metric in TITLES]
            form = ",.0f" if name == "count" else ".4f"
            table.add_row(name, *("-" if value is None else f"{value:{form}}" for value in values))
        return table

    def _scored(self) -> list[str]:
        return [name for name in self.side.systems if self.figure(name, ALL, HEADLINE)]

    def _table(self, title: str, *columns: str) -> Table:
        return Table(*columns, title=f"{title} ({self.side.dataset}, {self.side.split})")


def _mean(row: Row | None, digits: int) -> str:
    return "-" if row is None else f"{row['mean']:.{digits}f}"


def with_interval(row: Row | None) -> str:
    """Return a mean, with its 95 % interval where it has one; `-` for None."""
    if row is None:
        return "-"
    ends = "" if row["ci_low"] is None else f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    return f"{row['mean']:.3f}{ends}"


def points(row: Row | None, sign: int = 1) -> str:
    """Return a difference in points, with its 95 % interval where it has one; `-` for None."""
    if row is None:
        return "-"
    ends = () if row["ci_low"] is None else sorted((100 * sign * row["ci_low"], 100 * sign * row["ci_high"]))
    return f"{100 * sign * row['difference']:+.1f}" + (f" [{ends[0]:+.1f}, {ends[1]:+.1f}]" if ends else "")


def p_value(row: Row | None) -> str:
    """Return the p-value of a difference; `-` where it has none."""
    return "-" if row is None or row["p_value"] is None else f"{row['p_value']:.4f}"
