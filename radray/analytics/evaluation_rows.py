"""Rows that evaluation reads: predictions, and training reports."""

from collections.abc import Mapping
from typing import Any

from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.statuses import ReportStatus
from radray.tables.catalog import Warehouse

_EVIDENCE = frozenset({"evidence", "reference_evidence"})
_NOT_READ = frozenset({"hypotheses"}) | _EVIDENCE
"""Columns of `predictions` that no figure uses: most of a row's bytes."""


def read_predictions(warehouse: Warehouse, where: Mapping[str, Any], *, evidence: bool = False) -> list[dict[str, Any]]:
    """Return the rows of `predictions` whose columns equal `where`, sorted by unit_id; [] for none.

    Rows without a reference are included; the `evidence` of flags only on request. Columns newer than a row are None.
    """
    left_out = _NOT_READ - _EVIDENCE if evidence else _NOT_READ
    columns = [column.name for column in PREDICTIONS.columns if column.name not in left_out]
    rows: list[dict[str, Any]] = warehouse.read(PREDICTIONS, columns, where).to_pylist()
    return sorted(rows, key=lambda row: row["unit_id"])


def read_training(warehouse: Warehouse, dataset: str) -> list[dict[str, Any]]:
    """Return unit_id, split_key, findings and reference of the dataset's training reports, by unit_id; [] for none."""
    where = {"dataset": dataset, "status": ReportStatus.OK.value, "split": "train"}
    columns = ["unit_id", "split_key", "findings", "reference"]
    rows: list[dict[str, Any]] = warehouse.read(REPORTS, columns, where).to_pylist()
    return sorted(rows, key=lambda row: row["unit_id"])
