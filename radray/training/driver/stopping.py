"""Stopping on SIGTERM: a signal to the job or to a worker is a request, which the loop looks for after each step."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

_ASK_S = 1.0
"""How often the first worker asks the driver: a request of about 1 ms, and far less than AWS's two minutes' notice."""

terminated = threading.Event()
"""On a worker: set once SIGTERM reached it."""


class StopSign:
    """Called on a worker after each step: whether it should stop, by SIGTERM or because the driver says so."""

    def __init__(self, box: Any, *, ask: bool) -> None:
        """Install the handler of SIGTERM; with `ask` this worker is the one that asks the driver's `box`."""
        self._box, self._ask, self._requested, self._last = box, ask, False, time.monotonic()
        # Ray Train runs the loop in a thread, and Python sets signal handlers in the main thread only, where the
        # actor's own calls run. Ray's handler would end the process at once
        ray.get(ray.get_runtime_context().current_actor.execute.remote(_handle_sigterm))

    def __call__(self) -> bool:
        """Return whether to stop."""
        now = time.monotonic()
        if self._ask and not self._requested and now - self._last >= _ASK_S:
            self._last = now
            self._requested = bool(ray.get(self._box.stop_requested.remote()))
        return self._requested or terminated.is_set()


@contextmanager
def sigterm_kept() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM sets instead of ending this process; outside the main thread nothing sets it."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = signal.signal(signal.SIGTERM, lambda *_: event.set())
    try:
        yield event
    finally:
        signal.signal(signal.SIGTERM, before)


def _handle_sigterm() -> None:
    terminated.clear()
    signal.signal(signal.SIGTERM, lambda *_: terminated.set())
