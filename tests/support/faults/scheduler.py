"""Writers as threads that hand each other a baton: one moves at a time, from one critical step to the next.

The steps are those at which writers can meet: loading the table (the pin, and the look after a lost commit), the
merge, the catalog's check and its set, a `runs` row, the removal of the staging, and maintain's removal of a data
file. Between two of them a writer works on what is its own.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from radray.schema.column import TableSchema
from radray.schema.reports import REPORTS
from radray.storage.files import Storage
from radray.tables import merge as merging
from radray.tables import partition
from radray.tables.catalog import Warehouse
from radray.tables.inventory import Inventory
from radray.tables.runs import RunRow
from tests.support.worlds.faults import PATIENCE_S

_current = threading.local()

LOST_AFTER, LOST_BEFORE = "lost after landing", "lost before landing"


class _GivenUpError(BaseException):
    """Ends a writer that nobody is interested in any more; no handler of the code under test takes it for a fault."""


class RedundantError(Exception):
    """The rest of the schedule is that of another one."""


@dataclass
class Writer:
    """A writer's thread, the step it stands before, and its outcome."""

    name: str
    work: Callable[["Writer"], Any]
    steps: frozenset[str]
    """Steps that it stops before; it walks through the others."""
    lost: Sequence[str | None] = ()
    """What becomes of the answers to its commits, in order; None and beyond: nothing."""
    outcome: Any = None
    """What `work` returned, or the error that it ended with."""
    events: list[str] = field(default_factory=list)
    ended: bool = False

    def __post_init__(self) -> None:
        self._go, self._here = threading.Semaphore(0), threading.Semaphore(0)
        self._answers = iter(self.lost)
        self._given_up = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._arrive()

    @property
    def pending(self) -> str:
        """The step that it stands before."""
        return self.events[-1] if self.events else "start"

    def move(self) -> str:
        """Let it do its next step, until it stands before another or has ended; return the step that it did."""
        step = self.pending
        self._go.release()
        self._arrive()
        return step

    def give_up(self) -> None:
        """End it where it stands."""
        self._given_up = True
        if not self.ended:
            self.move()

    def stop_before(self, step: str) -> None:
        """Stand before `step` until `move` is called."""
        if step in self.steps and not self._given_up:
            self.events.append(step)
            self._here.release()
            assert self._go.acquire(timeout=PATIENCE_S)
        if self._given_up:
            raise _GivenUpError

    def next_answer(self) -> str | None:
        return next(self._answers, None)

    def _arrive(self) -> None:
        assert self._here.acquire(timeout=PATIENCE_S), f"writer {self.name} stands still"

    def _run(self) -> None:
        _current.writer = self
        try:
            self.outcome = self.work(self)
        except Exception as error:
            self.outcome = error
        except _GivenUpError:
            pass
        self.ended = True
        self._here.release()


def _before(step: str, about: str | None = None) -> None:
    writer = getattr(_current, "writer", None)
    if writer is not None and about in (None, REPORTS.name):
        writer.stop_before(step)


@contextmanager
def critical_steps(landings: list[str]) -> Iterator[None]:
    """Make writers stop before critical steps while the block works; `landings` gets the names of those that commit."""
    load, merge, write, remove = Warehouse.load, merging.merge, RunRow.write, Storage.remove_folder
    commit_table, write_metadata = SqlCatalog.commit_table, SqlCatalog._write_metadata
    unlink = Inventory.remove

    def stopping_load(self: Warehouse, schema: TableSchema) -> Any:
        _before("load", schema.name)
        return load(self, schema)

    def stopping(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def stop(*args: Any, **kwargs: Any) -> Any:
            _before(step)
            return function(*args, **kwargs)

        return stop

    def stopping_commit(self: SqlCatalog, table: Any, *changes: Any) -> Any:
        writer = getattr(_current, "writer", None)
        if writer is None or table.name()[-1] != REPORTS.name:
            return commit_table(self, table, *changes)
        writer.stop_before("check")
        answer = writer.next_answer()
        if answer == LOST_BEFORE:
            raise ConnectionResetError(LOST_BEFORE)
        response = commit_table(self, table, *changes)
        landings.append(writer.name)
        if answer == LOST_AFTER:
            raise ConnectionResetError(LOST_AFTER)
        return response

    def stopping_write(metadata: Any, io: Any, metadata_path: str) -> None:
        write_metadata(metadata, io, metadata_path)
        if "/tables/reports/" in metadata_path:
            _before("set")

    def stopping_unlink(self: Inventory, uri: str) -> None:
        if "/data/reports/" in uri:
            _before("unlink")
        unlink(self, uri)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Inventory, "remove", stopping_unlink)
        patch.setattr(Warehouse, "load", stopping_load)
        patch.setattr(partition, "merge", stopping("merge", merge))
        patch.setattr(RunRow, "write", stopping("runs", write))
        patch.setattr(Storage, "remove_folder", stopping("remove", remove))
        patch.setattr(SqlCatalog, "commit_table", stopping_commit)
        patch.setattr(SqlCatalog, "_write_metadata", staticmethod(stopping_write))
        yield


Choice = Callable[[Mapping[int, str]], int]
"""Picks the writer to move next, by the step that each one alive stands before."""


def play(writers: Sequence[Writer], choose: Choice, after: Callable[[str], None]) -> list[str]:
    """Move the writers until all have ended, the one that `choose` picks; return the steps as they were done."""
    trace = []
    while alive := {place: writer.pending for place, writer in enumerate(writers) if not writer.ended}:
        try:
            writer = writers[choose(alive)]
        except RedundantError:
            for writer in writers:
                writer.give_up()
            raise
        step = writer.move()
        trace.append(f"{writer.name}:{step}")
        after(step)
    return trace


@dataclass(frozen=True, slots=True)
class Effects:
    """What a step, and the work from it to the next, reads and writes of what writers share."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()

    def meet(self, other: "Effects") -> bool:
        """Return whether it matters which of the two comes first."""
        return bool(self.writes & (other.reads | other.writes) or other.writes & self.reads)


def effects(reads: str = "", writes: str = "") -> Effects:
    return Effects(frozenset(reads.split()), frozenset(writes.split()))


@dataclass(slots=True)
class _Fork:
    """A place on the path at which a writer was picked."""

    alive: Mapping[int, str]
    asleep: frozenset[int]
    """Writers whose step leads only to schedules that differ from played ones by the order of steps that never meet."""
    picked: int
    done: set[int] = field(default_factory=set)

    def free(self) -> list[int]:
        return [place for place in self.alive if place not in self.asleep and place not in self.done]


class Interleavings:
    """All orders in which writers can be moved, one a `play`, depth first.

    Without `steps` every order is played. With it, one of those that differ by steps alone which do not meet: sleep
    sets, Godefroid, Partial-Order Methods (1996), chapter 5.
    """

    def __init__(self, steps: Mapping[str, Effects] | None = None) -> None:
        self._steps = steps
        self._path: list[_Fork] = []
        self._depth = 0

    def choose(self, alive: Mapping[int, str]) -> int:
        """Pick as the path says, and beyond its end the first that is not asleep; RedundantError where all are."""
        if self._depth == len(self._path):
            fork = _Fork(alive, self._asleep(), -1)
            if not (free := fork.free()):
                raise RedundantError
            fork.picked = free[0]
            self._path.append(fork)
        fork = self._path[self._depth]
        assert fork.alive == alive, "the same moves must lead to the same place"
        self._depth += 1
        return fork.picked

    def next(self) -> bool:
        """Go to the next schedule; return whether there is one."""
        self._depth = 0
        while self._path:
            fork = self._path[-1]
            fork.done.add(fork.picked)
            if free := fork.free():
                fork.picked = free[0]
                return True
            self._path.pop()
        return False

    def _asleep(self) -> frozenset[int]:
        if not self._path or self._steps is None:
            return frozenset()
        above, steps = self._path[-1], self._steps
        moved = steps[above.alive[above.picked]]
        return frozenset(writer for writer in above.asleep | above.done if not moved.meet(steps[above.alive[writer]]))
