"""Nights for the fault tests: what a run over one does, and what a reader of it sees."""

import datetime
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.settings.warehouse import WarehouseSettings
from radray.storage.files import Storage
from radray.tables import commit
from radray.tables.catalog import Warehouse
from radray.tables.identity import new_run_id
from radray.tables.merge import Merged
from radray.tables.partition import LeasedRun, PartitionRun, RecordedRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow

DATASET = "hospital"
FILES = 3
"""Files that a night is staged in."""
PATIENCE_S = 120
BETWEEN_READS_S = 0.1
"""A reader that never rests takes the processor from the writer that it watches, and then sees less of it."""

Place = Callable[[str], WarehouseSettings]
"""Where a test's warehouses lie: settings of the (new) warehouse of a name."""

Rows = tuple[tuple[str, str, str], ...]
"""What a reader sees of a night: (unit_id, run_key, findings), sorted."""


def night(number: int) -> datetime.date:
    """Return the date of night `number`, counted from 0."""
    return datetime.date(2026, 1, 1) + datetime.timedelta(days=number)


def partition(date: datetime.date) -> dict[str, object]:
    return {"batch_date": date, "dataset": DATASET}


def expected_rows(run_key: str, unit_ids: Iterable[str]) -> Rows:
    """Return what a reader must see of a night that a run committed."""
    return tuple(sorted((unit_id, run_key, f"findings of {unit_id} by {run_key}") for unit_id in unit_ids))


def read_rows(warehouse: Warehouse, date: datetime.date) -> Rows:
    """Return what a reader sees of the night now: each reading asks the catalog where the table stands."""
    rows = warehouse.read(REPORTS, ["unit_id", "run_key", "findings"], partition(date))
    return tuple(sorted(tuple(row.values()) for row in rows.to_pylist()))


def run_rows(warehouse: Warehouse, run_key: str) -> Counter[str]:
    """Return how many rows of each status `runs` has for the key."""
    return Counter(warehouse.read(RUNS, ["status"], {"run_key": run_key}).column("status").to_pylist())


def staged_files(warehouse: Warehouse, run_key: str) -> list[str]:
    """Return the files that are staged for the key."""
    return warehouse.storage.list_files(warehouse.layout.staging(REPORTS.name, run_key))


@dataclass(frozen=True)
class OpenNight:
    """A run over a night, whose base is pinned, and whose next phases may be had out of turn."""

    warehouse: Warehouse
    base: commit.PartitionBase
    row: RunRow

    def is_committed(self) -> bool:
        return PartitionRun(self.warehouse, self.base, self.row).is_committed()

    def recorded(self) -> AbstractContextManager[RecordedRun]:
        """Record the run though its lease was lost, or could not be had: nothing depends on one."""
        return LeasedRun(self.warehouse, self.base, [self.row.run_key]).recorded(self.row)

    def unrecorded(self) -> RecordedRun:
        """Return the run as one whose `runs` row is not kept."""
        return RecordedRun(self.warehouse, self.base, self.row)

    def commit(self, unit_ids: Sequence[str]) -> Merged:
        """Commit what is staged, without a `runs` row."""
        return self.unrecorded().stage().commit(unit_ids).merged


def open_night(warehouse: Warehouse, date: datetime.date, run_key: str) -> OpenNight:
    """Return a run over the night, whose base is pinned now."""
    base = commit.pin(warehouse, REPORTS, partition(date))
    return OpenNight(warehouse, base, RunRow(new_run_id("prepare"), "prepare", run_key, "config", partition(date)))


def run_night(warehouse: Warehouse, date: datetime.date, run_key: str, unit_ids: Sequence[str]) -> bool:
    """Run over the night as a job does; return whether it had anything to do."""
    opened = open_night(warehouse, date, run_key)
    if opened.is_committed():
        return False
    with opened.recorded() as run:
        stage(warehouse.storage, run, date, run_key, unit_ids)
        run.stage().commit(unit_ids)
    return True


def commit_night(warehouse: Warehouse, date: datetime.date, run_key: str, unit_ids: Sequence[str]) -> None:
    """Make the night hold these units, without a `runs` row."""
    run = open_night(warehouse, date, run_key).unrecorded()
    stage(warehouse.storage, run, date, run_key, unit_ids)
    run.stage().commit(unit_ids)
    warehouse.storage.remove_folder(run.staging)


def stage(storage: Storage, run: RecordedRun, date: datetime.date, run_key: str, unit_ids: Sequence[str]) -> None:
    """Stage the units that are not staged yet, in FILES files."""
    staged = set(run.staged_ids())
    missing = [unit_id for unit_id in unit_ids if unit_id not in staged]
    attempt = new_run_id("attempt")
    for number in range(FILES):
        some = missing[number::FILES]
        if some:
            write_file(storage, f"{run.staging}/{attempt}-{number}.parquet", staged_bytes(date, run_key, some))


def staged_bytes(date: datetime.date, run_key: str, unit_ids: Sequence[str]) -> bytes:
    """Return a Parquet file of `reports` rows, one a unit."""
    rows = []
    for unit_id in unit_ids:
        row = dict.fromkeys(column.name for column in REPORTS.columns)
        row |= {"unit_id": unit_id, "format": "mimic_zip", "status": "ok", "source_uri": "a.zip"}
        row |= {"source_member": f"{unit_id}.txt", "source_offset": 0, "source_digest": "00"}
        row |= {"study_id": f"s{unit_id}", "findings": f"findings of {unit_id} by {run_key}"}
        row |= {"run_key": run_key, "run_id": "prepare-1", **partition(date)}
        rows.append(row)
    sink = pa.BufferOutputStream()
    pq.write_table(to_arrow(rows, REPORTS), sink)
    return sink.getvalue().to_pybytes()


def write_file(storage: Storage, uri: str, content: bytes) -> None:
    """Write `content` to `uri`, and the folder above it where folders are made."""
    storage.make_folder(uri.rpartition("/")[0])
    fs, path = storage.filesystem(uri)
    with fs.open_output_stream(path) as sink:
        sink.write(content)


@dataclass
class Reader:
    """Reads a night all the time while the block works: only states of `allowed` may be seen, in their order.

    ::

        with Reader(warehouse, date, [old, new]) as reader:
            ...
            reader.wait_for_polls(1)
    """

    warehouse: Warehouse
    date: datetime.date
    allowed: Sequence[Rows]
    in_order: bool = True
    polls: int = 0
    wrong: list[str] = field(default_factory=list)

    def __enter__(self) -> "Reader":
        self._place = 0
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read_all_the_time)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)

    def wait_for_polls(self, count: int) -> None:
        """Return once the reader has read `count` more times."""
        with self._changed:
            goal = self.polls + count
            assert self._changed.wait_for(lambda: self.polls >= goal or self.wrong, PATIENCE_S), "the reader stands"
        assert self.wrong == []

    def _read_all_the_time(self) -> None:
        while not self._stop.wait(BETWEEN_READS_S) and not self.wrong:
            try:
                wrong = self._judge(read_rows(self.warehouse, self.date))
            except Exception as error:
                wrong = f"reading failed: {type(error).__name__}: {error}"
            with self._changed:
                self.polls += 1
                self.wrong += [wrong] if wrong else []
                self._changed.notify_all()

    def _judge(self, rows: Rows) -> str:
        if rows not in self.allowed:
            return f"a night that no run committed: {rows}"
        if (place := list(self.allowed).index(rows)) < self._place and self.in_order:
            return f"an older night after a newer one: {rows}"
        self._place = place
        return ""
