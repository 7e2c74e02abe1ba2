"""Which files are a night's: those in its dated folder, or those in a flat folder that no other night has taken.

No clock decides it. The files that a night took are recorded in its rows of `reports`, by the path below source.uri and
the ETag. A file that was rewritten has another ETag and counts as another file: it belongs to the night that comes
upon it, and the older night stays as it was. Two nights that take the same file at once cannot both be committed.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from radray.errors import ConflictError
from radray.nights.dated import is_nightly, night_uri
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE
from radray.storage.files import FrozenFile, Storage
from radray.tables.catalog import Warehouse, equal_to

_Taken = Mapping[tuple[str, str | None], frozenset[datetime.date]]


@dataclass(frozen=True, slots=True)
class Nights:
    """Which files of a folder the nights of a dataset have taken, as recorded in one state of `reports`."""

    taken: _Taken
    """Nights by path and ETag, for the files that the folder holds now; ETag None stands for any version."""
    filled: frozenset[datetime.date]
    """Nights that have rows."""
    empty: frozenset[datetime.date]
    """Nights that were committed without rows."""

    def files_of(self, night: datetime.date, files: Sequence[FrozenFile]) -> list[FrozenFile]:
        """Return those of the folder's `files` that are the night's.

        A night with rows keeps the files that it took and takes no more: run again, it is the same night. So does an
        empty night that a later one followed. Any other night takes the files that no night has.
        """
        closed = night in self.filled or (night in self.empty and night < max(self.filled | self.empty))
        return [file for file in files if (night in self._nights(file) if closed else not self._nights(file))]

    def _nights(self, file: FrozenFile) -> frozenset[datetime.date]:
        return self.taken.get((file.path, file.digest), frozenset()) | self.taken.get((file.path, None), frozenset())


def read_nights(warehouse: Warehouse, reports: Table, dataset: str, files: Sequence[FrozenFile]) -> Nights:
    """Return which of `files` the nights of `dataset` have taken, as recorded in the loaded table `reports`."""
    wanted = pa.array([file.path for file in files], pa.string())
    taken: dict[tuple[str, str | None], set[datetime.date]] = {}
    filled: set[datetime.date] = set()
    columns = ("batch_date", "source_uri", "source_etag")
    scan = reports.scan(row_filter=equal_to({"dataset": dataset}), selected_fields=columns)
    # this reads years of nights: of each batch only one row a file is kept, and only for files the folder still has
    for batch in scan.to_arrow_batch_reader():
        rows = pa.Table.from_batches([batch])
        filled |= set(pc.unique(rows.column("batch_date")).to_pylist())
        rows = rows.filter(pc.is_in(rows.column("source_uri").cast(pa.string()), wanted))
        for row in rows.group_by(list(columns)).aggregate([]).to_pylist():
            taken.setdefault((row["source_uri"], row["source_etag"]), set()).add(row["batch_date"])
    prepared = _finished(warehouse, "prepare", dataset)
    nights = {key: frozenset(dates) for key, dates in taken.items()}
    return Nights(nights, frozenset(filled), frozenset(prepared - filled))


def unanswered(warehouse: Warehouse, dataset: str, task: str | None = None) -> frozenset[datetime.date]:
    """Return the nights of `dataset` that were prepared and have no answers of any model, according to `runs`.

    Those of `task`; None: impressions.
    """
    prepared, written = _finished(warehouse, "prepare", dataset), _finished(warehouse, "generate", dataset, task)
    return frozenset(prepared - written - {CORPUS_DATE})


def _finished(warehouse: Warehouse, job: str, dataset: str, task: str | None = None) -> set[datetime.date]:
    """Return the nights of `dataset` which a run of `job` over `task` has finished, according to `runs`.

    None: over reports or impressions.
    """
    about = {"job": job, "dataset": dataset, "status": RunStatus.FINISHED.value}
    runs = warehouse.read(RUNS, ["batch_date", "task"], about).to_pylist()
    return {run["batch_date"] for run in runs if run["task"] == task} - {None}


class Arrivals:
    """The files of one night of a source, frozen, and the check at the commit that they are still the night's."""

    def __init__(self, warehouse: Warehouse, reports: Table, settings: Settings, uri: str, dataset: str) -> None:
        """Freeze the files at `uri` that are the night's; `reports` is the table that the run's base was pinned on.

        Raises InputError when a source that is not nightly has no file, ConfigError as `is_nightly`.
        """
        self._warehouse = warehouse
        self._storage: Storage = warehouse.storage
        self._night = settings.date
        self._dataset = dataset
        self._base = reports
        self._flat = settings.source.since is not None
        self._nightly = is_nightly(settings)
        self.uri = night_uri(uri, settings.date)
        listed = self._storage.freeze(self.uri, may_be_empty=self._nightly)
        self.files = listed
        if self._flat:
            self.files = read_nights(warehouse, reports, dataset, listed).files_of(settings.date, listed)
        took = self._took() if self._nightly else set()
        known = {file: {(file.path, file.digest), (file.path, None)} for file in self.files}
        self.fresh = sum(not (took & versions) for versions in known.values())
        """How many files the night has not taken in their present version."""
        still = set().union(*known.values())
        paths = {path for path, _ in took} - {file.path for file in self.files}
        self.gone = len(took - still if self._flat else paths)
        """How many files the night took that are gone now; in a flat folder a rewritten file counts as gone."""

    def unchanged(self) -> bool:
        """Return whether the night's files are still what they were when they were frozen."""
        now = self._storage.freeze(self.uri, may_be_empty=self._nightly)
        if self._flat:
            paths = {file.path for file in self.files}
            now = [file for file in now if file.path in paths]  # other files may arrive at any time
        return now == self.files

    def refuse_taken(self, reports: Table) -> None:
        """Raise ConflictError when, by `reports`, another night has meanwhile taken one of a flat folder's files.

        Call it with the very table that the commit is made on: a commit in between makes that commit fail.
        """
        if not self._flat or reports is self._base or not self.files:
            return
        nights = read_nights(self._warehouse, reports, self._dataset, self.files)
        others = {date for dates in nights.taken.values() for date in dates} - {self._night}
        if others:
            by = ", ".join(map(str, sorted(others)))
            raise ConflictError(
                f"{self._dataset} {self._night}: files of this night were taken by {by} while it was prepared; this"
                " run changed nothing; run again: each file is in one night"
            )

    def _took(self) -> set[tuple[str, str | None]]:
        """Return path and ETag of the files that the night's rows were parsed from."""
        where = equal_to({"batch_date": self._night, "dataset": self._dataset})
        rows = self._base.scan(row_filter=where, selected_fields=("source_uri", "source_etag")).to_arrow()
        distinct = rows.group_by(rows.column_names).aggregate([]).to_pylist()
        return {(row["source_uri"], row["source_etag"]) for row in distinct}
