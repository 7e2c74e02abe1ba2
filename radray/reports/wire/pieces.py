"""Pieces of a stream, one at a time: the lines of a file, or the elements of a JSON array, held up to a bound."""

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
"""What the stream of a compressed file or member raises where its data end early or are damaged."""
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
    """As it came, without the line end or comma after it; empty when it is too large."""
    digest: str
    """sha256 (hex) of the piece, too large or not."""
    too_large: bool = False
    ended: bool = True
    """Whether anything said that the piece ends where it does: a line end, a comma, a bracket."""
    cut: bool = False
    """The file ends inside or right before the piece."""


class Chunks:
    """The bytes of a binary stream in chunks; UTF-16 and UTF-32 with a byte order mark come as UTF-8, without it.

    Lone surrogates and a character cut at the end come as bytes that are not UTF-8. A compressed stream that is cut
    or damaged ends there, and `damaged` says so.
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
        """Let `data` be the next chunk."""
        if data:
            self._pushed.append(data)

    def first_byte(self) -> bytes:
        """Return the first byte that is not white space, which stays to be read; b"" for none."""
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
                yield from _transcoded(head[len(mark) :], raw, encoding)
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
    """Bytes gathered for a piece: kept up to `limit`, hashed beyond."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._hash: hashlib._Hash | None = None
        self._bytes = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing but white space was gathered."""
        return self._hash is None and not any(part.strip() for part in self._parts)

    def add(self, data: bytes) -> None:
        """Gather `data`."""
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
        """Return what was gathered, stripped of white space, and begin anew."""
        if self._hash is not None:
            piece = Piece(b"", self._hash.hexdigest(), too_large=True, ended=ended, cut=cut)
        else:
            data = b"".join(self._parts).strip()
            piece = Piece(data, hashlib.sha256(data).hexdigest(), ended=ended, cut=cut)
        self._parts, self._hash, self._bytes = [], None, 0
        return piece


def read_lines(chunks: Chunks, limit: int) -> Iterator[Piece]:
    """Yield the lines of `chunks` that are not blank, without white space around them; ends are LF, CR LF and CR.

    A line of more than `limit` bytes is too large, and not held. The last line may lack its end: `ended` says so. A
    damaged stream gives one cut piece at its end: the line in which it breaks off, or an empty one.
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


def _transcoded(head: bytes, rest: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        yield decoder.decode(head).encode("utf-8", "surrogatepass")
        for chunk in rest:
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        yield b"\x00"  # no text has it: what holds it is rejected as badly encoded
        for _ in rest:
            pass
