"""Predictions and training reports as evaluation reads them."""

from collections.abc import Mapping
from typing import Any

from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.statuses import ReportStatus
from radray.tables.catalog import Warehouse

_EVIDENCE = frozenset({"evidence", "reference_evidence"})
_NOT_READ = frozenset({"hypotheses"}) | _EVIDENCE
"""Columns of `predictions` that no figure is made of: most of a row's bytes."""


def read_predictions(warehouse: Warehouse, where: Mapping[str, Any], *, evidence: bool = False) -> list[dict[str, Any]]:
    """Return the rows of `predictions` whose columns equal `where`, with or without a reference, by unit_id.

    With the `evidence` of flags where it is asked for. Columns that rows are older than are None in them.
    """
    left_out = _NOT_READ - _EVIDENCE if evidence else _NOT_READ
    columns = [column.name for column in PREDICTIONS.columns if column.name not in left_out]
    rows: list[dict[str, Any]] = warehouse.read(PREDICTIONS, columns, where).to_pylist()
    return sorted(rows, key=lambda row: row["unit_id"])


def read_training(warehouse: Warehouse, dataset: str) -> list[dict[str, Any]]:
    """Return split_key, findings and reference of the dataset's training reports, by unit_id; [] for none."""
    where = {"dataset": dataset, "status": ReportStatus.OK.value, "split": "train"}
    columns = ["unit_id", "split_key", "findings", "reference"]
    rows: list[dict[str, Any]] = warehouse.read(REPORTS, columns, where).to_pylist()
    return sorted(rows, key=lambda row: row["unit_id"])
