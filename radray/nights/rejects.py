"""Whether a night of `reports` may be committed, by what was rejected or withdrawn, and the error that says no."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radray.errors import AuditError
from radray.schema.statuses import RejectReason, ReportStatus
from radray.storage.files import Storage, is_s3
from radray.tables.merge import Merged

JUNK_SHARE = 0.9
"""A file of which a larger share is rejected without a text is junk; of a feed that went wrong, some reports come."""

FEW_JUNK_FILES = 3
"""So many files without reports refuse no night, however few others there are: links and strays beside one batch."""

FEW_WITHDRAWN = 10
"""So many reports may be withdrawn of any night, also of one with eleven."""

_COMPANION, _CANCELLED = RejectReason.NOT_A_REPORT.value, RejectReason.CANCELLED.value
_WITH_TEXT = frozenset({RejectReason.NO_FINDINGS, RejectReason.NO_SECTIONS, RejectReason.CONCLUSION_IN_FINDINGS})
"""Reasons of units that have a text, whatever else they lack."""
_LOOK = (
    "nothing was committed. To look at them, prepare the same source with source.max_rejected_fraction=1 in a scratch"
    " warehouse (warehouse.uri), and ask jobs.query there: SELECT unit_id, reason, source_uri, source_member,"
    " source_offset FROM reports WHERE status = 'rejected'. If they are right, raise source.max_rejected_fraction; if"
    " not, see source.format"
)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """The units of a night as they count, and its files."""

    units: int
    rejected: int
    files: int = 0
    junk_files: int = 0
    junk_units: int = 0
    """Units of junk files, each file of which counts as one in `units` and `rejected`."""


def refuse_rejects(merged: Merged, most: float, storage: Storage) -> None:
    """Raise AuditError when more than the share `most` of the units was rejected, or none of them is a report.

    What is not a report (a patient in a Bundle, an admission in a feed) counts neither as rejected nor as a unit, nor
    does a cancellation. A file, or an archive as a whole, of which more than JUNK_SHARE is rejected without a text is
    junk: it counts as one rejected unit, and so it refuses no other file. A feed of which most files are junk is
    refused by their share: a source that changed its form writes file after file of it.

    The error names each reason, how many units have it, and the unit_id of one; never its file, nor what is in it. No
    unit at all, a night without files, passes, and with `most` at 1 so does anything.
    """
    reasons = merged.counts.by("reason", status=ReportStatus.REJECTED.value)
    companions, cancelled = reasons[_COMPANION], reasons[_CANCELLED]
    units, rejected = merged.rows - companions - cancelled, merged.rows_rejected - companions - cancelled
    weighed = _Weighed(units, rejected)
    textless = sum(count for reason, count in reasons.items() if not _has_text(reason))
    if most < 1 and textless and (rejected > most * units or textless > FEW_JUNK_FILES):
        weighed = _weighed([file.uri for file in merged.files], storage)
    besides = f", besides {companions:,} that are no reports" if companions else ""
    if units == 0 and companions and not cancelled and most < 1:
        what = f"none of the {companions:,} units is a report"
    elif weighed.rejected > most * weighed.units:
        junk = f" (the {weighed.junk_units:,} of {weighed.junk_files:,} junk files count as one each)"
        what = f"{rejected:,} of {units:,} units were rejected, more than source.max_rejected_fraction ({most:g})"
        what += (junk if weighed.junk_units > weighed.junk_files else "") + besides
    elif weighed.junk_files > max(most * weighed.files, FEW_JUNK_FILES):
        what = f"{weighed.junk_files:,} of {weighed.files:,} files hold hardly a report,"
        what += f" more than source.max_rejected_fraction ({most:g})" + besides
    else:
        return
    places = _places(_rejected(storage, [file.uri for file in merged.files]), len(reasons))
    described = (f"{count:,} {reason}{places.get(reason, '')}" for reason, count in reasons.most_common())
    raise AuditError(f"{what}: {'; '.join(described)}; {_LOOK}")


def refuse_withdrawn(merged: Merged, most: float) -> None:
    """Raise AuditError when cancellations withdrew more than the share `most` of the reports, and more than a few.

    A night without a report passes.
    """
    withdrawn = merged.counts.by("reason", status=ReportStatus.SUPERSEDED.value)[RejectReason.WITHDRAWN.value]
    reports = merged.rows_ok + withdrawn
    if withdrawn > max(most * reports, FEW_WITHDRAWN):
        raise AuditError(
            f"{withdrawn:,} of {reports:,} reports were withdrawn by cancellations of their subject and sender, more"
            f" than source.max_withdrawn_fraction ({most:g}); nothing was committed. Ask the sender; if they are"
            " right, raise source.max_withdrawn_fraction for this night"
        )


def count_ignored_cancellations(merged: Merged, storage: Storage) -> int:
    """Return how many cancellations name a study with an ok report of which none is of their subject and sender."""
    if not merged.counts.by("reason", status=ReportStatus.REJECTED.value)[_CANCELLED]:
        return 0
    uris = [file.uri for file in merged.files]
    names = ("study_id", "subject_id", "sender")
    cancelled = _keys(_tables(storage, uris, ("reason", *names)), names, "reason", _CANCELLED)
    # before the rows are made into Python: of a night's million reports a cancellation concerns one
    studies = pa.array({study for study, *_ in cancelled}, pa.string())
    concerned = (
        table.filter(pc.is_in(table.column("study_id"), studies))
        for table in _tables(storage, uris, ("status", *names))
    )
    ok = _keys(concerned, names, "status", ReportStatus.OK.value)
    ok_studies = {study for study, *_ in ok}
    return sum(count for key, count in cancelled.items() if key[0] in ok_studies and key not in ok)


def _has_text(reason: str) -> bool:
    return reason in (_COMPANION, _CANCELLED) or reason in _WITH_TEXT


def _weighed(uris: Sequence[str], storage: Storage) -> _Weighed:
    """Return the units with junk files counted as one each, without what is no report and without cancellations."""
    names = ("status", "reason", "findings", "reference", "source_uri")
    keys, rejected, textless = [], [], []
    for table in _tables(storage, uris, names):
        counts = ~np.isin(_words(table, "reason"), [_COMPANION, _CANCELLED])
        no_text = pc.and_(pc.is_null(table.column("findings")), pc.is_null(table.column("reference")))
        is_rejected = _words(table, "status") == ReportStatus.REJECTED.value
        is_textless = is_rejected & no_text.to_numpy() & ~np.isin(_words(table, "reason"), sorted(_WITH_TEXT))
        # a number for a file: three million names would take a gigabyte
        places = map(hash, table.column("source_uri").to_pylist())
        keys.append(np.fromiter(places, np.int64, table.num_rows)[counts])
        rejected.append(is_rejected[counts])
        textless.append(is_textless[counts])
    files, of_unit = np.unique(np.concatenate(keys), return_inverse=True)
    units_of = np.bincount(of_unit, minlength=len(files))
    rejected_of, textless_of = (
        np.bincount(of_unit[np.concatenate(which)], minlength=len(files)) for which in (rejected, textless)
    )
    junk = textless_of > JUNK_SHARE * units_of
    junk_files = int(junk.sum())
    return _Weighed(
        int(units_of[~junk].sum()) + junk_files,
        int(rejected_of[~junk].sum()) + junk_files,
        len(files),
        junk_files,
        int(units_of[junk].sum()),
    )


def _words(table: pa.Table, name: str) -> Any:
    return np.array(pc.fill_null(table.column(name).cast(pa.string()), "").to_pylist(), dtype=np.str_)


def _keys(tables: Iterable[pa.Table], names: Sequence[str], column: str, value: str) -> dict[tuple[Any, ...], int]:
    """Return how many rows that have `value` in `column` have which values of `names`."""
    counts: dict[tuple[Any, ...], int] = {}
    for table in tables:
        rows = table.filter(pc.fill_null(pc.equal(table.column(column), value), False))
        for row in rows.select(names).to_pylist():
            key = tuple(row[name] for name in names)
            counts[key] = counts.get(key, 0) + 1
    return counts


def _places(rows: Iterable[Mapping[str, Any]], reasons: int) -> dict[str, str]:
    """Return the first row of each of so many `reasons`, in words."""
    places: dict[str, str] = {}
    for row in rows:
        if row["reason"] not in places:
            places[row["reason"]] = f" (one is unit_id {row['unit_id']})"
            if len(places) == reasons:
                break
    return places


def _rejected(storage: Storage, uris: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for table in _tables(storage, uris, ("status", "reason", "unit_id")):
        yield from (row for row in table.to_pylist() if row["status"] == ReportStatus.REJECTED.value)


def _tables(storage: Storage, uris: Sequence[str], columns: Sequence[str]) -> Iterator[pa.Table]:
    for uri in uris:
        source = io.BytesIO(storage.read(uri)) if is_s3(uri) else uri
        with pq.ParquetFile(source) as file:
            for rows in file.iter_batches(columns=list(columns)):
                yield pa.Table.from_batches([rows])
