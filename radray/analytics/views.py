"""The views: SQL written once, in Athena's dialect (Trino), under ``sql/``, and translated into DuckDB's.

A file begins with comments: the view's sentence, a blank comment, then ``name: sentence`` for each column that is not a
column of a table. Words in braces are filled in here: lists of columns, from the schemas, and the names of models, from
settings (`Choices`). All computations are portable: exact order statistics and no approx_percentile, so that both
engines give the same figures.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import sqlglot
from sqlglot import exp

from radray.analytics.deidentified import ANSWER_COLUMNS, PREDICTION_COLUMNS, REPORT_COLUMNS
from radray.checks.recommendations.vocabulary import FOLLOW_UP
from radray.evaluation.answers.tally import METRICS
from radray.flags import CLASSES, TIER_A, TIER_B
from radray.schema.answers import ANSWERS
from radray.schema.column import TableSchema
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.tables import TABLES
from radray.settings.root import Settings
from radray.storage.s3 import quoted

DIALECT = "athena"

TEXT = frozenset(
    {
        *("background", "indication", "comparison", "findings", "reference", "reference_raw", "prediction"),
        *("hypotheses", "candidates", "sections", "impression_items", "exam_description"),
        *("inputs", "target", "answer", "rewritten", "gold_rewritten"),
    }
)
"""Columns of the tables with report text; `impression_items` of `predictions` is a number."""
IDENTIFYING = frozenset(
    {
        *("subject_id", "split_key", "source_uri", "source_member", "text_digest", "source_digest", "source_etag"),
        *("input_digest", "exam_time", "report_time"),
    }
)
"""Columns that identify, or may identify, a patient: texts and files can be guessed and compared by their digest, and
few exams begin in the same second. study_id and unit_id are not among them, and identify one too, for whoever may open
the source: views without text are for those who look studies up. To hand rows on, see `deidentified`."""

ENTRY_LISTS = ("entries", "gold_entries")
"""Columns with lists of entries, which are no text: ids of a vocabulary, or of sentences their numbers."""

WITH_TEXT = ("predictions_text", "side_by_side", "candidates", "answers_text", "study_tags")
"""Views with report text."""
FOR_FEW = (*WITH_TEXT, "follow_ups", "follow_ups_due")
"""Views that are for those who may read text alone: with it, or by patients' ids and the times of exams."""

URGENCY = (
    *("critical_missed", "critical_invented", "polarity", "side", "level", "measurement", "change", "communication"),
    *("recommendation", "prior", "identifier", "degenerate", "mask"),
)
"""Classes of errors that can harm: from what may harm a patient tonight to what a reader sees at a glance."""

_ANSWER_METRICS = ", ".join(f"'{metric}'" for metric in METRICS)
_EVALUATED_TASK = (
    f"CASE WHEN metric IN ({_ANSWER_METRICS}) AND scorer_id NOT LIKE 'scores;%'"
    " THEN regexp_replace(scorer_id, '-[0-9]+$', '') ELSE '' END"
)
"""The task that a row of `evaluations` or `comparisons` is of; '': the impression."""

MODALITIES_OF_TESTS = {
    **dict.fromkeys(("ct", "ct_angiography"), ("CT",)),
    **dict.fromkeys(("mri", "mr_angiography"), ("MR",)),
    **dict.fromkeys(("ultrasound", "echocardiography"), ("US",)),
    **{"radiograph": ("CR", "DX", "RG"), "pet": ("PT",), "mammography": ("MG",), "nuclear_medicine": ("NM",)},
    **{"angiography": ("XA",), "fluoroscopy": ("RF",)},
}
"""DICOM modalities of the imaging tests that the vocabulary's recommendations name."""

_SIDE = ("model_name", "status", "prediction", "rouge1_f", "rouge2_f", "rougel_f", "rougelsum_f")
_SIDE_COLUMNS = (*_SIDE, *(f"flag_{name}" for name in CLASSES), "followup", "defer")
"""Columns that `side_by_side` shows for each of its two models."""

VIEWS = (
    *("reports_without_text", "predictions_without_text", "predictions_text", "night_predictions"),
    *("latest_predictions", "side_by_side", "worklist", "urgent_findings", "urgent_first"),
    *("nights", "night_volume", "night_runs"),
    *("rouge_by_night", "rouge_standardised", "model_comparison", "evaluation_figures", "evaluation_comparisons"),
    *("flag_rates", "recommendations", "follow_ups", "follow_ups_due", "mentions", "candidates"),
    *("deferrals", "calibrations", "training_curves"),
    *("answers_without_text", "answers_text", "answer_entries", "study_tags", "label_prevalence", "task_scores"),
    *("audit_trail", "data_dictionary"),
)
"""Names of all views, each after the views that it reads."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The values of settings that the views depend on."""

    production_model: str = "model"
    candidate_model: str | None = None
    normal_weight: float = 0.5
    stemmer: bool = True
    key: str | None = field(default=None, repr=False)
    """The key of ids in views to hand on; None: there are no such views."""

    @classmethod
    def of(cls, settings: Settings) -> "Choices":
        """Return the choices of `settings`."""
        section = settings.publish
        return cls(
            *(section.production_model, section.candidate_model, settings.evaluate.normal_weight),
            settings.score.stemmer,
            section.deidentification_key,
        )


def flat_columns(schema: TableSchema) -> tuple[str, ...]:
    """Return the table's columns without report text, lists, and what identifies a patient, but for study and unit."""
    held = TEXT - {"impression_items"} if schema is PREDICTIONS else TEXT
    return tuple(column.name for column in schema.columns if column.name not in held | IDENTIFYING | set(ENTRY_LISTS))


def view_sql(name: str, choices: Choices) -> str:
    """Return the SELECT of the view `name` in Athena's dialect, without its comments."""
    body = "\n".join(line for line in _source(name).splitlines() if not line.startswith("--"))
    words = {**_lists(), **_literals(choices), "dictionary": _dictionary() if name == "data_dictionary" else ""}
    return re.sub(r"\{(\w+)\}", lambda match: words[match[1]], body).strip()


def duckdb_sql(name: str, choices: Choices) -> str:
    """Return the SELECT of the view `name` in DuckDB's dialect."""
    (translated,) = sqlglot.transpile(view_sql(name, choices), read=DIALECT, write="duckdb")
    return translated


@cache
def reads(name: str) -> frozenset[str]:
    """Return the tables and views that the view `name` reads."""
    tree = _parse(name)
    own = {part.alias for part in tree.find_all(exp.CTE)}
    return frozenset(table.name for table in tree.find_all(exp.Table)) - own


def in_order(names: Iterable[str]) -> list[str]:
    """Return the views `names` and all views that they read, each after the views that it reads."""
    wanted = set(names)
    for name in reversed(VIEWS):
        if name in wanted:
            wanted |= reads(name)
    return [name for name in VIEWS if name in wanted]


@cache
def view_doc(name: str) -> str:
    """Return the sentence of the view: what a row is, and what it is for."""
    return _header(name)[0]


@cache
def view_columns(name: str) -> Mapping[str, str]:
    """Return the view's columns in order, each with its sentence: from the view's file, else from the tables."""
    tree = _parse(name)
    known = {**_known(), **_header(name)[1]}
    for view in reads(name) & set(VIEWS):
        known = {**view_columns(view), **known}
    for side in ("production", "candidate"):
        known |= {f"{side}_{column}": f"Of the {side} model: {_known()[column]}" for column in _SIDE_COLUMNS}
    known |= _header(name)[1]
    return {column: known[column] for column in tree.named_selects}


def _parse(name: str) -> exp.Query:
    return sqlglot.parse_one(view_sql(name, Choices()), read=DIALECT, into=exp.Select)


@cache
def _known() -> Mapping[str, str]:
    """Return the sentences of the tables' columns by name; where tables share a name, that of `predictions`."""
    order = (*TABLES.values(), EVALUATIONS, COMPARISONS, REPORTS, PREDICTIONS)
    return {column.name: column.doc for schema in order for column in schema.columns}


@cache
def _source(name: str) -> str:
    return (files("radray.analytics") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def _header(name: str) -> tuple[str, Mapping[str, str]]:
    """Return the view's sentence and those of its own columns."""
    lines = [line.removeprefix("--").strip() for line in _source(name).splitlines() if line.startswith("--")]
    blank = lines.index("") if "" in lines else len(lines)
    own: dict[str, str] = {}
    for line in lines[blank + 1 :]:
        column = re.match(r"(\w+): ", line)
        if column is not None:
            own[column[1]] = line[column.end() :]
        else:
            own[next(reversed(own))] += f" {line}"
    return " ".join(lines[:blank]), own


def _literals(choices: Choices) -> dict[str, str]:
    candidate = choices.candidate_model
    return {
        "production_model": _literal(choices.production_model),
        "candidate_model": "CAST(NULL AS varchar)" if candidate is None else _literal(candidate),
        "other_stemming": _literal("%;nostem;%" if choices.stemmer else "%;stem;%"),
        "normal_weight": f"{choices.normal_weight!r}e0" if "e" not in repr(choices.normal_weight) else "0e0",
    }


@cache
def _lists() -> Mapping[str, str]:
    """Return the lists of columns and cases, made from the schemas, by the word in braces that they replace."""

    def cases(template: str) -> str:
        return f"CASE {' '.join(template.format(name, place) for place, name in enumerate(URGENCY, 1))} END"

    def of_class(count: str) -> str:
        return f"CASE c.class {' '.join(f'WHEN {_literal(name)} THEN b.{count}_{name}' for name in CLASSES)} END"

    counts = [
        f"count({column}{name}) AS {known}_{name}, count(CASE WHEN {column}{name} THEN 1 END) AS {flagged}_{name}"
        for name in CLASSES
        for column, known, flagged in (
            ("flag_", "told", "flagged"),
            ("reference_flag_", "reference_told", "reference_flagged"),
        )
    ]
    hits = ", ".join(f"CASE WHEN night.flag_{name} THEN '{name}' END" for name in URGENCY)
    totals = ("told", "flagged", "reference_told", "reference_flagged")
    return {
        "reports_without_text": ", ".join(flat_columns(REPORTS)),
        "predictions_without_text": ", ".join(flat_columns(PREDICTIONS)),
        "answers_without_text": ", ".join(flat_columns(ANSWERS)),
        "answers_deidentified": ", ".join(ANSWER_COLUMNS),
        "answer_metrics": _ANSWER_METRICS,
        "evaluated_task": _EVALUATED_TASK,
        "reports_deidentified": ", ".join(REPORT_COLUMNS),
        "predictions_deidentified": ", ".join(PREDICTION_COLUMNS),
        "evaluations": ", ".join(column.name for column in EVALUATIONS.columns),
        "comparisons_both_ways": ", ".join(_either_way(column.name) for column in COMPARISONS.columns),
        "flags": ", ".join(f"flag_{name}" for name in CLASSES),
        "reference_flags": ", ".join(f"production.reference_flag_{name}" for name in CLASSES),
        "side_columns": ", ".join(_SIDE_COLUMNS[1:]),
        "production_columns": ", ".join(f"production.{name} AS production_{name}" for name in _SIDE_COLUMNS),
        "candidate_columns": ", ".join(f"candidate.{name} AS candidate_{name}" for name in _SIDE_COLUMNS),
        "flag_counts": ", ".join(counts),
        "classes": ", ".join(
            f"({_literal(name)}, {_literal(tier)}, {_literal(meaning)})"
            for tier, of in (("A", TIER_A), ("B", TIER_B))
            for name, meaning in of.items()
        ),
        **{f"{count}_of_class": of_class(count) for count in totals},
        "worst_class": cases("WHEN night.flag_{0} THEN '{0}'"),
        "urgency": cases("WHEN night.flag_{0} THEN {1}"),
        "hits": " + ".join(f"CASE WHEN night.flag_{name} THEN 1 ELSE 0 END" for name in URGENCY),
        "hit_classes": f"concat_ws(';', {hits})",
        "modalities_of_tests": " ".join(
            [
                f"WHEN {_literal(FOLLOW_UP)} THEN 'any'",
                *(f"WHEN {_literal(test)} THEN ';{';'.join(codes)};'" for test, codes in MODALITIES_OF_TESTS.items()),
            ]
        ),
        "reference_has_worst": cases("WHEN night.flag_{0} THEN night.reference_flag_{0}"),
    }


_TURNED = {
    **{"system_a": "system_b", "system_b": "system_a", "mean_a": "mean_b", "mean_b": "mean_a"},
    **{"difference": "-difference", "ci_low": "-ci_high", "ci_high": "-ci_low"},
}
"""The value of a column of `comparisons` when the two systems are swapped."""


def _either_way(name: str) -> str:
    turned = _TURNED.get(name)
    return name if turned is None else f"CASE WHEN way.turned THEN {turned} ELSE {name} END AS {name}"


@cache
def _dictionary() -> str:
    """Return the rows of the data dictionary."""
    rows = []
    for schema in TABLES.values():
        for place, column in enumerate(schema.columns, 1):
            facts = [str(column.type), not column.nullable, column.name in schema.key, column.name in schema.partition]
            rows.append([schema.name, "table", place, column.name, *facts, column.doc])
    for name in VIEWS:
        columns = _own_columns() if name == "data_dictionary" else view_columns(name)
        for place, (column_name, sentence) in enumerate(columns.items(), 1):
            rows.append([name, "view", place, column_name, None, None, False, False, sentence])
    return ",\n".join(f"({', '.join(_value(value) for value in row)})" for row in rows)


def _own_columns() -> Mapping[str, str]:
    return _header("data_dictionary")[1]


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).upper()
    return str(value) if isinstance(value, int) else _literal(str(value))


def _literal(text: str) -> str:
    return f"'{quoted(text)}'"
