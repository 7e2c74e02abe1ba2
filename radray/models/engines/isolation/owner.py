"""The owner's side of an engine's process: start it, ask it, wait for so long and no longer, end it."""

import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from radray.models.engines.engine import Engine
from radray.models.engines.isolation.child import Answered, CallFailed, Planned, Ready, Refused
from radray.schema.statuses import FailReason

_CODE = "from radray.models.engines.isolation.child import main; main({}, {})"
IDLE_THREADS_SLEEP = {"GOMP_SPINCOUNT": "1000"}
"""Environment of a process that computes: its threads spin for microseconds while they wait for one another, and then
sleep. By default they spin for milliseconds, and take the core from whoever else has work; sleeping at once
(OMP_WAIT_POLICY=PASSIVE) made a small T5 on two idle cores 1.4 times as slow, this 1.06 times."""
_LAST_WORDS_S = 10.0
"""Wait for a process that has closed its socket: the kernel needs time to free tens of gigabytes."""

Frame = Ready | Refused | Planned | Answered | CallFailed


class Gone(Exception):
    """The engine's process has ended, or was ended because it did not answer in time: `reason`, and `how` in words."""

    def __init__(self, reason: FailReason, how: str) -> None:
        super().__init__(how)
        self.reason = reason
        self.how = how


class EngineOwner:
    """Holds one engine process at a time, which never outlives its owner: see `child`."""

    def __init__(self, factory: Callable[[], Engine], probe: str) -> None:
        self._hello = (factory, probe)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: Connection | None = None
        self._finalizer: weakref.finalize | None = None  # type: ignore[type-arg]

    @property
    def pid(self) -> int | None:
        """Process id of the engine; None when there is no process."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start a process, ending an earlier one, and have it load the engine; `receive` gives the outcome.

        Raises OSError when the system starts no process, and Gone when the process ends at once.
        """
        self.end()
        self._socket, theirs = Pipe()
        reads, lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(
                # -P: nothing is imported from the current folder
                [sys.executable, "-P", "-c", _CODE.format(theirs.fileno(), reads)],
                pass_fds=(theirs.fileno(), reads),
                env=_environment(),
                stdin=subprocess.DEVNULL,
            )
        except OSError:
            os.close(lifeline)
            raise
        finally:
            theirs.close()
            os.close(reads)
        self._finalizer = weakref.finalize(self, _end, self._process, self._socket, lifeline)
        self._send(self._hello)

    def ask(self, prompts: Sequence[str]) -> None:
        """Send `prompts`; `receive` gives their outcomes, frame by frame. Raises Gone."""
        self._send(list(prompts))

    def receive(self, limit_s: float) -> Frame:
        """Return the next frame.

        Raises Gone when the process has ended, and after ending it when no frame came within `limit_s` seconds.
        """
        if self._socket is None:
            raise Gone(FailReason.ENGINE_CRASHED, "there is no process")
        if not self._socket.poll(limit_s):
            self.end()
            raise Gone(FailReason.TIMEOUT, f"no answer in {limit_s:.0f} s")
        try:
            frame: Frame = self._socket.recv()
        except (EOFError, OSError):
            raise self._gone() from None
        return frame

    def end(self) -> None:
        """End the process, if there is one, and wait until it is gone."""
        if self._finalizer is not None:
            self._finalizer()
        self._process = self._socket = self._finalizer = None

    def _send(self, message: object) -> None:
        if self._socket is None:
            raise Gone(FailReason.ENGINE_CRASHED, "there is no process")
        try:
            self._socket.send(message)
        except OSError:
            raise self._gone() from None

    def _gone(self) -> Gone:
        """Return how the process ended that has closed its socket."""
        process = self._process
        code = None
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(_LAST_WORDS_S)
        self.end()
        how = "it hung up" if code is None else f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        return Gone(FailReason.ENGINE_CRASHED, how)


def _environment() -> dict[str, str]:
    """Return the environment of an engine's process: this one's import path, and no variable of Ray's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return IDLE_THREADS_SLEEP | kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _end(process: subprocess.Popen[bytes], socket: Connection, lifeline: int) -> None:
    process.kill()
    socket.close()
    os.close(lifeline)
    # a process that waits for a broken device cannot be killed: it is left, with the memory that it holds
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LAST_WORDS_S)
