"""The report before of the same patient: which it is, frozen with a night's reports, and its texts for the tasks."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import And, LessThanOrEqual, Reference
from pyiceberg.table import Table

from radray.schema.statuses import ReportStatus
from radray.tables.catalog import equal_to
from radray.tables.identity import digest_columns

_TIMES = ("exam_time", "report_time")
_DECIDING = ("unit_id", "subject_id", "study_id", "batch_date", *_TIMES, "text_digest", "run_key")
_TEXTS = {"prior_findings": "findings", "prior_reference": "reference"}


@dataclass(frozen=True)
class Priors:
    """The report before of each report of a night that has one."""

    rows: pa.Table
    """unit_id, sorted, prior_unit_id, and its text_digest and run_key."""
    texts: pa.Table
    """unit_id, PRIOR_READS, in no order."""

    @property
    def digest(self) -> str:
        """Digest of all that decides what a task reads of them."""
        return digest_columns(self.rows, self.rows.column_names)

    def of(self, unit_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Return PRIOR_READS by unit_id, of those of `unit_ids` that have a report before."""
        rows = self.texts.filter(pc.is_in(self.texts.column("unit_id"), pa.array(unit_ids, pa.string())))
        return {row.pop("unit_id"): row for row in rows.to_pylist()}


def find_priors(reports: Table, dataset: str, date: datetime.date, units: pa.Table) -> Priors:
    """Return the reports before those of `units`, which are ok reports of `dataset` on `date`, with their texts.

    It is the last ok report of the subject, of another study, that was prepared for this date or an earlier one, with
    an earlier time of the exam, else of the report, else with an earlier date. All texts are held in memory: about
    2 kB for each report of a patient who was here before.
    """
    subjects = pc.unique(units.column("subject_id").drop_null())
    of_subject: dict[str, list[dict[str, Any]]] = {}
    for rows in _earlier(reports, dataset, date, _DECIDING):
        among = pc.is_in(rows.column("subject_id").cast(pa.string()), subjects.cast(pa.string()))
        for row in rows.filter(among).to_pylist():
            if row["subject_id"]:
                of_subject.setdefault(row["subject_id"], []).append(row)
    known = {row["unit_id"]: row for rows in of_subject.values() for row in rows}
    pairs = []
    for unit_id in units.column("unit_id").to_pylist():
        row = known.get(unit_id)
        if row is None:
            continue
        before = [
            its
            for its in of_subject[row["subject_id"]]
            if its["study_id"] != row["study_id"] and _when(its) < _when(row)
        ]
        if before:
            last = max(before, key=lambda its: (_when(its), its["unit_id"]))
            pairs.append((unit_id, last["unit_id"], last["text_digest"], last["run_key"]))
    names = ("unit_id", "prior_unit_id", "prior_text_digest", "prior_run_key")
    columns = list(zip(*sorted(pairs), strict=True)) or [()] * len(names)
    rows = pa.table([pa.array(column, pa.string()) for column in columns], names=list(names))
    return Priors(rows, _texts(reports, dataset, date, rows))


def _texts(reports: Table, dataset: str, date: datetime.date, rows: pa.Table) -> pa.Table:
    """Return unit_id and PRIOR_READS of `rows`."""
    priors = rows.column("prior_unit_id").combine_chunks()
    some = []
    for texts in _earlier(reports, dataset, date, ("unit_id", *_TEXTS.values())) if len(priors) else ():
        texts = texts.set_column(0, "unit_id", texts.column("unit_id").cast(pa.string()))
        some.append(texts.filter(pc.is_in(texts.column("unit_id"), priors)))
    by_prior = {row["unit_id"]: row for row in pa.concat_tables(some).to_pylist()} if some else {}
    pairs = zip(rows.column("unit_id").to_pylist(), priors.to_pylist(), strict=True)
    joined = [
        {"unit_id": unit, **{name: by_prior[prior][its] for name, its in _TEXTS.items()}} for unit, prior in pairs
    ]
    schema = pa.schema([(name, pa.string()) for name in ("unit_id", *_TEXTS)])
    return pa.Table.from_pylist(joined, schema)


def _earlier(reports: Table, dataset: str, date: datetime.date, columns: tuple[str, ...]) -> Iterator[pa.Table]:
    """Yield `columns` of the ok reports of `dataset` that were prepared for `date` or an earlier one."""
    by_then = LessThanOrEqual(Reference("batch_date"), date.isoformat())  # type: ignore[call-arg, arg-type]  # pydantic hides its __init__
    where = And(equal_to({"dataset": dataset, "status": ReportStatus.OK.value}), by_then)
    for batch in reports.scan(row_filter=where, selected_fields=columns).to_arrow_batch_reader():
        yield pa.Table.from_batches([batch]).select(columns)


def _when(row: Mapping[str, Any]) -> datetime.datetime:
    day = datetime.datetime.combine(row["batch_date"], datetime.time())
    return next((row[name] for name in _TIMES if row[name] is not None), day)
