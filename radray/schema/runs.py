"""The tables `runs`, one row for each run of a job, and `training_metrics`, one for each value of a fine-tuning."""

import pyarrow as pa

from radray.schema.column import DOUBLE, LONG, STRING, TIME, Column, TableSchema, required

FIGURE_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("input_units", LONG, "Units in the frozen input"),
    ("rows_ok", LONG, "Rows with status ok"),
    ("rows_not_ok", LONG, "Rows with any other status"),
    ("rows_resumed", LONG, "Rows found staged from an earlier attempt, not made again"),
    ("units_per_second", DOUBLE, "Input units over wall time of the work, 1/s"),
    ("rows_copied", LONG, "Rows copied from the night as it stood: same text, model and settings"),
    ("rows_repeated", LONG, "Rows answered from another report of the run that says the same: generations saved"),
    ("seconds_engine", DOUBLE, "Wall time of choosing the engine before the run began, a parity run included, s"),
    ("seconds_ready", DOUBLE, "Wall time from the run's start until rows were made: what was there already, s"),
    ("seconds_staged", DOUBLE, "Wall time of making rows: all that ran in Ray, start of actors included, s"),
    ("seconds_committed", DOUBLE, "Wall time of merge, audit, gates and commit, s"),
    ("gpu_seconds", DOUBLE, "GPUs that actors held while rows were made, times the seconds of it, s"),
    ("cost", DOUBLE, "Wall time, the engine's choice too, at cluster.price_per_hour; null where no price was set"),
    ("rows_deferred", LONG, "Rows that a person should write; null where no rule defers any"),
    ("shift_p_value", DOUBLE, "P-value of the confidences being spread as score.calibration's; null without one"),
    (
        "rows_identified",
        LONG,
        "prepare: reports in which rules saw what may be an identifier, dates of exams apart; generate: impressions"
        " withheld for one; null in rows from before this",
    ),
    ("identifiers", STRING, "prepare: JSON of such reports by kind, dates of exams too; null in other rows"),
)
"""(name, type, sentence) of the columns, all nullable: columns are only ever added, at the end."""


TRAINED_BY = ("finetune", "maintain")
"""Jobs whose rows say what a model of a digest learnt from; maintain: an erasure that gave the model another digest."""

TRAINING_METRICS = TableSchema(
    name="training_metrics",
    doc="One value logged while fine-tuning.",
    key=("run_id", "name", "step"),
    columns=(
        required("run_id", STRING, "Fine-tuning run"),
        required("model_name", STRING, "Name of the model that was made"),
        required("step", LONG, "Optimiser steps done"),
        required("epoch", DOUBLE, "Epochs done"),
        required("time", TIME, "When, UTC"),
        required(
            "name",
            STRING,
            "train_loss, val_loss, val_loss_TASK, val_rouge1(_abnormal), learning_rate, examples_per_second",
        ),
        required("value", DOUBLE, "The value"),
    ),
)


RUNS = TableSchema(
    name="runs",
    doc="One run of a job.",
    key=("run_id",),
    columns=(
        required("run_id", STRING, "Id of the run"),
        required(
            "job",
            STRING,
            "prepare, finetune, generate or evaluate; maintain: an erasure that gave a model another digest",
        ),
        required("status", STRING, "running, finished or failed"),
        Column("reason", STRING, "Class of the error when failed"),
        required("run_key", STRING, "Digest of what decides the rows"),
        Column("batch_date", pa.date32(), "Logical date"),
        Column("dataset", STRING, "Dataset"),
        Column("split", STRING, "Split"),
        Column("model_name", STRING, "Model"),
        Column("model_digest", STRING, "sha256 of the model's manifest"),
        Column("input_digest", STRING, "Digest of the frozen input"),
        required("config", STRING, "Resolved settings, YAML"),
        required("code_version", STRING, "Version of radray"),
        required("started", TIME, "Start, UTC"),
        Column("ended", TIME, "End, UTC"),
        *(Column(*column) for column in FIGURE_COLUMNS),
        Column("base_digest", STRING, "sha256 of the manifest of the model that a fine-tuning started from"),
        Column("task", STRING, "Task of a run over `examples` or `answers`; null for a run over any other table"),
    ),
)
