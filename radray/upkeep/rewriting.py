"""Partitions rewritten without a patient: their rows gone, and what others' rows hold of them."""

import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.expressions import BooleanExpression

from radray.errors import AuditError, ConflictError
from radray.schema.column import TableSchema
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.tables.catalog import Warehouse, file_schema, with_null_lists
from radray.tables.commit import pin, replace_partition
from radray.tables.inventory import Inventory
from radray.tables.merge import merge
from radray.tables.reuse import held_rows
from radray.upkeep.mentions import (
    copied,
    mentioning,
    texts_of_others,
    texts_to_look_for,
    without_mentions,
    without_text,
)
from radray.upkeep.redaction import Redaction
from radray.upkeep.report import Erasure


@dataclass(slots=True)
class Rewriting:
    """The rewriting of the tables of one erasure."""

    warehouse: Warehouse
    matching: BooleanExpression
    """The patient's rows."""
    mine: frozenset[str]
    """The unit_ids of the patient's reports."""
    redaction: Redaction
    erasure: Erasure
    _others: set[tuple[str, str]] = field(default_factory=set)
    """Of the predictions that are an impression of the patient: (dataset, text) of those that others have too."""

    def erase_rows(self, schema: TableSchema) -> None:
        """Rewrite each partition that has rows of the patient, names their reports, or has their ids elsewhere.

        `reports` comes first: its other rows say which texts are not the patient's alone.
        """
        table = self.warehouse.load(schema)
        fields = (*schema.partition, schema.row_id)
        gone = table.scan(row_filter=self.matching, selected_fields=fields).to_arrow().to_pylist()
        ids_of: dict[tuple[Any, ...], set[str]] = {}
        for row in gone:
            ids_of.setdefault(tuple(row[name] for name in schema.partition), set()).add(row[schema.row_id])
        copies: set[tuple[str, str]] = set()
        for rows in self._rows(schema):
            named, concerned = mentioning(rows, self.mine), self.redaction.concerns(rows)
            touched = pa.array([name or its for name, its in zip(named, concerned, strict=True)], pa.bool_())
            for row in rows.filter(touched).select(schema.partition).to_pylist():
                ids_of.setdefault(tuple(row[name] for name in schema.partition), set())
            copies |= texts_to_look_for(rows, self.mine) if schema is PREDICTIONS else set()
        if copies:
            reports = self.warehouse.load(REPORTS).scan().to_arrow_batch_reader()
            self._others = texts_of_others(reports, copies)
        for values, ids in sorted(ids_of.items(), key=str):
            self._rewrite(schema, dict(zip(schema.partition, values, strict=True)), ids)
            self.erasure.rows += Counter({schema.name: len(ids)})  # without a zero

    def _rows(self, schema: TableSchema) -> Iterator[pa.Table]:
        for batch in self.warehouse.load(schema).scan().to_arrow_batch_reader():
            yield with_null_lists(pa.Table.from_batches([batch]))

    def _rewrite(self, schema: TableSchema, partition: dict[str, Any], gone: set[str]) -> None:
        """Rewrite the partition without the rows `gone`, by `row_id`.

        It is an attempt of the run that wrote the partition, whose key and id it keeps.
        Raises AuditError if several runs wrote it; ConflictError if another run commits it meanwhile.
        """
        warehouse, erasure = self.warehouse, self.erasure
        base = pin(warehouse, schema, partition)
        inventory, layout, mark = Inventory(warehouse), warehouse.layout, secrets.token_hex(4)
        staging = layout.staging(schema.name, f"erase.{mark}")
        # the attempt's folder names the run that committed: see PartitionRun.is_committed
        run_ids = {file.rsplit("/", 2)[-2].rpartition(".")[0] for file in base.files(base.table)}
        keys: set[str] = set()
        kept: list[str] = []
        erased = pa.array(sorted(gone), pa.string())
        with inventory.write(f"{staging}/kept.parquet") as sink, pq.ParquetWriter(sink, schema.arrow()) as writer:
            for rows in held_rows(warehouse.storage, base, {}):
                keys |= set(rows.column("run_key").to_pylist())
                stay = pc.invert(pc.is_in(rows.column(schema.row_id).cast(pa.string()), erased))
                left = self._without_patient(schema, rows.filter(stay))
                kept += left.column(schema.row_id).to_pylist()
                columns = [left.column(column.name).cast(column.type) for column in schema.columns]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema.arrow()))
        if len(run_ids) != 1 or len(keys) != 1:
            raise AuditError(
                f"table {schema.name}, partition {base.describe()}: several runs wrote it; run its job again first"
            )
        (run_id,), (run_key,) = run_ids, keys
        files: dict[str, str] = {}
        if kept:
            folder = layout.attempt(schema.name, partition["batch_date"], f"{run_id}.{mark}")
            shared = {**partition, "run_key": run_key}
            merged = merge(warehouse.storage, staging, folder, schema, file_schema(base.table), kept, shared)
            files = {file.uri: file.digest for file in merged.files}
        if not replace_partition(warehouse, base, files, run_key, run_id):
            raise ConflictError(
                f"table {schema.name}, partition {base.describe()}: another run committed it; erase again"
            )
        inventory.remove(f"{staging}/kept.parquet")
        erasure.partitions += 1
        erasure.emptied += not kept

    def _without_patient(self, schema: TableSchema, rows: pa.Table) -> pa.Table:
        """Return `rows`, of others, without what names the patient, and without a text that was the patient's alone."""
        copies = copied(rows, self.mine)
        texts = zip(rows.column("dataset").to_pylist(), self._predictions(rows), strict=True)
        gone = [copy and text not in self._others for copy, text in zip(copies, texts, strict=True)]
        self.erasure.copied += sum(gone)
        self.erasure.shared_texts += sum(copies) - sum(gone)
        rows = without_text(rows, gone)
        self.erasure.mentions += sum(mentioning(rows, self.mine))
        return self.redaction.apply(schema, without_mentions(rows, self.mine))

    def _predictions(self, rows: pa.Table) -> list[str | None]:
        return rows.column("prediction").to_pylist() if "prediction" in rows.column_names else [None] * rows.num_rows
