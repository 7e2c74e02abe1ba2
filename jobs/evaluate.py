"""Models side by side on the same reports, with the floors that need no model → the table `evaluations`."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from jobs import cli
from radray.config import Settings, dump_settings
from radray.errors import ConfigError, InputError
from radray.metrics.floors import NearestNeighbour, best_constant, first_sentence
from radray.metrics.rouge import Scorer
from radray.metrics.strata import is_normal
from radray.metrics.summary import Summary, summarise
from radray.schemas import EVALUATIONS, PREDICTIONS, REPORTS, ReportStatus
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import digest, new_run_id, run_key
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow, recorded

METRICS = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougel": "ROUGE-L", "rougelsum": "ROUGE-Lsum"}
STRATA = ("all", "abnormal", "normal")
FLOORS = ("floor: best constant", "floor: first sentence", "floor: nearest neighbour")

Scores = Mapping[str, float]
"""F-measure by metric."""


@dataclass(slots=True)
class Comparison:
    """Systems on the same reports of one dataset and split: scores by system, then by place in `strata`."""

    dataset: str
    split: str
    strata: list[str]
    """normal or abnormal, by place: a property of the reference."""
    scores: dict[str, list[Scores]] = field(default_factory=dict)

    def summary(self, system: str, stratum: str, metric: str) -> Summary | None:
        """Return the summary of a metric over the stratum's reports; None when it has no report."""
        pairs = zip(self.strata, self.scores[system], strict=True)
        values = [scores[metric] for of, scores in pairs if stratum in ("all", of)]
        return summarise(values) if values else None


def steps(settings: Settings) -> list[str]:
    """Return what the job would do."""
    if settings.evaluate.published is not None and not Path(settings.evaluate.published).is_file():
        raise ConfigError(f"evaluate.published={settings.evaluate.published}: no such file")
    dataset, split = settings.source.dataset or "each", settings.split.name or "each"
    return [
        f"read {settings.warehouse.uri}: predictions, batch_date={settings.date}, dataset={dataset}, split={split}",
        f"score floors from the training reports of the same dataset: {', '.join(FLOORS)}",
        f"write {settings.warehouse.uri}: evaluations",
    ]


def evaluate(settings: Settings, console: Console) -> list[Comparison]:
    """Compare all systems on each dataset and split of `date`, print the tables and append to `evaluations`."""
    steps(settings)
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    scorer = Scorer(stemmer=settings.score.stemmer)
    predictions = read_predictions(warehouse, settings, scorer.scorer_id)
    about = {"batch_date": settings.date, "dataset": settings.source.dataset, "split": settings.split.name}
    input_digest = digest([[row["unit_id"], row["model_digest"]] for row in predictions])
    row = RunRow(
        run_id=new_run_id("evaluate"),
        job="evaluate",
        run_key=run_key("evaluate", {"input": input_digest, "scorer": scorer.scorer_id}),
        config=dump_settings(settings),
        about={**about, "input_digest": input_digest},
    )
    comparisons = []
    with recorded(warehouse, row) as counts:
        for dataset, split in sorted({(one["dataset"], one["split"]) for one in predictions}):
            chosen = [one for one in predictions if (one["dataset"], one["split"]) == (dataset, split)]
            comparison, reports = side_by_side(dataset, split, chosen, console)
            add_floors(comparison, reports, training_pairs(warehouse, dataset, reports), settings, console)
            comparisons.append(comparison)
            show(comparison, settings, console)
        rows = [
            one for comparison in comparisons for one in figures(comparison, settings, row.run_id, scorer.scorer_id)
        ]
        append_rows(warehouse, EVALUATIONS, to_arrow(rows, EVALUATIONS))
        counts["input_units"] = len(predictions)
    return comparisons


def read_predictions(warehouse: Warehouse, settings: Settings, scorer_id: str) -> list[dict[str, Any]]:
    """Return the scored rows of `predictions` that `settings` choose. Raises InputError when there are none."""
    where: dict[str, Any] = {"batch_date": settings.date, "scorer_id": scorer_id}
    if settings.source.dataset is not None:
        where["dataset"] = settings.source.dataset
    if settings.split.name is not None:
        where["split"] = settings.split.name
    columns = ["unit_id", "dataset", "split", "split_key", "model_name", "model_digest", "findings", "reference"]
    rows = warehouse.read(PREDICTIONS, [*columns, *(f"{metric}_f" for metric in METRICS)], where).to_pylist()
    models = settings.evaluate.models
    if models:
        rows = [row for row in rows if row["model_name"] in models or row["model_digest"].startswith(models)]
        where["models"] = list(models)
    if not rows:
        raise InputError(
            f"no predictions with references for {', '.join(f'{name}={value}' for name, value in where.items())} in"
            f" {settings.warehouse.uri}: run jobs.generate first"
        )
    return sorted(rows, key=lambda one: (one["model_name"], one["model_digest"], one["unit_id"]))


def side_by_side(
    dataset: str, split: str, rows: Sequence[Mapping[str, Any]], console: Console
) -> tuple[Comparison, list[Mapping[str, Any]]]:
    """Return the models' scores on the reports that all of them have, and those reports, sorted by unit_id."""
    by_system: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        by_system.setdefault(f"{row['model_name']} {row['model_digest'][:8]}", {})[row["unit_id"]] = row
    units = sorted(set.intersection(*(set(found) for found in by_system.values())))
    for system, found in by_system.items():
        if len(found) > len(units):
            cli.say(
                console, f"evaluate: {system} has {len(found):,} reports; compared on the {len(units):,} that all have"
            )
    if not units:
        raise InputError(
            f"dataset {dataset}, split {split}: the models {sorted(by_system)} share no report;"
            " choose some with evaluate.models"
        )
    first = next(iter(by_system.values()))
    reports = [first[unit] for unit in units]
    strata = ["normal" if is_normal(report["reference"]) else "abnormal" for report in reports]
    scores: dict[str, list[Scores]] = {
        system: [{metric: found[unit][f"{metric}_f"] for metric in METRICS} for unit in units]
        for system, found in by_system.items()
    }
    return Comparison(dataset, split, strata, scores), reports


def training_pairs(warehouse: Warehouse, dataset: str, reports: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return (findings, reference) of the dataset's training reports, those of the evaluated split keys left out."""
    where = {"dataset": dataset, "status": ReportStatus.OK.value, "split": "train"}
    rows = warehouse.read(REPORTS, ["unit_id", "split_key", "findings", "reference"], where).to_pylist()
    evaluated = {report["split_key"] for report in reports}
    rows = sorted(rows, key=lambda row: row["unit_id"])
    return [
        (row["findings"], row["reference"]) for row in rows if row["reference"] and row["split_key"] not in evaluated
    ]


def add_floors(
    comparison: Comparison,
    reports: Sequence[Mapping[str, Any]],
    training: Sequence[tuple[str, str]],
    settings: Settings,
    console: Console,
) -> None:
    """Add the scores of the three floors on `reports`; the two that need training reports only where there are any."""
    scorer = Scorer(stemmer=settings.score.stemmer)
    findings = [report["findings"] for report in reports]
    written = {FLOORS[1]: [first_sentence(text) for text in findings]}
    if training:
        train_findings, references = zip(*training, strict=True)
        written[FLOORS[0]] = [best_constant(references, stemmer=settings.score.stemmer)] * len(reports)
        written[FLOORS[2]] = NearestNeighbour(train_findings, references).predict(findings)
    else:
        cli.say(console, f"evaluate: no training reports of {comparison.dataset}: {FLOORS[0]} and {FLOORS[2]} left out")
    for name in sorted(written):
        scored = (scorer.score(report["reference"], text) for report, text in zip(reports, written[name], strict=True))
        comparison.scores[name] = [{metric: one[f"{metric}_f"] for metric in METRICS} for one in scored]


def figures(comparison: Comparison, settings: Settings, run_id: str, scorer_id: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of `evaluations`; a stratum without reports has none."""
    for system in comparison.scores:
        for stratum in STRATA:
            for metric in METRICS:
                summary = comparison.summary(system, stratum, metric)
                if summary is None:
                    continue
                yield {
                    "run_id": run_id,
                    "batch_date": settings.date,
                    "dataset": comparison.dataset,
                    "split": comparison.split,
                    "system": system,
                    "stratum": stratum,
                    "scorer_id": scorer_id,
                    "metric": metric,
                    **{name: getattr(summary, name) for name in ("n", "mean", "sd", "min", "p25", "p50", "p75", "max")},
                }


def show(comparison: Comparison, settings: Settings, console: Console) -> None:
    """Print mean ROUGE of all and of abnormal reports, the published results, and the distribution."""
    where = f"{comparison.dataset}, {comparison.split}"
    for stratum in ("all", "abnormal"):
        n = len(comparison.strata) if stratum == "all" else comparison.strata.count(stratum)
        table = Table("system", *METRICS.values(), title=f"Mean F-measure, {stratum} reports ({where}, n={n:,})")
        for system in comparison.scores:
            summaries = [comparison.summary(system, stratum, metric) for metric in METRICS]
            table.add_row(system, *(f"{one.mean:.4f}" if one else "-" for one in summaries))
        console.print(table, markup=False)
    if settings.evaluate.published is not None:
        console.print(published_table(settings.evaluate.published), markup=False)
    names = ("mean", "sd", "min", "p25", "p50", "p75", "max")
    table = Table(
        "metric", "system", *names, title=f"Distribution of the F-measure ({where}, n={len(comparison.strata):,})"
    )
    for metric, title in METRICS.items():
        for system in comparison.scores:
            summary = comparison.summary(system, "all", metric)
            values = [getattr(summary, name) for name in names]
            table.add_row(title, system, *("-" if value is None else f"{value:.3f}" for value in values))
        table.add_section()
    console.print(table, markup=False)


def published_table(file: str) -> Table:
    """Return the results of a file of published results, as a table of its own: they are of other reports.

    Raises ConfigError for a file of another form.
    """
    table = Table(
        "system", "reports", *METRICS.values(), "comparable with", title="Published, on other reports than these"
    )
    try:
        for one in json.loads(Path(file).read_text(encoding="utf-8"))["results"]:
            means = [f"{one[key]:.4f}" for key in ("rouge1", "rouge2", "rougeL", "rougeLsum")]
            table.add_row(one["system"], one["dataset"], *means, one["comparable"])
            table.add_section()
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"evaluate.published={file}: not a file of published results") from None
    return table


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(evaluate, steps, __doc__)


if __name__ == "__main__":
    sys.exit(main())
