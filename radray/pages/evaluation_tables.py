"""An evaluation as tables of a terminal: the headline first, then the forms of the published study, then the rest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.table import Table

from radray.evaluation.figures import Plan
from radray.evaluation.published import Published
from radray.evaluation.scoring import EXACT, NO_OVERLAP, READS_NORMAL
from radray.evaluation.strata import ABNORMAL, ALL, STANDARDISED
from radray.evaluation.systems import FLAGS_OF_BOTH, NEAREST, RADIOLOGIST, SideBySide
from radray.flags import CLASSES
from radray.pages.figures import Figures, Row, stratum_of

TITLES = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougel": "ROUGE-L", "rougelsum": "ROUGE-Lsum"}
"""Metrics of the published study, in its order, as it names them."""
HEADLINE = "rouge1"
DESCRIBED = {"count": "n", "mean": "mean", "std": "sd", "min": "min", "25%": "p25", "50%": "p50", "75%": "p75"}
"""Rows of the published distributions, and their columns of `evaluations`; max follows."""

MASK = "mask"
MASK_NOTE = "Masks in the radiologists' impressions are what de-identification took out, no error of theirs."


class Shown(Figures):
    """What there is to show of one dataset and split; `pretrained`: the system that the gain is over."""

    def __init__(
        self,
        side: SideBySide,
        plan: Plan,
        evaluations: Iterable[Row],
        comparisons: Iterable[Row],
        published: Published | None = None,
        pretrained: str | None = None,
    ) -> None:
        super().__init__(side, plan, evaluations, comparisons)
        self.published = published
        self.pretrained = pretrained

    def tables(self) -> Iterator[Table]:
        """Yield the tables in order; those of which nothing is known are left out."""
        if any(key[3] == HEADLINE for key in self._figures):
            yield self.headline()
            yield self.means()
            yield from self.distributions()
            yield self.differences()
            yield self.strata()
        flags = self.flags()
        if flags.row_count:
            yield flags
        deferral = self.deferral()
        if deferral.row_count:
            yield deferral

    def headline(self) -> Table:
        """Return ROUGE-1 of abnormal references, of all, and standardised, with what a mean hides."""
        n = {of: int(members[self.side.referenced].sum()) for of, members in self.side.strata.items()}
        table = self._table(
            "ROUGE-1, mean and 95 % interval by split key",
            *("system", f"abnormal, n={n.get(ABNORMAL, 0):,}", f"all, n={n.get(ALL, 0):,}"),
            *(f"standardised, {self.plan.normal_weight:g} normal", "normal for abnormal", "equal", "no word"),
            *("missing", "failed"),
        )
        for system in self._scored():
            whole = self.figure(system, ALL, HEADLINE)
            table.add_row(
                system,
                *(with_interval(self.figure(system, of, HEADLINE)) for of in (ABNORMAL, ALL, STANDARDISED)),
                _mean(self.figure(system, ABNORMAL, READS_NORMAL), 3),
                *(_mean(self.figure(system, ALL, of), 3) for of in (EXACT, NO_OVERLAP)),
                *("-" if whole is None else f"{whole[name]:,}" for name in ("missing", "failed")),
            )
        return table

    def means(self) -> Table:
        """Return the published study's table of means, all references: ours, the published ones, and the gains."""
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
                    told = (f"{points[metric]:+.2f}" for metric in TITLES)
                    table.add_row(f"published gain on {dataset}, points", *told, "fine-tuned less pretrained")
        return table

    def distributions(self) -> Iterator[Table]:
        """Yield the published study's table of a distribution for each model, and the published one of this dataset."""
        for system in self.models:
            figures = {metric: self.figure(system, ALL, metric) for metric in TITLES}
            if all(figures.values()):
                yield self._distribution(system, {name: row or {} for name, row in figures.items()})
        if self.published is not None and self.side.dataset in self.published.distributions:
            yield self._distribution("published", self.published.distributions[self.side.dataset])

    def differences(self) -> Table:
        """Return the paired differences in ROUGE-1: each model less each floor and each model before it."""
        table = self._table(
            "ROUGE-1, paired difference, points", "system", "less", "abnormal", "p", "all", "p", "standardised", "p"
        )
        rows = self.differences_in(HEADLINE)
        for a, b in dict.fromkeys((a, b) for a, b, _ in rows):
            told = [rows.get((a, b, stratum)) for stratum in (ABNORMAL, ALL, STANDARDISED)]
            table.add_row(a, b, *(cell for row in told for cell in (_points(row), _p(row))))
        return table

    def strata(self) -> Table:
        """Return ROUGE-1 of the models and the nearest neighbour in every stratum."""
        systems = [name for name in self._scored() if name in {*self.models, NEAREST}]
        table = self._table("ROUGE-1 by stratum", "stratum", "reports", *systems)
        for stratum, members in self.side.strata.items():
            n = int((members & self.side.referenced).sum())
            if not n:
                continue
            table.add_row(stratum, f"{n:,}", *(with_interval(self.figure(one, stratum, HEADLINE)) for one in systems))
        return table

    def flags(self) -> Table:
        """Return the rates of the clinical checks: the radiologist's own, and each model's excess over it.

        Of masks there is no excess: `MASK_NOTE`.
        """
        shown = [*self.models, NEAREST]
        told: dict[str, dict[str, Row]] = {}
        for metric in (*(f"flag_{name}" for name in CLASSES), *FLAGS_OF_BOTH):
            stratum = stratum_of(metric.removeprefix("flag_"))
            rows = {name: self.difference(name, RADIOLOGIST, stratum, metric) for name in shown}
            told[metric] = {name: row for name, row in rows.items() if row is not None}
        systems = [name for name in shown if any(name in of for of in told.values())]
        table = self._table(
            "Clinical checks, per cent of the reports to which each applies; excess over the radiologist, points",
            *("check", RADIOLOGIST, *systems),
        )
        for metric, of in told.items():
            if metric in ("flag_unsupported", FLAGS_OF_BOTH[0]):  # Tier B, and what is no error, stand apart
                table.add_section()
            if not of:
                continue
            excess = (lambda row: "") if metric == f"flag_{MASK}" else _points
            found = [of.get(one) for one in systems]
            rates = ["-" if one is None else f"{100 * one['mean_a']:.1f} {excess(one)}".rstrip() for one in found]
            own = next(iter(of.values()))["mean_b"]
            table.add_row(metric.removeprefix("flag_"), f"{100 * own:.1f}", *rates)
        return table

    def deferral(self) -> Table:
        """Return what deferring the predictions of the least confidence leaves."""
        table = self._table(
            "Deferring the least confident: mean ROUGE-1 and share with a Tier A flag of the rest",
            *("system", "confidence", "AURC (best, random)", "none", *(f"{share} %" for share in (10, 20, 30, 50))),
        )
        for system in self.models:
            for name in ("logprob", "margin"):
                area = [self.figure(system, ALL, f"aurc_{name}{end}") for end in ("", "_oracle", "_random")]
                if area[0] is None:
                    continue
                cells = []
                for share in (10, 20, 30, 50):
                    pair = [self.figure(system, ALL, f"deferred_{share}_{what}_{name}") for what in ("mean", "flagged")]
                    cells.append(f"{_mean(pair[0], 3)}, {_mean(pair[1], 3)}")
                every = [self.figure(system, ALL, one) for one in (HEADLINE, f"aurc_flags_{name}_random")]
                whole = f"{_mean(every[0], 3)}, {_mean(every[1], 3)}"
                table.add_row(
                    system, name, f"{_mean(area[0], 3)} ({_mean(area[1], 3)}, {_mean(area[2], 3)})", whole, *cells
                )
        return table

    def _gains(self) -> Iterator[Sequence[str]]:
        """Yield the twin of the published gain: each model less the one before fine-tuning, with its interval."""
        if self.pretrained is None:
            return
        for model in self.models:
            cells = []
            for metric in TITLES:
                gain = self.difference(model, self.pretrained, ALL, metric)
                loss = self.difference(self.pretrained, model, ALL, metric)
                cells += [_points(row, sign) for row, sign in ((gain, 1), (loss, -1)) if row is not None]
            if cells:
                yield (f"gain of {model}, points", *cells, f"less {self.pretrained}")

    def _distribution(self, system: str, figures: Mapping[str, Row]) -> Table:
        table = self._table(f"Distribution of the F-measure, {system}", "", *TITLES.values())
        for name, column in (DESCRIBED | {"max": "max"}).items():
            values = [figures[metric][column] for metric in TITLES]
            form = ",.0f" if name == "count" else ".4f"
            table.add_row(name, *("-" if one is None else f"{one:{form}}" for one in values))
        return table

    def _scored(self) -> list[str]:
        return [name for name in self.side.systems if self.figure(name, ALL, HEADLINE)]

    def _table(self, title: str, *columns: str) -> Table:
        return Table(*columns, title=f"{title} ({self.side.dataset}, {self.side.split})")


def _mean(row: Row | None, digits: int) -> str:
    return "-" if row is None else f"{row['mean']:.{digits}f}"


def with_interval(row: Row | None) -> str:
    """Return a mean with its 95 % interval where it has one, `-` for none."""
    if row is None:
        return "-"
    ends = "" if row["ci_low"] is None else f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    return f"{row['mean']:.3f}{ends}"


def _points(row: Row | None, sign: int = 1) -> str:
    if row is None:
        return "-"
    ends = () if row["ci_low"] is None else sorted((100 * sign * row["ci_low"], 100 * sign * row["ci_high"]))
    return f"{100 * sign * row['difference']:+.1f}" + (f" [{ends[0]:+.1f}, {ends[1]:+.1f}]" if ends else "")


def _p(row: Row | None) -> str:
    return "-" if row is None or row["p_value"] is None else f"{row['p_value']:.4f}"
