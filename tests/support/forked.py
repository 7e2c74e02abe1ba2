"""Processes forked from one that has imported what they need: one starts in 0.1 s, and not in the 3 to 7 of torch."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver, get_context
from multiprocessing.reduction import DupFd
from typing import Any

import pytest

from radray.models.engines.isolation import owner
from radray.models.engines.isolation.child import main
from tests.support.paths import ROOT

PROCESSES = get_context("forkserver")


def start_server() -> None:
    """Start the process that others are forked from, where there is none yet."""
    PROCESSES.set_forkserver_preload(["tests.support.preloaded"])
    with pytest.MonkeyPatch.context() as patch:
        # the server does not get our sys.path otherwise (Python 3.11), and passes over what it cannot import
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path]))
        forkserver.ensure_running()


@contextmanager
def forked_engines() -> Iterator[None]:
    """Have engines' processes forked in the block; that they can be started as programs is in test_engine_process."""
    start_server()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, "subprocess", _Subprocess)
        yield


class _ForkedEngine:
    """An engine's process as `EngineOwner` asks `subprocess.Popen` for one."""

    def __init__(
        self, command: Sequence[str], *, pass_fds: tuple[int, int], env: Mapping[str, str], stdin: int
    ) -> None:
        assert command[-1] == owner._CODE.format(*pass_fds)
        handed = [_Descriptor(number) for number in pass_fds]
        self._process = PROCESSES.Process(target=_engine, args=(*handed, dict(env)), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float) -> int:
        """Return the exit code, negative for the signal that ended it."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("engine", timeout)
        return self._process.exitcode


class _Subprocess:
    """What `owner` uses of the module."""

    Popen = _ForkedEngine
    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired


@dataclass
class _Descriptor:
    """A file descriptor that arrives in a process that is started with it, as the number that it has there."""

    number: int

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[Any]]:
        return _arrived, (DupFd(self.number),)


def _arrived(descriptor: Any) -> int:
    return int(descriptor.detach())


def _engine(socket: int, lifeline: int, environment: dict[str, str]) -> None:
    gc.freeze()
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    main(socket, lifeline)
