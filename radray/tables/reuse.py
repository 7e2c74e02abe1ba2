"""Rows of a committed night that a new run over it need not make again: copied into its staging."""

import hashlib
import io
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radray.storage.files import Storage, is_s3
from radray.tables.commit import PartitionBase

FILE_ROWS = 50_000
"""Rows of a file of copies: about 50 MB in memory."""
READ_ROWS = 10_000


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
    """Copy the rows of a partition that `units` still describe into `staging` under `run_key`; return their `row_id`s.

    `units` is the frozen input of `predictions` or `answers`. An ok row is copied if it equals its unit in every column
    that both have, equals `alike` in prompt, settings, engine and checks, and was scored by `scorer_id` or has no
    reference. It keeps the `run_id` of the run that made it. Units that are `staged` already are left out. Returns []
    if the partition has no such row.
    """
    schema = base.schema.arrow()
    row_id = base.schema.row_id
    same = [name for name in units.column_names if name in schema.names and name not in (row_id, "status", "split")]
    wanted = dict(_described(units, row_id, same))
    copied: list[str] = []
    kept: list[pa.Table] = []
    for rows in held_rows(storage, base, {**alike, "status": "ok"}):
        scorers = rows.column("scorer_id").to_pylist()
        take = [
            unit not in staged and wanted.get(unit) == described and scorer in (scorer_id, None)
            for (unit, described), scorer in zip(_described(rows, row_id, same), scorers, strict=True)
        ]
        rows = rows.filter(pa.array(take, pa.bool_()))
        copied += rows.column(row_id).to_pylist()
        kept.append(rows)
        if sum(rows.num_rows for rows in kept) >= FILE_ROWS:
            _write(storage, kept, schema, run_key, staging)
            kept = []
    _write(storage, kept, schema, run_key, staging)
    return copied


def held_rows(storage: Storage, base: PartitionBase, alike: Mapping[str, Any]) -> Iterator[pa.Table]:
    """Yield the rows of the partition that equal `alike`, all columns of the schema, null in those that came later.

    Not by pyiceberg, which reads a null list as an empty one: no entry, or none asked for, is a difference. Batch by
    batch: a night of a million rows is some GB.
    """
    for uri in sorted(base.held):
        source = io.BytesIO(storage.read(uri)) if is_s3(uri) else uri
        with pq.ParquetFile(source, page_checksum_verification=True) as file:
            for batch in file.iter_batches(READ_ROWS):
                rows = pa.Table.from_batches([batch])
                for column in base.schema.columns:
                    if column.name not in rows.column_names:
                        rows = rows.append_column(column.name, pa.nulls(rows.num_rows, column.type))
                for name, value in alike.items():
                    rows = rows.filter(pc.fill_null(pc.equal(rows.column(name), value), False))
                yield rows.select(base.schema.arrow().names)


def _described(rows: pa.Table, row_id: str, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield `row_id` and a digest of the columns `names` of each row: 16 bytes instead of hundreds."""
    for batch in rows.select([row_id, *names]).to_batches(10_000):
        for unit, *values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield unit, hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _write(storage: Storage, tables: Sequence[pa.Table], schema: pa.Schema, run_key: str, staging: str) -> None:
    """Write `tables` as one staged file of the run; nothing if they hold no row."""
    if not any(table.num_rows for table in tables):
        return
    rows = pa.concat_tables(tables)
    keys = pa.repeat(pa.scalar(run_key), rows.num_rows)
    rows = rows.set_column(rows.column_names.index("run_key"), "run_key", keys)
    arrays = [rows.column(field.name).cast(field.type) for field in schema]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink)
    storage.write(f"{staging}/unchanged-{secrets.token_hex(4)}.parquet", sink.getvalue().to_pybytes())
