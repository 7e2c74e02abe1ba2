"""The proof of an erasure: every file of the warehouse is read, and each value of the patient that is left is named."""

import hashlib
from collections.abc import Collection, Iterable, Sequence

import pyarrow.compute as pc
from pyiceberg.expressions import BooleanExpression

from radray.errors import AuditError, ConflictError, RadrayError
from radray.schema.tables import TABLES
from radray.tables.catalog import Warehouse
from radray.tables.inventory import Inventory, StoredFile
from radray.upkeep.evidence import IDS, Hit, Trace, beginning, search
from radray.upkeep.ids import Ids
from radray.upkeep.maintenance import Kind, Leftover, referred_to
from radray.upkeep.patient_rows import HOLDING, NAMES
from radray.upkeep.report import Erasure

LISTED = 40
"""Files that a message names, of what is left and of what cannot be read; it counts the others. A line is cut at some
length, see radray.messages."""


def refuse_rows(warehouse: Warehouse, matching: BooleanExpression) -> None:
    """Raise ConflictError when the tables hold rows of the patient: a run started and ended since the erasure."""
    for schema in HOLDING:
        if warehouse.has(schema) and warehouse.load(schema).scan(matching, ("unit_id",)).to_arrow().num_rows:
            raise ConflictError(f"table {schema.name}: a run committed rows of the patient meanwhile; erase again")


def remove_staged(inventory: Inventory, wanted: frozenset[Trace]) -> list[Leftover]:
    """Remove the staged files that hold an id of the patient, or cannot be read: a rerun stages their rows again."""
    ids = frozenset(trace for trace in wanted if trace.kind in IDS)
    removed = []
    for schema in HOLDING:
        for file in inventory.files(inventory.layout.staging(schema.name, "").rstrip("/")):
            if _may_hold(inventory, file.uri, ids):
                inventory.remove(file.uri)
                removed.append(Leftover(Kind.STAGING, schema.name, file.uri, file.bytes))
    return removed


def ids_of_others(warehouse: Warehouse, wanted: Iterable[Trace]) -> frozenset[Trace]:
    """Return the ids among `wanted` that rows left in the tables have too.

    They are those of a namesake in another dataset, and unit_ids that a unit of another night has.
    """
    ids = [trace for trace in wanted if trace.kind in IDS]
    shared: set[Trace] = set()
    for schema in HOLDING:
        rows = warehouse.read(schema, IDS)
        kept = {name: set(pc.unique(rows.column(name)).to_pylist()) for name in rows.column_names}
        shared |= {trace for trace in ids if trace.value.decode("utf-8") in kept[trace.kind]}
    return frozenset(shared)


def prove(
    inventory: Inventory, warehouse: Warehouse, wanted: frozenset[Trace], others: frozenset[Trace], erasure: Erasure
) -> None:
    """Read every file in the warehouse, and put into `erasure` what was read.

    `others`: values that are in the tables for other reasons, so that finding them proves nothing. Raises AuditError,
    which names all files and columns that hold a value of the patient, or cannot be read, when there is one.
    """
    lookalikes = _lookalikes(warehouse, wanted)
    hits: set[Hit] = set()
    unread: list[str] = []
    listing = hashlib.sha256()
    for file in inventory.files(inventory.layout.root):
        try:
            with inventory.open(file.uri) as source:
                hits |= search(source, file.uri, wanted, lookalikes)
        except RadrayError:
            unread.append(file.uri)
        erasure.files_read += 1
        erasure.bytes_read += file.bytes
        listing.update(" ".join((str(file.bytes), file.uri, "")).encode("utf-8", "surrogateescape"))
    erasure.listing_digest = listing.hexdigest()
    for schema in TABLES.values():
        table = inventory.table(schema)
        if table is not None:
            erasure.snapshots[schema.name] = sorted(snapshot.snapshot_id for snapshot in table.metadata.snapshots)
    # live files, and staged ones whose rows are not the patient's, hold no row of the patient any more: a text in them
    # is another patient's, word for word
    of_others = {uri for uri in _files_of_others(inventory) if uri.endswith(".parquet")}
    texts = {hit.trace for hit in hits if hit.uri in of_others and not hit.begins and hit.trace.kind not in IDS}
    begun = {beginning(hit.trace.value) for hit in hits if hit.uri in of_others and hit.begins}
    left = [
        hit
        for hit in hits
        if hit.trace not in others | texts
        and not (hit.begins and (hit.uri.endswith(".parquet") or beginning(hit.trace.value) in begun))
    ]
    erasure.traces, erasure.shared = len(wanted), len(wanted & (others | texts))
    if left or unread:
        ids = Ids({trace.value.decode("utf-8") for trace in wanted if trace.kind in ("subject_id", "study_id")})
        raise AuditError(_describe(inventory, left, unread, ids))


def _describe(inventory: Inventory, left: Iterable[Hit], unread: Collection[str], ids: Ids) -> str:
    """Return what is left and what to do about it; `ids` are masked in the names of files."""
    kinds: dict[str, set[str]] = {}
    for hit in left:
        kinds.setdefault(hit.uri, set()).add(hit.trace.kind)
    ours = [uri for uri in kinds if _is_ours(inventory, uri)]
    parts = []
    if kinds:
        named = [f"{ids.masked(uri)} ({', '.join(sorted(its))})" for uri, its in sorted(kinds.items())]
        levers = []
        if len(ours) < len(kinds):
            levers.append(f"{len(kinds) - len(ours):,} are none of radray's: remove them by hand")
        if ours:
            levers.append(f"{len(ours):,} are the warehouse's own, a job wrote meanwhile: erase again")
        parts.append(f"{len(kinds):,} files still hold values of the patient ({'; '.join(levers)}): {_listed(named)}")
    if unread:
        named = [ids.masked(uri) for uri in sorted(unread)]
        parts.append(f"{len(named):,} files cannot be read, and may hold anything (remove them): {_listed(named)}")
    return ". ".join(parts)


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names[:LISTED]) + (f"; and {len(names) - LISTED:,} more" if len(names) > LISTED else "")


def _is_ours(inventory: Inventory, uri: str) -> bool:
    layout = inventory.layout
    folders = [f"{folder}/{name}/" for name in TABLES for folder in (layout.root + "/data", layout.root + "/tables")]
    return uri.startswith((*folders, f"{layout.root}/_staging/"))


def _files_of_others(inventory: Inventory) -> frozenset[str]:
    tables = [table for schema in HOLDING if (table := inventory.table(schema)) is not None]
    live = {uri for table in tables for uri in referred_to(table, table.metadata.snapshots)}
    roots = (inventory.layout.staging(schema.name, "").rstrip("/") for schema in HOLDING)
    staged: list[StoredFile] = [file for root in roots for file in inventory.files(root)]
    return frozenset(live | {file.uri for file in staged})


def _lookalikes(warehouse: Warehouse, wanted: Iterable[Trace]) -> frozenset[bytes]:
    """Return the ids and names of files in the tables that are longer than an id of the patient which they hold."""
    ids = [trace.value for trace in wanted if trace.kind in ("subject_id", "study_id") and trace.is_long]
    longer: set[bytes] = set()
    for schema in HOLDING if ids else ():
        columns = [column.name for column in schema.columns if column.name in ("subject_id", "study_id", *NAMES)]
        rows = warehouse.read(schema, columns)
        for name in columns:
            values = (value.encode("utf-8") for value in pc.unique(rows.column(name)).to_pylist() if value)
            longer |= {value for value in values if any(its in value and its != value for its in ids)}
    return frozenset(longer)


def _may_hold(inventory: Inventory, uri: str, ids: frozenset[Trace]) -> bool:
    with inventory.open(uri) as source:
        try:
            return any(not hit.begins for hit in search(source, uri, ids))
        except RadrayError:
            return True
