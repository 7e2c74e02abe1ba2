"""The evaluation as one self-contained HTML file: no network, no script; words first, then numbers and cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from radray.evaluation.concept_f1 import CONCEPT_F1
from radray.evaluation.figures import FigureChoices
from radray.pages import conclusions
from radray.pages.cases import cases
from radray.pages.charts import errors as error_charts
from radray.pages.charts import scores as charts
from radray.pages.charts.svg import Drawings
from radray.pages.compare import Comparison, SplitEvaluation
from radray.pages.deferral_tables import BOUNDS_NOTE, DEFERRED_NOTE, bounds_table, deferred_table
from radray.pages.evaluation_tables import HEADLINE, MASK_NOTE
from radray.pages.grids import Chart, Grid, from_rich
from radray.pages.lineage import data_grid, models_grid, runs_grid, runs_of, training_of
from radray.pages.numbers import Numbers
from radray.pages.tasks.comparison import TaskEvaluation
from radray.pages.tasks.sections import task_sections
from radray.pages.visible import visible
from radray.schema.runs import RUNS, TRAINING_METRICS
from radray.settings.root import Settings
from radray.storage.requested import requested_file
from radray.tables.catalog import Warehouse
from radray.tables.identity import digest
from radray.tables.runs import RunRow

TEMPLATES = Path(__file__).parent / "templates"

FLAGS_NOTE = (
    "Rate, then its excess over the radiologists' rate, with a 95 % interval. critical_missed: of the reports with "
    f"a critical finding. {MASK_NOTE}"
)
CONCEPTS_NOTE = (
    "From 0 to 1: findings and devices that prediction and reference name alike, whatever the words. Half for a kind "
    "of the other, for possible against certain, for a side that one leaves out; critical findings count 4, urgent 2, "
    "denied ones 0.5. A reference that names no finding is left out."
)
OUTSIDE_NOTE = "Mean and 95 % interval of values from evaluate.scores, which this project did not compute."
STRATA_NOTE = (
    "Normal and abnormal: by the reference, or by the findings. Critical: the findings include a critical finding. "
    "Incidental: a normal reference with abnormal findings. Seen: the same findings, word for word, are in training."
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation, with everything that its page is made from."""

    run_id: str
    splits: Sequence[SplitEvaluation]
    choices: FigureChoices
    figures: Sequence[Row]
    """Rows of `evaluations`."""
    differences: Sequence[Row]
    """Rows of `comparisons`."""
    warehouse: str
    """Its URI, for the `jobs.query` commands on the page."""
    with_text: bool = False
    """Whether the page may hold report text."""
    note: str | None = None
    """What a reader must know about this data before anything else."""
    pretrained: str | None = None
    """The system before fine-tuning: its worst cases need no reader."""
    runs: Sequence[Row] = ()
    """Rows of `runs`; the page picks those that made the predictions."""
    training: Sequence[Row] = ()
    """Rows of `training_metrics`; the page picks those of the models."""
    config: str = ""
    """The evaluation's settings, YAML."""
    tasks: Sequence[TaskEvaluation] = ()
    """Evaluations of the tasks other than the impression."""


@dataclass(frozen=True, slots=True)
class _View:
    """One dataset and split as the template walks it."""

    name: str
    where: str
    reports: int
    first: Sequence[str]
    comparisons: Sequence[conclusions.Conclusion]
    floors: Sequence[conclusions.Conclusion]
    errors: Sequence[conclusions.Conclusion]
    cautions: Sequence[str]
    headline: Sequence[Grid] = ()
    published: Grid | None = None
    spreads: Sequence[Chart] = ()
    more: Sequence[Grid] = ()
    flags: Sequence[Chart] = ()
    flag_tables: Sequence[Grid] = ()
    confidence: Sequence[Chart] = ()
    confidence_tables: Sequence[Grid] = ()
    cases: Sequence[Any] = field(default=())


def write_page(file: Path, evaluation: Evaluation) -> Path:
    """Write the page to `file`, whole or not at all, and return it; see `requested_file`.

    Raises ConfigError, which names evaluate.page, when the file cannot be written.
    """
    text = page(evaluation)
    with requested_file(str(file), "evaluate.page") as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return file


def write_evaluation(file: Path, warehouse: Warehouse, settings: Settings, comparison: Comparison, run: RunRow) -> Path:
    """Write the page of `comparison`, with its lineage from the tables, to `file` and return it; see `write_page`."""
    evaluation = Evaluation(
        run_id=run.run_id,
        splits=comparison.splits,
        choices=comparison.choices,
        figures=comparison.figures,
        differences=comparison.differences,
        warehouse=settings.warehouse.uri,
        with_text=settings.evaluate.page_text,
        note=settings.evaluate.page_note,
        pretrained=comparison.pretrained,
        runs=warehouse.read(RUNS).to_pylist(),
        training=warehouse.read(TRAINING_METRICS).to_pylist(),
        config=run.config,
        tasks=comparison.tasks,
    )
    return write_page(file, evaluation)


def page(evaluation: Evaluation) -> str:
    """Return the page as HTML; equal evaluations give equal pages. An empty evaluation gives a page that says so."""
    drawings = Drawings()
    numbers = [
        Numbers(split.side, evaluation.choices, evaluation.figures, evaluation.differences)
        for split in evaluation.splits
    ]
    predictions = [
        row for split in evaluation.splits for rows in split.side.rows.values() for row in rows if row is not None
    ]
    views = [
        _view(split, figures, evaluation, drawings) for split, figures in zip(evaluation.splits, numbers, strict=True)
    ]
    training = training_of(evaluation.training, predictions, evaluation.runs)
    runs = runs_of(evaluation.runs, predictions, training, evaluation.run_id)
    started = next((row["started"] for row in runs if row["run_id"] == evaluation.run_id), None)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # every value passes through here: no control character reaches the page, whoever wrote the text
        finalize=lambda value: visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value,
    )
    return environment.get_template("evaluation.html").render(
        views=views,
        tasks=list(task_sections(evaluation.tasks)),
        about=evaluation,
        started=started,
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        training=list(error_charts.training(training, drawings)),
        lineage=[
            data_grid(split.side for split in evaluation.splits),
            models_grid(predictions),
            runs_grid(runs, evaluation.run_id),
        ],
        run_configs=[(row["run_id"], row["config"]) for row in runs if row["run_id"] != evaluation.run_id],
        rows_digest=digest([[row["unit_id"], row["model_digest"]] for row in predictions]),
    )


def _view(split: SplitEvaluation, numbers: Numbers, evaluation: Evaluation, drawings: Drawings) -> _View:
    side, tables = split.side, split.tables
    where = f"{side.dataset}, {side.split}"
    untrained = [evaluation.pretrained] if evaluation.pretrained else []
    first = [
        *conclusions.missed_critical(numbers),
        *conclusions.called_normal(numbers, untrained),
        *conclusions.in_short(numbers),
    ]
    view: dict[str, Any] = {}
    if any(tables.figure(name, "all", HEADLINE) for name in side.systems):
        means, view["published"] = _without_published(from_rich(tables.means()))
        note = (
            "From 0 to 1; a failed impression counts as 0, a missing one is left out. Standardised: as if this share "
            "of the references were normal. Normal for abnormal: share of the abnormal references for which the system "
            "wrote a normal impression. Identical: share in the radiologist's own words; no overlap: share without any "
            "of them."
        )
        view["headline"] = [
            from_rich(tables.headline(), note),
            from_rich(tables.differences(), _differences_note(evaluation.choices)),
            *([from_rich(tables.concepts(), CONCEPTS_NOTE)] if tables.has(CONCEPT_F1) else []),
            *(from_rich(tables.scores(name, f"{name}, by another program"), OUTSIDE_NOTE) for name in tables.outside),
            means,
        ]
        view["spreads"] = [*charts.spreads(numbers, drawings)]
        lengths = charts.by_length(numbers, drawings)
        view["spreads"] += [lengths] if lengths else []
        view["more"] = [*map(from_rich, tables.distributions()), from_rich(tables.strata(), STRATA_NOTE)]
    view["flags"] = list(error_charts.flags(numbers, drawings))
    flags, deferral = tables.flags(), tables.deferral()
    view["flag_tables"] = [from_rich(flags, FLAGS_NOTE)] if flags.row_count else []
    coverage = error_charts.risk_and_coverage(numbers, drawings)
    view["confidence"] = [coverage] if coverage else []
    deferral_note = "Figures of the remaining impressions, when that share is left to a person."
    notes = {
        deferral_note: deferral,
        BOUNDS_NOTE: bounds_table(side, tables.figure),
        DEFERRED_NOTE: deferred_table(side),
    }
    view["confidence_tables"] = [from_rich(table, note) for note, table in notes.items() if table.row_count]
    return _View(
        name=side.dataset,
        where=where,
        reports=len(side.reports),
        first=first,
        comparisons=list(conclusions.comparisons(numbers)),
        floors=list(conclusions.against_floors(numbers)),
        errors=list(conclusions.against_radiologists(numbers)),
        cautions=conclusions.cautions(numbers, [_without_place(remark, where) for remark in split.remarks]),
        cases=cases(numbers, with_text=evaluation.with_text, warehouse=evaluation.warehouse, skip=untrained),
        **view,
    )


def _differences_note(choices: FigureChoices) -> str:
    least = f"{1 / (1 + choices.resamples):.4f}"
    return (
        "Points out of 100, with 95 % intervals. p is not corrected for multiple comparisons and cannot be below "
        f"{least}."
    )


def _without_place(remark: str, where: str) -> str:
    return remark.removeprefix(f"{where}: ") + "."


def _without_published(grid: Grid) -> tuple[Grid, Grid | None]:
    """Return our rows of the table of means, and the published ones; None where there are none."""
    ours = [row for row in grid.rows if not row[0].startswith("published")]
    theirs = [row for row in grid.rows if row[0].startswith("published")]
    means = Grid(grid.caption, grid.columns[:-1], [row[:-1] for row in ours], "All references, F-measure from 0 to 1.")
    if not theirs:
        return means, None
    words = "Means that others have published. Compare ours with them only where the last column says so."
    return means, Grid("Published results", grid.columns, theirs, words)
