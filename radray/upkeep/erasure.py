"""Erasure of a patient from every table, snapshot and staged file, proved by reading every file that is left.

It erases what is in the warehouse, and what the models that are named carry of the patient's reports. The raw source,
weights that have learnt from them and copies elsewhere are not in it: see `Erasure.lines`.

Each step may be cut off and done again, so the order matters: what the later steps need to know whose reports these
are is in the tables until the sweep, and from the first step on in a file of the erasure, see `certificate.begin`.
"""

from collections.abc import Sequence
from dataclasses import replace

from radray.errors import ConfigError, ConflictError
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.tables.catalog import Warehouse
from radray.tables.identity import new_run_id, utc_now
from radray.tables.inventory import Inventory
from radray.upkeep.carried import erase_carried, open_carriers
from radray.upkeep.certificate import begin
from radray.upkeep.copies import erase_copies, prove_erased
from radray.upkeep.evidence import Trace, traces
from radray.upkeep.lineage import learnt_from, nights_of, outputs_of, record_digest
from radray.upkeep.maintenance import AT_ONCE, fence, sweep
from radray.upkeep.patient_rows import HOLDING, known_as, matching, patients_rows
from radray.upkeep.proof import ids_of_others, prove, refuse_rows, remove_staged
from radray.upkeep.redaction import note_what_is_left, redact_other_tables, redaction_of, tables_with
from radray.upkeep.report import Erasure
from radray.upkeep.rewriting import Rewriting

ERASURE = "radray.erasure"
"""Property of an erasure's snapshots: the id of the erasure, nothing about the patient."""


def erase(warehouse: Warehouse, subject_id: str, dataset: str | None = None, models: Sequence[str] = ()) -> Erasure:
    """Erase the patient's rows everywhere in the warehouse and prove it; safe to repeat after a crash.

    Every row of `reports`, `predictions`, `examples` and `answers` with the `subject_id`, with one of the patient's
    studies, or without any patient's id from a file that is named by it, is removed, in one commit for each partition;
    then all older snapshots, all files that nothing refers to, and the staged files that hold such rows (a rerun stages
    them again). A partition keeps its run key, so a rerun with the same input finds it done. Rows of others stay: the
    patient's ids in their texts, in names of files and in the settings of `runs` are masked; predictions lose what
    names the patient's reports, and fail where their text is one's impression word for word and no other report's. The
    reports also leave the `models`, folders and prefixes, and the copies of models on this machine.

    `dataset` selects the patient where several datasets have the id. Raises ConfigError where it is needed and None;
    ConflictError while a run is recorded as running, or where one committed rows of the patient meanwhile; AuditError,
    with all files, when a trace is left, or when a partition was written by several runs; InputError for a model that
    cannot be looked through, before anything is changed.
    """
    refuse_while_running(warehouse)
    carriers, missing = open_carriers(models, warehouse.storage)
    inventory = Inventory(warehouse)
    rows = patients_rows(inventory, subject_id, dataset)
    datasets = {row["dataset"] for row in rows}
    if dataset is None and len(datasets) > 1:
        raise ConfigError(f"datasets {', '.join(sorted(datasets))} each have such a subject_id: set source.dataset")
    erasure = Erasure(new_run_id("erase"), named=len(models) - len(missing), missing=missing)
    ours = matching(rows, subject_id, dataset)
    dataset = dataset or next(iter(datasets), None)
    nights = begin(warehouse, erasure, subject_id, dataset, nights_of(rows))
    patient = known_as(warehouse, rows, subject_id, dataset)
    texts = {row[name] for row in rows for name in ("findings", "reference") if row.get(name)}
    units = set(patient.units)
    for carrier in carriers:
        owned = carrier.owned(patient)
        texts |= carrier.texts(owned)
        units |= carrier.units(owned)
    patient = replace(patient, units=frozenset(units))
    wanted = traces(rows) | {Trace("subject_id", subject_id.encode("utf-8"))}
    wanted |= {Trace("unit_id", unit.encode("utf-8")) for unit in units}
    wanted -= {Trace("split_key", subject_id.encode("utf-8"))}  # the same value, and compared with that column too
    redaction = redaction_of(warehouse, rows, subject_id, dataset)
    erasure.outputs = outputs_of(warehouse, nights, redaction.ids)
    rewriting = Rewriting(warehouse, ours, patient.units, redaction, erasure)
    for schema in HOLDING:
        if warehouse.has(schema):
            rewriting.erase_rows(schema)
            fence(warehouse, schema, {ERASURE: erasure.erasure_id})  # also drops the manifest of what was deleted
    redact_other_tables(warehouse, redaction)
    # before the sweep: until then the files of the tables say whose reports these are, also after a crash
    done = [erase_carried(carrier, patient, warehouse.storage) for carrier in carriers]
    erasure.models = [model for model in done if model is not None]
    for carrier in open_carriers(models, warehouse.storage)[0]:
        record_digest(warehouse, carrier.manifest)
    erasure.copies = erase_copies(carriers, patient)
    erasure.learnt = learnt_from(warehouse, nights, {model.replaced for model in erasure.models})
    erasure.removed += remove_staged(inventory, wanted)
    of_patient = frozenset(trace for trace in wanted if trace.kind in ("subject_id", "study_id"))
    for schema in (*HOLDING, *tables_with(inventory, of_patient)):
        erasure.removed += sweep(warehouse, schema, AT_ONCE, utc_now(), always_fence=True)
    refuse_while_running(warehouse)
    refuse_rows(warehouse, ours)
    words = note_what_is_left(warehouse, redaction, {trace.value.decode("utf-8") for trace in of_patient})
    erasure.masked, erasure.left = redaction.masked, redaction.left
    others = ids_of_others(warehouse, wanted)
    others |= {trace for trace in of_patient if trace.value.decode("utf-8") in words}
    prove(inventory, warehouse, wanted, others, erasure)
    erasure.model_files_read = prove_erased(carriers, patient, texts, warehouse.storage)
    return erasure


def refuse_while_running(warehouse: Warehouse) -> None:
    """Raise ConflictError while a run is recorded as running: it may hold the patient's rows and commit them later."""
    running = warehouse.read(RUNS, ["run_id"], {"status": RunStatus.RUNNING.value}).column("run_id").to_pylist()
    if running:
        raise ConflictError(
            f"run {min(running)} is running: erase after it ends; if it died, jobs.maintain ends its row after"
            " maintain.longest_run_hours"
        )
