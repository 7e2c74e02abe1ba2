"""Which files are a night's: those below its dated folder, or those of a flat one that no other night has taken.

Nothing is told by a clock. What a night took stands in its rows of `reports`: the path below source.uri and the ETag of
each file. A file that was written anew has another ETag and is another file: it belongs to the night that finds it, and
the older night stays what it was. Two nights that take the same file at once cannot both be committed.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from radray.errors import ConfigError, ConflictError
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE
from radray.storage.files import FrozenFile, Storage, absolute_uri
from radray.tables.catalog import Warehouse, equal_to

_DATE = re.compile(r"\{date(?::(?P<form>[^{}]+))?\}")

_Taken = Mapping[tuple[str, str | None], frozenset[datetime.date]]


def is_nightly(settings: Settings) -> bool:
    """Return whether the source says by itself which files are a night's: a night without files is an empty one then.

    Raises ConfigError when it does, and no date is given.
    """
    source = settings.source
    dated = source.uri is not None and _DATE.search(source.uri) is not None
    if dated and source.since is not None:
        raise ConfigError("source.since is for a flat folder, and source.uri has a {date}; use one of them")
    if (dated or source.since is not None) and settings.date == CORPUS_DATE:
        raise ConfigError("date is not set: source.uri with a {date}, and source.since, need the night's YYYY-MM-DD")
    return dated or source.since is not None


def dated_uri(uri: str, date: datetime.date) -> str:
    """Return `uri` with `date` in the place of each ``{date}`` (ISO) and ``{date:FORM}`` (strftime)."""
    return _DATE.sub(lambda found: date.strftime(found["form"] or "%Y-%m-%d"), uri)


def fixed_folder(uri: str) -> str:
    """Return the folder above the first ``{date}`` of `uri`, which is there whatever the night; `uri` without one."""
    found = _DATE.search(uri)
    return uri if found is None else uri[: found.start()].rpartition("/")[0] or ("/" if uri.startswith("/") else ".")


@dataclass(frozen=True, slots=True)
class Nights:
    """What the nights of a dataset have taken of a folder, as one state of `reports` says."""

    taken: _Taken
    """Nights by path and ETag, of the files that the folder holds; ETag None: any that the path had."""
    filled: frozenset[datetime.date]
    """Nights that have rows."""
    empty: frozenset[datetime.date]
    """Nights that were committed without any."""

    def files_of(self, night: datetime.date, files: Sequence[FrozenFile]) -> list[FrozenFile]:
        """Return those of the folder's `files` that are the night's.

        A night with rows has what it took, and takes nothing more: run again it is the same night. So has an empty
        one that another night followed. Any other takes what no night has.
        """
        closed = night in self.filled or (night in self.empty and any(night < one for one in self.filled | self.empty))
        return [file for file in files if (night in self._nights(file) if closed else not self._nights(file))]

    def _nights(self, file: FrozenFile) -> frozenset[datetime.date]:
        return self.taken.get((file.path, file.digest), frozenset()) | self.taken.get((file.path, None), frozenset())


def read_nights(warehouse: Warehouse, reports: Table, dataset: str, files: Sequence[FrozenFile]) -> Nights:
    """Return what the nights of `dataset` have taken of `files`, as the loaded table `reports` says."""
    wanted = pa.array([file.path for file in files], pa.string())
    taken: dict[tuple[str, str | None], set[datetime.date]] = {}
    filled: set[datetime.date] = set()
    columns = ("batch_date", "source_uri", "source_etag")
    scan = reports.scan(row_filter=equal_to({"dataset": dataset}), selected_fields=columns)
    # years of nights pass through: of each batch a row for each file is kept, and of those what the folder still has
    for batch in scan.to_arrow_batch_reader():
        rows = pa.Table.from_batches([batch])
        filled |= set(pc.unique(rows.column("batch_date")).to_pylist())
        rows = rows.filter(pc.is_in(rows.column("source_uri").cast(pa.string()), wanted))
        for row in rows.group_by(list(columns)).aggregate([]).to_pylist():
            taken.setdefault((row["source_uri"], row["source_etag"]), set()).add(row["batch_date"])
    prepared = _finished(warehouse, "prepare", dataset)
    nights = {key: frozenset(dates) for key, dates in taken.items()}
    return Nights(nights, frozenset(filled), frozenset(prepared - filled))


def unanswered(warehouse: Warehouse, dataset: str) -> frozenset[datetime.date]:
    """Return the nights of `dataset` that were prepared and that no model has written impressions for, by `runs`."""
    prepared, written = (_finished(warehouse, job, dataset) for job in ("prepare", "generate"))
    return frozenset(prepared - written - {CORPUS_DATE})


def _finished(warehouse: Warehouse, job: str, dataset: str) -> set[datetime.date]:
    """Return the nights of `dataset` that a run of `job` has finished, by `runs`."""
    about = {"job": job, "dataset": dataset, "status": RunStatus.FINISHED.value}
    return set(warehouse.read(RUNS, ["batch_date"], about).column("batch_date").to_pylist()) - {None}


class Arrivals:
    """The files of one night of a source, frozen, and whether they still are that when the night is committed."""

    def __init__(self, warehouse: Warehouse, reports: Table, settings: Settings, uri: str, dataset: str) -> None:
        """Freeze the files at `uri` that are the night's; `reports` is the table that the run's base was pinned on.

        Raises InputError where there is none, for a source that is not nightly.
        """
        self._warehouse = warehouse
        self._storage: Storage = warehouse.storage
        self._night = settings.date
        self._dataset = dataset
        self._base = reports
        self._flat = settings.source.since is not None
        self._nightly = is_nightly(settings)
        self.uri = absolute_uri(dated_uri(uri, settings.date))
        listed = self._storage.freeze(self.uri, may_be_empty=self._nightly)
        self.files = listed
        if self._flat:
            self.files = read_nights(warehouse, reports, dataset, listed).files_of(settings.date, listed)
        took = self._took() if self._nightly else set()
        known = {file: {(file.path, file.digest), (file.path, None)} for file in self.files}
        self.fresh = sum(not (took & one) for one in known.values())
        """Files that the night has not taken as they are now."""
        still = set().union(*known.values())
        paths = {path for path, _ in took} - {file.path for file in self.files}
        self.gone = len(took - still if self._flat else paths)
        """Files that the night took and that are not there any more; of a flat folder, as they were."""

    def unchanged(self) -> bool:
        """Return whether the night's files are what they were when they were frozen."""
        now = self._storage.freeze(self.uri, may_be_empty=self._nightly)
        if self._flat:
            paths = {file.path for file in self.files}
            now = [file for file in now if file.path in paths]  # others may come in at any time
        return now == self.files

    def refuse_taken(self, reports: Table) -> None:
        """Raise ConflictError when, as `reports` says, another night has taken one of a flat folder's files meanwhile.

        To be asked of the very table that the commit is made on: another commit before that makes it fail.
        """
        if not self._flat or reports is self._base or not self.files:
            return
        nights = read_nights(self._warehouse, reports, self._dataset, self.files)
        others = {one for dates in nights.taken.values() for one in dates} - {self._night}
        if others:
            by = ", ".join(map(str, sorted(others)))
            raise ConflictError(
                f"{self._dataset} {self._night}: files of this night were taken by {by} while it was prepared; this"
                " run changed nothing; run again: each file is in one night"
            )

    def _took(self) -> set[tuple[str, str | None]]:
        """Return path and ETag of the files that the night's rows came from."""
        where = equal_to({"batch_date": self._night, "dataset": self._dataset})
        rows = self._base.scan(row_filter=where, selected_fields=("source_uri", "source_etag")).to_arrow()
        distinct = rows.group_by(rows.column_names).aggregate([]).to_pylist()
        return {(row["source_uri"], row["source_etag"]) for row in distinct}
