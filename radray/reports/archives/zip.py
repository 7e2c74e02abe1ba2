"""Zip archives: members are listed from the central directory and verified against it.

Layouts: APPNOTE.TXT 6.3.10, 4.3. Stored and deflated members are read; every other compression is refused as
content.

Not zipfile, as measured with Python 3.11.7: one name flagged UTF-8 that is none costs it the whole archive
(UnicodeDecodeError); it reads a member that runs into another one, and an archive with other bytes after it, without
complaint; and each task would parse the directory again, 1.2 s for 227,835 entries (as many as MIMIC-CXR has reports),
where here a member knows its place. A second entry of a name is no reason: opened by its ZipInfo it is read as itself.
"""

import io
import stat
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from radray.errors import InputError
from radray.reports.archives.member import (
    BOMB_BYTES,
    CHUNK_BYTES,
    MAX_MEMBERS,
    MAX_RATIO,
    BrokenStream,
    Member,
    Members,
    decode_name,
    inflate,
)
from radray.schema.statuses import RejectReason

BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

_STORED, _DEFLATED = 0, 8
_ENCRYPTED_FLAGS = 0x2041
"""Encrypted, strongly encrypted, directory masked."""
_UTF8_FLAG = 0x800
_UNIX, _MACOS = 3, 19

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_MAX_COMMENT = 65_535
_MAX_DIRECTORY_BYTES = 256 << 20
"""Of MAX_MEMBERS entries with names of 200 characters each; it is held twice, as it is and in parts."""
_FULL = 0xFFFFFFFF


def list_members(file: BinaryIO) -> list[Member]:
    """Return the members of the zip `file`, by offset. Raises InputError without a readable directory.

    The directory decides. A member that overlaps another one or the directory (as in bombs that reuse the same data
    many times) is MALFORMED, as is a last member '' for bytes other than NUL after the archive.
    """
    start, size, count, after = _directory(file)
    file.seek(start)
    data = file.read(size)
    if len(data) != size:
        raise InputError(_UNREADABLE)
    members = Members()
    entries = sorted(_entries(data), key=lambda entry: entry[0])
    # the count has 16 bits in the old end record, and writers without zip64 let it overflow
    if (len(entries) - count) & 0xFFFF:
        raise InputError(_UNREADABLE)
    for place, name, flags, problem, packed_size, full_size, crc, method in entries:
        if name.endswith(b"/") and not full_size:
            continue
        text = _text(name, flags)
        members.add(text, problem, full_size, place, packed_size=packed_size, crc=crc, method=method)
    for index, member in enumerate(members):
        stop = min(start, members[index + 1].place) if index + 1 < len(members) else start
        if member.problem is None and member.place + _LOCAL.size + member.packed_size > stop:
            members[index] = Member(member.name, member.occurrence, RejectReason.MALFORMED, member.size, member.place)
    if after:
        members.add("", RejectReason.MALFORMED, after, start)
    return members


def read_member(file: BinaryIO, member: Member, max_bytes: int) -> bytes | RejectReason:
    """Return all bytes of `member`, or the reason why not: TOO_LARGE for more than `max_bytes`, unread."""
    size = member.size or 0
    # deflate expands data by 5 bytes in 16 kB at most (RFC 1951): a larger packed size is false
    if size > max_bytes or member.packed_size > max_bytes + CHUNK_BYTES:
        return RejectReason.TOO_LARGE
    try:
        _seek_data(file, member)
    except BrokenStream as error:
        return error.reason
    data = file.read(member.packed_size)
    if len(data) < member.packed_size:
        return RejectReason.TRUNCATED
    if member.method == _DEFLATED:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = inflater.decompress(data, size + 1)
        except zlib.error:
            return RejectReason.MALFORMED
        if not inflater.eof or inflater.unused_data:
            return RejectReason.MALFORMED
    if len(data) != size or zlib.crc32(data) != member.crc:
        return RejectReason.MALFORMED
    return data


def member_chunks(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """Yield the bytes of `member`. Raises BrokenStream if it is cut, damaged, a bomb, or not as in the directory."""
    size = member.size or 0
    if size > BOMB_BYTES and size > MAX_RATIO * member.packed_size:
        raise BrokenStream(RejectReason.TOO_LARGE)
    _seek_data(file, member)
    given = crc = 0
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == _DEFLATED else None
    for packed in _window(file, member.packed_size):
        for chunk in inflate(inflater, packed) if inflater else (packed,):
            given += len(chunk)
            if given > size:
                raise BrokenStream(RejectReason.MALFORMED)
            crc = zlib.crc32(chunk, crc)
            yield chunk
    whole = inflater is None or (inflater.eof and not inflater.unused_data)
    if not whole or given != size or crc != member.crc:
        raise BrokenStream(RejectReason.MALFORMED)


_UNREADABLE = (
    "the zip archive has no central directory that can be read: it is cut short, damaged or one part of several;"
    " copy it again, or see source.format"
)


def _directory(file: BinaryIO) -> tuple[int, int, int, int]:
    """Return the central directory's offset, bytes and entries, and the bytes after the archive. Raises InputError."""
    length = file.seek(0, io.SEEK_END)
    tail_start = max(0, length - _MAX_COMMENT - _END.size - _END64_LOCATOR.size)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise InputError(_UNREADABLE)
    end = tail_start + at
    _, disk, first_disk, _, count, size, start, comment_size = _END.unpack_from(tail, at)
    if at >= _END64_LOCATOR.size:
        magic, _, end64, _ = _END64_LOCATOR.unpack_from(tail, at - _END64_LOCATOR.size)
        if magic == b"PK\x06\x07":
            file.seek(min(end64, length))
            record = file.read(_END64.size)
            if len(record) < _END64.size or record[:4] != b"PK\x06\x06":
                raise InputError(_UNREADABLE)
            _, _, _, _, disk, first_disk, _, count, size, start = _END64.unpack(record)
            end = end64
    if count > MAX_MEMBERS or size > _MAX_DIRECTORY_BYTES:
        raise InputError(f"the archive has more than {MAX_MEMBERS:,} entries: split it")
    if disk or first_disk or start + size > end or (not size and start != end):
        raise InputError(_UNREADABLE)
    return start, size, count, len(tail[at + _END.size + comment_size :].rstrip(b"\0"))


_Entry = tuple[int, bytes, int, RejectReason | None, int, int, int, int]


def _entries(data: bytes) -> Iterator[_Entry]:
    """Yield (place, name, flags, problem, packed size, size, crc, method) of each entry. Raises InputError."""
    at = 0
    while at < len(data):
        if len(data) - at < _CENTRAL.size or data[at : at + 4] != b"PK\x01\x02":
            raise InputError(_UNREADABLE)
        fields = _CENTRAL.unpack_from(data, at)
        _, _, system, _, _, flags, method, _, _, crc, packed_size, size = fields[:12]
        name_size, extra_size, comment_size, disk, _, attributes, place = fields[12:]
        at += _CENTRAL.size
        name = data[at : at + name_size]
        extra = data[at + name_size : at + name_size + extra_size]
        at += name_size + extra_size + comment_size
        if at > len(data):
            raise InputError(_UNREADABLE)
        if _FULL in (size, packed_size, place):
            size, packed_size, place = _zip64(extra, size, packed_size, place)
        problem = None
        mode = attributes >> 16 if system in (_UNIX, _MACOS) else 0
        if flags & _ENCRYPTED_FLAGS:
            problem = RejectReason.ENCRYPTED
        elif method not in (_STORED, _DEFLATED) or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
            problem = RejectReason.UNSUPPORTED_CONTENT
        elif disk or (method == _STORED and size != packed_size):
            problem = RejectReason.MALFORMED
        yield place, name, flags, problem, packed_size, size, crc, method


def _zip64(extra: bytes, *stated: int) -> list[int]:
    """Return `stated` with values of all ones replaced from the zip64 field of `extra`, as far as it has them."""
    values = list(stated)
    start = 0
    while len(extra) - start >= 4:
        tag, size = struct.unpack_from("<2H", extra, start)
        if tag == 1:
            field = extra[start + 4 : start + 4 + size]
            wide = [int.from_bytes(field[at : at + 8], "little") for at in range(0, size - 7, 8)]
            for index, value in enumerate(stated):
                if value == _FULL and wide:
                    values[index] = wide.pop(0)
            break
        start += 4 + size
    return values


def _seek_data(file: BinaryIO, member: Member) -> None:
    """Seek to the data of `member`. Raises BrokenStream: MALFORMED if its local header contradicts the directory."""
    file.seek(member.place)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size:
        raise BrokenStream(RejectReason.TRUNCATED)
    magic, _, flags, method, _, _, _, _, _, name_size, extra_size = _LOCAL.unpack(header)
    name = _text(file.read(name_size + extra_size)[:name_size], flags)
    if magic != b"PK\x03\x04" or flags & _ENCRYPTED_FLAGS or (method, name) != (member.method, member.name):
        raise BrokenStream(RejectReason.MALFORMED)


def _window(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        chunk = file.read(min(size, CHUNK_BYTES))
        if not chunk:
            raise BrokenStream(RejectReason.TRUNCATED)
        size -= len(chunk)
        yield chunk


def _text(name: bytes, flags: int) -> str:
    """Return `name` as text, as zipfile does: UTF-8 if flagged so, else code page 437, which has all bytes."""
    return decode_name(name, "cp437") if flags & _UTF8_FLAG else name.decode("cp437")
