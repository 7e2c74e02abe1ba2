"""Progress of a pipeline by what it has staged: rows, reports a second, time left."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

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

from radray.errors import RadrayError
from radray.tables.storage import Storage

POLL_S = 1.0


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
def staged_rows(console: Console, description: str, storage: Storage, staging: str, total: int) -> Iterator[None]:
    """Show, while the block runs, how many of `total` rows stand in the folder `staging`."""
    stop = threading.Event()
    with progress_bar(console, "reports") as bar:
        task = bar.add_task(description, total=total)

        def poll() -> None:
            counted: dict[str, int] = {}
            while True:
                last = stop.wait(POLL_S)
                # storage that does not answer now ends the run, if it must, where the rows are written: not here
                with suppress(RadrayError):
                    for uri in storage.list_files(staging, ".parquet"):
                        if uri not in counted and (rows := _rows(storage, uri)) is not None:
                            counted[uri] = rows
                bar.update(task, completed=min(total, sum(counted.values())))
                if last:
                    return

        thread = threading.Thread(target=poll, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _rows(storage: Storage, uri: str) -> int | None:
    fs, path = storage.filesystem(uri)
    try:
        with fs.open_input_file(path) as source:
            return int(pq.read_metadata(source).num_rows)
    except (pa.ArrowInvalid, OSError):
        return None  # still being written
