"""The table `examples`: what a task asks of a report, with the answer where it is known."""

import pyarrow as pa

from radray.schema.column import ENTRIES, STRING, Column, TableSchema, required

GOLD_COLUMNS = (
    Column(
        "gold_value", STRING, "The right answer where it is short: yes, no, left, fine, ...; null where none is known"
    ),
    Column("gold_rewritten", STRING, "The right text where the task writes one, such as a repaired impression"),
    Column(
        "gold_entries", ENTRIES, "The right list: findings, devices, sentences or changes; null where none is known"
    ),
    Column(
        "gold_source",
        STRING,
        "Where the right answer is from: codes (by people), headings (the author's), planted, course (synthetic),"
        " file, agreed (codes leave it out, and our rules read no more) or rules, which two judge no rules; null where"
        " none is known",
    ),
)
"""Columns of the right answer, in `examples` and `answers` alike."""

EXAMPLES = TableSchema(
    name="examples",
    doc="What a task asks of a report: an item of it, with the right answer where that is known.",
    key=("example_id", "task"),
    partition=("batch_date", "dataset", "task"),
    row_id="example_id",
    columns=(
        required("example_id", STRING, "unit_id, and after a / the item where a task asks several of a report"),
        required("unit_id", STRING, "Unit of `reports` that it is about"),
        required("item", STRING, "Which of those that the task asks of the report; empty where it asks one"),
        required("task", STRING, "Task: labels, devices, sections, questions, correction or change"),
        required("batch_date", pa.date32(), "Logical date of the night; 1970-01-01 for a corpus"),
        required("dataset", STRING, "Where the report belongs"),
        required("status", STRING, "ok, or not_asked: the row stands for a report of which the task asks nothing"),
        Column("reason", STRING, "Reason code when status is not_asked"),
        Column("split", STRING, "Split of the report: train, test or live"),
        Column("split_key", STRING, "Cluster of reports that belong together in intervals and splits"),
        required("study_id", STRING, "Study id as the source has it"),
        Column("subject_id", STRING, "Patient id as the source has it"),
        Column("inputs", STRING, "What the prompt is filled with, JSON by name; null when not_asked"),
        required("input_digest", STRING, "sha256 of inputs and the right answer"),
        *GOLD_COLUMNS,
        Column("target", STRING, "The right answer as a model learns to write it; null where none is known"),
        required("run_key", STRING, "Digest of what decided the rows of this partition"),
        required("run_id", STRING, "Run that wrote the row"),
    ),
)
