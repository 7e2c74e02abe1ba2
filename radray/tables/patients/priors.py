"""The report before of the same patient: which it is, frozen with a night's reports, and its texts for the tasks."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import And, BooleanExpression, In, LessThanOrEqual, Or, Reference
from pyiceberg.table import Table

from radray.schema.statuses import RejectReason, ReportStatus
from radray.tables.catalog import equal_to
from radray.tables.identity import digest, digest_columns

_TIMES = ("exam_time", "report_time")
_DECIDING = ("unit_id", "subject_id", "study_id", "batch_date", *_TIMES, "text_digest", "run_key", "status")
_TEXTS = {"prior_findings": "findings", "prior_reference": "reference"}
_ROWS = ("unit_id", "prior_batch_date", "prior_unit_id", "prior_text_digest", "prior_run_key")
_OK = equal_to({"status": ReportStatus.OK.value})
_CANCELLED = equal_to({"reason": RejectReason.CANCELLED.value})


@dataclass(frozen=True)
class Priors:
    """The report before of each report of a night that has one."""

    rows: pa.Table
    """As `prior_rows`."""
    texts: pa.Table
    """unit_id, PRIOR_READS, in no order."""

    def of(self, unit_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Return PRIOR_READS by unit_id, of those of `unit_ids` that have a report before."""
        rows = self.texts.filter(pc.is_in(self.texts.column("unit_id"), pa.array(unit_ids, pa.string())))
        return {row.pop("unit_id"): row for row in rows.to_pylist()}


def find_priors(reports: Table, dataset: str, date: datetime.date, units: pa.Table) -> Priors:
    """Return the reports before those of `units`, as `prior_rows`, with their texts.

    All texts are held in memory: about 2 kB for each report of a patient who was here before.
    """
    rows = prior_rows(reports, dataset, date, units)
    return Priors(rows, _texts(reports, dataset, rows))


def digest_with_priors(reports_digest: str, rows: pa.Table) -> str:
    """Return the digest of all that decides what a task reads of reports and of the reports before, `rows`."""
    return digest([reports_digest, digest_columns(rows, _ROWS)])


def prior_rows(reports: Table, dataset: str, date: datetime.date, units: pa.Table) -> pa.Table:
    """Return which the reports before those of `units` are, which are ok reports of `dataset` on `date`; no texts.

    It is the last ok report of the subject, of another study, that was prepared for this date or an earlier one, with
    an earlier time of the exam, else of the report, else with an earlier date; of several of one time that of the
    newest night. None of a study that was cancelled on a later night, as in the view `latest_predictions`.

    The columns are unit_id, sorted, then batch_date (ISO), unit_id, text_digest and run_key of the report before: a
    unit_id is of a file's place below its night's folder, and other nights have it too. No reports: no rows.
    """
    subjects = pc.unique(units.column("subject_id").drop_null()).cast(pa.string())
    of_subject: dict[str, list[dict[str, Any]]] = {}
    cancelled: dict[str, datetime.date] = {}
    by_then = LessThanOrEqual(Reference("batch_date"), date.isoformat())  # type: ignore[call-arg, arg-type]  # pydantic hides its __init__
    for rows in _scan(reports, dataset, And(Or(_OK, _CANCELLED), by_then), _DECIDING):
        ok = pc.equal(rows.column("status").cast(pa.string()), ReportStatus.OK.value)
        among = pc.is_in(rows.column("subject_id").cast(pa.string()), subjects)
        for row in rows.filter(pc.or_(pc.invert(ok), among)).to_pylist():
            if row["status"] != ReportStatus.OK:
                cancelled[row["study_id"]] = max(row["batch_date"], cancelled.get(row["study_id"], datetime.date.min))
            elif row["subject_id"]:
                of_subject.setdefault(row["subject_id"], []).append(row)
    tonight = {row["unit_id"]: row for rows in of_subject.values() for row in rows if row["batch_date"] == date}
    pairs = []
    for unit_id in units.column("unit_id").to_pylist():
        row = tonight.get(unit_id)
        if row is None:
            continue
        before = [
            its
            for its in of_subject[row["subject_id"]]
            if its["study_id"] != row["study_id"]
            and _when(its) < _when(row)
            and cancelled.get(its["study_id"], its["batch_date"]) <= its["batch_date"]
        ]
        if before:
            last = max(before, key=_order)
            night = last["batch_date"].isoformat()
            pairs.append((unit_id, night, last["unit_id"], last["text_digest"], last["run_key"]))
    columns = list(zip(*sorted(pairs), strict=True)) or [()] * len(_ROWS)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=list(_ROWS))


def _texts(reports: Table, dataset: str, rows: pa.Table) -> pa.Table:
    """Return unit_id and PRIOR_READS of `rows`."""
    keys = list(zip(*(rows.column(name).to_pylist() for name in ("prior_batch_date", "prior_unit_id")), strict=True))
    by_key: dict[tuple[str, str], dict[str, Any]] = {}
    if keys:
        on_nights = In(Reference("batch_date"), {night for night, _ in keys})  # type: ignore[call-arg, arg-type]  # pydantic hides its __init__
        wanted, units = set(keys), rows.column("prior_unit_id").combine_chunks()
        for texts in _scan(reports, dataset, And(_OK, on_nights), ("batch_date", "unit_id", *_TEXTS.values())):
            among = pc.is_in(texts.column("unit_id").cast(pa.string()), units)
            for row in texts.filter(among).to_pylist():
                key = (row["batch_date"].isoformat(), row["unit_id"])
                if key in wanted:
                    by_key[key] = row
    pairs = zip(rows.column("unit_id").to_pylist(), keys, strict=True)
    joined = [{"unit_id": unit, **{name: by_key[key][its] for name, its in _TEXTS.items()}} for unit, key in pairs]
    schema = pa.schema([(name, pa.string()) for name in ("unit_id", *_TEXTS)])
    return pa.Table.from_pylist(joined, schema)


def _scan(reports: Table, dataset: str, where: BooleanExpression, columns: tuple[str, ...]) -> Iterator[pa.Table]:
    """Yield `columns` of the rows of `dataset` that are `where`."""
    row_filter = And(equal_to({"dataset": dataset}), where)
    for batch in reports.scan(row_filter=row_filter, selected_fields=columns).to_arrow_batch_reader():
        yield pa.Table.from_batches([batch]).select(columns)


def _when(row: Mapping[str, Any]) -> datetime.datetime:
    day = datetime.datetime.combine(row["batch_date"], datetime.time())
    return next((row[name] for name in _TIMES if row[name] is not None), day)


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return by what the last of several reports is chosen: a corrected report of another night is the newer."""
    return _when(row), row["batch_date"], row["report_time"] or datetime.datetime.min, row["unit_id"]
