"""What each view costs on a month of nights under four models: ``python tests/benchmarks/views.py``.

30 nights of ``--reports`` (20,000) reports under four models, one data file a night and model as jobs leave them, and
as many rows of `reports`; flags, strata and scores are made up. Then each view is asked once, whole month and last
night, in a connection of its own: seconds of the first and the whole answer, rows, most memory so far, and the data
files and the bytes of columns that the month reads (what Athena charges by). JSON is the last line.
"""

import argparse
import datetime
import json
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlglot
from commits import FIRST, rows_of_a_night
from sqlglot import exp
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from radray import config
from radray.schemas import PREDICTIONS, REPORTS, TABLES
from radray.schemas_checks import CLASSES
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.query import stream
from radray.tables.rows import to_arrow
from radray.tables.views import VIEWS, Choices, in_order, view_columns, view_sql

CHOICES = Choices("m0", "m1")
MODELS = 4
NIGHTS = 30


def judged(rows: pa.Table, seed: int) -> pa.Table:
    """Return a night's rows with scores of three digits, flags and strata."""
    rng = np.random.default_rng(seed)
    n = rows.num_rows
    made: dict[str, Any] = {name: np.round(rng.beta(2, 3, n), 3) for name in ("rouge1_f", "rouge2_f", "rougel_f")}
    made["rougelsum_f"] = made["rougel_f"]
    made["reference_stratum"] = np.where(rng.random(n) < 0.6, "normal", "abnormal")
    for name in CLASSES:
        for prefix in ("", "reference_"):
            made[f"{prefix}flag_{name}"] = pa.array(rng.random(n) < 0.03, mask=rng.random(n) < 0.1)
    made["checks_id"] = pa.repeat(pa.scalar("checks-1"), n)
    for name, values in made.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(values, rows.schema.field(place).type))
    return rows


def append_reports(warehouse: Warehouse, predicted: pa.Table, night: datetime.date) -> None:
    """Append the night's rows of `reports`: those that were predicted, one in ten more rejected."""
    rows: list[dict[str, Any]] = []
    blank = dict.fromkeys(column.name for column in REPORTS.columns)
    for place, row in enumerate(predicted.select(["unit_id", "study_id", "findings", "reference"]).to_pylist()):
        base = {**blank, "batch_date": night, "dataset": "hospital", "format": "hl7", "source_uri": "a.hl7"}
        base |= {
            "source_member": "",
            "source_offset": place,
            "source_digest": "0",
            "run_key": "k",
            "run_id": "prepare-1",
        }
        rows.append({**base, **row, "status": "ok"})
        if place % 10 == 0:
            rows.append({**base, "unit_id": f"r{place}", "status": "rejected", "reason": "no_findings"})
    append_rows(warehouse, REPORTS, to_arrow(rows, REPORTS))


def make(folder: Path, reports: int) -> Warehouse:
    """Return a warehouse with the month."""
    warehouse = Warehouse(config.Warehouse(uri=str(folder)))
    plain = rows_of_a_night(reports)
    models = [judged(as_of(plain, model_digest=f"m{model}", model_name=f"m{model}"), model) for model in range(MODELS)]
    began = time.perf_counter()
    for night in (FIRST + datetime.timedelta(days=i) for i in range(NIGHTS)):
        # new studies each night
        studies = pc.binary_join_element_wise(plain.column("study_id"), str(night), "-")
        today = [one.set_column(one.column_names.index("study_id"), "study_id", studies) for one in (plain, *models)]
        append_rows(warehouse, PREDICTIONS, as_of(pa.concat_tables(today[1:]), batch_date=night).cast(plain.schema))
        append_reports(warehouse, today[0], night)
    sys.stdout.write(f"{reports * NIGHTS * MODELS:,} predictions written in {time.perf_counter() - began:.0f} s\n")
    return warehouse


def as_of(rows: pa.Table, **values: Any) -> pa.Table:
    """Return `rows` with one value in each of the columns of `values`."""
    for name, value in values.items():
        place = rows.schema.get_field_index(name)
        field = rows.schema.field(place)
        rows = rows.set_column(place, field, pa.repeat(pa.scalar(value, field.type), rows.num_rows))
    return rows


def columns_read(name: str) -> Mapping[str, set[str]]:
    """Return the columns of each table that the view reads, those of the views below it that it uses."""
    schema = {table: {column.name: "text" for column in one.columns} for table, one in TABLES.items()}
    schema |= {view: dict.fromkeys(view_columns(view), "text") for view in VIEWS}
    needed: dict[str, set[str]] = {name: set(view_columns(name))}
    for view in reversed(in_order([name])):
        tree = sqlglot.parse_one(view_sql(view, CHOICES), read="athena")
        used = qualify(tree, schema=schema, dialect="athena", validate_qualify_columns=False)
        used = pushdown_projections(used)
        for scope in traverse_scope(used):
            for source, table in scope.sources.items():
                if isinstance(table, exp.Table):
                    found = {column.name for column in scope.source_columns(source)}
                    needed.setdefault(table.name, set()).update(found)
    return {table: columns for table, columns in needed.items() if table in TABLES}


def touched(warehouse: Warehouse, read: Mapping[str, set[str]], where: str) -> dict[str, Any]:
    """Return the data files, and the bytes of columns in them, that a view reads."""
    count, size, whole = 0, 0, 0
    for table, columns in read.items():
        if not warehouse.has(TABLES[table]):
            continue
        loaded = warehouse.load(TABLES[table])
        dated = {column.name for column in TABLES[table].columns} >= {"batch_date"}
        scan = loaded.scan(row_filter=where) if where and dated else loaded.scan()
        for task in scan.plan_files():
            metadata = pq.read_metadata(task.file.file_path.removeprefix("file://"))
            count += 1
            whole += task.file.file_size_in_bytes
            for group in (metadata.row_group(g) for g in range(metadata.num_row_groups)):
                for c in range(metadata.num_columns):
                    if group.column(c).path_in_schema.split(".")[0] in columns:
                        size += group.column(c).total_compressed_size
    return {"files": count, "column_mb": round(size / 1e6, 1), "all_mb": round(whole / 1e6, 1)}


def ask(warehouse: Warehouse, sql: str) -> dict[str, Any]:
    """Return what the whole answer takes, its rows counted as they come."""
    began = time.perf_counter()
    answer = stream(warehouse, sql, choices=CHOICES)
    first = time.perf_counter() - began
    rows = sum(batch.num_rows for batch in answer.batches)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"first_s": round(first, 2), "seconds": round(seconds, 2), "rows": rows, "peak_mb": round(peak)}


def main() -> None:
    """Make the month, ask each view, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--keep", help="folder of the warehouse: used when there, made and kept when not")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(asked.keep or temporary) / "warehouse"
        there = folder.exists()
        warehouse = Warehouse(config.Warehouse(uri=str(folder))) if there else make(folder, asked.reports)
        last = FIRST + datetime.timedelta(days=NIGHTS - 1)
        result: dict[str, Any] = {}
        for name in VIEWS:
            found: dict[str, Any] = {"month": ask(warehouse, f"SELECT * FROM {name}")}
            found["month"] |= touched(warehouse, columns_read(name), "")
            if "batch_date" in view_columns(name):
                found["night"] = ask(warehouse, f"SELECT * FROM {name} WHERE batch_date = DATE '{last}'")
            result[name] = found
            sys.stdout.write(f"{name}: {found}\n")
            sys.stdout.flush()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
