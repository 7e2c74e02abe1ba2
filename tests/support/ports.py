"""Ports for the servers that tests start: each is held for one server, whatever else runs on this machine.

A port that the system chose and that was closed again belongs to nobody until the server listens, and the system may
give it to any other program meanwhile. So ports are taken from below the range that the system chooses from, and a
locked file stands for each, which other processes of the tests respect.
"""

import fcntl
import os
import random
import re
import socket
import tempfile
from pathlib import Path
from typing import IO

_SYSTEM_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST, _END = 24_001, 32_768
"""Above what Ray's client server takes for itself (23,000 to 24,000), below what Linux chooses from by default."""
_TAKEN = re.compile(rb"address (is )?already in use|address in use|EADDRINUSE|failed to bind", re.IGNORECASE)
_held: list[IO[bytes]] = []


class PortLostError(Exception):
    """Another program listens on a port that was held for a server, which therefore did not start."""


def hold_ports(count: int) -> list[int]:
    """Return `count` ports that nobody listens on, held until this process ends.

    Raises RuntimeError where the range has no more.
    """
    folder = Path(tempfile.gettempdir()) / f"radray-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    candidates = list(_candidates())
    random.SystemRandom().shuffle(candidates)
    ports: list[int] = []
    for port in candidates:
        if len(ports) == count:
            break
        if _hold(folder / str(port), port):
            ports.append(port)
    if len(ports) < count:
        raise RuntimeError(f"{len(ports)} ports of {count} are free between {_FIRST} and {_END}")
    return ports


def lost_port(content: bytes) -> bool:
    """Whether a server's log says that it could not have its port."""
    return _TAKEN.search(content) is not None


def _candidates() -> range:
    """Return the ports of our range that the system does not choose from; the whole range where it chooses from all."""
    try:
        first = int(_SYSTEM_RANGE.read_text(encoding="ascii").split()[0])
    except OSError:
        return range(_FIRST, _END)
    return range(_FIRST, min(first, _END)) or range(_FIRST, _END)


def _hold(file: Path, port: int) -> bool:
    """Lock `file` for this process and see that nobody listens on `port`; False where either fails."""
    lock = file.open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        socket.create_server(("", port)).close()
    except OSError:
        lock.close()
        return False
    _held.append(lock)
    return True
