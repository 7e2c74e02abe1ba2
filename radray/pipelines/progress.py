"""Progress of a pipeline by what it has staged: rows, reports a second, time left; a bar, or a line now and then."""

import datetime
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from radray.console import print_line
from radray.errors import RadrayError
from radray.pipelines.prometheus import ROWS_EXPECTED, ROWS_STAGED, record
from radray.storage.files import Storage

POLL_S = 1.0
LINE_S = 60.0
"""Seconds between two lines where there is no terminal, such as in the log of a submitted job: 60 lines an hour."""


class RateColumn(ProgressColumn):
    """Units a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """Return the speed, or dashes before there is one."""
        return Text("--" if not task.speed else f"{task.speed:,.1f} {self._unit}/s")


def progress_bar(console: Console, unit: str) -> Progress:
    """Return a bar with count, rate in `unit` a second, time taken and time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )


@contextmanager
def staged_rows(
    console: Console,
    description: str,
    storage: Storage,
    staging: str | Sequence[str],
    total: int,
    *,
    unit: str = "reports",
    poll_s: float = POLL_S,
    line_s: float = LINE_S,
) -> Iterator[None]:
    """Show, while the block runs, how many of `total` rows, each a `unit`, stand in the folder, or folders, `staging`.

    On a terminal that is a bar; else a line every `line_s` seconds, and none of a block that takes less.
    """
    stop = threading.Event()
    counted: dict[str, int] = {}
    folders = (staging,) if isinstance(staging, str) else staging

    def count() -> int:
        # storage that does not answer now ends the run, if it must, where the rows are written: not here
        with suppress(RadrayError):
            for uri in (uri for folder in folders for uri in storage.list_files(folder, ".parquet")):
                if uri not in counted and (rows := _rows(storage, uri)) is not None:
                    counted[uri] = rows
        return min(total, sum(counted.values()))

    with progress_bar(console, unit) as bar:
        task = bar.add_task(description, total=total)

        def poll() -> None:
            pace: Pace | None = None
            printed = time.monotonic()
            while True:
                last = stop.wait(poll_s)
                done, now = count(), time.monotonic()
                bar.update(task, completed=done)
                record(ROWS_STAGED, done, work=description)
                record(ROWS_EXPECTED, total, work=description)
                pace = pace or Pace(done, now, unit)
                if not console.is_terminal and not last and now - printed >= line_s:
                    printed = now
                    print_line(console, f"{description}: {pace.describe(done, total, now)}")
                if last:
                    return

        thread = threading.Thread(target=poll, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def count_reports(
    console: Console, description: str, done: Iterable[int], total: int, *, line_s: float = LINE_S
) -> None:
    """Go through `done`, numbers of reports that are done, and show how many of `total` they are together.

    On a terminal that is a bar; else a line every `line_s` seconds.
    """
    began = printed = time.monotonic()
    so_far = 0
    with progress_bar(console, "reports") as bar:
        task = bar.add_task(description, total=total)
        for count in done:
            so_far += count
            now = time.monotonic()
            bar.update(task, completed=so_far)
            record(ROWS_STAGED, so_far, work=description)
            record(ROWS_EXPECTED, total, work=description)
            if not console.is_terminal and now - printed >= line_s:
                printed = now
                print_line(console, f"{description}: {Pace(0, began).describe(so_far, total, now)}")


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of rows since the first look: what an earlier attempt had staged is not counted."""

    first: int
    since: float
    """Monotonic clock, s."""
    unit: str = "reports"

    def describe(self, done: int, total: int, now: float) -> str:
        """Return rows, reports a second and time left in words; no speed before there is a new row."""
        rate = (done - self.first) / max(now - self.since, 1e-6)
        counts = f"{done:,} of {total:,} {self.unit}"
        if rate <= 0:
            return counts
        left = datetime.timedelta(seconds=round((total - done) / rate))
        return f"{counts}, {rate:,.1f} {self.unit}/s, {left} left"


def _rows(storage: Storage, uri: str) -> int | None:
    fs, path = storage.filesystem(uri)
    try:
        with fs.open_input_file(path) as source:
            return int(pq.read_metadata(source).num_rows)
    except (pa.ArrowInvalid, OSError):
        return None  # still being written
