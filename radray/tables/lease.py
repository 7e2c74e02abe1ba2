"""A lease on a partition while a run works on it: it saves a second submitter's compute, and nothing rests on it.

Correctness is the commit's (commit.py): a lease may be lost, taken over while its holder sleeps, or not be writable at
all, and the night is still whole and once. No clock is compared with another's: a holder is alive when its file
changes while the second submitter looks.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from radray.errors import ConflictError
from radray.tables.catalog import Warehouse
from radray.tables.inventory import Inventory, StoredFile

BEAT_S = 3.0
"""Seconds between two signs of life: one small PUT each, 1,200 an hour."""

SILENT_BEATS = 3
"""A holder that gave no sign for so many beats is dead or stalled: 9 s are longer than a slow PUT and short to wait."""

LOOKS_A_BEAT = 6
LAST_BEAT_WAIT_S = 2.0
"""How long the end of a run waits for a beat that is being written; one that is slower is left behind."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, as its file says."""

    run_id: str
    run_key: str
    since: str
    """When its run began, UTC, to be shown; nothing is decided by it."""
    beat: int = 0


@contextmanager
def hold_lease(
    warehouse: Warehouse, uri: str, run_id: str, run_key: str, since: datetime, beat_s: float
) -> Iterator[None]:
    """Hold the lease at `uri` while the block works, with a sign of life every `beat_s` seconds.

    A holder that is alive is waited for no longer than its next beat, one that is not for SILENT_BEATS: then the lease
    is taken over. Raises ConflictError while another run holds it and is alive. Storage that fails is no reason to
    raise: the block works without a lease then.
    """
    file = _LeaseFile(warehouse, uri)
    _refuse_living(file, beat_s)
    beating = _Beating(file, Holder(run_id, run_key, since.isoformat(timespec="seconds")), beat_s)
    beating.start()
    try:
        yield
    finally:
        beating.end()


def abandoned(inventory: Inventory, table: str, before: datetime, running: frozenset[str]) -> list[StoredFile]:
    """Return the table's leases that were last written by `before` and are not of a run of `running` (run_ids)."""
    folder = inventory.layout.leases(table)
    found = []
    for one in inventory.files(folder):
        if one.uri.endswith(".json") and one.modified <= before:
            with inventory.open(one.uri) as stream:
                holder = _parsed(bytes(stream.read()))
            if holder is None or holder.run_id not in running:
                found.append(one)
    return found


def _refuse_living(file: "_LeaseFile", beat_s: float) -> None:
    """Return when nobody holds the lease, or who does gives no sign of life. Raises ConflictError when it does."""
    first = last = file.read()
    silent_until = time.monotonic() + SILENT_BEATS * beat_s
    while last is not None and time.monotonic() < silent_until:
        time.sleep(beat_s / LOOKS_A_BEAT)
        last = file.read()
        if last is not None and last != first:
            holder = _parsed(last) or _parsed(first or b"")
            who = "another run" if holder is None else f"run {holder.run_id} (since {holder.since} UTC)"
            raise ConflictError(
                f"{who} is working on this partition; nothing was done; wait until it has ended, or stop it, and run"
                " again"
            )


class _LeaseFile:
    """The file of a lease. Nothing that storage does to it is an error."""

    def __init__(self, warehouse: Warehouse, uri: str) -> None:
        self._inventory = Inventory(warehouse)
        self._uri = uri

    def read(self) -> bytes | None:
        """Return its content, which may be cut off; None where there is none or storage does not give it."""
        with suppress(Exception), self._inventory.open(self._uri) as stream:
            return bytes(stream.read())
        return None

    def write(self, holder: Holder) -> None:
        """Write `holder` over what is there."""
        with suppress(Exception), self._inventory.write(self._uri) as stream:
            stream.write(json.dumps(asdict(holder)).encode("ascii"))

    def remove(self) -> None:
        """Remove it."""
        with suppress(Exception):
            self._inventory.remove(self._uri)


class _Beating:
    """A thread that rewrites the lease until it ends, or finds that another run has taken it over."""

    def __init__(self, file: _LeaseFile, holder: Holder, beat_s: float) -> None:
        self._file = file
        self._holder = holder
        self._beat_s = beat_s
        self._over = threading.Event()
        # a daemon: a beat that storage holds up must not keep a finished job from ending
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def start(self) -> None:
        self._file.write(self._holder)
        self._thread.start()

    def end(self) -> None:
        """Stop, and remove the lease when it is still ours."""
        self._over.set()
        self._thread.join(LAST_BEAT_WAIT_S)
        if self._ours():
            self._file.remove()

    def _beat(self) -> None:
        beat = 0
        while not self._over.wait(self._beat_s):
            beat += 1
            if not self._ours():
                return
            self._file.write(Holder(self._holder.run_id, self._holder.run_key, self._holder.since, beat))

    def _ours(self) -> bool:
        """Return whether the file does not say that another run holds the lease."""
        holder = _parsed(self._file.read() or b"")
        return holder is None or holder.run_id == self._holder.run_id


def _parsed(content: bytes) -> Holder | None:
    """Return what a lease says; None for what is cut off or none."""
    try:
        return Holder(**json.loads(content))
    except (ValueError, TypeError):
        return None
