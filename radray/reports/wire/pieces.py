"""Pieces of a stream, one at a time: lines of a file or elements of a JSON array, kept up to a size."""

import codecs
import gzip
import hashlib
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK_BYTES = 1 << 18

_DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile)
"""Errors of a compressed stream whose data is cut or damaged."""
_MARKS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END = re.compile(rb"[\r\n]")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a stream."""

    data: bytes
    """Its bytes, without the line end or comma after it; empty if too large."""
    digest: str
    """sha256 (hex) of the piece, also if too large."""
    too_large: bool = False
    ended: bool = True
    """Whether something marks its end: a line end, a comma or a bracket."""
    cut: bool = False
    """The file ends inside the piece or just before it."""


class Chunks:
    """The bytes of a binary stream in chunks; UTF-16 and UTF-32 with a byte order mark become UTF-8 without it.

    Lone surrogates and a character cut at the end become bytes that are not UTF-8. A compressed stream that is cut
    or damaged ends there, and sets `damaged`.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.damaged = False
        self._file = file
        self._pushed: list[bytes] = []
        self._iterator = self._utf8()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._pushed.pop() if self._pushed else next(self._iterator)

    def push_back(self, data: bytes) -> None:
        """Make `data` the next chunk."""
        if data:
            self._pushed.append(data)

    def first_byte(self) -> bytes:
        """Return the first byte that is not white space, without consuming it; b"" for none."""
        for chunk in self:
            if stripped := chunk.lstrip():
                self.push_back(stripped)
                return stripped[:1]
        return b""

    def _utf8(self) -> Iterator[bytes]:
        raw = self._raw()
        head = b""
        for chunk in raw:
            head += chunk
            if len(head) >= 4:
                break
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                yield from _transcode(head[len(mark) :], raw, encoding)
                return
        yield head.removeprefix(codecs.BOM_UTF8)
        yield from raw

    def _raw(self) -> Iterator[bytes]:
        try:
            while chunk := self._file.read(CHUNK_BYTES):
                yield chunk
        except _DAMAGED:
            self.damaged = True


class Holder:
    """Collects the bytes of a piece: keeps up to `limit`, only hashes more."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._hash: hashlib._Hash | None = None
        self._bytes = 0

    @property
    def is_empty(self) -> bool:
        """Whether only white space was collected."""
        return self._hash is None and not any(part.strip() for part in self._parts)

    def add(self, data: bytes) -> None:
        """Collect `data`."""
        self._bytes += len(data)
        if self._hash is not None:
            self._hash.update(data)
        elif self._bytes > self._limit:
            self._hash = hashlib.sha256(b"".join(self._parts))
            self._hash.update(data)
            self._parts = []
        elif data:
            self._parts.append(data)

    def take(self, *, ended: bool = True, cut: bool = False) -> Piece:
        """Return the collected piece, stripped of white space, and start the next."""
        if self._hash is not None:
            piece = Piece(b"", self._hash.hexdigest(), too_large=True, ended=ended, cut=cut)
        else:
            data = b"".join(self._parts).strip()
            piece = Piece(data, hashlib.sha256(data).hexdigest(), ended=ended, cut=cut)
        self._parts, self._hash, self._bytes = [], None, 0
        return piece


def read_lines(chunks: Chunks, limit: int) -> Iterator[Piece]:
    """Yield the lines of `chunks` that are not blank, stripped of white space; ends are LF, CR LF and CR.

    A line of more than `limit` bytes is too large, and not kept. The last line may lack its end: `ended` says so. A
    damaged stream yields one cut piece at its end: the line in which it breaks off, or an empty one.
    """
    held = Holder(limit)
    for chunk in chunks:
        if not _LINE_END.search(chunk):
            held.add(chunk)
            continue
        lines = chunk.splitlines(keepends=True)
        last = b"" if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        held.add(lines[0])
        if not held.is_empty:
            yield held.take()
        else:
            held = Holder(limit)
        for line in lines[1:]:
            stripped = line.strip()
            if len(stripped) > limit:
                held.add(stripped)
                yield held.take()
            elif stripped:
                yield Piece(stripped, hashlib.sha256(stripped).hexdigest())
        held.add(last)
    if chunks.damaged or not held.is_empty:
        yield held.take(ended=False, cut=chunks.damaged)


def _transcode(head: bytes, rest: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        yield decoder.decode(head).encode("utf-8", "surrogatepass")
        for chunk in rest:
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        yield b"\x00"  # not text: rejected as badly encoded
        for _ in rest:
            pass
