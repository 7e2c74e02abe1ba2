"""A model on a file of questions with options: what it chooses, in the tables of evaluation and on the terminal."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from radray.analytics.evaluation_rows import append_figures
from radray.console import print_line, print_table
from radray.errors import ConfigError
from radray.evaluation.outside.choice_figures import LIKELIHOOD, TEXT, choice_rows
from radray.evaluation.outside.choices import read_choices
from radray.evaluation.systems import MODEL
from radray.models.choices import answer_choices
from radray.models.store import open_stored
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.identity import new_run_id, run_key
from radray.tables.runs import RunRow, recorded

Rows = list[Mapping[str, Any]]
_BY = {LIKELIHOOD: "likeliest option", TEXT: "what it writes"}


def describe_choices(settings: Settings) -> list[str]:
    """Return what `evaluate_choices` would do, a line each. Raises ConfigError and InputError for the file."""
    file = str(settings.evaluate.choices)
    return [
        f"read {file}: {len(read_choices(file)):,} questions",
        f"ask model {', '.join(_models(settings))}: the likeliest option, and what it writes",
        f"write {settings.warehouse.uri}: evaluations, comparisons",
    ]


def evaluate_choices(settings: Settings, console: Console) -> tuple[Rows, Rows]:
    """Ask the models of model.uri the questions of evaluate.choices: print, and append to the tables.

    Returns the rows of `evaluations` and those of `comparisons`, whose dataset is the file's name. Raises ConfigError
    and InputError for a file or a model that cannot be used.
    """
    file, options = Path(str(settings.evaluate.choices)), settings.evaluate
    questions = read_choices(str(file))
    warehouse = Warehouse(settings.warehouse)
    models = [open_stored(uri, warehouse.storage) for uri in _models(settings)]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    about = {"batch_date": settings.date, "dataset": file.stem, "split": "test"}
    decides = {"input": digest, "models": [model.digest for model in models], "seed": options.seed}
    run = RunRow(
        run_id=new_run_id("evaluate"),
        job="evaluate",
        run_key=run_key("evaluate", {**decides, "resamples": options.resamples}),
        config=dump_settings(settings),
        about={**about, "input_digest": digest},
    )
    with recorded(warehouse, run) as counts:
        answers: dict[tuple[str, str], list[int | None]] = {}
        for model in models:
            name = f"{model.name} {model.digest[:8]}"
            likeliest, written = answer_choices(model, settings.generate, questions)
            answers |= {(name, LIKELIHOOD): [*likeliest], (name, TEXT): written}
        about = {"run_id": run.run_id, **about}
        figures, differences = choice_rows(questions, answers, about, options.resamples, options.seed)
        print_table(console, _table(figures, differences, f"{file.stem}: {len(questions):,} questions"))
        for csv in append_figures(warehouse, figures, differences, options.csv):
            print_line(console, f"evaluate: {csv}")
        counts["input_units"] = len(questions)
    return [*figures], [*differences]


def _models(settings: Settings) -> Sequence[str]:
    if not settings.model.uri:
        raise ConfigError("model.uri is not set: evaluate.choices needs a model folder, or a list of them")
    return settings.model.uri


def _table(figures: Sequence[Mapping[str, Any]], differences: Sequence[Mapping[str, Any]], title: str) -> Table:
    """Return the floors, then the model and by how much it is above each, all in percent."""
    table = Table("system", "by", "right", "95 %", "no option named", title=title)
    seen = set()
    for row in sorted(figures, key=lambda row: row["kind"] == MODEL):
        if row["kind"] == MODEL or row["system"] not in seen:
            seen.add(row["system"])
            by, failed = (_BY[row["scorer_id"]], str(row["failed"])) if row["kind"] == MODEL else ("", "")
            table.add_row(row["system"], by, f"{100 * row['mean']:.1f}", _interval(row), failed)
    table.add_section()
    for row in differences:
        over = f"{row['system_a']} over {row['system_b']}"
        table.add_row(over, _BY[row["scorer_id"]], f"{100 * row['difference']:+.1f}", _interval(row), "")
    return table


def _interval(row: Mapping[str, Any]) -> str:
    return "" if row["ci_low"] is None else f"{100 * row['ci_low']:.1f} to {100 * row['ci_high']:.1f}"
