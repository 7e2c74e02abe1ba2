"""The table `predictions`: one row for each report and model."""

import pyarrow as pa

from radray.schema.checks import CHECK_COLUMNS
from radray.schema.column import BOOL, DOUBLE, HYPOTHESES, LONG, STRING, Column, TableSchema, required

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
        required("unit_id", STRING, "Unit of `reports` that the findings come from"),
        required("batch_date", pa.date32(), "Logical date of the night; 1970-01-01 for a corpus"),
        required("dataset", STRING, "Where the report belongs"),
        required("split", STRING, "train, validation, test or live"),
        required("model_digest", STRING, "sha256 of the model's manifest"),
        required("model_name", STRING, "Name of the model"),
        required("status", STRING, "ok or failed"),
        Column("reason", STRING, "Reason code when status is failed"),
        required("study_id", STRING, "Study id as the source has it"),
        Column("subject_id", STRING, "Patient id as the source has it"),
        required("split_key", STRING, "Cluster of reports that belong together in intervals and splits"),
        required("text_digest", STRING, "sha256 of background, findings and reference_raw"),
        Column("background", STRING, "Background as given to the model"),
        required("findings", STRING, "Findings as given to the model"),
        Column("reference", STRING, "Cleaned impression of the radiologist; null where there is none"),
        Column("reference_raw", STRING, "Impression of the radiologist as it came"),
        Column(
            "prediction", STRING, "Impression written by the model, or chosen from its candidates; null when failed"
        ),
        Column(
            "hypotheses",
            HYPOTHESES,
            "Candidates of the beam, best first, with scores",
        ),
        Column("input_tokens", LONG, "Tokens of the prompt, before truncation, tokens"),
        Column(
            "output_tokens",
            LONG,
            "Tokens of the best hypothesis, tokens",
        ),
        Column("input_truncated", BOOL, "The prompt was longer than max_input_tokens and lost its end"),
        Column("output_cut", BOOL, "The best hypothesis met max_new_tokens before its end"),
        *(
            Column(name, DOUBLE, f"{name.replace('_', ', ')}, 0 to 1; null without a reference; 0 when failed")
            for name in ROUGE_COLUMNS
        ),
        Column("scorer_id", STRING, "How ROUGE was computed; null without a reference"),
        required("prompt_id", STRING, "Id of the prompt"),
        required("settings_digest", STRING, "Digest of generation settings"),
        required("engine", STRING, "Engine that ran the model: library, version and compute type"),
        required("run_key", STRING, "Digest of what decided the rows of this partition"),
        required("run_id", STRING, "Run that wrote the row"),
        Column("logprob_per_token", DOUBLE, "Log-probability of the best hypothesis over its tokens, its end included"),
        Column("margin", DOUBLE, "Score of the best hypothesis less that of the second; null where there is no second"),
        Column("repeated", BOOL, "The answer to an equal prompt of the same run, not generated again"),
        *(Column(*column) for column in CHECK_COLUMNS),
        Column("task", STRING, "What the model was asked for: impression; null in rows older than the column"),
        Column(
            "concept_f1",
            DOUBLE,
            "Concepts in common with the reference, by state, side and urgency, F, 0 to 1; null without a reference or"
            " where it names no concept; 0 when failed; checks_id has its version",
        ),
        Column(
            "exemplars",
            STRING,
            "JSON list of the training reports that the prompt showed, most similar first: unit_id and cosine of the"
            " findings; null where the prompt shows none",
        ),
        Column(
            "candidates",
            STRING,
            "What the prediction was chosen from, that first, JSON: source (beam, sample, neighbour), text or, of a"
            " neighbour, unit_id, score, agreement, faults; null without generate.consensus",
        ),
        Column(
            "agreement",
            DOUBLE,
            "Mean agreement of the prediction with all candidates by their votes, itself among them, 0 to 1; null"
            " without generate.consensus or another candidate",
        ),
        Column(
            "defer_reason",
            STRING,
            "Why a person should write this one: no_prediction, below_logprob, below_margin, below_agreement,"
            " unsure_normal (score.calibration) or withdrawn (its night's confidences are others); null where defer is"
            " not true",
        ),
        Column(
            "item_order",
            STRING,
            "Places that the items of the prediction had when it was written, from 1, joined by comma; null where they"
            " stand as written",
        ),
    ),
)
