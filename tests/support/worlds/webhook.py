"""A receiver of notices on loopback, which keeps what it was sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NamedTuple


class Received(NamedTuple):
    """One request."""

    method: str
    path: str
    body: bytes


@contextmanager
def webhook(
    status: int, location: str | None = None, delay: threading.Event | None = None
) -> Iterator[tuple[str, list[Received]]]:
    """Serve on a port of the system's, and give the URL and what came, in order.

    Every request is answered with `status`, and `location` where it is given; once `delay` is set where that is given.
    """
    received: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            received.append(Received(self.command, self.path, body))
            if delay is not None:
                delay.wait(30)
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_HEAD = answer

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/secret", received
    finally:
        if delay is not None:
            delay.set()
        server.shutdown()
        thread.join()
        server.server_close()
