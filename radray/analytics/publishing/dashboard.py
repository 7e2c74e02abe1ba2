"""The dashboards as code: sheets and visuals over the views, in the form of QuickSight's API.

`OVERVIEW` has no report text; `READING` shows studies side by side, for readers of text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from radray.analytics.views import view_columns


@dataclass(frozen=True, slots=True)
class Visual:
    """One visual over one view."""

    kind: str
    """table, line, bar or box."""
    title: str
    view: str
    by: tuple[str, ...] = ()
    """Columns of the category axis; for a table its columns, () for all of the view."""
    values: tuple[str, ...] = ()
    colour: str | None = None
    how: str = "AVERAGE"
    """How the values of a category are aggregated: AVERAGE or SUM."""
    only: tuple[tuple[str, str], ...] = ()
    """Filters: (column, value) of the rows shown."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; `words` warn of wrong conclusions."""

    name: str
    words: str
    visuals: tuple[Visual, ...]


_ABNORMAL = (("stratum", "abnormal"),)
_ROUGE1 = (("metric", "rouge1"),)
_SCORES = ("rouge1_f", "rouge2_f", "rougel_f", "rougelsum_f")
_DATES = frozenset({"batch_date", "started", "ended", "time"})

OVERVIEW = (
    Sheet(
        "ROUGE",
        "Machine text, not reviewed. ROUGE counts words: it does not see a denied finding. The mean of all reports "
        "follows the share of normal ones; read the abnormal ones and the standardised mean.",
        (
            *(
                Visual(
                    "box", f"{score.removesuffix('_f')} by model", "predictions_without_text", ("model_name",), (score,)
                )
                for score in _SCORES
            ),
            Visual(
                *("line", "ROUGE-1 of abnormal reports: quartiles by night", "rouge_by_night", ("batch_date",)),
                values=("p25", "p50", "p75"),
                only=(*_ABNORMAL, *_ROUGE1),
            ),
            Visual(
                *(
                    "line",
                    "ROUGE-1 standardised by night",
                    "rouge_standardised",
                    ("batch_date",),
                    ("mean",),
                    "model_name",
                ),
                only=_ROUGE1,
            ),
            Visual("table", "Distributions", "rouge_by_night"),
        ),
    ),
    Sheet(
        "Model comparison",
        "Candidate less production on the reports that both have. The standard error takes reports for independent; "
        "decide by the intervals of jobs.evaluate.",
        (
            Visual(
                *("line", "ROUGE-1, abnormal reports: candidate less production", "model_comparison", ("batch_date",)),
                values=("difference",),
                only=(*_ABNORMAL, *_ROUGE1),
            ),
            Visual("table", "By night, stratum and metric", "model_comparison"),
        ),
    ),
    Sheet(
        "Flags",
        "A flag is a rule's finding, not a reader's. The radiologist's own rate stands beside each: a rate near it is "
        "no sign of a bad model.",
        (
            Visual(
                *("bar", "Rate by class: model and radiologist", "flag_rates", ("class",), ("rate", "reference_rate")),
                only=(("stratum", "all"),),
            ),
            Visual("table", "Rates", "flag_rates"),
            Visual("table", "Impressions to look at first", "worklist"),
        ),
    ),
    Sheet(
        "Volume",
        "What came in, what became of it, and how fast.",
        (
            Visual("table", "Nights: there, and whole?", "nights"),
            Visual("bar", "Units by night and status", "night_volume", ("batch_date",), ("units",), "status", "SUM"),
            Visual("bar", "Not used, by reason", "night_volume", ("reason",), ("units",), "status", "SUM"),
            Visual("line", "Units per second", "night_runs", ("started",), ("units_per_second",), "job"),
            Visual("table", "Runs", "night_runs"),
        ),
    ),
)

READING = (
    Sheet(
        "Side by side",
        "Machine text, not reviewed: for retrospective review and research.",
        (
            Visual(
                *("table", "Findings, radiologist, production model, candidate", "side_by_side"),
                by=(
                    *("batch_date", "dataset", "study_id", "reference_stratum", "findings", "reference"),
                    *("production_prediction", "production_rouge1_f", "production_rougel_f"),
                    *("production_flag_critical_missed", "production_flag_polarity", "production_flag_side"),
                    *("candidate_prediction", "candidate_rouge1_f", "candidate_rougel_f"),
                    *("candidate_flag_critical_missed", "candidate_flag_polarity", "candidate_flag_side"),
                ),
            ),
        ),
    ),
)


def definition(sheets: Sequence[Sheet], data_sets: Mapping[str, str]) -> dict[str, Any]:
    """Return the definition of a dashboard with `sheets` over `data_sets` (ARN by view)."""
    used = {visual.view for sheet in sheets for visual in sheet.visuals}
    return {
        "DataSetIdentifierDeclarations": [
            {"Identifier": view, "DataSetArn": arn} for view, arn in data_sets.items() if view in used
        ],
        "Sheets": [_sheet(place, sheet) for place, sheet in enumerate(sheets)],
        "FilterGroups": [
            _filter(_sheet_id(place), _visual_id(place, at), visual.view, *only)
            for place, sheet in enumerate(sheets)
            for at, visual in enumerate(sheet.visuals)
            for only in visual.only
        ],
    }


def _sheet(place: int, sheet: Sheet) -> dict[str, Any]:
    return {
        "SheetId": _sheet_id(place),
        "Name": sheet.name,
        "Title": sheet.name,
        "Description": sheet.words,
        "Visuals": [_visual(_visual_id(place, at), visual) for at, visual in enumerate(sheet.visuals)],
    }


def _sheet_id(place: int) -> str:
    return f"sheet-{place}"


def _visual_id(place: int, at: int) -> str:
    return f"visual-{place}-{at}"


def _visual(id_: str, visual: Visual) -> dict[str, Any]:
    kind, wells = _WELLS[visual.kind](id_, visual)
    chart: dict[str, Any] = {"FieldWells": wells}
    if visual.kind == "bar":
        chart["BarsArrangement"] = "STACKED" if visual.colour else "CLUSTERED"
    head = {"VisualId": id_, "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": visual.title}}}
    return {kind: {**head, "ChartConfiguration": chart}}


def _table(id_: str, visual: Visual) -> tuple[str, dict[str, Any]]:
    names = visual.by or tuple(view_columns(visual.view))
    values = [{"FieldId": f"{id_}-{name}", "Column": _column(visual.view, name)} for name in names]
    return "TableVisual", {"TableUnaggregatedFieldWells": {"Values": values}}


def _line(id_: str, visual: Visual) -> tuple[str, dict[str, Any]]:
    return "LineChartVisual", {"LineChartAggregatedFieldWells": _axes(id_, visual, "Category")}


def _bar(id_: str, visual: Visual) -> tuple[str, dict[str, Any]]:
    return "BarChartVisual", {"BarChartAggregatedFieldWells": _axes(id_, visual, "Category")}


def _box(id_: str, visual: Visual) -> tuple[str, dict[str, Any]]:
    return "BoxPlotVisual", {"BoxPlotAggregatedFieldWells": _axes(id_, visual, "GroupBy")}


_WELLS = {"table": _table, "line": _line, "bar": _bar, "box": _box}


def _axes(id_: str, visual: Visual, category: str) -> dict[str, Any]:
    axes = {
        category: [_dimension(id_, visual.view, name) for name in visual.by],
        "Values": [_measure(id_, visual, name) for name in visual.values],
    }
    return axes if visual.colour is None else {**axes, "Colors": [_dimension(id_, visual.view, visual.colour)]}


def _dimension(id_: str, view: str, name: str) -> dict[str, Any]:
    place = {"FieldId": f"{id_}-{name}", "Column": _column(view, name)}
    if name in _DATES:
        return {"DateDimensionField": {**place, "DateGranularity": "DAY"}}
    return {"CategoricalDimensionField": place}


def _measure(id_: str, visual: Visual, name: str) -> dict[str, Any]:
    place = {"FieldId": f"{id_}-{name}", "Column": _column(visual.view, name)}
    return {"NumericalMeasureField": {**place, "AggregationFunction": {"SimpleNumericalAggregation": visual.how}}}


def _column(view: str, name: str) -> dict[str, str]:
    return {"DataSetIdentifier": view, "ColumnName": name}


def _filter(sheet: str, visual: str, view: str, column: str, value: str) -> dict[str, Any]:
    shown = {"FilterListConfiguration": {"MatchOperator": "CONTAINS", "CategoryValues": [value]}}
    scope = {"SheetId": sheet, "Scope": "SELECTED_VISUALS", "VisualIds": [visual]}
    own = {"FilterId": f"{visual}-{column}", "Column": _column(view, column), "Configuration": shown}
    return {
        "FilterGroupId": f"only-{visual}-{column}",
        "Filters": [{"CategoryFilter": own}],
        "ScopeConfiguration": {"SelectedSheets": {"SheetVisualScopingConfigurations": [scope]}},
        "CrossDataset": "SINGLE_DATASET",
        "Status": "ENABLED",
    }
