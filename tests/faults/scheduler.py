"""Writers as threads that hand each other a baton: one moves at a time, from one critical step to the next.

The steps are those at which writers can meet: loading the table (the pin, and the look after a lost commit), the
merge, the catalog's check and its set, a `runs` row, the removal of the staging. Between two of them a writer works
on what is its own.
"""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from faults_world import PATIENCE_S
from pyiceberg.catalog.sql import SqlCatalog

from radray.schemas import REPORTS, TableSchema
from radray.tables import partition
from radray.tables.catalog import Warehouse
from radray.tables.runs import RunRow
from radray.tables.storage import Storage

_current = threading.local()

LOST_AFTER, LOST_BEFORE = "lost after landing", "lost before landing"


@dataclass
class Writer:
    """One writer's thread, where it stands, and what it was told."""

    name: str
    work: Callable[["Writer"], Any]
    steps: frozenset[str]
    """Steps that it stops before; it walks through the others."""
    lost: Sequence[str | None] = ()
    """What becomes of the answers to its commits, in order; None and beyond: nothing."""
    told: Any = None
    """What `work` returned, or the error that it ended with."""
    events: list[str] = field(default_factory=list)
    ended: bool = False

    def __post_init__(self) -> None:
        self._go, self._here = threading.Semaphore(0), threading.Semaphore(0)
        self._answers = iter(self.lost)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._arrive()

    def move(self) -> str:
        """Let it do its next step, until it stands before another or has ended; return the step that it did."""
        step = self.events[-1] if self.events else "start"
        self._go.release()
        self._arrive()
        return step

    def stop_before(self, step: str) -> None:
        """Stand before `step` until told to move."""
        if step in self.steps:
            self.events.append(step)
            self._here.release()
            assert self._go.acquire(timeout=PATIENCE_S)

    def next_answer(self) -> str | None:
        return next(self._answers, None)

    def _arrive(self) -> None:
        assert self._here.acquire(timeout=PATIENCE_S), f"writer {self.name} stands still"

    def _run(self) -> None:
        _current.writer = self
        try:
            self.told = self.work(self)
        except Exception as error:
            self.told = error
        self.ended = True
        self._here.release()


def _before(step: str, about: str | None = None) -> None:
    writer = getattr(_current, "writer", None)
    if writer is not None and about in (None, REPORTS.name):
        writer.stop_before(step)


@contextmanager
def critical_steps(landings: list[str]) -> Iterator[None]:
    """Make writers stop before critical steps while the block works; `landings` gets the names of those that commit."""
    load, merge, write, remove = Warehouse.load, partition.merge, RunRow.write, Storage.remove_folder
    commit_table, write_metadata = SqlCatalog.commit_table, SqlCatalog._write_metadata

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
        made = commit_table(self, table, *changes)
        landings.append(writer.name)
        if answer == LOST_AFTER:
            raise ConnectionResetError(LOST_AFTER)
        return made

    def stopping_write(metadata: Any, io: Any, metadata_path: str) -> None:
        write_metadata(metadata, io, metadata_path)
        if "/tables/reports/" in metadata_path:
            _before("set")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "load", stopping_load)
        patch.setattr(partition, "merge", stopping("merge", merge))
        patch.setattr(RunRow, "write", stopping("runs", write))
        patch.setattr(Storage, "remove_folder", stopping("remove", remove))
        patch.setattr(SqlCatalog, "commit_table", stopping_commit)
        patch.setattr(SqlCatalog, "_write_metadata", staticmethod(stopping_write))
        yield


def play(writers: Sequence[Writer], choose: Callable[[list[int]], int], after: Callable[[str], None]) -> list[str]:
    """Move the writers until all have ended, the one that `choose` picks; return the steps as they were done."""
    trace = []
    while alive := [place for place, writer in enumerate(writers) if not writer.ended]:
        writer = writers[choose(alive)]
        step = writer.move()
        trace.append(f"{writer.name}:{step}")
        after(step)
    return trace


class Interleavings:
    """All orders in which writers can be moved, one a `play`: depth first, each maximal schedule once."""

    def __init__(self) -> None:
        self._path: list[tuple[int, list[int]]] = []
        self._depth = 0
        self.count = 0

    def choose(self, alive: list[int]) -> int:
        """Pick as the path says, and beyond its end the first."""
        if self._depth == len(self._path):
            self._path.append((0, alive))
        place, known = self._path[self._depth]
        assert known == alive, "the same moves must lead to the same place"
        self._depth += 1
        return alive[place]

    def next(self) -> bool:
        """Go to the next schedule; return whether there is one."""
        self.count += 1
        self._depth = 0
        while self._path:
            place, alive = self._path.pop()
            if place + 1 < len(alive):
                self._path.append((place + 1, alive))
                return True
        return False


def seeded(seed: int) -> Callable[[list[int]], int]:
    """Return a choice drawn from `seed`."""
    return random.Random(seed).choice
