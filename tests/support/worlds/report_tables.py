"""Rows of `reports` as the generation stages read them, made for tests."""

from typing import Any

import pyarrow as pa

from radray.pipelines.report_rows import REPORT_COLUMNS


def reports(count: int, **columns: Any) -> pa.Table:
    """Return `count` ok reports of split train, a subject each; `columns` replace values for all of them."""
    values: dict[str, Any] = {
        "status": "ok",
        "split": "train",
        "subject_id": None,
        "background": None,
        "findings": "Small left effusion.",
        "reference": "Effusion.",
        "reference_raw": "1. Effusion.",
        "modality": "CR",
        "body_part": "chest",
        "comparison_state": "unknown",
    } | columns
    rows = [
        {**values, "unit_id": f"u{i:03d}", "study_id": f"s{i}", "split_key": f"p{i}", "text_digest": f"t{i}"}
        for i in range(count)
    ]
    return pa.Table.from_pylist(rows).select(REPORT_COLUMNS)
