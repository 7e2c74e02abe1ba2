"""The columns of `predictions` with flags, strata and raw scores."""

import pyarrow as pa

from radray.flags import TIER_A, TIER_B
from radray.schema.column import BOOL, DOUBLE, LONG, STRING

RAW_ROUGE_COLUMNS = tuple(f"{metric}_raw_f" for metric in ("rouge1", "rouge2", "rougel", "rougelsum"))

CHECK_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("reference_stratum", STRING, "normal or abnormal, by the reference; null where it does not say or there is none"),
    ("findings_stratum", STRING, "normal or abnormal, by what the findings assert"),
    ("modality", STRING, "DICOM modality code of the exam (CR, CT, MR, ...) where it can be told"),
    ("body_part", STRING, "Body part examined, lower case, where it can be told"),
    ("comparison_state", STRING, "Whether there is a prior exam: none, present or unknown (blank, or not said)"),
    *(
        (
            name,
            DOUBLE,
            f"{name.split('_')[0]}, F, against reference_raw, 0 to 1; null without a reference; 0 when failed",
        )
        for name in RAW_ROUGE_COLUMNS
    ),
    *(
        (f"flag_{name}", BOOL, f"The prediction {what}; null where that cannot be told")
        for name, what in (TIER_A | TIER_B).items()
    ),
    *(
        (f"reference_flag_{name}", BOOL, f"The reference {what}; null where that cannot be told or there is none")
        for name, what in (TIER_A | TIER_B).items()
    ),
    ("evidence", STRING, "Where the prediction's flags come from: class, then characters of a text (name:start-end)"),
    ("reference_evidence", STRING, "Where the reference's flags come from, likewise; null without a reference"),
    ("followup", BOOL, "The prediction recommends follow-up"),
    ("reference_followup", BOOL, "The reference recommends follow-up; null without a reference"),
    ("urgent_first", BOOL, "The prediction's most urgent item stands first; null for one item or nothing urgent"),
    ("reference_urgent_first", BOOL, "The reference's most urgent item stands first, likewise"),
    (
        "impression_items",
        LONG,
        "Items of the prediction: its sentences, as cleaned text has no list marks; null when failed",
    ),
    ("reference_items", LONG, "Items of the reference, likewise; null without a reference"),
    (
        "defer",
        BOOL,
        "A person should write this one, see defer_reason; null: score.defer_below_... and score.calibration are off",
    ),
    ("checks_id", STRING, "How flags and defer were made: version of the checks, thresholds, calibration"),
    (
        "recommendations",
        STRING,
        "What the prediction recommends: test:days:finding:side:place:condition each, joined by ;, ids, never text",
    ),
    ("reference_recommendations", STRING, "What the reference recommends, likewise; null without a reference"),
    (
        "mentions",
        STRING,
        "What findings, reference and prediction name: text:concept:state:sides:severity:places:change:urgency:old"
        " each, joined by ;, ids, never text",
    ),
)
"""(name, type, sentence) of the columns, all nullable: older rows hold null."""
