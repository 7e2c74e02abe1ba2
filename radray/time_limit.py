"""A limit on the wall-clock time of a piece of work, which ends also what hangs inside one regular expression.

The alarm of the process ends it: `re` looks for signals as it backtracks, and Python between any two instructions; a
call into other C code ends when it returns. Limits may stand inside each other. Python gives signals to the main thread
alone, in which Ray runs its tasks; in another thread there is no limit.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

_AGAIN_S = 1.0
"""Seconds after which the alarm is given again: code may catch all there is, or call back from where nothing is
raised."""


class TimeLimitError(BaseException):
    """The time is over. Not an Exception: a parser that catches those of a library would take it for bad input."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let the block take `seconds`, or as long as a limit around it leaves. Raises TimeLimitError in it then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    began = monotonic()
    left, again = signal.getitimer(signal.ITIMER_REAL)
    if left and left <= seconds:
        yield  # the limit around this one is over first, and is its own to catch
        return
    running = True

    def end(*_: object) -> None:
        if running:
            raise TimeLimitError

    before = signal.signal(signal.SIGALRM, end)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)
        try:
            yield
        finally:
            running = False
    finally:
        # of the limit around this one what is left of it, never 0, which would end it
        remaining = max(left - (monotonic() - began), 1e-6) if left else 0.0
        signal.setitimer(signal.ITIMER_REAL, remaining, again)
        signal.signal(signal.SIGALRM, before)
