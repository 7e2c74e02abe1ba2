"""What each view costs on a month of nights under four models: ``python -m tests.benchmarks.views [VIEW ...]``.

30 nights of ``--reports`` (20,000) reports under four models, one data file a night and model as jobs leave them, and
as many rows of `reports`; flags, strata and scores are made up. Then each view is asked, whole month and last night,
in a connection of its own: seconds of the first and the whole answer, rows, most memory so far, and the data files
that are opened with the bytes of columns that are read in them (what Athena charges by). JSON is the last line.
"""

import argparse
import datetime
import json
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radray.analytics.query import connect, stream
from radray.analytics.views import VIEWS, Choices, view_columns
from radray.flags import CLASSES
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.tables import TABLES
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.rows import to_arrow
from tests.benchmarks.commits import FIRST, rows_of_a_night

CHOICES = Choices("m0", "m1")
MODELS = 4
NIGHTS = 30


def judged(rows: pa.Table, seed: int) -> pa.Table:
    """Return a night's rows with scores of three digits, flags and strata."""
    rng = np.random.default_rng(seed)
    n = rows.num_rows
    columns: dict[str, Any] = {name: np.round(rng.beta(2, 3, n), 3) for name in ("rouge1_f", "rouge2_f", "rougel_f")}
    columns["rougelsum_f"] = columns["rougel_f"]
    columns["reference_stratum"] = np.where(rng.random(n) < 0.6, "normal", "abnormal")
    for name in CLASSES:
        for prefix in ("", "reference_"):
            columns[f"{prefix}flag_{name}"] = pa.array(rng.random(n) < 0.03, mask=rng.random(n) < 0.1)
    columns["checks_id"] = pa.repeat(pa.scalar("checks-1"), n)
    for name, values in columns.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(values, rows.schema.field(place).type))
    return rows


def reports_of(predicted: pa.Table) -> pa.Table:
    """Return the night's rows of `reports`: those that were predicted, one in ten more rejected."""
    rows: list[dict[str, Any]] = []
    blank = dict.fromkeys(column.name for column in REPORTS.columns)
    blank |= {"batch_date": FIRST, "dataset": "hospital", "format": "hl7", "source_uri": "a.hl7", "source_member": ""}
    blank |= {"source_digest": "0", "run_key": "k", "run_id": "prepare-1"}
    for place, row in enumerate(predicted.select(["unit_id", "study_id", "findings", "reference"]).to_pylist()):
        rows.append({**blank, **row, "status": "ok", "source_offset": place})
        if place % 10 == 0:
            no = {"unit_id": f"r{place}", "status": "rejected", "reason": "no_findings", "source_offset": place}
            rows.append({**blank, **no})
    return to_arrow(rows, REPORTS)


def make(folder: Path, reports: int) -> Warehouse:
    """Return a warehouse with the month."""
    warehouse = Warehouse(WarehouseSettings(uri=str(folder)))
    plain = rows_of_a_night(reports)
    came = reports_of(plain)
    models = [judged(as_of(plain, model_digest=f"m{model}", model_name=f"m{model}"), model) for model in range(MODELS)]
    wrote = pa.concat_tables(models)
    began = time.perf_counter()
    for night in (FIRST + datetime.timedelta(days=i) for i in range(NIGHTS)):
        for schema, rows in ((PREDICTIONS, wrote), (REPORTS, came)):
            # new studies each night
            place = rows.column_names.index("study_id")
            studies = pc.binary_join_element_wise(rows.column(place), str(night), "-")
            today = rows.set_column(place, rows.schema.field(place), studies)
            append_rows(warehouse, schema, as_of(today, batch_date=night))
    sys.stdout.write(f"{reports * NIGHTS * MODELS:,} predictions written in {time.perf_counter() - began:.0f} s\n")
    return warehouse


def as_of(rows: pa.Table, **values: Any) -> pa.Table:
    """Return `rows` with one value in each of the columns of `values`."""
    for name, value in values.items():
        place = rows.schema.get_field_index(name)
        field = rows.schema.field(place)
        rows = rows.set_column(place, field, pa.repeat(pa.scalar(value, field.type), rows.num_rows))
    return rows


def touched(warehouse: Warehouse, sql: str) -> dict[str, Any]:
    """Return the data files that a query opens, and the bytes of the columns that it reads in them.

    As DuckDB's own plan says after the query has run: what it prunes by a night or a model, Athena can, too.
    """
    with connect(warehouse, CHOICES) as connection:
        connection.execute("EXPLAIN (ANALYZE, FORMAT json) " + sql)
        (_, plan) = connection.fetchone() or (None, "{}")
    files, size = 0, 0
    for scan in scans(json.loads(plan)):
        named = files_of(warehouse, scan)
        files += len(named)
        size += sum(column_bytes(name, frozenset(scan["Projections"])) for name in named)
    return {"files": files, "mb": round(size / 1e6, 1)}


def files_of(warehouse: Warehouse, scan: Mapping[str, Any]) -> list[str]:
    """Return the files of a scan: the plan counts them and names the first alone."""
    (table,) = {name for name in TABLES if f"/data/{name}/" in scan["Filename(s)"]}
    given = str(scan.get("Filters"))
    terms = [f"batch_date = '{night}'" for night in re.findall(r"batch_date='([\d-]+)'", given)]
    terms += [f"model_name = '{model}'" for model in re.findall(r"model_name='(\w+)'", given)]
    loaded = warehouse.load(TABLES[table])
    planned = loaded.scan(row_filter=" AND ".join(terms)) if terms else loaded.scan()
    files = [task.file.file_path.removeprefix("file://") for task in planned.plan_files()]
    if len(files) != int(scan["Total Files Read"]):
        raise RuntimeError(f"{table}: {scan['Total Files Read']} files were read, {len(files)} were expected")
    return files


def scans(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what the plan says of each scan of a table's files."""
    info = node.get("extra_info", {})
    if "Total Files Read" in info:
        yield info
    for child in node.get("children", ()):
        yield from scans(child)


def column_bytes(file: str, columns: frozenset[str]) -> int:
    """Return the bytes of `columns` in a data file, compressed."""
    metadata = pq.read_metadata(file)
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    chunks = [group.column(place) for group in groups for place in range(metadata.num_columns)]
    return sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema.split(".")[0] in columns)


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
    parser.add_argument("views", nargs="*", metavar="VIEW", help="these alone")
    parser.add_argument("--keep", help="folder of the warehouse: used when there, made and kept when not")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(asked.keep or temporary) / "warehouse"
        there = folder.exists()
        warehouse = Warehouse(WarehouseSettings(uri=str(folder))) if there else make(folder, asked.reports)
        last = FIRST + datetime.timedelta(days=NIGHTS - 1)
        result: dict[str, Any] = {}
        for name in asked.views or VIEWS:
            questions = {"month": f"SELECT * FROM {name}"}
            if "batch_date" in view_columns(name):
                questions["night"] = f"SELECT * FROM {name} WHERE batch_date = DATE '{last}'"
            figures = {of: ask(warehouse, sql) | touched(warehouse, sql) for of, sql in questions.items()}
            result[name] = figures
            sys.stdout.write(f"{name}: {figures}\n")
            sys.stdout.flush()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
