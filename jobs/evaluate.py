"""Models and floors side by side, task by task → the tables `evaluations` and `comparisons`, and a page."""

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

    from radray.pages.compare import Comparison, Rows, SplitEvaluation
    from radray.pages.tasks.comparison import TaskEvaluation
    from radray.tables.catalog import Warehouse
    from radray.tables.runs import RunRow

USES = (
    *("evaluate", "tasks", "source.dataset", "split.name", "date", "score.stemmer", "model.uri", "generate"),
    "warehouse",
)


def describe(settings: Settings) -> list[str]:
    """Return what the job would do, a line each. Raises ConfigError or InputError for a file that cannot be used."""
    from radray.analytics.evaluation_plan import describe_evaluation
    from radray.pages.choices import describe_choices

    options = settings.evaluate
    if options.review_filled:
        return [f"read {', '.join(options.review_filled)} and the key beside them"]
    if options.choices:
        return describe_choices(settings)
    return describe_evaluation(settings)


def evaluate(settings: Settings, console: Console) -> tuple[Rows, Rows]:
    """Compare all systems on each dataset and split of `date`, in each of `tasks`: print, and append to the tables.

    Returns the rows of both tables. With filled review sheets, or evaluate.choices: does what these settings say alone.
    Raises InputError where there is nothing to evaluate, ConfigError for files that cannot be read or written.
    """
    from radray.analytics.answer_rows import read_answers, task_sides
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
    answers = read_answers(warehouse, settings)  # what they answered in other tasks
    pretrained = system_name(choose(rows, [options.pretrained])[0]) if options.pretrained else None
    choices = figure_choices(settings)
    outside = None if options.scores is None else place_scores(options.scores, rows)
    run = evaluation_run([*rows, *answers], choices, settings, outside)
    comparison = Comparison(settings, run.run_id, choices, published, outside, pretrained)
    with recorded(warehouse, run) as counts:
        comparison.calibration = write_calibration(rows, settings, warehouse.storage, partial(print_line, console))
        for evaluation in comparison.each(rows, TrainingReports(warehouse)):
            show(console, evaluation)
            if options.review is not None:
                for file in write_review(Path(options.review_out), evaluation.side, options.review, choices.seed):
                    print_line(console, f"evaluate: {file}")
        for of_task in comparison.each_task(task_sides(warehouse, answers, settings)):
            show(console, of_task)
        for written in write(warehouse, settings, comparison, run):
            print_line(console, f"evaluate: {written}")
        counts["input_units"] = len(rows) + len(answers)
    return comparison.figures, comparison.differences


def show(console: Console, evaluation: SplitEvaluation | TaskEvaluation) -> None:
    """Print an evaluation: first what a reader must know."""
    for remark in evaluation.remarks:
        print_line(console, f"evaluate: {remark}")
    for table in evaluation.tables.tables():
        print_table(console, table)


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
