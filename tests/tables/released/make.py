"""Writes every table as this version of radray writes it, to be kept: the fixture that later versions must read.

Run once when a version is released, from the top of the repository::

    python -m tests.tables.released.make

It makes ``tests/tables/released/<version>/`` with ``warehouse.zip`` (the SQLite catalog, and all objects of the
warehouse) and ``<table>.json`` (the rows that a reader saw). Iceberg's metadata holds whole paths: the warehouse is
made on the tests' S3 server, where ``s3://radray/released/<version>`` is the same place on every machine.
All report text is made up.
"""

import datetime
import json
import os
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from radray.schema.column import TableSchema
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.predictions import PREDICTIONS, ROUGE_COLUMNS
from radray.schema.reports import REPORTS
from radray.schema.runs import TRAINING_METRICS
from radray.schema.tables import TABLES
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows, pin
from radray.tables.identity import new_run_id
from radray.tables.inventory import Inventory
from radray.tables.partition import PartitionRun, RecordedRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from tests.support.s3_server import S3Server, running_s3

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[2]
NIGHTS = (datetime.date(2026, 1, 1), datetime.date(2026, 1, 2))
DATASET = "hospital"
MODEL = "aa" * 32
SUBJECT = "patient-1"
CATALOG = "catalog.db"
ARCHIVE = "warehouse.zip"


def uri(version: str) -> str:
    """Return where the warehouse of a version lies."""
    return f"s3://radray/released/{version}"


def settings(version: str, catalog: Path, server: S3Server) -> WarehouseSettings:
    """Return the settings of the warehouse of a version."""
    return WarehouseSettings(uri=uri(version), catalog_uri=str(catalog), s3=server.settings())


def blank(schema: TableSchema, values: dict[str, Any]) -> dict[str, Any]:
    """Return a row with `values`, null in the other columns."""
    return dict.fromkeys(column.name for column in schema.columns) | values


def report_row(number: int, date: datetime.date, run_key: str, run_id: str) -> dict[str, Any]:
    """Return report `number` of a night: every column filled, but for every third, which is rejected."""
    report = blank(
        REPORTS,
        {
            "unit_id": f"{date:%d}-unit-{number}",
            "batch_date": date,
            "dataset": DATASET,
            "format": "mimic_zip",
            "status": "ok",
            "source_uri": "night.zip",
            "source_member": f"p10/p1/s{number}.txt",
            "source_offset": number,
            "source_digest": f"{number:064x}",
            "run_key": run_key,
            "run_id": run_id,
        },
    )
    if number % 3 == 2:
        return report | {"status": "rejected", "reason": "no_findings"}
    return report | {
        "study_id": f"s{number}",
        "subject_id": f"patient-{number}",
        "split": "live",
        "split_key": f"patient-{number}",
        "text_digest": f"{number + 1:064x}",
        "background": "INDICATION: Cough.",
        "indication": "Cough.",
        "comparison": "None.",
        "findings": f"Lungs of patient number {number} are clear; naïve “quotes”.",
        "reference": "Normal chest.",
        "reference_raw": "1. Normal chest.",
        "exam_description": "CHEST (PA AND LAT)",
        "human_codes": "normal;clear",
        "exam_time": datetime.datetime(2026, 1, 1, 22, 30, 0, 123456),
        "report_time": datetime.datetime(2026, 1, 1, 23, 45),
    }


def prediction_row(report: dict[str, Any], run_key: str, run_id: str) -> dict[str, Any]:
    """Return the prediction for `report`."""
    shared = {name: report[name] for name in report if name in {column.name for column in PREDICTIONS.columns}}
    return blank(PREDICTIONS, shared) | {
        "split": "live",
        "model_digest": MODEL,
        "model_name": "tiny",
        "reason": None,
        "prediction": "Normal chest.",
        "hypotheses": [{"text": "Normal chest.", "score": -0.25}, {"text": "No change.", "score": -1.5}],
        "input_tokens": 31,
        "output_tokens": 4,
        "input_truncated": False,
        "output_cut": False,
        **{name: 1 / (place + 3) for place, name in enumerate(ROUGE_COLUMNS)},
        "scorer_id": "rouge-score",
        "prompt_id": "background-findings-v1",
        "settings_digest": "bb",
        "engine": "transformers",
        "run_key": run_key,
        "run_id": run_id,
    }


def commit_night(
    warehouse: Warehouse, schema: TableSchema, date: datetime.date, run_key: str, numbers: range
) -> list[dict[str, Any]]:
    """Commit these reports, or their predictions, as a job does, `runs` row too; return the rows."""
    partition: dict[str, Any] = {"batch_date": date, "dataset": DATASET}
    job = "prepare"
    if schema is PREDICTIONS:
        partition |= {"split": "live", "model_digest": MODEL}
        job = "generate"
    row = RunRow(new_run_id(job), job, run_key, "date: '2026-01-01'\n", partition)
    run = PartitionRun(warehouse, pin(warehouse, schema, partition), row)
    rows = [report_row(number, date, run_key, row.run_id) for number in numbers]
    if schema is PREDICTIONS:
        rows = [prediction_row(report, run_key, row.run_id) for report in rows if report["status"] == "ok"]
    # of an older schema, too: a table as it was before some columns
    rows = [{column.name: report[column.name] for column in schema.columns} for report in rows]
    with run.leased() as leased, leased.recorded(row) as recorded:
        stage(warehouse, recorded, rows, schema)
        recorded.stage().commit([report["unit_id"] for report in rows])
    return rows


def stage(warehouse: Warehouse, run: RecordedRun, rows: list[dict[str, Any]], schema: TableSchema) -> None:
    """Stage `rows`."""
    with Inventory(warehouse).write(f"{run.staging}/a.parquet") as file:
        pq.write_table(to_arrow(rows, schema), file)


def fill(warehouse: Warehouse) -> None:
    """Write two nights, the first of them twice, their predictions, an evaluation and a fine-tuning's values."""
    commit_night(warehouse, REPORTS, NIGHTS[0], "first", range(3))
    commit_night(warehouse, REPORTS, NIGHTS[0], "corrected", range(5))
    commit_night(warehouse, REPORTS, NIGHTS[1], "second", range(1, 4))
    commit_night(warehouse, PREDICTIONS, NIGHTS[0], "predicted", range(5))
    figures = dict.fromkeys(("mean", "sd", "min", "p25", "p50", "p75", "max"), 0.5)
    evaluation = {
        "run_id": "evaluate-1",
        "batch_date": NIGHTS[0],
        "dataset": DATASET,
        "split": "live",
        "system": "tiny",
    }
    evaluation |= {"stratum": "all", "scorer_id": "rouge-score", "metric": "rouge1", "n": 4, **figures}
    append_rows(warehouse, EVALUATIONS, to_arrow([blank(EVALUATIONS, evaluation)], EVALUATIONS))
    figures = dict.fromkeys(("mean_a", "mean_b", "difference"), 0.25)
    of_two = {name: evaluation[name] for name in ("run_id", "batch_date", "dataset", "split", "stratum", "scorer_id")}
    of_two |= {"system_a": "tiny", "system_b": "other", "metric": "rouge1", "n": 4, "clusters": 3, **figures}
    of_two |= {"test": "sign flip by cluster", "resamples": 2000, "seed": 13}
    append_rows(warehouse, COMPARISONS, to_arrow([blank(COMPARISONS, of_two)], COMPARISONS))
    value = {
        "run_id": "finetune-1",
        "model_name": "tiny",
        "step": 20,
        "epoch": 0.5,
        "name": "train_loss",
        "value": 1.25,
    }
    value |= {"time": datetime.datetime(2026, 1, 1, 12)}
    append_rows(warehouse, TRAINING_METRICS, to_arrow([blank(TRAINING_METRICS, value)], TRAINING_METRICS))


def encoded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `rows` as JSON has them, sorted: dates and times as ISO text, floats with all their digits."""
    listed: list[dict[str, Any]] = json.loads(json.dumps(rows, default=lambda value: value.isoformat()))
    return sorted(listed, key=lambda row: json.dumps(row, sort_keys=True))


def make(version: str, folder: Path) -> None:
    """Write the fixture of `version` into `folder`."""
    with tempfile.TemporaryDirectory() as below, running_s3(Path(below)) as server:
        os.environ |= server.environment()
        catalog = Path(below, CATALOG)
        warehouse = Warehouse(settings(version, catalog, server))
        fill(warehouse)
        folder.mkdir()
        with zipfile.ZipFile(folder / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(catalog, CATALOG)
            for file in warehouse.storage.list_files(uri(version)):
                with warehouse.storage.open_input(file) as source:
                    archive.writestr(file.removeprefix(f"{uri(version)}/"), source.read())
        for name, schema in TABLES.items():
            rows = encoded(warehouse.read(schema).to_pylist())
            (folder / f"{name}.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    """Write the fixture of the version in pyproject.toml; one that is there is never written again."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    folder = FOLDER / version
    if folder.exists():
        sys.exit(f"{folder.name} is there already: what was released stays as it was; raise the version first")
    make(version, folder)


if __name__ == "__main__":
    main()
