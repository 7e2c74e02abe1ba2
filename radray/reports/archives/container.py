"""Containers of reports: the kind of a container by its first bytes, and its members, read safely whatever they hold.

::

    members = list_members(file)                    # every entry but folders, once each
    for member, data in read_members(file, members): ...    # formats with one report a file: bytes or a reason
    for member, stream in open_members(file, members): ...  # formats with many reports: a stream or a reason

A plain file, or a gzip file without a tar inside, is its own only member, named ''. Nothing is ever written to disk
and a member's name is never used as a path: "../x" and "/etc/x" are ids like any other.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Literal, cast

from radray.reports.archives import tar as archive_tar
from radray.reports.archives import zip as archive_zip
from radray.reports.archives.member import (
    HEAD_BYTES,
    MAX_MEMBERS,
    BrokenStream,
    ByteStream,
    Forward,
    Member,
    chunks_of,
    decompress_gzip,
)
from radray.reports.record.record import MAX_REPORT_BYTES
from radray.schema.statuses import RejectReason

__all__ = ["MAX_MEMBERS", "BrokenStream", "Member", "container", "list_members", "open_members", "read_members"]

Container = Literal["zip", "tar", "gzip", "none"]

_GZIP = b"\x1f\x8b\x08"


def container(head: bytes) -> Container:
    """Return the kind of a stream that begins with `head`, its first 512 bytes or all there are; "none" for b''.

    A tar is recognised by the checksum of its first header. An empty tar is "none", as is a zip that follows other
    bytes (a self-extracting one).
    """
    if head[:4] in archive_zip.BEGINNINGS:
        return "zip"
    if head[:3] == _GZIP:
        return "gzip"
    if archive_tar.is_header(head[:HEAD_BYTES]):
        return "tar"
    return "none"


def list_members(file: BinaryIO) -> list[Member]:
    """Return the members of `file` (seekable) in the archive's order; of a zip only the directory is read.

    Folders are not members. Every other entry is, links and encrypted ones with their `problem`. Where a tar ends
    early, or continues as something else, one last member '' with a problem stands for the rest. Raises InputError for
    a zip without a readable directory, and for an archive of more than MAX_MEMBERS entries.
    """
    kind, packed = _kind(file)
    if kind == "zip":
        return archive_zip.list_members(file)
    if kind == "tar":
        return archive_tar.list_members(_forward(file, packed=packed))
    problem = RejectReason.UNSUPPORTED_CONTENT if kind == "nested" else None
    return [Member("", 0, problem, None if packed else file.seek(0, io.SEEK_END), 0)]


def open_members(file: BinaryIO, wanted: Iterable[Member]) -> Iterator[tuple[Member, BinaryIO | RejectReason]]:
    """Yield each of `wanted` (from `list_members`) with a stream of its bytes, or the reason why there is none.

    In the archive's order. A stream is valid until the next is requested; it cannot be sought. Once every readable byte
    has been read, it raises BrokenStream if the archive is cut or damaged there, or a bomb (TOO_LARGE).
    """
    kind, packed = _kind(file)
    for member, chunks in _open_each(file, kind, sorted(wanted, key=_place), packed=packed):
        if isinstance(chunks, RejectReason):
            yield member, chunks
            continue
        stream = ByteStream(chunks)
        try:
            nested = kind in ("zip", "tar") and container(stream.peek(HEAD_BYTES)) != "none"
        except BrokenStream as error:
            yield member, error.reason
            continue
        yield member, RejectReason.UNSUPPORTED_CONTENT if nested else cast(BinaryIO, stream)


def read_members(
    file: BinaryIO, wanted: Iterable[Member], max_bytes: int = MAX_REPORT_BYTES
) -> Iterator[tuple[Member, bytes | RejectReason]]:
    """Yield each of `wanted` with all its bytes, verified, or the reason why there are none; in the archive's order.

    A member of more than `max_bytes`, as the archive states or in fact, is TOO_LARGE and not read any further.
    """
    kind, packed = _kind(file)
    in_order = sorted(wanted, key=_place)
    if kind == "zip":
        for member in in_order:
            yield member, _unless_nested(member.problem or archive_zip.read_member(file, member, max_bytes))
        return
    for member, chunks in _open_each(file, kind, in_order, packed=packed):
        if isinstance(chunks, RejectReason):
            yield member, chunks
        elif member.size is not None and member.size > max_bytes:
            yield member, RejectReason.TOO_LARGE
        else:
            data = _join(chunks, max_bytes)
            yield member, _unless_nested(data) if kind == "tar" else data


def _kind(file: BinaryIO) -> tuple[Literal["zip", "tar", "nested", "none"], bool]:
    """Return the kind of `file` and whether it is gzipped; `file` is then at its beginning."""
    file.seek(0)
    outer = container(_head(file))
    file.seek(0)
    if outer != "gzip":
        return outer, False
    try:
        inner = container(ByteStream(decompress_gzip(file)).peek(HEAD_BYTES))
    except BrokenStream:
        inner = "none"
    file.seek(0)
    return ("nested" if inner in ("zip", "gzip") else "tar" if inner == "tar" else "none"), True


def _head(file: BinaryIO) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (more := file.read(HEAD_BYTES - len(head))):
        head += more
    return head


def _place(member: Member) -> int:
    return member.place


def _forward(file: BinaryIO, *, packed: bool) -> Forward:
    if packed:
        return Forward(cast(BinaryIO, ByteStream(decompress_gzip(file))), None)
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    return Forward(file, end)


def _open_each(
    file: BinaryIO, kind: str, wanted: Sequence[Member], *, packed: bool
) -> Iterator[tuple[Member, Iterator[bytes] | RejectReason]]:
    source = _forward(file, packed=packed) if kind == "tar" else None
    for member in wanted:
        if member.problem is not None:
            yield member, member.problem
        elif kind == "zip":
            yield member, archive_zip.member_chunks(file, member)
        elif source is not None:
            yield member, source.window(member.place, member.size or 0)
        else:
            file.seek(0)
            yield member, decompress_gzip(file) if packed else chunks_of(file)


def _join(chunks: Iterator[bytes], max_bytes: int) -> bytes | RejectReason:
    parts, length = [], 0
    try:
        for chunk in chunks:
            parts.append(chunk)
            length += len(chunk)
            if length > max_bytes:
                return RejectReason.TOO_LARGE
    except BrokenStream as error:
        return error.reason
    return b"".join(parts)


def _unless_nested(data: bytes | RejectReason) -> bytes | RejectReason:
    if isinstance(data, bytes) and container(data[:HEAD_BYTES]) != "none":
        return RejectReason.UNSUPPORTED_CONTENT
    return data
