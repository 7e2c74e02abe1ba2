"""What all containers share: a member, a stream that says why it broke, gzip, and bounds against bombs."""

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
"""Bytes from which a container is told: tar's magic is the last, at 257; its checksum is over 512."""

MAX_MEMBERS = 2_000_000
"""Entries of one archive: nine times the reports of MIMIC-CXR. A million take 0.3 GB, 0.55 while a zip is listed."""

MAX_RATIO = 200
BOMB_BYTES = 256 << 20
"""More than this out of a stream AND more than MAX_RATIO times what went in is a bomb. Reports come to 3-6 times,
a file of one line repeated to 1,000 (the most that deflate can do): such a file may be small."""

MAX_NAME_CHARACTERS = 1024
CHUNK_BYTES = 1 << 16


class BrokenStream(EOFError):
    """The bytes of a stream cannot be read on; `reason` says why. An EOFError, as gzip's own of a cut stream is."""

    def __init__(self, reason: RejectReason) -> None:
        """Keep `reason`: TRUNCATED, MALFORMED or TOO_LARGE."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive that is no folder, or the rest of an archive that cannot be read ('' with a problem)."""

    name: str
    """Name as the archive has it: it may be "../x" and is never used as a path. '' for a lone file."""
    occurrence: int
    """0, 1, ... for entries of one name: (name, occurrence) is unique."""
    problem: RejectReason | None
    """Why it cannot be read, where the listing alone shows it."""
    size: int | None
    """Bytes, as the archive says; None where it does not."""
    place: int
    """Where it begins: of a zip the local header, of a tar the data (after gzip), byte."""
    packed_size: int = 0
    """Of a zip: compressed bytes."""
    crc: int = 0
    method: int = 0


class Members(list[Member]):
    """Members in order; counts those of one name and refuses too many."""

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
        """Add one. A name of more than MAX_NAME_CHARACTERS is MALFORMED, cut, a digest of it all behind.

        Raises InputError when there are more than MAX_MEMBERS.
        """
        if len(self) >= MAX_MEMBERS:
            raise InputError(f"the archive has more than {MAX_MEMBERS:,} entries: split it")
        text = name if isinstance(name, str) else decoded_name(name)
        if len(text) > MAX_NAME_CHARACTERS:
            digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
            text, problem = f"{text[:200]}...{digest}", problem or RejectReason.MALFORMED
        occurrence = self._seen[text]
        self._seen[text] = occurrence + 1
        self.append(Member(text, occurrence, problem, size, place, packed_size, crc, method))


def decoded_name(name: bytes, otherwise: str = "latin-1") -> str:
    """Return `name` as text: UTF-8, else in the one-byte encoding `otherwise`; no lone surrogate, nothing lost."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode(otherwise)


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of `file` from where it is to its end. Raises BrokenStream, for what gzip itself raises too."""
    try:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
    except BrokenStream:
        raise
    except EOFError:
        raise BrokenStream(RejectReason.TRUNCATED) from None
    except (zlib.error, gzip.BadGzipFile):
        raise BrokenStream(RejectReason.MALFORMED) from None


def gunzipped(file: BinaryIO) -> Iterator[bytes]:
    """Yield what the gzip stream `file` holds, of all its members one after the other; padding of NUL is passed over.

    Raises BrokenStream: it ends inside a member, a member is damaged or something else follows it, or it is a bomb.
    """
    taken = given = ended = 0
    inflater = None
    for pending in chunks_of(file):
        taken += len(pending)
        while pending:
            if inflater is None:
                pending = pending.lstrip(b"\0") if ended else pending
                if not pending:
                    break
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
            for out in inflated(inflater, pending):
                given += len(out)
                if given > BOMB_BYTES and given > MAX_RATIO * taken:
                    raise BrokenStream(RejectReason.TOO_LARGE)
                yield out
            pending = inflater.unused_data
            if inflater.eof:
                inflater = None
                ended += 1
    if inflater is not None:
        raise BrokenStream(RejectReason.TRUNCATED)


def inflated(inflater: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """Yield all that `inflater` makes of `data`, at most CHUNK_BYTES at once. Raises BrokenStream (MALFORMED)."""
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
    """A binary stream of chunks. Where they raise, all bytes before can be read first."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        """Read from `chunks` as it is needed."""
        self._chunks = chunks
        self._buffer = b""
        self._at = 0
        self._error: BrokenStream | None = None
        self._ended = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def peek(self, size: int = 1) -> bytes:
        """Return `size` bytes or more without moving on, fewer at the end."""
        if len(self._buffer) - self._at < size:
            self._fill(size)
        return self._buffer[self._at :]

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer before the end or a break; -1: all. Raises BrokenStream at a break, -1 before."""
        wanted = None if size is None or size < 0 else size
        if wanted is None or len(self._buffer) - self._at < wanted:
            self._fill(wanted)
        if wanted is None and self._error is not None:
            raise self._error
        return self._taken(len(self._buffer) if wanted is None else self._at + wanted)

    def read1(self, size: int = -1, /) -> bytes:
        """Return some bytes, at most `size`; b'' at the end: what io.TextIOWrapper reads by."""
        self._fill(1)
        return self._taken(len(self._buffer) if size < 0 else self._at + size)

    def readline(self, size: int | None = -1, /) -> bytes:
        r"""Return the next line with its \n, at most `size` bytes; a line that breaks off is given, then the break."""
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
        return self._taken(stop if most is None else min(stop, self._at + most))

    def _fill(self, size: int | None) -> None:
        """Have `size` bytes at hand, or all of them."""
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

    def _taken(self, stop: int) -> bytes:
        data = self._buffer[self._at : stop]
        self._at = min(stop, len(self._buffer))
        return data


class Forward:
    """A source that is gone through once: places ahead can be reached, nothing is looked back at."""

    def __init__(self, file: BinaryIO, end: int | None) -> None:
        """Begin at 0. With `end`, the length of `file`, long gaps are sought over; else all is read."""
        self._file = file
        self._end = end
        self.at = 0

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end. Raises BrokenStream."""
        parts, have = [], 0
        while have < size and (part := self._file.read(min(size - have, CHUNK_BYTES))):
            parts.append(part)
            have += len(part)
        self.at += have
        return b"".join(parts)

    def skip_to(self, place: int) -> bool:
        """Go to `place` and return True; False if the source ends before it. Raises BrokenStream."""
        if self._end is not None and place - self.at > CHUNK_BYTES:
            self.at = min(place, self._end)
            self._file.seek(self.at)
            return self.at == place
        while self.at < place:
            if not self.read(min(place - self.at, CHUNK_BYTES)):
                return False
        return True

    def window(self, place: int, size: int) -> Iterator[bytes]:
        """Yield the `size` bytes from `place` on. Raises BrokenStream, TRUNCATED if the source ends before."""
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
