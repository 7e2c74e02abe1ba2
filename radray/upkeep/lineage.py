"""What `runs` says of the models that learnt from an erased patient, and of the digests that they have afterwards."""

from collections.abc import Iterable, Mapping
from typing import Any

from radray.models.manifest import Manifest, replaced_by
from radray.schema.runs import RUNS, TRAINED_BY
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse
from radray.tables.identity import new_run_id
from radray.tables.runs import RunRow

FINISHED = {"status": RunStatus.FINISHED.value}
ABOUT = ("batch_date", "dataset", "model_name", "input_digest")
"""Columns of a fine-tuning's row that hold for the model after an erasure as well."""


def record_digest(warehouse: Warehouse, manifest: Manifest) -> None:
    """Add a row to `runs` that says of the model of `manifest`, erased from, what its fine-tuning's row says.

    Does nothing where there is such a row, the model is not erased from, or its fine-tuning is not in `runs`.
    """
    digests = replaced_by(manifest)
    if not digests or _trained(warehouse, manifest.digest):
        return
    for digest in reversed(digests):
        rows = _trained(warehouse, digest)
        if rows:
            row = max(rows, key=lambda row: row["started"])
            about = {**{name: row[name] for name in ABOUT}, "model_digest": manifest.digest}
            erased = RunRow(new_run_id("maintain"), "maintain", row["run_key"], row["config"], about)
            erased.write(warehouse, RunStatus.FINISHED)
            return


def learnt_from(warehouse: Warehouse, rows: Iterable[Mapping[str, Any]], replaced: set[str]) -> list[str]:
    """Return the models, but the `replaced`, that `runs` says were fine-tuned on a night with training `rows`.

    By name and the first characters of the digest; [] for none.
    """
    nights = {(row["dataset"], row["batch_date"]) for row in rows if row.get("split") == "train"}
    columns = ["model_name", "model_digest", "dataset", "batch_date"]
    runs = warehouse.read(RUNS, columns, {"job": "finetune", **FINISHED}).to_pylist()
    return sorted(
        {
            f"{run['model_name']} {(run['model_digest'] or '')[:8]}".strip()
            for run in runs
            for dataset, night in nights
            if run["batch_date"] == night and run["dataset"] in (None, dataset) and run["model_digest"] not in replaced
        }
    )


def _trained(warehouse: Warehouse, digest: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = warehouse.read(RUNS, None, {"model_digest": digest, **FINISHED}).to_pylist()
    return [row for row in rows if row["job"] in TRAINED_BY]
