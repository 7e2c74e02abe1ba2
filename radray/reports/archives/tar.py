"""Tar archives (ustar, GNU, pax, old): the listing. Only headers are parsed; data is a window of the stream."""

import re

from radray.reports.archives.member import BrokenStream, Forward, Member, Members
from radray.schema.statuses import RejectReason

_BLOCK = 512
_MAX_EXTENSION_BYTES = 1 << 20
"""A long name or pax header that is larger is MALFORMED."""
_REGULAR = frozenset(b"07\0")
_FOLDER = ord("5")
_WITHOUT_DATA = frozenset(b"123456")
_SPARSE = ord("S")
_LONG_NAME, _LONG_LINK, _PAX, _PAX_ALL = ord("L"), ord("K"), ord("x"), ord("g")
_SPARSE_KEYS = b"GNU.sparse"
"""What the keys begin with by which a pax header says that its entry is a sparse file."""
_PAX_LENGTH = re.compile(rb"([0-9]{1,8}) ")


def is_header(block: bytes) -> bool:
    """Return whether `block` is the header of a tar's entry, by its checksum (POSIX.1, pax, "ustar Interchange")."""
    if len(block) != _BLOCK or not block[0]:
        return False
    stated = _octal(block[148:156])
    if stated is None:
        return False
    # the checksum is over the header with its own field blank; old writers summed signed bytes
    unsigned = sum(block) - sum(block[148:156]) + 8 * 32
    signed = unsigned - 256 * sum(byte > 127 for byte in block[:148] + block[156:])
    return stated in (unsigned, signed)


def list_members(source: Forward) -> list[Member]:
    """Return the members of the tar `source` in order. Raises InputError if there are too many.

    A tar without an end-of-archive mark has one more member, '' TRUNCATED; where anything but a header follows, after
    the end-of-archive mark too, the rest is one member '' MALFORMED. A member whose data is cut is the last; reading it
    raises BrokenStream.
    """
    members = Members()
    try:
        problem = _read(source, members)
    except BrokenStream as error:
        problem = error.reason
    if problem is not None:
        members.add("", problem, None, source.at)
    return members


def _read(source: Forward, members: Members) -> RejectReason | None:
    """Add the members of `source`; return what is wrong with the rest, None if nothing is. Raises InputError."""
    name: bytes | None = None
    pax: dict[bytes, bytes] = {}
    while True:
        block = source.read(_BLOCK)
        if len(block) < _BLOCK:
            return RejectReason.TRUNCATED
        if not any(block):
            return _after_the_end(source)
        size = _size(block[124:136]) if is_header(block) else None
        if size is None:
            return RejectReason.MALFORMED
        kind = block[156]
        if kind in (_LONG_NAME, _LONG_LINK, _PAX, _PAX_ALL):
            if size > _MAX_EXTENSION_BYTES:
                return RejectReason.MALFORMED
            data = source.read(_padded(size))
            if len(data) < size:
                return RejectReason.TRUNCATED
            if kind == _LONG_NAME:
                name = data[:size].split(b"\0")[0]
            elif kind == _PAX:
                pax |= _pax(data[:size])
            continue
        if b"size" in pax:
            if not pax[b"size"].isdigit() or len(pax[b"size"]) > 20:
                return RejectReason.MALFORMED
            size = int(pax[b"size"])
        full = pax.get(b"path", name) or _name(block)
        sparse = kind == _SPARSE or _SPARSE_KEYS in pax
        name, pax = None, {}
        if kind == _SPARSE and not _skip_sparse_map(block, source):
            return RejectReason.TRUNCATED
        if kind == _FOLDER or (kind == 0 and full.endswith(b"/") and not size):
            continue
        regular = kind in _REGULAR and not sparse
        members.add(full, None if regular else RejectReason.UNSUPPORTED_CONTENT, size, source.at)
        if kind in _WITHOUT_DATA:
            continue
        try:
            whole = source.skip_to(source.at + size)
        except BrokenStream:
            whole = False
        if not whole:
            return None  # the archive ends inside this member; reading it raises BrokenStream
        if not source.skip_to(source.at + _padded(size) - size):
            return RejectReason.TRUNCATED


def _after_the_end(source: Forward) -> RejectReason | None:
    """Read what follows a block of zeros: only zeros may."""
    while block := source.read(1 << 16):
        if block.strip(b"\0"):
            return RejectReason.MALFORMED
    return None


def _skip_sparse_map(block: bytes, source: Forward) -> bool:
    """Skip the blocks that continue the map of an old GNU sparse file (GNU tar manual, "Old GNU Format")."""
    more = block[482]
    while more:
        block = source.read(_BLOCK)
        if len(block) < _BLOCK:
            return False
        more = block[504]
    return True


def _name(block: bytes) -> bytes:
    name, prefix = block[:100].split(b"\0")[0], b""
    if block[257:263] == b"ustar\0":
        prefix = block[345:500].split(b"\0")[0]
    return prefix + b"/" + name if prefix else name


def _pax(data: bytes) -> dict[bytes, bytes]:
    r"""Return size, path and whether it is sparse, of the records "length key=value\n" of `data` up to a bad one."""
    records = {}
    at = 0
    while match := _PAX_LENGTH.match(data, at):
        length = int(match[1])
        record = data[match.end() : at + length]
        if not record.endswith(b"\n"):
            break
        key, _, value = record[:-1].partition(b"=")
        # one archive may have headers without end, and each another key: only those that count are kept
        if key in (b"size", b"path"):
            records[key] = value
        elif key.startswith(_SPARSE_KEYS):
            records[_SPARSE_KEYS] = b""
        at += length
    return records


def _size(field: bytes) -> int | None:
    if field[0] == 0x80:  # GNU: a binary number
        return int.from_bytes(field[1:], "big")
    return _octal(field)


def _octal(field: bytes) -> int | None:
    digits = field.split(b"\0")[0].strip(b" ")
    if not digits:
        return 0
    return int(digits, 8) if all(byte in b"01234567" for byte in digits) else None


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
