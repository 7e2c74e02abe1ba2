"""The table `answers`: what a model answered to what a task asks of a report."""

import pyarrow as pa

from radray.schema.column import BOOL, DOUBLE, ENTRIES, LONG, STRING, Column, TableSchema, required
from radray.schema.examples import GOLD_COLUMNS

ANSWERS = TableSchema(
    name="answers",
    doc="What a model answered to an example: to what a task asks of a report.",
    key=("example_id", "task", "model_digest"),
    partition=("batch_date", "dataset", "split", "model_digest", "task"),
    row_id="example_id",
    columns=(
        required("example_id", STRING, "As in `examples`"),
        required("unit_id", STRING, "Unit of `reports` that it is about"),
        required("item", STRING, "As in `examples`"),
        required("task", STRING, "As in `examples`"),
        required("batch_date", pa.date32(), "Logical date of the night; 1970-01-01 for a corpus"),
        required("dataset", STRING, "Where the report belongs"),
        required("split", STRING, "train, validation, test or live"),
        required("model_digest", STRING, "sha256 of the model's manifest"),
        required("model_name", STRING, "Name of the model"),
        required("status", STRING, "ok, failed or not_asked"),
        Column("reason", STRING, "Reason code when status is not ok"),
        required("study_id", STRING, "Study id as the source has it"),
        Column("subject_id", STRING, "Patient id as the source has it"),
        required("split_key", STRING, "Cluster of reports that belong together in intervals and splits"),
        Column("inputs", STRING, "What the prompt was filled with, JSON by name; null when not_asked"),
        required("input_digest", STRING, "As in `examples`"),
        Column("answer", STRING, "What the model wrote; null where nothing may be shown"),
        Column("value", STRING, "The answer where it is short: yes, no, left, fine, ..."),
        Column("rewritten", STRING, "The text that the task asked for, such as a repaired impression"),
        Column("entries", ENTRIES, "The answer where it is a list: findings, devices, sentences or changes"),
        *GOLD_COLUMNS,
        Column("correct", BOOL, "The whole answer is right; false when failed; null where the right one is not known"),
        Column("f1", DOUBLE, "F of its labels against the right ones, 0 to 1; null where there are none, or not known"),
        Column("input_tokens", LONG, "Tokens of the prompt, before truncation, tokens"),
        Column("output_tokens", LONG, "Tokens of what the model wrote, tokens"),
        Column("input_truncated", BOOL, "The prompt was longer than max_input_tokens and lost its end"),
        Column("output_cut", BOOL, "What the model wrote met max_new_tokens before its end"),
        Column("logprob_per_token", DOUBLE, "Log-probability of what it wrote over its tokens, its end included"),
        Column("repeated", BOOL, "The answer to an equal prompt of the same run, not generated again"),
        Column("scorer_id", STRING, "Version of the task: how answers are parsed and scored"),
        required("prompt_id", STRING, "Id of the prompt"),
        required("settings_digest", STRING, "Digest of generation settings"),
        required("engine", STRING, "Engine that ran the model: library, version and compute type"),
        required("run_key", STRING, "Digest of what decided the rows of this partition"),
        required("run_id", STRING, "Run that wrote the row"),
    ),
)
