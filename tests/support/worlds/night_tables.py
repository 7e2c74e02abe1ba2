"""A prepared night in a warehouse, made for tests: rows of `reports`, and the run that says it was prepared."""

import datetime
from collections.abc import Sequence
from typing import Any

from radray.schema.reports import REPORTS
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import new_run_id
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow, recorded

NIGHT = datetime.date(2026, 11, 21)


def put_reports(warehouse: Warehouse, unit_ids: Sequence[str], **columns: Any) -> None:
    """Add ok reports of dataset hospital, split live, on NIGHT; `columns` replace values for all of them."""
    rows = []
    for unit_id in unit_ids:
        row: dict[str, Any] = dict.fromkeys(column.name for column in REPORTS.columns)
        row |= {"unit_id": unit_id, "batch_date": NIGHT, "dataset": "hospital", "format": "mimic_zip", "status": "ok"}
        row |= {"source_uri": "a.zip", "source_member": f"{unit_id}.txt", "source_offset": 0, "source_digest": "00"}
        row |= {"study_id": f"s{unit_id}", "split": "live", "split_key": unit_id, "text_digest": f"t{unit_id}"}
        row |= {"findings": f"Clear {unit_id}.", "reference": "Normal.", "run_key": "k", "run_id": "r", **columns}
        rows.append(row)
    append_rows(warehouse, REPORTS, to_arrow(rows, REPORTS))


def put_prepare_run(warehouse: Warehouse, dataset: str, night: datetime.date = NIGHT) -> None:
    """Add the row of a finished run of `prepare`."""
    about = {"batch_date": night, "dataset": dataset}
    with recorded(warehouse, RunRow(new_run_id("prepare"), "prepare", "k", "", about)):
        pass
