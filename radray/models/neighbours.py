"""The training reports that a model carries with it: those nearest to a report are its exemplars, or its candidates.

They are a file of the model folder, listed in its manifest, so the model's digest depends on them. It holds report
text, as the weights do in their way; of a patient it has no id but a digest of it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radray.errors import InputError
from radray.evaluation.similarity import TIE, FindingsSimilarity
from radray.reports.record.identity import normalise
from radray.reports.wire.parquet_pages import page_sizes, read_footer

NEIGHBOURS = "neighbours.parquet"
"""File of a model folder that holds its training reports."""

COLUMNS = pa.schema([(name, pa.string()) for name in ("unit_id", "subject", "findings", "impression")])
"""Its columns. subject: `subject_digest`, null where there is none. impression: as it was learnt, without masks and
communications. In the order of unit_id."""

_MOST_BYTES = 512 << 20
"""Text of the reports that a model carries: MIMIC-CXR's 227,835 findings and impressions have 150 MB."""

ASKED = ("unit_id", "subject_id", "findings")
"""Columns of a report that its neighbours depend on."""


class Neighbour(NamedTuple):
    """A training report near to another, and the cosine of their findings, 0 to 1."""

    unit_id: str
    findings: str
    impression: str
    cosine: float


class Neighbours:
    """The training reports of a model, and which of them are nearest to a report.

    Never a neighbour: the report itself and one of the same patient; and to a training report one with the same words
    in its findings, since it learns to write without its own answer before it. To another report these may be
    neighbours.
    """

    def __init__(self, reports: pa.Table) -> None:
        """Fit on `reports` with COLUMNS. Raises InputError for none, or when there is no word in their findings."""
        if not reports.num_rows:
            raise InputError("there is no training report to be a neighbour: fine-tune the model again")
        self._reports = reports.to_pylist()
        self._similarity = FindingsSimilarity([report["findings"] for report in self._reports])
        self._units = {report["unit_id"]: place for place, report in enumerate(self._reports)}
        self._of_subject = _places(report["subject"] for report in self._reports)
        self._of_words = _places(normalise(report["findings"]) for report in self._reports)

    def __len__(self) -> int:
        """Return how many training reports there are."""
        return len(self._reports)

    def nearest(self, reports: Sequence[Mapping[str, Any]], count: int) -> list[list[Neighbour]]:
        """Return the `count` nearest to each of `reports`, which have ASKED, nearest first; fewer where there are none.

        Ties, within 1e-12, are in the order of unit_id. No reports: an empty list.
        """
        cosines = self._similarity.cosines([report["findings"] for report in reports])
        return [self._first(report, near, count) for report, near in zip(reports, cosines, strict=True)]

    def _first(self, report: Mapping[str, Any], cosines: npt.NDArray[np.float64], count: int) -> list[Neighbour]:
        near = np.round(cosines / TIE) * TIE
        near[self._excluded(report)] = -1.0
        least = np.partition(near, -count)[-count] if count < len(near) else 0.0
        places = np.flatnonzero(near >= max(least, 0.0))
        places = places[np.argsort(-near[places], kind="stable")][:count]
        return [
            Neighbour(known["unit_id"], known["findings"], known["impression"], float(near[place]))
            for place in places.tolist()
            for known in (self._reports[place],)
        ]

    def _excluded(self, report: Mapping[str, Any]) -> list[int]:
        excluded = list(self._of_subject.get(subject_digest(report["subject_id"]), ()))
        if report["unit_id"] in self._units:
            excluded += [self._units[report["unit_id"]], *self._of_words[normalise(report["findings"])]]
        return excluded


def subject_digest(subject_id: str | None) -> str | None:
    """Return what a patient is known by among the neighbours: a digest of the id; None for a blank one."""
    if not subject_id or not subject_id.strip():
        return None
    return hashlib.sha256(subject_id.strip().encode("utf-8")).hexdigest()[:32]


def carried(reports: Iterable[Mapping[str, Any]], impressions: Iterable[str | None]) -> pa.Table:
    """Return `reports`, which have ASKED, with what was learnt of each as a model carries them; None: not learnt."""
    rows = [
        {
            "unit_id": report["unit_id"],
            "subject": subject_digest(report["subject_id"]),
            "findings": report["findings"],
            "impression": impression,
        }
        for report, impression in zip(reports, impressions, strict=True)
        if impression
    ]
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def write_neighbours(reports: pa.Table, folder: Path) -> None:
    """Write `reports`, which have COLUMNS, into the model folder `folder`. Raises OSError."""
    pq.write_table(reports, folder / NEIGHBOURS, compression="zstd")


def has_neighbours(folder: Path) -> bool:
    """Return whether the model of `folder` carries training reports."""
    return (folder / NEIGHBOURS).is_file()


def read_neighbours(folder: Path) -> Neighbours:
    """Return the training reports of the model folder `folder`.

    Raises InputError for a folder that has none, or whose file is damaged.
    """
    return Neighbours(read_carried(folder / NEIGHBOURS))


def read_carried(file: Path) -> pa.Table:
    """Return the reports with COLUMNS that a model folder carries in `file`. Raises as `parse_carried`."""
    what = f"model folder {file.parent}: {file.name}"
    try:
        with file.open("rb") as opened:
            return parse_carried(opened, what)
    except OSError:
        raise InputError(f"{what} cannot be read; fine-tune the model again") from None


def parse_carried(opened: BinaryIO, what: str) -> pa.Table:
    """Return the reports with COLUMNS of an open file; a file of no reports gives no rows.

    Raises InputError, beginning with `what`, for a file that is damaged, or whose reports have more than 512 MB.
    """
    try:
        # shared: a text of many rows is read once, and counted before it is that of each
        shared = pq.ParquetFile(opened, read_dictionary=COLUMNS.names)
        sizes = [page_sizes(opened, group, COLUMNS.names) for group in read_footer(opened)]
        if any(size.repeating for size in sizes) or sum(size.pages for size in sizes) > _MOST_BYTES:
            raise InputError(f"{what} has more than {_MOST_BYTES >> 20} MB; fine-tune the model again")
        reports = pa.Table.from_batches(_bounded(shared, what), shared.schema_arrow)
        return reports.select(COLUMNS.names).cast(COLUMNS)
    except (OSError, pa.ArrowException, ValueError, KeyError):
        raise InputError(f"{what} cannot be read; fine-tune the model again") from None


def _bounded(file: pq.ParquetFile, what: str) -> Iterator[pa.RecordBatch]:
    """Yield the batches of `file`. Raises InputError, beginning with `what`, for more than _MOST_BYTES of text."""
    held = 0
    for batch in file.iter_batches(use_threads=False):
        for column in batch.columns:
            lengths = pc.binary_length(column.dictionary).take(column.indices)
            held += (pc.sum(lengths).as_py() or 0) + len(column)
        if held > _MOST_BYTES:
            raise InputError(f"{what} has more than {_MOST_BYTES >> 20} MB; fine-tune the model again")
        yield batch


def _places(keys: Iterable[str | None]) -> dict[str | None, list[int]]:
    """Return the places of each key; those of None are left out."""
    places: dict[str | None, list[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            places.setdefault(key, []).append(place)
    return places
