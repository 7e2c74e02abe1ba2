"""Whether a night of `reports` may be committed, by its rejected units, and the error that says why not."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow.parquet as pq

from radray.errors import AuditError
from radray.schema.statuses import RejectReason, ReportStatus
from radray.storage.files import Storage, is_s3
from radray.tables.merge import Merged

_COMPANION = RejectReason.NOT_A_REPORT.value
_PLACE = ("source_uri", "source_member", "source_offset")
_LOOK = (
    "nothing was committed. To look at them, prepare the same source with source.max_rejected_fraction=1 in a scratch"
    " warehouse (warehouse.uri), and ask jobs.query there: SELECT reason, source_uri, source_member, source_offset FROM"
    " reports WHERE status = 'rejected'. If they are right, raise source.max_rejected_fraction; if not, see"
    " source.format"
)


def refuse_rejects(merged: Merged, most: float, storage: Storage) -> None:
    """Raise AuditError when more than the share `most` of the units was rejected, or none of them is a report.

    What is not a report (a patient in a Bundle, an admission in a feed) counts neither as rejected nor as a unit. The
    error names each reason, how many units have it, and where one is; never what is in it. No unit at all, a night
    without files, passes, and with `most` at 1 so does anything.
    """
    reasons = merged.counts.by("reason", status=ReportStatus.REJECTED.value)
    companions = reasons[_COMPANION]
    units, rejected = merged.rows - companions, merged.rows_rejected - companions
    if units == 0 and companions and most < 1:
        what = f"none of the {companions:,} units is a report"
    elif rejected > most * units:
        what = f"{rejected:,} of {units:,} units were rejected, more than source.max_rejected_fraction ({most:g})"
        what += f", besides {companions:,} that are no reports" if companions else ""
    else:
        return
    places = _places(_rejected(storage, [file.uri for file in merged.files]), len(reasons))
    described = (f"{count:,} {reason}{places.get(reason, '')}" for reason, count in reasons.most_common())
    raise AuditError(f"{what}: {'; '.join(described)}; {_LOOK}")


def _places(rows: Iterable[Mapping[str, Any]], reasons: int) -> dict[str, str]:
    """Return where the first row of each of so many `reasons` is, in words."""
    places: dict[str, str] = {}
    for row in rows:
        if row["reason"] not in places:
            uri, member, offset = (row[name] for name in _PLACE)
            inside = f" member {_shown(member)}" if member else ""
            places[row["reason"]] = f" (one is {_shown(uri)}{inside} offset {offset})"
            if len(places) == reasons:
                break
    return places


def _shown(name: str) -> str:
    return name if name.isprintable() else ascii(name)


def _rejected(storage: Storage, uris: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for uri in uris:
        source = io.BytesIO(storage.read(uri)) if is_s3(uri) else uri
        with pq.ParquetFile(source) as file:
            for rows in file.iter_batches(columns=["status", "reason", *_PLACE]):
                yield from (row for row in rows.to_pylist() if row["status"] == ReportStatus.REJECTED.value)
