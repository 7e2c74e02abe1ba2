"""Erasure of a patient from every table, snapshot and staged file, proved by reading every file that is left.

It erases what is in the warehouse, and what the models that are named carry of the patient's reports. The raw source,
weights that have learnt from them and copies elsewhere are not in it: see `Erasure.lines`.
"""

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.expressions import And, BooleanExpression, In, Or, Reference

from radray.errors import AuditError, ConfigError, ConflictError, RadrayError
from radray.models.neighbours import subject_digest
from radray.schema.column import TableSchema
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse, equal_to, file_schema, with_null_lists
from radray.tables.commit import pin, replace_partition
from radray.tables.identity import new_run_id, utc_now
from radray.tables.inventory import Inventory
from radray.tables.merge import merge
from radray.upkeep.carried import Patient, erase_carried, open_carriers
from radray.upkeep.copies import erase_copies, prove_erased
from radray.upkeep.evidence import IDS, Hit, Trace, beginning, search, traces
from radray.upkeep.lineage import learnt_from, record_digest
from radray.upkeep.maintenance import AT_ONCE, Kind, Leftover, fence, referred_to, sweep
from radray.upkeep.mentions import MENTIONING, copied, mentioning, without_mentions
from radray.upkeep.report import Erasure

HOLDING = (REPORTS, PREDICTIONS)
"""Tables with rows about patients; the others hold numbers about many."""

ERASURE = "radray.erasure"
"""Property of an erasure's snapshots: the id of the erasure, nothing about the patient."""


def erase(warehouse: Warehouse, subject_id: str, dataset: str | None = None, models: Sequence[str] = ()) -> Erasure:
    """Erase the patient's rows everywhere in the warehouse and prove it; safe to repeat after a crash.

    Every row of `reports` and `predictions` with the `subject_id`, or with one of the patient's studies, is removed, in
    one commit for each partition; then all older snapshots, all files that nothing refers to, and the staged files that
    hold such rows (a rerun stages them again). A partition keeps its run key, so a rerun with the same input finds it
    done. Predictions of others lose what names the patient's reports, and go where they are one of these word for word.
    The reports also leave the `models`, folders and prefixes, and the copies of models on this machine.

    `dataset` selects the patient where several datasets have the id. Raises ConfigError where it is needed and None;
    ConflictError while a run is recorded as running, or where one committed rows of the patient meanwhile; AuditError,
    with the files, when a trace is left, or when a partition was written by several runs; InputError for a model that
    cannot be looked through, before anything is changed.
    """
    refuse_while_running(warehouse)
    carriers, missing = open_carriers(models, warehouse.storage)
    inventory = Inventory(warehouse)
    rows = _patients_rows(inventory, subject_id, dataset)
    datasets = {row["dataset"] for row in rows}
    if dataset is None and len(datasets) > 1:
        raise ConfigError(f"datasets {', '.join(sorted(datasets))} each have such a subject_id: set source.dataset")
    erasure = Erasure(new_run_id("erase"), named=len(models) - len(missing), missing=missing)
    patient = _patient(warehouse, rows, subject_id, dataset or next(iter(datasets), None))
    texts = {row[name] for row in rows for name in ("findings", "reference") if row.get(name)}
    units = set(patient.units)
    for carrier in carriers:
        owned = carrier.owned(patient)
        texts |= carrier.texts(owned)
        units |= carrier.units(owned)
    patient = replace(patient, units=frozenset(units))
    wanted = traces(rows) | {Trace("subject_id", subject_id.encode("utf-8"))}
    wanted |= {Trace("unit_id", unit.encode("utf-8")) for unit in units}
    matching = _matching(rows, subject_id, dataset)
    for schema in HOLDING:
        if warehouse.has(schema):
            _erase_rows(warehouse, schema, matching, patient.units, erasure)
            fence(warehouse, schema, {ERASURE: erasure.erasure_id})  # also drops the manifest of what was deleted
    # before the sweep: until then the files of the tables say whose reports these are, also after a crash
    done = [erase_carried(carrier, patient, warehouse.storage) for carrier in carriers]
    erasure.models = [model for model in done if model is not None]
    for carrier in open_carriers(models, warehouse.storage)[0]:
        record_digest(warehouse, carrier.manifest)
    erasure.copies = erase_copies(carriers, patient)
    erasure.learnt = learnt_from(warehouse, rows, {model.replaced for model in erasure.models})
    erasure.removed += _remove_staged(inventory, wanted)
    for schema in HOLDING:
        erasure.removed += sweep(warehouse, schema, AT_ONCE, utc_now(), always_fence=True)
    refuse_while_running(warehouse)
    _refuse_rows(warehouse, matching)
    _prove(inventory, wanted, _others(warehouse, rows, subject_id), erasure)
    erasure.model_files_read = prove_erased(carriers, patient, texts, warehouse.storage)
    return erasure


def _patient(warehouse: Warehouse, rows: list[dict[str, Any]], subject_id: str, dataset: str | None) -> Patient:
    """Return what the patient of `rows` is known by in models; a row of another dataset is another patient's."""
    namesakes = warehouse.read(REPORTS, ["unit_id", "study_id", "dataset"], {"subject_id": subject_id}).to_pylist()
    strangers = [row for row in namesakes if dataset is not None and row["dataset"] != dataset]
    units, studies, others = (
        frozenset(row[name] for row in some for name in names if row[name])
        for some, names in ((rows, ["unit_id"]), (rows, ["study_id"]), (strangers, ["unit_id", "study_id"]))
    )
    pairs = frozenset((row["findings"], row["reference"]) for row in rows if row["findings"] and row["reference"])
    return Patient(units, subject_digest(subject_id), dataset, others, studies, pairs)


def refuse_while_running(warehouse: Warehouse) -> None:
    """Raise ConflictError while a run is recorded as running: it may hold the patient's rows and commit them later."""
    running = warehouse.read(RUNS, ["run_id"], {"status": RunStatus.RUNNING.value}).column("run_id").to_pylist()
    if running:
        raise ConflictError(
            f"run {min(running)} is running: erase after it ends; if it died, jobs.maintain ends its row after"
            " maintain.longest_run_hours"
        )


def _refuse_rows(warehouse: Warehouse, matching: BooleanExpression) -> None:
    """Raise ConflictError when the tables hold rows of the patient: a run started and ended since the erasure."""
    for schema in HOLDING:
        if warehouse.has(schema) and warehouse.load(schema).scan(matching, ("unit_id",)).to_arrow().num_rows:
            raise ConflictError(f"table {schema.name}: a run committed rows of the patient meanwhile; erase again")


def _patients_rows(inventory: Inventory, subject_id: str, dataset: str | None) -> list[dict[str, Any]]:
    """Return the patient's rows, by id or by study, in every Parquet file, also of old snapshots and staging."""
    names = ["dataset", "study_id", "subject_id"]
    studies = {
        (row["dataset"], row["study_id"])
        for batch in _batches(inventory, names)
        for row in batch.filter(pc.equal(batch.column("subject_id"), subject_id)).to_pylist()
        if dataset in (None, row["dataset"])
    }
    ids = pa.array(sorted({study for _, study in studies if study}), pa.string())
    rows: list[dict[str, Any]] = []
    for batch in _batches(inventory, None):
        by_id = pc.fill_null(pc.equal(batch.column("subject_id"), subject_id), False)
        rows += batch.filter(pc.or_(by_id, pc.is_in(batch.column("study_id"), ids))).to_pylist()
    return [row for row in rows if (row["dataset"], row["study_id"]) in studies]


def _batches(inventory: Inventory, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all data and staged files, referenced or not; files cut off by a crash are skipped."""
    for schema in HOLDING:
        folders = (inventory.layout.data(schema.name), inventory.layout.staging(schema.name, "").rstrip("/"))
        for file in (file for folder in folders for file in inventory.files(folder)):
            if not file.uri.endswith(".parquet"):
                continue
            with inventory.open(file.uri) as source:
                try:
                    parquet = pq.ParquetFile(source)
                    if {"dataset", "study_id", "subject_id"} <= set(parquet.schema_arrow.names):
                        yield from parquet.iter_batches(columns=columns)
                except (pa.ArrowException, OSError):
                    continue  # nothing refers to it, and it is removed later


def _matching(rows: list[dict[str, Any]], subject_id: str, dataset: str | None) -> BooleanExpression:
    """Return the filter for the patient's rows: by subject_id, and by study, since a row may lack the subject_id."""
    ours = equal_to({"subject_id": subject_id} | ({} if dataset is None else {"dataset": dataset}))
    alike = [ours]
    for name in sorted({row["dataset"] for row in rows}):
        for column in ("study_id", "unit_id"):
            values = {row[column] for row in rows if row["dataset"] == name and row[column]}
            if values:
                among = In(Reference(column), values)  # type: ignore[call-arg, arg-type]  # pydantic hides its __init__
                alike.append(And(equal_to({"dataset": name}), among))
    return reduce(Or, alike)


def _erase_rows(
    warehouse: Warehouse, schema: TableSchema, matching: BooleanExpression, mine: frozenset[str], erasure: Erasure
) -> None:
    """Rewrite each partition that has rows of the patient, or names `mine`, the patient's reports."""
    table = warehouse.load(schema)
    gone = table.scan(row_filter=matching, selected_fields=(*schema.partition, "unit_id")).to_arrow().to_pylist()
    units_of: dict[tuple[Any, ...], set[str]] = {}
    for row in gone:
        units_of.setdefault(tuple(row[name] for name in schema.partition), set()).add(row["unit_id"])
    named = {field.name for field in table.schema().fields} & set(MENTIONING)
    for batch in table.scan(selected_fields=(*schema.partition, *named)).to_arrow_batch_reader() if named else ():
        rows = pa.Table.from_batches([batch])
        for row in rows.filter(pa.array(mentioning(rows, mine), pa.bool_())).select(schema.partition).to_pylist():
            units_of.setdefault(tuple(row[name] for name in schema.partition), set())
    for values, units in sorted(units_of.items(), key=str):
        _rewrite(warehouse, schema, dict(zip(schema.partition, values, strict=True)), units, mine, erasure)
        erasure.rows += Counter({schema.name: len(units)})  # without a zero


def _rewrite(
    warehouse: Warehouse,
    schema: TableSchema,
    partition: dict[str, Any],
    units: set[str],
    mine: frozenset[str],
    erasure: Erasure,
) -> None:
    """Rewrite the partition without `units`, as an attempt of the run that wrote it, whose key and id it keeps.

    Of the rows that stay, entries that name `mine`, the patient's reports, are removed, and rows that are a copy of
    one. Raises AuditError if several runs wrote it; ConflictError if another run commits it meanwhile.
    """
    base = pin(warehouse, schema, partition)
    inventory, layout, mark = Inventory(warehouse), warehouse.layout, secrets.token_hex(4)
    staging = layout.staging(schema.name, f"erase.{mark}")
    # the attempt's folder names the run that committed: see PartitionRun.is_committed
    run_ids = {file.rsplit("/", 2)[-2].rpartition(".")[0] for file in base.files(base.table)}
    keys: set[str] = set()
    kept: list[str] = []
    rows = base.table.scan(row_filter=equal_to(partition)).to_arrow_batch_reader()
    with inventory.write(f"{staging}/kept.parquet") as sink, pq.ParquetWriter(sink, schema.arrow()) as writer:
        for batch in rows:
            keys |= set(batch.column("run_key").to_pylist())
            stay = pc.invert(pc.is_in(batch.column("unit_id"), pa.array(sorted(units), batch.column("unit_id").type)))
            left = _without_copies(with_null_lists(pa.Table.from_batches([batch])).filter(stay), mine, erasure)
            kept += left.column("unit_id").to_pylist()
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
        merged = merge(
            warehouse.storage, staging, folder, schema, file_schema(base.table), kept, {**partition, "run_key": run_key}
        )
        files = {file.uri: file.digest for file in merged.files}
    if not replace_partition(warehouse, base, files, run_key, run_id):
        raise ConflictError(f"table {schema.name}, partition {base.describe()}: another run committed it; erase again")
    inventory.remove(f"{staging}/kept.parquet")
    erasure.partitions += 1
    erasure.emptied += not kept


def _without_copies(rows: pa.Table, mine: frozenset[str], erasure: Erasure) -> pa.Table:
    """Return `rows`, of others, without those that are an impression of `mine` word for word, and without mentions."""
    copies = copied(rows, mine)
    rows = rows.filter(pa.array([not copy for copy in copies], pa.bool_()))
    erasure.copied += sum(copies)
    erasure.mentions += sum(mentioning(rows, mine))
    return without_mentions(rows, mine)


def _remove_staged(inventory: Inventory, wanted: frozenset[Trace]) -> list[Leftover]:
    """Remove the staged files that hold an id of the patient, or cannot be read: a rerun stages their rows again."""
    ids = frozenset(trace for trace in wanted if trace.kind in IDS)
    removed = []
    for schema in HOLDING:
        for file in inventory.files(inventory.layout.staging(schema.name, "").rstrip("/")):
            if _may_hold(inventory, file.uri, ids):
                inventory.remove(file.uri)
                removed.append(Leftover(Kind.STAGING, schema.name, file.uri, file.bytes))
    return removed


def _may_hold(inventory: Inventory, uri: str, ids: frozenset[Trace]) -> bool:
    with inventory.open(uri) as source:
        try:
            return any(not hit.begins for hit in search(source, uri, ids))
        except RadrayError:
            return True


def _others(warehouse: Warehouse, rows: list[dict[str, Any]], subject_id: str) -> frozenset[Trace]:
    """Return the ids that rows left in the tables have too: another dataset may use the same id for somebody else."""
    values = {name: {row[name] for row in rows if row[name]} for name in ("subject_id", "study_id")}
    values["subject_id"].add(subject_id)
    shared: set[Trace] = set()
    for schema in HOLDING:
        column_values = warehouse.read(schema, tuple(values))
        for name, theirs in values.items():
            kept = pc.unique(column_values.column(name)).to_pylist()
            shared |= {Trace(name, value.encode("utf-8")) for value in theirs.intersection(kept)}
    return frozenset(shared)


def _live_files(inventory: Inventory) -> frozenset[str]:
    tables = [table for schema in HOLDING if (table := inventory.table(schema)) is not None]
    return frozenset(uri for table in tables for uri in referred_to(table, table.metadata.snapshots))


def _prove(inventory: Inventory, wanted: frozenset[Trace], others: frozenset[Trace], erasure: Erasure) -> None:
    """Read every file in the warehouse. Raises AuditError, which names files and columns, when a trace is left."""
    hits: set[Hit] = set()
    for file in inventory.files(inventory.layout.root):
        with inventory.open(file.uri) as source:
            hits |= search(source, file.uri, wanted)
        erasure.files_read += 1
        erasure.bytes_read += file.bytes
    # live files no longer hold the patient's rows: a text in them is another patient's, word for word
    live = {uri for uri in _live_files(inventory) if uri.endswith(".parquet")}
    texts = {hit.trace for hit in hits if hit.uri in live and not hit.begins and hit.trace.kind not in IDS}
    begun = {beginning(hit.trace.value) for hit in hits if hit.uri in live and hit.begins}
    left = [
        hit
        for hit in hits
        if hit.trace not in others | texts
        and not (hit.begins and (hit.uri.endswith(".parquet") or beginning(hit.trace.value) in begun))
    ]
    erasure.traces, erasure.shared = len(wanted), len(wanted & (others | texts))
    if left:
        named = "; ".join(sorted({f"{hit.uri} ({hit.trace.kind})" for hit in left})[:20])
        raise AuditError(
            f"{len({hit.uri for hit in left}):,} files still hold values of the patient: {named}; erase again if they"
            " are the warehouse's own; remove any other file by hand"
        )
