"""Models and floors side by side on the same reports → the tables `evaluations` and `comparisons`, and a page."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jobs import cli
from radray.console import print_line, print_table
from radray.errors import InputError
from radray.settings.root import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from radray.pages.compare import Comparison, Rows
    from radray.tables.catalog import Warehouse
    from radray.tables.runs import RunRow

USES = ("evaluate", "source.dataset", "split.name", "date", "score.stemmer", "model.uri", "generate", "warehouse")


def describe(settings: Settings) -> list[str]:
    """Return what the job would do, a line each. Raises ConfigError or InputError for a file that cannot be used."""
    from radray.analytics.calibrating import describe_calibration
    from radray.analytics.evaluation_rows import check_files
    from radray.evaluation.systems import FLOORS
    from radray.pages.choices import describe_choices

    options = settings.evaluate
    if options.review_filled:
        return [f"read {', '.join(options.review_filled)} and the key beside them"]
    if options.choices:
        return describe_choices(settings)
    check_files(options)
    dataset, split = settings.source.dataset or "each", settings.split.name or "each"
    return [
        f"read {settings.warehouse.uri}: predictions, batch_date={settings.date}, dataset={dataset}, split={split}",
        f"score floors from the training reports of the dataset, or else of a model: {', '.join(FLOORS)}",
        f"write {settings.warehouse.uri}: evaluations, comparisons",
        *([f"read {options.scores}: scores of another program"] if options.scores else []),
        *describe_calibration(settings),
        *([f"write {options.csv}: the same as CSV"] if options.csv else []),
        *([f"write {options.page}: the page"] if options.page else []),
        *([f"write {options.review_out}: a blinded sheet for each model"] if options.review else []),
    ]


def evaluate(settings: Settings, console: Console) -> tuple[Rows, Rows]:
    """Compare all systems on each dataset and split of `date`: print, and append to the tables.

    Returns the rows of both tables. With filled review sheets, or evaluate.choices: does what these settings say alone.
    Raises InputError where there is nothing to evaluate, ConfigError for files that cannot be read or written.
    """
    from radray.analytics.calibrating import write_calibration
    from radray.analytics.evaluation_rows import TrainingReports, evaluation_run, read_chosen
    from radray.evaluation.outside.published import load_published
    from radray.evaluation.outside.scores import place_scores
    from radray.evaluation.systems import choose, system_name
    from radray.pages.choices import evaluate_choices
    from radray.pages.compare import Comparison, figure_choices
    from radray.pages.review_pages import review_tables, write_review
    from radray.tables.catalog import Warehouse
    from radray.tables.runs import recorded

    options = settings.evaluate
    if options.review_filled:
        for table in review_tables([Path(file) for file in options.review_filled], options.resamples, options.seed):
            print_table(console, table)
        return [], []
    if options.choices:
        return evaluate_choices(settings, console)
    published = None if options.published is None else load_published(options.published)
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    rows = read_chosen(warehouse, settings)  # predictions of the night, of the models that were asked for
    pretrained = system_name(choose(rows, [options.pretrained])[0]) if options.pretrained else None
    choices = figure_choices(settings)
    outside = None if options.scores is None else place_scores(options.scores, rows)
    run = evaluation_run(rows, choices, settings, outside)
    comparison = Comparison(settings, run.run_id, choices, published, outside, pretrained)
    with recorded(warehouse, run) as counts:
        comparison.calibration = write_calibration(rows, settings, warehouse.storage, partial(print_line, console))
        for evaluation in comparison.each(rows, TrainingReports(warehouse)):
            for remark in evaluation.remarks:
                print_line(console, f"evaluate: {remark}")
            for table in evaluation.tables.tables():
                print_table(console, table)
            if options.review is not None:
                for file in write_review(Path(options.review_out), evaluation.side, options.review, choices.seed):
                    print_line(console, f"evaluate: {file}")
        for written in write(warehouse, settings, comparison, run):
            print_line(console, f"evaluate: {written}")
        counts["input_units"] = len(rows)
    return comparison.figures, comparison.differences


def write(warehouse: Warehouse, settings: Settings, comparison: Comparison, run: RunRow) -> Iterator[str | Path]:
    """Append the rows to both tables, write the files asked for, and yield these. Raises InputError for no figure."""
    from radray.analytics.evaluation_rows import append_figures

    if not comparison.figures:
        raise InputError("nothing to evaluate: the predictions have neither references nor checks")
    yield from append_figures(warehouse, comparison.figures, comparison.differences, settings.evaluate.csv)
    if settings.evaluate.page is not None:
        from radray.pages.evaluation_page import write_evaluation  # its charts take half a second to import

        yield write_evaluation(Path(settings.evaluate.page), warehouse, settings, comparison, run)


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(evaluate, None, describe, __doc__, uses=USES, audit="evaluate")


if __name__ == "__main__":
    sys.exit(main())
