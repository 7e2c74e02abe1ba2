"""The evaluation as one HTML file that stands alone: no network, no script; words first, then numbers and cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from radray.evaluation.figures import Plan
from radray.evaluation.systems import SideBySide
from radray.pages import verdicts
from radray.pages.cases import cases
from radray.pages.charts import errors as error_charts
from radray.pages.charts import scores as charts
from radray.pages.charts.svg import Drawings
from radray.pages.evaluation_tables import HEADLINE, MASK_NOTE, Shown
from radray.pages.grids import Chart, Grid, from_rich
from radray.pages.lineage import data_grid, models_grid, runs_grid, runs_of, training_of
from radray.pages.numbers import Numbers
from radray.pages.visible import visible
from radray.storage.whole import requested_file
from radray.tables.identity import digest

TEMPLATES = Path(__file__).parent / "templates"

FLAGS_NOTE = (
    "Rate, then how far it lies above the radiologists', with its 95 % interval. critical_missed: of the reports with "
    f"a critical finding. {MASK_NOTE}"
)
STRATA_NOTE = (
    "Normal and abnormal: by the reference, or by the findings. Critical: the findings hold a critical finding. "
    "Incidental: a normal reference over abnormal findings. Seen: the findings stand word for word in training."
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One dataset and split of an evaluation."""

    side: SideBySide
    shown: Shown
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation, with all that its page is made of."""

    run_id: str
    parts: Sequence[Part]
    plan: Plan
    figures: Sequence[Row]
    differences: Sequence[Row]
    warehouse: str
    """Its address: stands in the `jobs.query` lines."""
    with_text: bool = False
    """Whether the texts of reports may stand in the page."""
    note: str | None = None
    """What a reader has to know of this data before all else."""
    pretrained: str | None = None
    """System whose worst cases nobody needs to read."""
    runs: Sequence[Row] = ()
    """Rows of `runs`; those that made the predictions are picked out."""
    training: Sequence[Row] = ()
    """Rows of `training_metrics`; those of the models are picked out."""
    config: str = ""
    """The evaluation's settings, YAML."""


@dataclass(frozen=True, slots=True)
class _View:
    """A part as the template walks it."""

    name: str
    where: str
    reports: int
    first: Sequence[str]
    comparisons: Sequence[verdicts.Answer]
    floors: Sequence[verdicts.Answer]
    errors: Sequence[verdicts.Answer]
    cautions: Sequence[str]
    headline: Sequence[Grid] = ()
    published: Grid | None = None
    spreads: Sequence[Chart] = ()
    more: Sequence[Grid] = ()
    flags: Sequence[Chart] = ()
    flag_tables: Sequence[Grid] = ()
    doubt: Sequence[Chart] = ()
    doubt_tables: Sequence[Grid] = ()
    cases: Sequence[Any] = field(default=())


def write_page(file: Path, evaluated: Evaluated) -> Path:
    """Write the page into `file`, whole or not at all, and return it; see `requested_file`. Raises ConfigError."""
    text = page(evaluated)
    with requested_file(str(file), "evaluate.page") as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return file


def page(evaluated: Evaluated) -> str:
    """Return the page as HTML; equal evaluations give equal pages. An evaluation of nothing says so."""
    drawings = Drawings()
    numbers = [Numbers(one.side, evaluated.plan, evaluated.figures, evaluated.differences) for one in evaluated.parts]
    predictions = [
        row for part in evaluated.parts for rows in part.side.rows.values() for row in rows if row is not None
    ]
    views = [_view(part, of, evaluated, drawings) for part, of in zip(evaluated.parts, numbers, strict=True)]
    training = training_of(evaluated.training, predictions, evaluated.runs)
    runs = runs_of(evaluated.runs, predictions, training, evaluated.run_id)
    started = next((row["started"] for row in runs if row["run_id"] == evaluated.run_id), None)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # whatever is written passes here: nothing that steers a page gets into it, whoever wrote the text
        finalize=lambda value: visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value,
    )
    return environment.get_template("evaluation.html").render(
        views=views,
        about=evaluated,
        started=started,
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        training=list(error_charts.training(training, drawings)),
        lineage=[
            data_grid(one.side for one in evaluated.parts),
            models_grid(predictions),
            runs_grid(runs, evaluated.run_id),
        ],
        run_configs=[(row["run_id"], row["config"]) for row in runs if row["run_id"] != evaluated.run_id],
        rows_digest=digest([[row["unit_id"], row["model_digest"]] for row in predictions]),
    )


def _view(part: Part, numbers: Numbers, evaluated: Evaluated, drawings: Drawings) -> _View:
    side, shown = part.side, part.shown
    where = f"{side.dataset}, {side.split}"
    before_training = [evaluated.pretrained] if evaluated.pretrained else []
    first = [*verdicts.left_out(numbers), *verdicts.passed_off(numbers, before_training), *verdicts.in_short(numbers)]
    view: dict[str, Any] = {}
    if any(shown.figure(name, "all", HEADLINE) for name in side.systems):
        means, view["published"] = _without_published(from_rich(shown.means()))
        note = (
            "Of 0 to 1; a failed impression counts 0, a missing one is left out. Standardised: as if this share of the "
            "references were normal. Normal for abnormal: share of the abnormal references that are answered with a "
            "normal impression. Equal: share with the radiologist's very words; no word: share with none of them."
        )
        view["headline"] = [
            from_rich(shown.headline(), note),
            from_rich(shown.differences(), _differences_note(evaluated.plan)),
            means,
        ]
        view["spreads"] = [*charts.spreads(numbers, drawings)]
        lengths = charts.by_length(numbers, drawings)
        view["spreads"] += [lengths] if lengths else []
        view["more"] = [*(from_rich(one) for one in shown.distributions()), from_rich(shown.strata(), STRATA_NOTE)]
    view["flags"] = list(error_charts.flags(numbers, drawings))
    view["flag_tables"] = [from_rich(one, FLAGS_NOTE) for one in (shown.flags(),) if one.row_count]
    doubt = error_charts.risk_and_coverage(numbers, drawings)
    view["doubt"] = [doubt] if doubt else []
    view["doubt_tables"] = [
        from_rich(one, "Of the rest, when that share of the impressions is left to a person.")
        for one in (shown.deferral(),)
        if one.row_count
    ]
    return _View(
        name=side.dataset,
        where=where,
        reports=len(side.reports),
        first=first,
        comparisons=list(verdicts.comparisons(numbers)),
        floors=list(verdicts.against_floors(numbers)),
        errors=list(verdicts.above_radiologists(numbers)),
        cautions=verdicts.cautions(numbers, [_without_place(one, where) for one in part.remarks]),
        cases=cases(
            numbers,
            with_text=evaluated.with_text,
            warehouse=evaluated.warehouse,
            skip=before_training,
        ),
        **view,
    )


def _differences_note(plan: Plan) -> str:
    least = f"{1 / (1 + plan.resamples):.4f}"
    return f"Points of 100, with 95 % intervals; p is not corrected, and {least} is the least that it can be."


def _without_place(remark: str, where: str) -> str:
    return remark.removeprefix(f"{where}: ") + "."


def _without_published(grid: Grid) -> tuple[Grid, Grid | None]:
    """Return our rows of the table of means, and those of published results; None for none."""
    ours = [row for row in grid.rows if not row[0].startswith("published")]
    theirs = [row for row in grid.rows if row[0].startswith("published")]
    means = Grid(grid.caption, grid.columns[:-1], [row[:-1] for row in ours], "All references, F-measure of 0 to 1.")
    if not theirs:
        return means, None
    words = "Means that others have published. Ours may be held against them only where the last column says so."
    return means, Grid("Published results", grid.columns, theirs, words)
