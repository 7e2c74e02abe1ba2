"""Predictions and training reports as evaluation reads them."""

from collections.abc import Mapping
from typing import Any

from radray.schemas import PREDICTIONS, REPORTS, ReportStatus
from radray.tables.catalog import Warehouse

_NOT_READ = frozenset({"hypotheses", "evidence", "reference_evidence"})
"""Columns of `predictions` that no figure is made of: most of a row's bytes."""


def read_predictions(warehouse: Warehouse, where: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of `predictions` whose columns equal `where`, with or without a reference, by unit_id.

    Columns that rows are older than are None in them.
    """
    columns = [column.name for column in PREDICTIONS.columns if column.name not in _NOT_READ]
    rows: list[dict[str, Any]] = warehouse.read(PREDICTIONS, columns, where).to_pylist()
    return sorted(rows, key=lambda row: row["unit_id"])


def read_training(warehouse: Warehouse, dataset: str) -> list[dict[str, Any]]:
    """Return split_key, findings and reference of the dataset's training reports, by unit_id; [] for none."""
    where = {"dataset": dataset, "status": ReportStatus.OK.value, "split": "train"}
    columns = ["unit_id", "split_key", "findings", "reference"]
    rows: list[dict[str, Any]] = warehouse.read(REPORTS, columns, where).to_pylist()
    return sorted(rows, key=lambda row: row["unit_id"])
