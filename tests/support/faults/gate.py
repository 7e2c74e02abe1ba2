"""A gate before a server: open, it forwards bytes; shut, it breaks connections, as a store does that is down."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 1 << 16


class Gate:
    """Forwards what comes to its own address to `upstream` (``http://host:port``) while it is open."""

    def __init__(self, upstream: str) -> None:
        split = urlsplit(upstream)
        self._upstream = (str(split.hostname), int(split.port or 80))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self.broken = 0
        """Connections that were broken, or turned away, since the gate was made."""

    def serve(self) -> None:
        """Take connections until `close`."""
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if not self._open.is_set():
                self._break(client)
                continue
            try:
                server = socket.create_connection(self._upstream)
            except OSError:
                self._break(client)
                continue
            with self._lock:
                self._connections |= {client, server}
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=(source, target), daemon=True).start()

    def shut_for(self, seconds: float) -> None:
        """Break every connection and turn away new ones for so long."""
        self._open.clear()
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            self._break(connection)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.1)
        self._open.set()

    def close(self) -> None:
        """End it, with every connection."""
        self._open.clear()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for connection in self._connections:
                connection.close()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                target.sendall(chunk)
        for connection in (source, target):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        with self._lock:
            self._connections -= {source, target}

    def _break(self, connection: socket.socket) -> None:
        self.broken += 1
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


@contextmanager
def running_gate(upstream: str) -> Iterator[Gate]:
    """Run a gate before `upstream` for the length of the block."""
    gate = Gate(upstream)
    thread = threading.Thread(target=gate.serve, daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        gate.close()
        thread.join(10)
