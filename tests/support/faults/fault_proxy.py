"""A reverse proxy before the S3 server that does what networks and stores do wrong, by a plan or by seeded chance.

It forwards requests byte for byte (a client signs the host that it talks to: this one) and counts each fault that it
injects, so that a test can prove that its fault happened.
"""

import contextlib
import random
import select
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

PATIENCE_S = 60


class Operation(StrEnum):
    """What a request does."""

    LIST = "list"
    GET = "get"
    PUT = "put"
    MULTIPART = "multipart"
    DELETE = "delete"


class Fault(StrEnum):
    """What goes wrong with it."""

    ERROR = "500"
    SLOW_DOWN = "503"
    TOO_MANY = "429"
    FORBIDDEN = "403"
    MISSING = "404"
    CONFLICT = "409"
    PRECONDITION = "412"
    RESET = "reset"
    """The connection is reset and the request never reaches the server."""
    LOST = "lost"
    """The server does it, and the connection is reset in the place of its answer."""
    STALL = "stall"
    """The server does it, and nothing comes until the client gives up."""
    TRUNCATED = "truncated"
    """Half of the answer's body, then the end of the connection."""
    FLIPPED = "flipped"
    """One bit of the answer's body is another."""
    FLIPPED_IN = "flipped in"
    """One bit of the request's body is another."""


_CODES = {
    Fault.ERROR: "InternalError",
    Fault.SLOW_DOWN: "SlowDown",
    Fault.TOO_MANY: "TooManyRequests",
    Fault.FORBIDDEN: "AccessDenied",
    Fault.MISSING: "NoSuchKey",
    Fault.CONFLICT: "OperationAborted",
    Fault.PRECONDITION: "PreconditionFailed",
}
_NEEDS_BODY = (Fault.TRUNCATED, Fault.FLIPPED)


@dataclass(slots=True)
class Rule:
    """`fault` for the requests of `operation` whose path holds `key`: those from number `first` on, `count` of them."""

    fault: Fault
    operation: Operation | None = None
    first: int = 1
    count: int | None = 1
    """None: all."""
    key: str = ""
    method: str = ""
    """'': any."""
    seen: int = 0

    def strikes(self, request: "Request") -> bool:
        """Return whether this request gets the fault; it is counted."""
        if self.operation not in (None, request.operation) or self.key not in request.target:
            return False
        if self.method not in ("", request.method) or not _fits(self.fault, request):
            return False
        self.seen += 1
        return self.first <= self.seen and (self.count is None or self.seen < self.first + self.count)


@dataclass(slots=True)
class Chance:
    """One of `faults` for a share `rate` of all requests, by `seed`."""

    seed: int
    rate: float
    faults: Sequence[Fault]
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def fault(self, request: "Request") -> Fault | None:
        """Return the fault of this request, one that it can have; None for most."""
        if self.dice.random() >= self.rate:
            return None
        return self.dice.choice([fault_kind for fault_kind in self.faults if _fits(fault_kind, request)])


@dataclass(frozen=True, slots=True)
class Request:
    """One request, unchanged."""

    head: bytes
    body: bytes
    method: str
    target: str
    operation: Operation


class FaultProxy:
    """The proxy: `endpoint` for clients, `rules` and `chance` for what goes wrong, and what did."""

    def __init__(self, upstream: str) -> None:
        self._upstream = (urlsplit(upstream).hostname or "", urlsplit(upstream).port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.rules: list[Rule] = []
        self.chance: Chance | None = None
        self.injected: Counter[tuple[Fault, Operation]] = Counter()
        self.requests: Counter[Operation] = Counter()
        self.log: list[Request] = []
        """All requests; bodies left out, but those that name what to delete."""
        self.hides_missing = False
        """Whether an object that is not there is forbidden, as to a role that may not list the whole bucket."""
        self._lock = threading.Lock()
        self._closing = False

    def plan(self, *rules: Rule) -> None:
        """Put `rules` in the place of those before and forget what was counted."""
        with self._lock:
            self.rules, self.chance = list(rules), None
            self.injected.clear()
            self.requests.clear()
            self.log.clear()

    def chance_of(self, seed: int, rate: float, faults: Sequence[Fault]) -> None:
        """Forget the plan and what was counted, and let one of `faults` strike a share `rate` of all requests."""
        self.plan()
        with self._lock:
            self.chance = Chance(seed, rate, faults)

    def count(self, fault: Fault | None = None, operation: Operation | None = None) -> int:
        """Return how many faults of the kind were injected; None: any."""
        return sum(
            count
            for (fault_kind, of), count in self.injected.items()
            if fault in (None, fault_kind) and operation in (None, of)
        )

    def serve(self) -> None:
        """Accept connections until `close`."""
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Stop accepting; open connections end when their clients do."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _converse(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(PATIENCE_S)
        with contextlib.ExitStack() as stack:
            stack.enter_context(client)
            reader = stack.enter_context(client.makefile("rb"))
            server = stack.enter_context(socket.create_connection(self._upstream, PATIENCE_S))
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = stack.enter_context(server.makefile("rb"))
            with contextlib.suppress(OSError, EOFError):
                while self._answer_request(client, reader, server, answers):
                    pass

    def _answer_request(
        self, client: socket.socket, reader: BinaryIO, server: socket.socket, answers: BinaryIO
    ) -> bool:
        """Handle one request; return whether the connection goes on."""
        head = _read_head(reader)
        if b"expect:" in head.lower():
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = _parse(head, _read_body(reader, head))
        with self._lock:
            fault = self._fault(request)
            self.requests[request.operation] += 1
            kept = request.body if request.operation is Operation.DELETE else b""  # names of many objects
            self.log.append(Request(head, kept, request.method, request.target, request.operation))
        if fault is Fault.RESET:
            self._happened(fault, request)
            return _reset(client)
        if fault in _CODES:
            self._happened(fault, request)
            client.sendall(_refusal(fault, request))
            return True
        body = request.body
        if fault is Fault.FLIPPED_IN:
            body = _flip(body, _text_of(request))
            self._happened(fault, request)
        server.sendall(request.head + body)
        answer_head = _read_head(answers)
        while answer_head.split(b" ", 2)[1].startswith(b"1"):
            answer_head = _read_head(answers)
        empty = request.method == "HEAD" or answer_head.split(b" ", 2)[1] in (b"204", b"304")
        answer = b"" if empty else _read_body(answers, answer_head)
        if fault is Fault.LOST:
            self._happened(fault, request)
            return _reset(client)
        if fault is Fault.STALL:
            self._happened(fault, request)
            select.select([client], [], [], PATIENCE_S)  # the client giving up is what ends it
            return False
        if fault in _NEEDS_BODY and len(answer) > 1:
            self._happened(fault, request)
            if fault is Fault.TRUNCATED:
                client.sendall(answer_head + answer[: len(answer) // 2])
                return False
            answer = _flip(answer, len(answer))
        of_an_object = "/" in urlsplit(request.target).path.strip("/")
        if self.hides_missing and of_an_object and answer_head.split(b" ", 2)[1] == b"404":
            client.sendall(_refusal(Fault.FORBIDDEN, request))
            return True
        client.sendall(answer_head + answer)
        return b"connection: close" not in (head + answer_head).lower()

    def _fault(self, request: Request) -> Fault | None:
        for rule in self.rules:
            if rule.strikes(request):
                return rule.fault
        return self.chance.fault(request) if self.chance is not None else None

    def _happened(self, fault: Fault, request: Request) -> None:
        with self._lock:
            self.injected[fault, request.operation] += 1


@contextlib.contextmanager
def running_proxy(upstream: str) -> Iterator[FaultProxy]:
    """Run a proxy before the server at `upstream` for the length of the block."""
    proxy = FaultProxy(upstream)
    thread = threading.Thread(target=proxy.serve, name="fault proxy", daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(PATIENCE_S)


def classify(method: str, target: str) -> Operation:
    """Return what a request does."""
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True)
    if "uploads" in query and method == "GET":
        return Operation.LIST
    if {"uploads", "uploadId"} & query.keys():
        return Operation.MULTIPART
    if method == "DELETE" or (method == "POST" and "delete" in query):
        return Operation.DELETE
    if method in ("PUT", "POST"):
        return Operation.PUT
    return Operation.LIST if method == "GET" and "/" not in parts.path.strip("/") else Operation.GET


def _fits(fault: Fault, request: Request) -> bool:
    if fault is Fault.FLIPPED_IN:
        return _text_of(request) > 0 and request.method == "PUT"
    return fault not in _NEEDS_BODY or request.method == "GET"


def _parse(head: bytes, body: bytes) -> Request:
    method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
    return Request(head, body, method, target, classify(method, target))


def _text_of(request: Request) -> int:
    """Return the bytes of the request's body; of an `aws-chunked` one those of its first chunk, from its start."""
    if not request.body or b"aws-chunked" not in request.head.lower():
        return len(request.body)
    line = request.body.split(b"\r\n", 1)[0]
    size = int(line.split(b";")[0], 16)
    return 2 * (len(line) + 2) + size if size else 0


def _read_head(stream: BinaryIO) -> bytes:
    lines = []
    while True:
        line = stream.readline()
        if not line:
            raise EOFError
        lines.append(line)
        if line == b"\r\n":
            return b"".join(lines)


def _header(head: bytes, name: str) -> str:
    for line in head.decode("latin-1").split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return ""


def _read_body(stream: BinaryIO, head: bytes) -> bytes:
    if _header(head, "transfer-encoding").lower() == "chunked":
        parts = []
        while True:
            line = stream.readline()
            size = int(line.split(b";")[0], 16)
            parts += [line, stream.read(size + 2) if size else b""]
            if size == 0:
                while (trailer := stream.readline()) not in (b"\r\n", b""):
                    parts.append(trailer)
                return b"".join([*parts, b"\r\n"])
    length = int(_header(head, "content-length") or 0)
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return body


def _flip(body: bytes, until: int) -> bytes:
    """Return `body` with one bit flipped, in the middle of its first `until` bytes."""
    place = until // 2
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def _refusal(fault: Fault, request: Request) -> bytes:
    text = f"<Error><Code>{_CODES[fault]}</Code><Message>by the plan</Message></Error>".encode()
    body = b"" if request.method == "HEAD" else text
    head = f"HTTP/1.1 {fault} By The Plan\r\nContent-Type: application/xml\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + body


def _reset(client: socket.socket) -> bool:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False
