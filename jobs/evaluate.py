"""Models and floors side by side on the same reports → the tables `evaluations` and `comparisons`, and a page."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from jobs import cli
from radray.analytics.evaluation_rows import read_predictions, read_training
from radray.analytics.output import RowStream, write_file
from radray.errors import InputError
from radray.evaluation.comparisons import comparisons
from radray.evaluation.deferral_rows import confidence_rows
from radray.evaluation.figures import FigureChoices, evaluations
from radray.evaluation.published import load_published
from radray.evaluation.scoring import main_scorer
from radray.evaluation.systems import (
    FLOORS,
    SideBySide,
    add_floors,
    choose,
    remarks,
    side_by_side,
    system_name,
    training_of,
)
from radray.nights.console import print_line
from radray.pages.evaluation_tables import EvaluationTables
from radray.pages.review_pages import review_tables, write_review
from radray.reports.record.identity import normalise
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.runs import RUNS, TRAINING_METRICS
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import digest, new_run_id, run_key
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow, recorded

Rows = list[Mapping[str, Any]]


def describe(settings: Settings) -> list[str]:
    """Return what the job would do, a line each; reads nothing but evaluate.published."""
    if settings.evaluate.review_filled:
        return [f"read {', '.join(settings.evaluate.review_filled)} and the key beside them"]
    if settings.evaluate.published is not None:
        load_published(settings.evaluate.published)
    dataset, split = settings.source.dataset or "each", settings.split.name or "each"
    return [
        f"read {settings.warehouse.uri}: predictions, batch_date={settings.date}, dataset={dataset}, split={split}",
        f"score floors from the training reports of the same dataset: {', '.join(FLOORS)}",
        f"write {settings.warehouse.uri}: evaluations, comparisons",
        *([f"write {settings.evaluate.csv}: the same as CSV"] if settings.evaluate.csv else []),
        *([f"write {settings.evaluate.page}: the page"] if settings.evaluate.page else []),
        *(
            [f"write {settings.evaluate.review_out}: a blinded sheet for each model"]
            if settings.evaluate.review
            else []
        ),
    ]


def evaluate(settings: Settings, console: Console) -> tuple[Rows, Rows]:
    """Compare all systems on each dataset and split of `date`: print, and append to the tables.

    Returns the rows of `evaluations` and those of `comparisons`. With filled review sheets: prints what they say alone.
    """
    options = settings.evaluate
    if options.review_filled:
        for table in review_tables([Path(file) for file in options.review_filled], options.resamples, options.seed):
            console.print(table, markup=False)
        return [], []
    published = None if options.published is None else load_published(options.published)
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    rows = read_rows(warehouse, settings)
    pretrained = system_name(choose(rows, [options.pretrained])[0]) if options.pretrained else None
    scorer_id = main_scorer(stemmer=settings.score.stemmer)
    choices = FigureChoices(scorer_id, options.normal_weight, options.resamples, options.seed)
    run = new_run(rows, choices, settings)
    about = {"run_id": run.run_id, "batch_date": settings.date}
    figures: Rows = []
    differences: Rows = []
    splits: list[tuple[SideBySide, EvaluationTables, list[str]]] = []
    with recorded(warehouse, run) as counts:
        for dataset, split in sorted({(row["dataset"], row["split"]) for row in rows}):
            here = [row for row in rows if (row["dataset"], row["split"]) == (dataset, split)]
            training = training_of(read_training(warehouse, dataset), here, normalise)
            side = side_by_side(dataset, split, here, options.models, training)
            add_floors(side, training, stemmer=settings.score.stemmer)
            sentences = remarks(side, training)
            for remark in sentences:
                print_line(console, f"evaluate: {remark}")
            figures += [{**about, **row} for row in (*evaluations(side, choices), *confidence_rows(side, choices))]
            differences += [{**about, **row} for row in comparisons(side, choices)]
            tables = EvaluationTables(side, choices, figures, differences, published, pretrained)
            splits.append((side, tables, sentences))
            for table in tables.tables():
                console.print(table, markup=False)
            if options.review is not None:
                for file in write_review(Path(options.review_out), side, options.review, choices.seed):
                    print_line(console, f"evaluate: {file}")
        if not figures:
            raise InputError("nothing to evaluate: the predictions have neither references nor checks")
        for schema, new_rows in ((EVALUATIONS, figures), (COMPARISONS, differences)):
            table = to_arrow(new_rows, schema)
            append_rows(warehouse, schema, table)
            if options.csv is not None:
                cells = f"{options.csv}/{schema.name}.csv"
                write_file(RowStream.of(table), "csv", cells, "evaluate.csv")
                print_line(console, f"evaluate: {cells}")
        if options.page is not None:
            print_line(console, f"evaluate: {page(warehouse, settings, choices, run, splits, (figures, differences))}")
        counts["input_units"] = len(rows)
    return figures, differences


def page(
    warehouse: Warehouse,
    settings: Settings,
    choices: FigureChoices,
    run: RunRow,
    splits: Sequence[tuple[SideBySide, EvaluationTables, list[str]]],
    rows: tuple[Rows, Rows],
) -> Path:
    """Write the page of the evaluation `run` and return its file."""
    # charts take half a second to import: only where a page is asked for
    from radray.pages.evaluation_page import Evaluation, SplitEvaluation, write_page

    options = settings.evaluate
    pretrained = next((name for _, tables, _ in splits if (name := tables.pretrained)), None)
    evaluation = Evaluation(
        run_id=run.run_id,
        splits=[SplitEvaluation(*split) for split in splits],
        choices=choices,
        figures=rows[0],
        differences=rows[1],
        warehouse=settings.warehouse.uri,
        with_text=options.page_text,
        note=options.page_note,
        pretrained=pretrained,
        runs=warehouse.read(RUNS).to_pylist(),
        training=warehouse.read(TRAINING_METRICS).to_pylist(),
        config=run.config,
    )
    return write_page(Path(options.page or ""), evaluation)


def read_rows(warehouse: Warehouse, settings: Settings) -> Rows:
    """Return the rows of `predictions` that `settings` choose. Raises InputError when there are none."""
    chosen = {"batch_date": settings.date, "dataset": settings.source.dataset, "split": settings.split.name}
    where = {name: value for name, value in chosen.items() if value is not None}
    rows = read_predictions(warehouse, where, evidence=settings.evaluate.page_text)
    if not rows:
        wanted = ", ".join(f"{name}={value}" for name, value in where.items())
        raise InputError(f"no predictions for {wanted} in {settings.warehouse.uri}: run jobs.generate first")
    return choose(rows, settings.evaluate.models)


def new_run(rows: Rows, choices: FigureChoices, settings: Settings) -> RunRow:
    """Return the row of `runs` for an evaluation of `rows`."""
    input_digest = digest([[row["unit_id"], row["model_digest"]] for row in rows])
    about = {"batch_date": settings.date, "dataset": settings.source.dataset, "split": settings.split.name}
    decides = {
        "input": input_digest,
        "scorer": choices.main_scorer,
        "weight": choices.normal_weight,
        "seed": choices.seed,
    }
    return RunRow(
        run_id=new_run_id("evaluate"),
        job="evaluate",
        run_key=run_key("evaluate", {**decides, "resamples": choices.resamples}),
        config=dump_settings(settings),
        about={**about, "input_digest": input_digest},
    )


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(evaluate, None, describe, __doc__)


if __name__ == "__main__":
    sys.exit(main())
