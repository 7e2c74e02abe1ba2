"""The rows of a patient: by id, by study, and by the name of their file; and what the patient is known by in models."""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.expressions import And, BooleanExpression, In, Or, Reference

from radray.models.neighbours import subject_digest
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.tables.catalog import Warehouse, equal_to
from radray.tables.inventory import Inventory
from radray.upkeep.carried import Patient
from radray.upkeep.ids import Ids, is_distinctive

HOLDING = (REPORTS, PREDICTIONS, EXAMPLES, ANSWERS)
"""Tables with rows about patients; the others hold numbers about many."""

NAMES = ("source_uri", "source_member")
"""Columns with names of files: a patient's id may be in one."""


class _OfNight(NamedTuple):
    """A unit or a file: its name is below the folder of its night, and that of another night may have it too."""

    dataset: str
    night: datetime.date
    name: str

    @classmethod
    def of(cls, row: Mapping[str, Any], column: str) -> Self:
        return cls(row["dataset"], row["batch_date"], row.get(column) or "")


def patients_rows(inventory: Inventory, subject_id: str, dataset: str | None) -> list[dict[str, Any]]:
    """Return the patient's rows in every Parquet file, also of old snapshots and staging.

    They are those with the id; those of their studies; and those without any patient's id whose file, or study, is
    named by it, unless the file has a report of another patient too.
    """
    studies: set[tuple[str, str | None]] = set()
    named: dict[_OfNight, tuple[_OfNight, str | None]] = {}
    """File and study of the rows that only a name says are the patient's."""
    of_several: set[_OfNight] = set()
    ids = Ids([subject_id] if is_distinctive(subject_id) else [])
    for batch in _batches(inventory, ["dataset", "batch_date", "unit_id", "study_id", "subject_id", *NAMES]):
        by_id = pc.fill_null(pc.equal(batch.column("subject_id"), subject_id), False)
        for row in batch.filter(by_id).to_pylist():
            studies.add((row["dataset"], row["study_id"]))
        rest = batch.filter(pc.invert(by_id))
        for row in rest.filter(_by_name(rest, ids)).to_pylist():
            file = _OfNight.of(row, "source_uri")
            if row["subject_id"]:
                of_several.add(file)
            elif "source_uri" in row:
                named[_OfNight.of(row, "unit_id")] = (file, row["study_id"])
    units = {
        unit: study
        for unit, (file, study) in named.items()
        if file not in of_several and dataset in (None, unit.dataset)
    }
    studies |= {(unit.dataset, study) for unit, study in units.items()}
    studies = {(whose, study) for whose, study in studies if study and dataset in (None, whose)}
    study_ids = pa.array(sorted({study for _, study in studies if study}), pa.string())
    unit_ids = pa.array(sorted({unit.name for unit in units}), pa.string())
    rows: list[dict[str, Any]] = []
    for batch in _batches(inventory, None):
        by_id = pc.fill_null(pc.equal(batch.column("subject_id"), subject_id), False)
        by_study = pc.is_in(batch.column("study_id"), study_ids)
        rows += batch.filter(pc.or_(pc.or_(by_id, by_study), pc.is_in(batch.column("unit_id"), unit_ids))).to_pylist()
    return [
        row
        for row in rows
        if (row["subject_id"] == subject_id and dataset in (None, row["dataset"]))
        or (row["dataset"], row["study_id"]) in studies
        or _OfNight.of(row, "unit_id") in units
    ]


def known_as(warehouse: Warehouse, rows: list[dict[str, Any]], subject_id: str, dataset: str | None) -> Patient:
    """Return what the patient of `rows` is known by in models; a row of another dataset is another patient's."""
    namesakes = warehouse.read(REPORTS, ["unit_id", "study_id", "dataset"], {"subject_id": subject_id}).to_pylist()
    strangers = [row for row in namesakes if dataset is not None and row["dataset"] != dataset]
    units, studies, others = (
        frozenset(row[name] for row in some for name in names if row[name])
        for some, names in ((rows, ["unit_id"]), (rows, ["study_id"]), (strangers, ["unit_id", "study_id"]))
    )
    texts = ((row.get("findings"), row.get("reference")) for row in rows)  # examples and answers have others
    pairs = frozenset((findings, reference) for findings, reference in texts if findings and reference)
    return Patient(units, subject_digest(subject_id), dataset, others, studies, pairs)


def matching(rows: list[dict[str, Any]], subject_id: str, dataset: str | None) -> BooleanExpression:
    """Return the filter for the patient's rows: by subject_id, and by study, since a row may lack the subject_id.

    By unit_id only on the night of the row: another night's row of that id is of a file of the same name.
    """
    ours = equal_to({"subject_id": subject_id} | ({} if dataset is None else {"dataset": dataset}))
    studies: defaultdict[str, set[str]] = defaultdict(set)
    units: defaultdict[tuple[str, datetime.date], set[str]] = defaultdict(set)
    for row in rows:
        if row["study_id"]:
            studies[row["dataset"]].add(row["study_id"])
        units[row["dataset"], row["batch_date"]].add(row["unit_id"])
    alike: list[BooleanExpression] = [ours]
    for whose, values in sorted(studies.items()):
        alike.append(And(equal_to({"dataset": whose}), _among("study_id", values)))
    for (whose, night), values in sorted(units.items()):
        alike.append(And(equal_to({"dataset": whose, "batch_date": night}), _among("unit_id", values)))
    return reduce(Or, alike)


def _among(column: str, values: set[str]) -> BooleanExpression:
    return In(Reference(column), values)  # type: ignore[call-arg, arg-type]  # pydantic hides its __init__


def _by_name(batch: pa.RecordBatch, ids: Ids) -> pa.Array:
    """Return for each row whether an id of `ids` is in the name of its file, or of its study."""
    names = [name for name in (*NAMES, "study_id") if name in batch.schema.names]
    places = {place for name in names for place in ids.indices(batch.column(name))}
    return pa.array([place in places for place in range(batch.num_rows)], pa.bool_())


def _batches(inventory: Inventory, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all data and staged files, referenced or not; files cut off by a crash are skipped.

    Of `columns` (None: all) those that a file has.
    """
    for schema in HOLDING:
        folders = (inventory.layout.data(schema.name), inventory.layout.staging(schema.name, "").rstrip("/"))
        for file in (file for folder in folders for file in inventory.files(folder)):
            if not file.uri.endswith(".parquet"):
                continue
            with inventory.open(file.uri) as source:
                try:
                    parquet = pq.ParquetFile(source)
                    names = parquet.schema_arrow.names
                    if {"dataset", "batch_date", "unit_id", "study_id", "subject_id"} <= set(names):
                        wanted = None if columns is None else [name for name in columns if name in names]
                        yield from parquet.iter_batches(columns=wanted)
                except (pa.ArrowException, OSError):
                    continue  # nothing refers to it, and it is removed later
