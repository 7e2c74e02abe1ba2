"""The resources of a FHIR file, one at a time: NDJSON, Bundles, an array, or a single resource."""

import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from radray.errors import InputError
from radray.reports.wire.json_elements import ElementScanner
from radray.reports.wire.json_values import load
from radray.reports.wire.pieces import Chunks, Piece, read_lines
from radray.schema.statuses import RejectReason

MAX_RESOURCE_BYTES = 16 << 20
"""A resource may hold the PDF of its report beside the text; its text is limited to MAX_REPORT_BYTES."""

_EXPECTED = "expected FHIR R4 JSON: DiagnosticReport resources as NDJSON, a Bundle or one resource (source.format=fhir)"
_LINE_END = re.compile(rb"[\r\n]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A resource, or the reason why there is none."""

    value: Any | RejectReason
    digest: str
    url: str | None = None
    """Of the entry of a Bundle, by which others in it refer to it."""
    bundle: int = 0
    """Number of the Bundle to which its references are bound; 0 is the file."""


def read_units(file: BinaryIO) -> Iterator[Unit]:
    """Yield the resources of `file`, and a unit for what is none; nothing for an empty Bundle.

    Raises InputError if the file is blank, does not begin like JSON, or has no resource at all.
    """
    chunks = Chunks(file)
    first = chunks.first_byte()
    if not first:
        raise InputError(f"the file is empty: {_EXPECTED}")
    if first not in (b"{", b"["):
        raise InputError(f"the file is not JSON from its first character on: {_EXPECTED}")
    any_resource = any_value = False
    for unit in _lines(chunks) if _is_lines(chunks) else _elements(chunks):
        any_value = any_value or not isinstance(unit.value, RejectReason)
        any_resource = any_resource or (isinstance(unit.value, dict) and "resourceType" in unit.value)
        yield unit
    if any_value and not any_resource:
        raise InputError(f"the JSON file has no FHIR resource: {_EXPECTED}")


def _is_lines(chunks: Chunks) -> bool:
    """Return whether a file is NDJSON: its first line is an object, or its second line begins with a brace."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_RESOURCE_BYTES or (_LINE_END.search(chunk) and len(_LINE_END.split(b"".join(parts), 1)[1]) > 0):
            break
    head = b"".join(parts)
    chunks.push_back(head)
    line, *rest = _LINE_END.split(head, maxsplit=1)
    if rest and rest[0].startswith(b"{"):
        return True
    return line.startswith(b"{") and isinstance(load(Piece(line, "", too_large=len(line) > MAX_RESOURCE_BYTES)), dict)


def _lines(chunks: Chunks) -> Iterator[Unit]:
    numbers = itertools.count(1)
    for piece in read_lines(chunks, MAX_RESOURCE_BYTES):
        yield from _expand(load(piece), piece.digest, numbers)


def _elements(chunks: Chunks) -> Iterator[Unit]:
    numbers = itertools.count(1)
    scanner = ElementScanner(chunks, MAX_RESOURCE_BYTES, key="entry")
    is_bundle = chunks.first_byte() != b"["
    for piece in scanner.pieces():
        value = load(piece)
        if scanner.has_array and is_bundle:
            yield from _entry(value, piece.digest, 0, numbers)
        else:
            yield from _expand(value, piece.digest, numbers)


def _expand(
    value: Any | RejectReason, digest: str, numbers: Iterator[int], *, is_inner: bool = False
) -> Iterator[Unit]:
    """Yield the resource, or the resources of its entries if it is a Bundle, which takes the next of `numbers`."""
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        yield Unit(value, digest)
        return
    entries = value.get("entry")
    if entries is not None and not isinstance(entries, list):
        yield Unit(RejectReason.MALFORMED, digest)
        return
    number = next(numbers)
    for entry in entries or []:
        content = json.dumps(entry, sort_keys=True).encode("ascii")
        yield from _entry(entry, hashlib.sha256(content).hexdigest(), number, None if is_inner else numbers)


def _entry(entry: Any | RejectReason, digest: str, bundle: int, numbers: Iterator[int] | None) -> Iterator[Unit]:
    """Yield the resource of a Bundle's entry; an entry without one (a deletion, a response) is not a report.

    The answer to a batch is a Bundle of Bundles: those in an entry are read where there are `numbers` for them.
    """
    if not isinstance(entry, dict):
        yield Unit(entry if isinstance(entry, RejectReason) else RejectReason.MALFORMED, digest, bundle=bundle)
        return
    url = entry.get("fullUrl")
    resource = entry.get("resource", RejectReason.NOT_A_REPORT)
    is_bundle = isinstance(resource, dict) and resource.get("resourceType") == "Bundle"
    if numbers is not None and is_bundle and resource.get("entry"):
        yield from _expand(resource, digest, numbers, is_inner=True)
        return
    yield Unit(resource, digest, url if isinstance(url, str) else None, bundle)
