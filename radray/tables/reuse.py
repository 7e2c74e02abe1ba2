"""Rows of the night as it stands that a new run need not make again: copied into its staging."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from radray.tables.catalog import equal_to, with_null_lists
from radray.tables.commit import PartitionBase
from radray.tables.storage import Storage


def stage_unchanged(
    storage: Storage,
    base: PartitionBase,
    units: pa.Table,
    alike: Mapping[str, Any],
    scorer_id: str,
    run_key: str,
    staging: str,
    staged: Collection[str],
) -> list[str]:
    """Copy the rows of `predictions` that `units` still describe into `staging` under `run_key`; return their unit_ids.

    `units` is the frozen input. An ok row is copied when every column of `units` that the table has is the same in
    it, its columns equal `alike` (prompt, settings, engine) and it was scored by `scorer_id` or has no reference.
    `run_id` stays that of the run that made the row. Units that are `staged` already are left out. Returns [] where
    there is no partition yet.
    """
    schema = base.schema.arrow()
    rows = with_null_lists(base.table.scan(row_filter=equal_to({**base.partition, **alike, "status": "ok"})).to_arrow())
    same = [name for name in units.column_names if name in schema.names and name not in ("unit_id", "status", "split")]
    wanted = {row["unit_id"]: tuple(row[name] for name in same) for row in units.to_pylist()}
    columns = (rows.column(name).to_pylist() for name in ("unit_id", "scorer_id", *same))
    kept = [
        unit not in staged and wanted.get(unit) == tuple(values) and scorer in (scorer_id, None)
        for unit, scorer, *values in zip(*columns, strict=True)
    ]
    rows = rows.filter(pa.array(kept, pa.bool_()))
    if rows.num_rows:
        keys = pa.repeat(pa.scalar(run_key), rows.num_rows)
        rows = rows.set_column(rows.column_names.index("run_key"), "run_key", keys)
        arrays = [rows.column(field.name).cast(field.type) for field in schema]
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink)
        storage.write(f"{staging}/unchanged-{secrets.token_hex(4)}.parquet", sink.getvalue().to_pybytes())
    return list(rows.column("unit_id").to_pylist())
