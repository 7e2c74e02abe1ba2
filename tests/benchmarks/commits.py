"""What a commit costs as nights add up, and what a month's aggregate reads: ``python -m tests.benchmarks.commits``.

First 365 small nights are committed through the whole of a run (pin, stage, merge, commit, `runs`), and the time of
the commit itself and of the whole run is printed at nights 1, 30 and 365, with the size of the metadata. Then, in
another warehouse, 30 nights of ``--reports`` (20,000) reports under four models, and a month's mean ROUGE by model
and stratum of night through DuckDB, with the files and bytes that it touches. JSON is the last line.
"""

import argparse
import datetime
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from radray.analytics.query import connect
from radray.schema.predictions import PREDICTIONS, ROUGE_COLUMNS
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin, replace_partition
from radray.tables.identity import digest, new_run_id
from radray.tables.partition import PartitionRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from radray.upkeep.maintenance import AT_ONCE, maintain

FIRST = datetime.date(2026, 1, 1)
QUERY = """SELECT model_name, count(*) AS n, avg(rouge1_f) AS rouge1 FROM predictions
    WHERE batch_date BETWEEN '{}' AND '{}' GROUP BY 1"""


def rows_of_a_night(count: int) -> pa.Table:
    """Return `count` rows of `predictions`, texts of about 350 characters, of night FIRST under model m0."""
    rows = []
    for i in range(count):
        row: dict[str, Any] = dict.fromkeys(column.name for column in PREDICTIONS.columns)
        row |= {"batch_date": FIRST, "dataset": "hospital", "split": "live", "model_digest": "m0", "model_name": "m0"}
        row |= {
            "unit_id": digest(i)[:32],
            "status": "ok",
            "study_id": str(i),
            "split_key": str(i),
            "text_digest": digest(i),
        }
        row |= {
            "findings": " ".join(f"finding {digest([i, j])[:12]}" for j in range(12)),
            "prediction": f"impression {i}",
        }
        row |= {"reference": f"reference {i}", "reference_raw": f"1. reference {i}", "scorer_id": "rouge"}
        row |= dict.fromkeys(ROUGE_COLUMNS, (i % 101) / 100)
        row |= dict.fromkeys(("prompt_id", "settings_digest", "engine", "run_key", "run_id"), "x")
        rows.append(row)
    return to_arrow(rows, PREDICTIONS)


def commit_night(warehouse: Warehouse, rows: pa.Table, night: datetime.date, model: str) -> dict[str, float]:
    """Commit a night under a model; return seconds of the whole run and of the commit alone."""
    partition = {"batch_date": night, "dataset": "hospital", "split": "live", "model_digest": model}
    began = time.perf_counter()
    row = RunRow(new_run_id("generate"), "generate", digest([str(night), model])[:32], "", partition)
    run = PartitionRun(warehouse, pin(warehouse, PREDICTIONS, partition), row)
    if run.is_committed():
        raise RuntimeError("a night stands there already")
    same = {
        "batch_date": pa.scalar(night, pa.date32()),
        "model_digest": pa.scalar(model),
        "model_name": pa.scalar(model),
    }
    for name, value in {**same, "run_key": pa.scalar(row.run_key)}.items():
        rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), pa.repeat(value, rows.num_rows))
    spent = {"commit": 0.0}
    with run.leased() as leased, leased.recorded(row) as recorded:
        Path(recorded.staging).mkdir(parents=True)
        pq.write_table(rows, f"{recorded.staging}/a.parquet")
        import radray.tables.partition as module

        def timed(*arguments: Any) -> bool:
            start = time.perf_counter()
            done = replace_partition(*arguments)
            spent["commit"] = time.perf_counter() - start
            return done

        setattr(module, "replace_partition", timed)  # noqa: B010
        recorded.stage().commit(rows.column("unit_id").to_pylist())
        setattr(module, "replace_partition", replace_partition)  # noqa: B010
    return {"run": time.perf_counter() - began, **spent}


def metadata_bytes(warehouse: Warehouse) -> int:
    """Return the bytes of all metadata files of `predictions`."""
    folder = Path(warehouse.layout.location(PREDICTIONS.name))
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def year(folder: Path, nights: int, maintain_every: int) -> dict[str, Any]:
    """Commit small nights and return the cost at 1, 30 and the last (median of the 5 up to it)."""
    warehouse = Warehouse(WarehouseSettings(uri=str(folder)))
    rows = rows_of_a_night(20)
    spent = []
    times: dict[str, Any] = {}
    for i in range(nights):
        spent.append(commit_night(warehouse, rows, FIRST + datetime.timedelta(days=i), "m0"))
        if maintain_every and (i + 1) % maintain_every == 0:
            maintain(warehouse, AT_ONCE)  # the nights of this benchmark are all of today
        if i + 1 in (1, 30, nights):
            last = spent[-5:]
            times[str(i + 1)] = {
                "commit_s": round(statistics.median(step["commit"] for step in last), 3),
                "run_s": round(statistics.median(step["run"] for step in last), 3),
                "metadata_mb": round(metadata_bytes(warehouse) / 1e6, 2),
            }
            sys.stdout.write(f"night {i + 1}: {times[str(i + 1)]}\n")
    return times


def month(folder: Path, reports: int) -> dict[str, Any]:
    """Commit 30 nights under four models and return what a week's and the month's aggregate take and touch."""
    warehouse = Warehouse(WarehouseSettings(uri=str(folder)))
    rows = rows_of_a_night(reports)
    runs = [
        commit_night(warehouse, rows, FIRST + datetime.timedelta(days=i), f"m{m}")["run"]
        for i in range(30)
        for m in range(4)
    ]
    figures: dict[str, Any] = {"run_s_median": round(statistics.median(runs), 2), "rows": reports * 120}
    for name, days in (("night", 1), ("month", 30)):
        last = FIRST + datetime.timedelta(days=days - 1)
        began = time.perf_counter()
        with connect(warehouse) as connection:
            answer = connection.execute(QUERY.format(FIRST, last)).fetchall()
        seconds = time.perf_counter() - began
        if sorted(n for _, n, _ in answer) != [reports * days] * 4:
            raise RuntimeError(f"wrong counts: {answer}")
        scan = warehouse.load(PREDICTIONS).scan(row_filter=f"batch_date <= '{last}'")
        files = [task.file for task in scan.plan_files()]
        touched = sum(
            group.column(c).total_compressed_size
            for file in files
            for metadata in [pq.read_metadata(file.file_path)]
            for group in (metadata.row_group(g) for g in range(metadata.num_row_groups))
            for c in range(metadata.num_columns)
            if group.column(c).path_in_schema in ("model_name", "rouge1_f", "batch_date")
        )
        figures[name] = {"seconds": round(seconds, 2), "files": len(files), "column_mb": round(touched / 1e6, 2)}
        figures[name]["all_mb"] = round(sum(file.file_size_in_bytes for file in files) / 1e6, 1)
        sys.stdout.write(f"{name}: {figures[name]}\n")
    return figures


def main() -> None:
    """Run both parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--maintain-every", type=int, default=30, help="nights between two jobs.maintain; 0: never")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = {
            "year": year(Path(folder) / "year", asked.nights, asked.maintain_every),
            "month": month(Path(folder) / "month", asked.reports),
        }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
