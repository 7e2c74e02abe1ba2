"""The tables: every column with its type, nullability, unit and a sentence; the contract that each run enforces.

Columns are only ever added, at the end. Column names are lower case: Athena folds them.
"""

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from radray.schema.checks import CHECK_COLUMNS
from radray.schema.runs import FIGURE_COLUMNS


class ReportStatus(StrEnum):
    """What became of an input unit in `reports`."""

    OK = "ok"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class RejectReason(StrEnum):
    """Why an input unit is not `ok` in `reports`."""

    EMPTY = "empty"
    """Neither findings nor impression."""
    NO_FINDINGS = "no_findings"
    """No findings to write an impression from (an impression alone may hold the findings in truth)."""
    NO_SECTIONS = "no_sections"
    """Text without any heading that the parser knows."""
    NO_STUDY_ID = "no_study_id"
    NOT_A_REPORT = "not_a_report"
    """A file among the reports whose name is not that of a report."""
    BAD_ENCODING = "bad_encoding"
    """Bytes that are not text in any encoding that the format allows."""
    MALFORMED = "malformed"
    """The record does not have the form of its format."""
    TRUNCATED = "truncated"
    """The file or archive ends inside the unit; what came before it are units of their own."""
    TOO_LARGE = "too_large"
    """More bytes than a report can have, or many times what they were compressed to: not read on."""
    ENCRYPTED = "encrypted"
    """A member of an archive that needs a password."""
    UNSUPPORTED_CONTENT = "unsupported_content"
    """A report in a form that is not text (PDF, image), an archive in an archive, a link."""
    BAD_ID = "bad_id"
    """A study or subject id that cannot be one: too long, with control characters, not a whole number or string."""
    CANCELLED = "cancelled"
    """The source says that the report was withdrawn or entered in error."""
    DUPLICATE_STUDY = "duplicate_study"
    """A later unit of the batch has the same study id; that one is used (status superseded)."""


class PredictionStatus(StrEnum):
    """What became of a report under a model in `predictions`."""

    OK = "ok"
    FAILED = "failed"


class FailReason(StrEnum):
    """Why a prediction is not `ok`."""

    EMPTY_OUTPUT = "empty_output"
    """The model wrote nothing."""
    ENGINE_ERROR = "engine_error"
    """The engine raised an error on this report alone."""
    ENGINE_CRASHED = "engine_crashed"
    """The engine's process died on this report alone: a segmentation fault, or the kernel's OOM killer."""
    OUT_OF_MEMORY = "out_of_memory"
    """The engine said that it has not the memory for this report alone."""
    TIMEOUT = "timeout"
    """The engine did not come back from this report alone in the time of a call (generate.call_timeout_s)."""
    SCORING_ERROR = "scoring_error"
    """What was written could not be scored or checked, and so nobody is shown it."""


class RunStatus(StrEnum):
    """State of a job run in `runs`."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: pa.DataType
    doc: str
    nullable: bool = True

    def field(self) -> pa.Field:
        """Return the Arrow field, with `doc` where Iceberg looks for it."""
        return pa.field(self.name, self.type, nullable=self.nullable, metadata={"doc": self.doc})


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table: its columns, its key and the columns that it is partitioned by."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: tuple[str, ...] = ()
    one_ok: str | None = None
    """Column of which each value has one ok row in a partition: the last in `order`, nulls first; the others are
    superseded, and all of them by a row with reason cancelled that comes later."""
    order: tuple[str, ...] = ()

    def arrow(self) -> pa.Schema:
        """Return the Arrow schema, columns in order."""
        return pa.schema([column.field() for column in self.columns])


HYPOTHESES = pa.list_(pa.field("element", pa.struct([pa.field("text", pa.string()), pa.field("score", pa.float64())])))
"""Candidates of the beam, best first; score = sequence log-probability over length to the length_penalty."""

SECTIONS = pa.list_(
    pa.field(
        "element",
        pa.struct([pa.field("name", pa.string()), pa.field("start", pa.int64()), pa.field("text", pa.string())]),
    )
)
"""Sections of a report in order: normalised name, character of the unit's text where its heading begins, text as it
came, stripped."""

STRINGS = pa.list_(pa.field("element", pa.string()))

_STRING, _LONG, _DOUBLE, _BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()
_TIME = pa.timestamp("us")


def _required(name: str, type_: pa.DataType, doc: str) -> Column:
    return Column(name, type_, doc, nullable=False)


REPORTS = TableSchema(
    name="reports",
    doc="One study as parsed, or one input unit that could not be used.",
    key=("unit_id",),
    partition=("batch_date", "dataset"),
    one_ok="study_id",
    order=("report_time", "source_uri", "source_member", "source_offset"),
    columns=(
        _required("unit_id", _STRING, "Digest of dataset, path below source.uri, member and offset"),
        _required("batch_date", pa.date32(), "Logical date of the night; 1970-01-01 for a corpus"),
        _required("dataset", _STRING, "Where the report belongs: a hospital or a corpus"),
        _required("format", _STRING, "Format it came in, as in source.format"),
        _required("status", _STRING, "ok, rejected or superseded"),
        Column("reason", _STRING, "Reason code when status is not ok"),
        Column("split", _STRING, "train, test or live, as the corpus has it; null unless ok"),
        Column("split_key", _STRING, "Reports with one key never stand in two splits; null unless ok"),
        _required("source_uri", _STRING, "File that the unit came from, below source.uri"),
        _required("source_member", _STRING, "Member of an archive or file of a folder; empty for a lone file"),
        _required("source_offset", _LONG, "Ordinal of the record within the member, from 0"),
        _required("source_digest", _STRING, "sha256 of the unit's content as it came"),
        Column("study_id", _STRING, "Study id as the source has it"),
        Column("subject_id", _STRING, "Patient id as the source has it; null where it has none"),
        Column("text_digest", _STRING, "sha256 of background, findings and reference_raw: what the report says"),
        Column("background", _STRING, "Indication, comparison, technique and the like, cleaned"),
        Column("indication", _STRING, "Cleaned indication or history"),
        Column("comparison", _STRING, "Cleaned comparison"),
        Column("findings", _STRING, "Cleaned findings"),
        Column("reference", _STRING, "Cleaned impression of the radiologist"),
        Column("reference_raw", _STRING, "Impression as it came"),
        Column("exam_description", _STRING, "Exam, as the source names it"),
        Column("human_codes", _STRING, "Human codes of the findings where the source has them, joined by ;"),
        Column("exam_time", _TIME, "Time of the exam, UTC"),
        Column("report_time", _TIME, "Time of the report, UTC"),
        _required("run_key", _STRING, "Digest of what decided the rows of this partition"),
        _required("run_id", _STRING, "Run that wrote the row"),
        Column("sections", SECTIONS, "All sections as they came, in order; null where the source is not free text"),
        Column("impression_items", STRINGS, "Items of the impression, each cleaned, in order; null without one"),
        Column("comparison_state", _STRING, "none, present or unknown (blank, or not said)"),
        Column("modality", _STRING, "DICOM modality code of the exam (CR, CT, MR, ...) where it can be told"),
        Column("body_part", _STRING, "Body part examined, lower case, where it can be told"),
        Column("report_status", _STRING, "preliminary, final, corrected or cancelled, where the source says it"),
        Column("source_etag", _STRING, "ETag of the file on S3, sha256 of it on disk; null in rows from before this"),
    ),
)

ROUGE_COLUMNS = tuple(
    f"{metric}_{part}"
    for metric in ("rouge1", "rouge2", "rougel", "rougelsum")
    for part in ("precision", "recall", "f")
)

PREDICTIONS = TableSchema(
    name="predictions",
    doc="One report under one model.",
    key=("unit_id", "model_digest"),
    partition=("batch_date", "dataset", "split", "model_digest"),
    columns=(
        _required("unit_id", _STRING, "Unit of `reports` that the findings come from"),
        _required("batch_date", pa.date32(), "Logical date of the night; 1970-01-01 for a corpus"),
        _required("dataset", _STRING, "Where the report belongs"),
        _required("split", _STRING, "train, validation, test or live"),
        _required("model_digest", _STRING, "sha256 of the model's manifest"),
        _required("model_name", _STRING, "Name of the model"),
        _required("status", _STRING, "ok or failed"),
        Column("reason", _STRING, "Reason code when status is failed"),
        _required("study_id", _STRING, "Study id as the source has it"),
        Column("subject_id", _STRING, "Patient id as the source has it"),
        _required("split_key", _STRING, "Cluster of reports that belong together in intervals and splits"),
        _required("text_digest", _STRING, "sha256 of background, findings and reference_raw"),
        Column("background", _STRING, "Background as given to the model"),
        _required("findings", _STRING, "Findings as given to the model"),
        Column("reference", _STRING, "Cleaned impression of the radiologist; null where there is none"),
        Column("reference_raw", _STRING, "Impression of the radiologist as it came"),
        Column("prediction", _STRING, "Impression written by the model; null when failed"),
        Column("hypotheses", HYPOTHESES, "Candidates of the beam, best first, with scores"),
        Column("input_tokens", _LONG, "Tokens of the prompt, before truncation, tokens"),
        Column("output_tokens", _LONG, "Tokens of the prediction, tokens"),
        Column("input_truncated", _BOOL, "The prompt was longer than max_input_tokens and lost its end"),
        Column("output_cut", _BOOL, "The prediction met max_new_tokens before its end"),
        *(
            Column(name, _DOUBLE, f"{name.replace('_', ', ')}, 0 to 1; null without a reference; 0 when failed")
            for name in ROUGE_COLUMNS
        ),
        Column("scorer_id", _STRING, "How ROUGE was computed; null without a reference"),
        _required("prompt_id", _STRING, "Id of the prompt"),
        _required("settings_digest", _STRING, "Digest of generation settings"),
        _required("engine", _STRING, "Engine that ran the model: library, version and compute type"),
        _required("run_key", _STRING, "Digest of what decided the rows of this partition"),
        _required("run_id", _STRING, "Run that wrote the row"),
        Column("logprob_per_token", _DOUBLE, "Log-probability of the prediction over its tokens, end token included"),
        Column("margin", _DOUBLE, "Score of the prediction less that of the second; null where there is no second"),
        Column("repeated", _BOOL, "The answer to an equal prompt of the same run, not generated again"),
        *(Column(*one) for one in CHECK_COLUMNS),
    ),
)

EVALUATIONS = TableSchema(
    name="evaluations",
    doc="One figure of one system on one stratum of reports.",
    key=("run_id", "dataset", "split", "system", "stratum", "scorer_id", "metric"),
    columns=(
        _required("run_id", _STRING, "Evaluation run"),
        _required("batch_date", pa.date32(), "Date of the partition that was evaluated"),
        _required("dataset", _STRING, "Dataset"),
        _required("split", _STRING, "Split"),
        _required("system", _STRING, "Model name and short digest, name of a floor, or radiologist"),
        _required("stratum", _STRING, "all, normal or abnormal reference, standardised, or another set of the reports"),
        _required("scorer_id", _STRING, "How ROUGE was computed; how the checks were made"),
        _required("metric", _STRING, "rouge1 (F-measure), rouge1_recall, exact, reads_normal, flag_side, ...; 0 to 1"),
        _required("n", _LONG, "Reports of the stratum for which the system has a value; empty and failed ones have 0"),
        _required("mean", _DOUBLE, "Mean over reports, 0 to 1"),
        Column("sd", _DOUBLE, "Sample standard deviation; null for fewer than 2 reports"),
        _required("min", _DOUBLE, "Least value"),
        _required("p25", _DOUBLE, "First quartile, linear interpolation (standardised: least value that reaches it)"),
        _required("p50", _DOUBLE, "Median"),
        _required("p75", _DOUBLE, "Third quartile"),
        _required("max", _DOUBLE, "Greatest value"),
        Column("kind", _STRING, "model, floor or radiologist"),
        Column("missing", _LONG, "Reports of the stratum that the system has no prediction for: not in n"),
        Column("failed", _LONG, "Predictions of the stratum that failed: in n"),
        Column("clusters", _LONG, "Distinct split keys among the n reports"),
        Column("ci_low", _DOUBLE, "Lower end of the 95 % interval of the mean; null for fewer than 2 clusters"),
        Column("ci_high", _DOUBLE, "Upper end"),
        Column("resamples", _LONG, "Resamples of the bootstrap"),
        Column("seed", _LONG, "Seed of the bootstrap"),
        Column("normal_weight", _DOUBLE, "Weight of normal references in a standardised mean; null in others"),
    ),
)

COMPARISONS = TableSchema(
    name="comparisons",
    doc="One paired difference between two systems on the reports of a stratum for which both have a value.",
    key=("run_id", "dataset", "split", "system_a", "system_b", "stratum", "scorer_id", "metric"),
    columns=(
        _required("run_id", _STRING, "Evaluation run"),
        _required("batch_date", pa.date32(), "Date of the partition that was evaluated"),
        _required("dataset", _STRING, "Dataset"),
        _required("split", _STRING, "Split"),
        _required("system_a", _STRING, "System, as in `evaluations`"),
        _required("system_b", _STRING, "System that it is compared with: what runs now, a floor, or radiologist"),
        _required("stratum", _STRING, "As in `evaluations`"),
        _required("scorer_id", _STRING, "As in `evaluations`"),
        _required("metric", _STRING, "As in `evaluations`"),
        _required("n", _LONG, "Reports for which both have a value"),
        _required("clusters", _LONG, "Distinct split keys among the n reports"),
        _required("mean_a", _DOUBLE, "Mean of system_a on the n reports"),
        _required("mean_b", _DOUBLE, "Mean of system_b on the n reports"),
        _required("difference", _DOUBLE, "mean_a less mean_b"),
        Column("ci_low", _DOUBLE, "Lower end of the 95 % interval of the difference; null for fewer than 2 clusters"),
        Column("ci_high", _DOUBLE, "Upper end"),
        Column("p_value", _DOUBLE, "Two-sided, of no difference; null for fewer than 2 clusters; not corrected"),
        _required("test", _STRING, "How p_value was computed"),
        _required("resamples", _LONG, "Resamples of bootstrap and test"),
        _required("seed", _LONG, "Seed of both"),
        Column("normal_weight", _DOUBLE, "Weight of normal references in a standardised mean; null in others"),
    ),
)

TRAINING_METRICS = TableSchema(
    name="training_metrics",
    doc="One value logged while fine-tuning.",
    key=("run_id", "name", "step"),
    columns=(
        _required("run_id", _STRING, "Fine-tuning run"),
        _required("model_name", _STRING, "Name of the model that was made"),
        _required("step", _LONG, "Optimiser steps done"),
        _required("epoch", _DOUBLE, "Epochs done"),
        _required("time", _TIME, "When, UTC"),
        _required("name", _STRING, "train_loss, val_loss, val_rouge1(_abnormal), learning_rate, examples_per_second"),
        _required("value", _DOUBLE, "The value"),
    ),
)

RUNS = TableSchema(
    name="runs",
    doc="One run of a job.",
    key=("run_id",),
    columns=(
        _required("run_id", _STRING, "Id of the run"),
        _required("job", _STRING, "prepare, finetune, generate or evaluate"),
        _required("status", _STRING, "running, finished or failed"),
        Column("reason", _STRING, "Class of the error when failed"),
        _required("run_key", _STRING, "Digest of what decides the rows"),
        Column("batch_date", pa.date32(), "Logical date"),
        Column("dataset", _STRING, "Dataset"),
        Column("split", _STRING, "Split"),
        Column("model_name", _STRING, "Model"),
        Column("model_digest", _STRING, "sha256 of the model's manifest"),
        Column("input_digest", _STRING, "Digest of the frozen input"),
        _required("config", _STRING, "Resolved settings, YAML"),
        _required("code_version", _STRING, "Version of radray"),
        _required("started", _TIME, "Start, UTC"),
        Column("ended", _TIME, "End, UTC"),
        *(Column(*one) for one in FIGURE_COLUMNS),
    ),
)

TABLES = {table.name: table for table in (REPORTS, PREDICTIONS, EVALUATIONS, COMPARISONS, TRAINING_METRICS, RUNS)}
"""All tables by name."""
