"""What all containers share: members, streams that say why they broke, gzip, and limits against bombs."""

import gzip
import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from radray.errors import InputError
from radray.schema.statuses import RejectReason

HEAD_BYTES = 512
"""First bytes by which a container is recognised: tar's magic is at 257, and its checksum is over 512."""

MAX_MEMBERS = 1_000_000
"""Entries of one archive: four times the reports of MIMIC-CXR. A million take 0.3 GB, 0.55 GB while listing a zip."""

MAX_RATIO = 200
BOMB_BYTES = 256 << 20
"""A stream that expands to more than this AND to more than MAX_RATIO times its size is a bomb. Reports expand 3 to 6
times, a file of one repeated line 1,000 times (the most that deflate can do): such a file may be small."""

MAX_NAME_CHARACTERS = 1024
CHUNK_BYTES = 1 << 16


class BrokenStream(EOFError):
    """The rest of a stream cannot be read; `reason` says why. An EOFError, as gzip's own error for a cut stream."""

    def __init__(self, reason: RejectReason) -> None:
        """Keep `reason`: TRUNCATED, MALFORMED or TOO_LARGE."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive, folders excepted; or the unreadable rest of an archive ('' with a problem)."""

    name: str
    """Name as in the archive: it may be "../x" and is never used as a path. '' for a single file."""
    occurrence: int
    """0, 1, ... among entries with one name: (name, occurrence) is unique."""
    problem: RejectReason | None
    """Why it cannot be read, where the listing shows it."""
    size: int | None
    """Bytes, as the archive states; None where it does not."""
    place: int
    """Offset in bytes: of the local header in a zip, of the data in a tar (after gzip)."""
    packed_size: int = 0
    """Compressed bytes, in a zip."""
    crc: int = 0
    method: int = 0


class Members(list[Member]):
    """Members in order; numbers those with one name and refuses too many."""

    def __init__(self) -> None:
        """Begin without members."""
        super().__init__()
        self._seen: Counter[str] = Counter()

    def add(
        self,
        name: bytes | str,
        problem: RejectReason | None,
        size: int | None,
        place: int,
        *,
        packed_size: int = 0,
        crc: int = 0,
        method: int = 0,
    ) -> None:
        """Add a member. A name of more than MAX_NAME_CHARACTERS is MALFORMED, and cut, with a digest of it appended.

        Raises InputError for more than MAX_MEMBERS.
        """
        if len(self) >= MAX_MEMBERS:
            raise InputError(f"the archive has more than {MAX_MEMBERS:,} entries: split it")
        text = name if isinstance(name, str) else decode_name(name)
        if len(text) > MAX_NAME_CHARACTERS:
            digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
            text, problem = f"{text[:200]}...{digest}", problem or RejectReason.MALFORMED
        occurrence = self._seen[text]
        self._seen[text] = occurrence + 1
        self.append(Member(text, occurrence, problem, size, place, packed_size, crc, method))


def decode_name(name: bytes, otherwise: str = "latin-1") -> str:
    """Return `name` as text: in UTF-8, else in the one-byte encoding `otherwise`; without lone surrogates or loss."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode(otherwise)


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of `file` from its position to its end. Raises BrokenStream, also in place of gzip's errors."""
    try:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
    except BrokenStream:
        raise
    except EOFError:
        raise BrokenStream(RejectReason.TRUNCATED) from None
    except (zlib.error, gzip.BadGzipFile):
        raise BrokenStream(RejectReason.MALFORMED) from None


def decompress_gzip(file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of the gzip stream `file`, all its members in order; NUL padding is skipped.

    Raises BrokenStream if it ends inside a member, a member is damaged, something else follows, or it is a bomb.
    """
    read = written = ended = 0
    inflater = None
    for pending in chunks_of(file):
        read += len(pending)
        while pending:
            if inflater is None:
                pending = pending.lstrip(b"\0") if ended else pending
                if not pending:
                    break
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
            for out in inflate(inflater, pending):
                written += len(out)
                if written > BOMB_BYTES and written > MAX_RATIO * read:
                    raise BrokenStream(RejectReason.TOO_LARGE)
                yield out
            pending = inflater.unused_data
            if inflater.eof:
                inflater = None
                ended += 1
    if inflater is not None:
        raise BrokenStream(RejectReason.TRUNCATED)


def inflate(inflater: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """Yield `data` as decompressed by `inflater`, at most CHUNK_BYTES at a time. Raises BrokenStream (MALFORMED)."""
    while True:
        try:
            out = inflater.decompress(data, CHUNK_BYTES)
        except zlib.error:
            raise BrokenStream(RejectReason.MALFORMED) from None
        if out:
            yield out
        data = inflater.unconsumed_tail
        if inflater.eof or (not data and len(out) < CHUNK_BYTES):
            return


class ByteStream(io.BufferedIOBase):
    """A binary stream over chunks. If they raise BrokenStream, every byte before it can be read first."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        """Read from `chunks` as needed."""
        self._chunks = chunks
        self._buffer = b""
        self._at = 0
        self._error: BrokenStream | None = None
        self._ended = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def peek(self, size: int = 1) -> bytes:
        """Return `size` bytes or more without advancing, fewer at the end. Raises BrokenStream at a break."""
        if len(self._buffer) - self._at < size:
            self._fill(size)
        return self._buffer[self._at :]

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer before the end or a break; -1: all. Raises BrokenStream at a break."""
        wanted = None if size is None or size < 0 else size
        if wanted is None or len(self._buffer) - self._at < wanted:
            self._fill(wanted)
        if wanted is None and self._error is not None:
            raise self._error
        return self._take(len(self._buffer) if wanted is None else self._at + wanted)

    def read1(self, size: int = -1, /) -> bytes:
        """Return some bytes, at most `size`, for io.TextIOWrapper; b'' at the end. Raises BrokenStream at a break."""
        self._fill(1)
        return self._take(len(self._buffer) if size < 0 else self._at + size)

    def readline(self, size: int | None = -1, /) -> bytes:
        r"""Return the next line with its \n, at most `size` bytes. Raises BrokenStream after a line cut by a break."""
        most = None if size is None or size < 0 else size
        searched = 0
        while True:
            end = self._buffer.find(b"\n", self._at + searched)
            if end >= 0:
                break
            searched = len(self._buffer) - self._at
            if most is not None and searched >= most:
                break
            # doubling: a line of n bytes is joined in O(n)
            self._fill(max(2 * searched, 1))
            if len(self._buffer) - self._at == searched:
                break
        stop = len(self._buffer) if end < 0 else end + 1
        return self._take(stop if most is None else min(stop, self._at + most))

    def _fill(self, size: int | None) -> None:
        """Buffer `size` bytes, or all the rest. Raises BrokenStream at a break with nothing before it."""
        parts = [self._buffer[self._at :]]
        have = len(parts[0])
        while not self._ended and (size is None or have < size):
            try:
                chunk = next(self._chunks, None)
            except BrokenStream as error:
                self._error, chunk = error, None
            if chunk is None:
                self._ended = True
                break
            parts.append(chunk)
            have += len(chunk)
        if not have and self._error is not None:
            raise self._error
        self._buffer, self._at = b"".join(parts), 0

    def _take(self, stop: int) -> bytes:
        data = self._buffer[self._at : stop]
        self._at = min(stop, len(self._buffer))
        return data


class Forward:
    """A source that is read forwards only."""

    def __init__(self, file: BinaryIO, end: int | None) -> None:
        """Begin at 0. With `end`, the length of `file`, long gaps are skipped by seeking; else they are read."""
        self._file = file
        self._end = end
        self.at = 0

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end. Raises BrokenStream at a break."""
        parts, have = [], 0
        while have < size and (part := self._file.read(min(size - have, CHUNK_BYTES))):
            parts.append(part)
            have += len(part)
        self.at += have
        return b"".join(parts)

    def skip_to(self, place: int) -> bool:
        """Advance to `place` and return True; False if the source ends before it. Raises BrokenStream at a break."""
        if self._end is not None and place - self.at > CHUNK_BYTES:
            self.at = min(place, self._end)
            self._file.seek(self.at)
            return self.at == place
        while self.at < place:
            if not self.read(min(place - self.at, CHUNK_BYTES)):
                return False
        return True

    def window(self, place: int, size: int) -> Iterator[bytes]:
        """Yield the `size` bytes from `place` on. Raises BrokenStream, with TRUNCATED if the source ends too early."""
        if not self.skip_to(place):
            raise BrokenStream(RejectReason.TRUNCATED)
        stop = place + size
        while self.at < stop:
            # not self.read: it would lose what comes before a break
            chunk = self._file.read(min(stop - self.at, CHUNK_BYTES))
            if not chunk:
                raise BrokenStream(RejectReason.TRUNCATED)
            self.at += len(chunk)
            yield chunk
