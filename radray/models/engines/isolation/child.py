"""The engine's own process: it loads the engine, answers call by call, and dies with its owner.

Frames are pickles on a socket pair. The owner sends the engine's factory and a probe, then lists of prompts; it gets
`Ready` or `Refused`, and for each list a `Planned` and then an `Answered` or a `CallFailed` for each call, in order. An
exception crosses as a class name and a reason: its message may hold report text. Nothing else leaves this process:
what libraries print is discarded, and no core file is written.
"""

import ctypes
import fcntl
import gc
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from radray.errors import RadrayError
from radray.models.engines.engine import Engine, Generation, ModelCall
from radray.schema.statuses import FailReason

_T = TypeVar("_T")

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed", "bad_alloc")
"""Phrases in the RuntimeErrors of torch, CTranslate2, CUDA and cuBLAS when an allocation fails."""


_PLAN_BYTES = 4 << 30
"""How much the process may grow while prompts become tokens: a model's chat template is a program without bound."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is loaded and has answered the probe: a call of `width` tokens that took `seconds`."""

    probe: Generation
    width: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The engine could not be loaded, or did not answer the probe: radray's own error, or the class of any other."""

    error: RadrayError | str


@dataclass(frozen=True, slots=True)
class Planned:
    """The calls to come, in order: the places of their prompts, and the width in tokens."""

    calls: tuple[tuple[tuple[int, ...], int], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A call's generations, and how long it took (s)."""

    generations: list[Generation]
    seconds: float


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call, or the planning of all of them, ended with an exception: the reason, and the exception's class.

    `broken`: the engine no longer answers the probe either, so this process is of no use.
    """

    reason: FailReason
    error: str
    broken: bool


def main(socket: int, lifeline: int) -> None:
    """Serve the owner at the other end of `socket` until it is gone, which ends the pipe `lifeline`."""
    _die_with_owner(lifeline)
    _keep_to_itself()
    with Connection(socket) as owner:
        try:
            factory, probe = owner.recv()
            engine = _start(owner, factory, probe)
            while engine is not None:
                _serve(owner, engine, owner.recv(), probe)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _die_with_owner(lifeline: int) -> None:
    """Have the kernel end this process when the owner, who holds the other end of the pipe, ends in any way.

    SIGIO, which terminates by default, comes when the pipe loses its last writer; nothing is ever written to it. It
    needs neither a thread nor the interpreter lock, which a hung model call may hold; and unlike PR_SET_PDEATHSIG it
    waits for the owner's process to be gone, not for the thread that started this one.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    # Ctrl-C is for the owner to decide
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:
        sys.exit()  # the owner was gone before


def _keep_to_itself() -> None:
    """Print nothing, and leave no core file, which would hold prompts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)


def _start(owner: Connection, factory: Callable[[], Engine], probe: str) -> Engine | None:
    """Load the engine, let it answer the probe, and report to the owner; None when that fails."""
    try:
        engine = factory()
        _probe(engine, probe)  # the first call also does what later ones need not: its time is no measure
        start = time.perf_counter()
        (call,) = engine.plan([probe])
        (generation,) = call.run()
        owner.send(Ready(generation, call.width, time.perf_counter() - start))
    except RadrayError as error:
        owner.send(Refused(error))
    except Exception as error:
        owner.send(Refused(f"{type(error).__name__} ({reason_of(error)})"))
    else:
        return engine
    return None


def _serve(owner: Connection, engine: Engine, prompts: Sequence[str], probe: str) -> None:
    """Answer `prompts` call by call. An exception costs its call; the engine must answer the probe after it."""
    calls = _tried(engine, probe, lambda: _plan(engine, prompts))
    if isinstance(calls, CallFailed):
        owner.send(calls)
        return
    owner.send(Planned(tuple((call.places, call.width) for call in calls)))
    for call in calls:
        start = time.perf_counter()
        generations = _tried(engine, probe, call.run)
        owner.send(
            generations if isinstance(generations, CallFailed) else Answered(generations, time.perf_counter() - start)
        )
        if isinstance(generations, CallFailed) and generations.broken:
            return


def _plan(engine: Engine, prompts: Sequence[str]) -> Sequence[ModelCall]:
    """Return the calls for `prompts`. Raises MemoryError when they take more than _PLAN_BYTES to plan."""
    with _bounded_growth(_PLAN_BYTES):
        return engine.plan(prompts)


@contextmanager
def _bounded_growth(most: int) -> Iterator[None]:
    """Let the data of this process grow by no more than `most` bytes in the block; allocations fail beyond."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    limits = [held + most, *(limit for limit in before if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _tried(engine: Engine, probe: str, action: Callable[[], _T]) -> _T | CallFailed:
    """Return the result of `action`, or why it failed and whether the engine still answers the probe."""
    try:
        return action()
    except Exception as error:
        reason, name = reason_of(error), type(error).__name__
    # outside the handler: the frames of the traceback hold the memory of the failed call
    _free_memory()
    try:
        _probe(engine, probe)
    except Exception:
        return CallFailed(reason, name, broken=True)
    return CallFailed(reason, name, broken=False)


def _probe(engine: Engine, probe: str) -> None:
    if len(engine.generate([probe])) != 1:
        raise ValueError("a probe has one answer")


def _free_memory() -> None:
    """Free what a failed call has left allocated: on the device, whose allocator keeps it, and to the system."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def reason_of(error: BaseException) -> FailReason:
    """Return OUT_OF_MEMORY for an allocation that failed, whichever library says so; else ENGINE_ERROR."""
    names = {base.__name__ for base in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError"}:
        return FailReason.OUT_OF_MEMORY
    message = str(error).lower() if isinstance(error, RuntimeError) else ""
    return FailReason.OUT_OF_MEMORY if any(phrase in message for phrase in _NO_MEMORY) else FailReason.ENGINE_ERROR
