"""The tables `evaluations`, one row for each figure, and `comparisons`, one for each paired difference."""

import pyarrow as pa

from radray.schema.column import DOUBLE, LONG, STRING, Column, TableSchema, required

EVALUATIONS = TableSchema(
    name="evaluations",
    doc="One figure of one system on one stratum of reports.",
    key=("run_id", "dataset", "split", "system", "stratum", "scorer_id", "metric"),
    columns=(
        required("run_id", STRING, "Evaluation run"),
        required("batch_date", pa.date32(), "Date of the partition that was evaluated"),
        required("dataset", STRING, "Dataset"),
        required("split", STRING, "Split"),
        required("system", STRING, "Model name and short digest, name of a floor, or radiologist"),
        required("stratum", STRING, "all, normal or abnormal reference, standardised, or another set of the reports"),
        required(
            "scorer_id", STRING, "How ROUGE was computed; version of the checks, of whose vocabulary concept F1 is too"
        ),
        required("metric", STRING, "rouge1 (F-measure), rouge1_recall, exact, reads_normal, flag_side, ...; 0 to 1"),
        required("n", LONG, "Reports of the stratum for which the system has a value; empty and failed ones have 0"),
        required("mean", DOUBLE, "Mean over reports, 0 to 1"),
        Column("sd", DOUBLE, "Sample standard deviation; null for fewer than 2 reports"),
        required("min", DOUBLE, "Least value"),
        required("p25", DOUBLE, "First quartile, linear interpolation (standardised: least value that reaches it)"),
        required("p50", DOUBLE, "Median"),
        required("p75", DOUBLE, "Third quartile"),
        required("max", DOUBLE, "Greatest value"),
        Column("kind", STRING, "model, floor or radiologist"),
        Column("missing", LONG, "Reports of the stratum that the system has no prediction for: not in n"),
        Column("failed", LONG, "Predictions of the stratum that failed: in n"),
        Column("clusters", LONG, "Distinct split keys among the n reports"),
        Column("ci_low", DOUBLE, "Lower end of the 95 % interval of the mean; null for fewer than 2 clusters"),
        Column("ci_high", DOUBLE, "Upper end"),
        Column("resamples", LONG, "Resamples of the bootstrap"),
        Column("seed", LONG, "Seed of the bootstrap"),
        Column("normal_weight", DOUBLE, "Weight of normal references in a standardised mean; null in others"),
    ),
)


COMPARISONS = TableSchema(
    name="comparisons",
    doc="One paired difference between two systems on the reports of a stratum for which both have a value.",
    key=("run_id", "dataset", "split", "system_a", "system_b", "stratum", "scorer_id", "metric"),
    columns=(
        required("run_id", STRING, "Evaluation run"),
        required("batch_date", pa.date32(), "Date of the partition that was evaluated"),
        required("dataset", STRING, "Dataset"),
        required("split", STRING, "Split"),
        required("system_a", STRING, "System, as in `evaluations`"),
        required("system_b", STRING, "System that it is compared with: what runs now, a floor, or radiologist"),
        required("stratum", STRING, "As in `evaluations`"),
        required("scorer_id", STRING, "As in `evaluations`"),
        required("metric", STRING, "As in `evaluations`"),
        required("n", LONG, "Reports for which both have a value"),
        required("clusters", LONG, "Distinct split keys among the n reports"),
        required("mean_a", DOUBLE, "Mean of system_a on the n reports"),
        required("mean_b", DOUBLE, "Mean of system_b on the n reports"),
        required("difference", DOUBLE, "mean_a less mean_b"),
        Column("ci_low", DOUBLE, "Lower end of the 95 % interval of the difference; null for fewer than 2 clusters"),
        Column("ci_high", DOUBLE, "Upper end"),
        Column("p_value", DOUBLE, "Two-sided, of no difference; null for fewer than 2 clusters; not corrected"),
        required("test", STRING, "How p_value was computed"),
        required("resamples", LONG, "Resamples of bootstrap and test"),
        required("seed", LONG, "Seed of both"),
        Column("normal_weight", DOUBLE, "Weight of normal references in a standardised mean; null in others"),
    ),
)
