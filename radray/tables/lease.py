"""A lease on a partition while a run works on it: it saves a second submitter's compute, and nothing depends on it.

Correctness is the commit's concern (commit.py): a lease may be lost, taken over while its holder sleeps, or impossible
to write, and the night is still whole and there once. Clocks are never compared: a holder is alive if its file changes
while the second submitter watches it.

Its worth, measured on SeaweedFS on one machine: a second submitter leaves after 3.0 s, where without a lease it
computes up to its commit and loses there, or, with the same run key, computes what the first is still to stage. Its
price: 0.2 s and 2 requests at the start, 40 requests a minute, 9.1 s and 20 requests for the run after a crash, and 156
lines beside 247 of tests. Submission ids (`jobs.submit`) refuse a second one on one cluster before it starts; they
do not see `ray job submit`, two clusters on one warehouse (each KubeRay job has its own), and a run by hand.
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
"""Seconds between two signs of life: one GET and one small PUT each, 1,200 of both an hour."""

SILENT_BEATS = 3
"""A holder without a sign of life for so many beats is dead or stalled: 9 s outlast a slow PUT and are a short wait."""

LOOKS_A_BEAT = 6
LAST_BEAT_WAIT_S = 2.0
"""How long the end of a run waits for a beat that is being written; a slower beat is left behind."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, as its file says."""

    run_id: str
    run_key: str
    since: str
    """When its run began, UTC, for messages only."""
    beat: int = 0


@contextmanager
def hold_lease(
    warehouse: Warehouse, uri: str, run_id: str, run_key: str, since: datetime, beat_s: float
) -> Iterator[None]:
    """Hold the lease at `uri` while the block works, with a sign of life every `beat_s` seconds.

    Waits at most for the next beat of a holder that is alive, and SILENT_BEATS for a dead holder, whose lease is then
    taken over. Raises ConflictError while another run holds it and is alive. Failing storage raises nothing: the block
    then works without a lease.
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
    """Return the table's leases that were last written at or before `before` and whose run is not in `running`.

    `running` holds run_ids. Raises RadrayError when storage cannot be read.
    """
    folder = inventory.layout.leases(table)
    leases = []
    for file in inventory.files(folder):
        if file.uri.endswith(".json") and file.modified <= before:
            with inventory.open(file.uri) as stream:
                holder = _parsed(bytes(stream.read()))
            if holder is None or holder.run_id not in running:
                leases.append(file)
    return leases


def _refuse_living(file: "_LeaseFile", beat_s: float) -> None:
    """Return when nobody holds the lease or its holder is dead. Raises ConflictError when the holder is alive."""
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
    """The file of a lease. Errors of storage are ignored."""

    def __init__(self, warehouse: Warehouse, uri: str) -> None:
        self._inventory, self._storage = Inventory(warehouse), warehouse.storage
        self._uri = uri

    def read(self) -> bytes | None:
        """Return its content, which may be cut off; None if there is no file or storage refuses."""
        with suppress(Exception), self._inventory.open(self._uri) as stream:
            return bytes(stream.read())
        return None

    def write(self, holder: Holder) -> None:
        """Write `holder` over what is there."""
        with suppress(Exception):
            self._storage.write(self._uri, json.dumps(asdict(holder)).encode("ascii"))

    def remove(self) -> None:
        """Remove it."""
        with suppress(Exception):
            self._inventory.remove(self._uri)


class _Beating:
    """A thread that rewrites the lease until it is ended, or sees that another run has taken the lease over."""

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
        """Stop, and remove the lease if it names this run: content that is cut off may be another's beat."""
        self._over.set()
        self._thread.join(LAST_BEAT_WAIT_S)
        holder = _parsed(self._file.read() or b"")
        if holder is not None and holder.run_id == self._holder.run_id:
            self._file.remove()

    def _beat(self) -> None:
        beat = 0
        while not self._over.wait(self._beat_s):
            beat += 1
            if not self._ours():
                return
            self._file.write(Holder(self._holder.run_id, self._holder.run_key, self._holder.since, beat))

    def _ours(self) -> bool:
        """Return whether no other run holds the lease, as far as its file says."""
        holder = _parsed(self._file.read() or b"")
        return holder is None or holder.run_id == self._holder.run_id


def _parsed(content: bytes) -> Holder | None:
    """Return the holder that a lease names; None if its content is cut off or no lease."""
    try:
        return Holder(**json.loads(content))
    except (ValueError, TypeError):
        return None
