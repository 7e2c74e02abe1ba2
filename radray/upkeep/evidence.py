"""Traces of a patient in files: the values to search for, and every file that holds them, raw or decoded."""

import bz2
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radray.errors import RadrayError

IDS = ("subject_id", "study_id", "unit_id")
TEXTS = (
    *("split_key", "text_digest", "source_digest", "source_member", "background", "indication", "comparison"),
    *("findings", "reference", "reference_raw", "exam_description", "human_codes", "prediction", "hypotheses"),
    *("exemplars", "candidates"),
)
"""Columns whose values reveal a patient. Texts may also be another patient's, word for word."""

SEARCHED_BYTES = 6
"""Shorter values are compared only with whole values of their own column: as bytes they occur by chance."""

BOUND_CHARACTERS = 15
"""Iceberg's manifests hold 16 characters of a column's least and greatest value, the last one incremented."""

BETWEEN = b"\x1f"
BATCH_ROWS = 20_000
CHUNK_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    """A value to search for."""

    kind: str
    """Column of the value."""
    value: bytes


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A trace in a file. `begins`: only the beginning of a value matches, since manifests hold no more."""

    uri: str
    trace: Trace
    begins: bool = False


def traces(rows: Iterable[Mapping[str, Any]]) -> frozenset[Trace]:
    """Return the traces of a patient's `rows` (of `reports` or `predictions`); blank values are left out."""
    wanted = set()
    for row in rows:
        for name in (*IDS, *TEXTS):
            value = row.get(name)
            texts = [value] if isinstance(value, str) else [hypothesis["text"] for hypothesis in value or ()]
            wanted |= {Trace(name, text.encode("utf-8")) for text in texts if text and text.strip()}
    return frozenset(wanted)


def search(file: BinaryIO | pa.NativeFile, uri: str, wanted: frozenset[Trace]) -> frozenset[Hit]:
    """Return the hits of `wanted` in a file: in its bytes, in the columns of Parquet, in the blocks of Avro.

    Raises RadrayError for Parquet or Avro that cannot be read: its content is unknown.
    """
    long = [trace for trace in wanted if len(trace.value) >= SEARCHED_BYTES]
    longest = max((len(trace.value) for trace in long), default=1)
    hits: set[Hit] = set()
    tail = b""
    while chunk := file.read(CHUNK_BYTES):
        content = tail + bytes(chunk)
        hits |= {Hit(uri, trace) for trace in long if trace.value in content}
        tail = content[-longest:]
    file.seek(0)
    try:
        if uri.endswith(".parquet"):
            for name, values in parquet_values(file):
                hits |= {Hit(uri, trace, begins) for trace, begins in _in_values(name, values, wanted)}
        elif uri.endswith(".avro"):
            for block in avro_blocks(file):
                hits |= {Hit(uri, trace) for trace in long if trace.value in block}
                hits |= {Hit(uri, trace, True) for trace in long if beginning(trace.value) in block}
    except (pa.ArrowException, OSError, ValueError, zlib.error) as error:
        raise RadrayError(
            f"{uri}: cannot be read ({type(error).__name__}), so its content is unknown: remove it"
        ) from None
    return frozenset(hits)


def beginning(value: bytes) -> bytes:
    """Return the beginning of `value` that a manifest's bound holds unchanged."""
    return value.decode("utf-8")[:BOUND_CHARACTERS].encode("utf-8")


def parquet_values(file: BinaryIO | pa.NativeFile) -> Iterator[tuple[str, bytes]]:
    """Yield (column, its texts with BETWEEN before, between and after them), batch by batch, nested texts included."""
    for batch in pq.ParquetFile(file).iter_batches(BATCH_ROWS):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            for texts in _texts(column):
                kept = texts.drop_null()
                if len(kept):
                    row = pa.ListArray.from_arrays(pa.array([0, len(kept)], pa.int32()), kept)
                    yield name, BETWEEN + pc.binary_join(row, BETWEEN.decode())[0].as_py().encode("utf-8") + BETWEEN


def avro_blocks(file: BinaryIO | pa.NativeFile) -> Iterator[bytes]:
    """Yield the header and the decompressed blocks of an Avro container (Avro 1.11, "Object Container Files").

    Raises ValueError when it is not one, or its codec is not null, deflate, bzip2 or zstandard.
    """
    content = bytes(file.read())
    if content[:4] != b"Obj\x01":
        raise ValueError("not Avro")
    place, meta = 4, {}
    while True:
        count, place = _long(content, place)
        if count == 0:
            break
        if count < 0:
            _, place = _long(content, place)
        for _ in range(abs(count)):
            key, place = _bytes(content, place)
            meta[key], place = _bytes(content, place)
    yield content[:place]
    codec = meta.get(b"avro.codec", b"null")
    place += 16
    while place < len(content):
        _, place = _long(content, place)
        block, place = _bytes(content, place)
        yield _decompress(codec, block)
        place += 16


def _decompress(codec: bytes, block: bytes) -> bytes:
    if codec == b"null":
        return block
    if codec == b"deflate":
        return zlib.decompress(block, -15)
    if codec == b"bzip2":
        return bz2.decompress(block)
    if codec == b"zstandard":
        with pa.CompressedInputStream(pa.BufferReader(block), "zstd") as stream:
            return bytes(stream.read())
    raise ValueError("unknown codec")


def _long(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), place


def _bytes(content: bytes, place: int) -> tuple[bytes, int]:
    length, place = _long(content, place)
    return content[place : place + length], place + length


def _in_values(name: str, values: bytes, wanted: frozenset[Trace]) -> Iterator[tuple[Trace, bool]]:
    # an id of eight digits occurs by chance in one of a million digests: digests and keys are compared whole
    whole_only = name.endswith(("_digest", "_key", "unit_id"))
    for trace in wanted:
        value = BETWEEN + trace.value + BETWEEN
        if len(trace.value) < SEARCHED_BYTES:
            if value in values and name in (trace.kind, "split_key"):
                yield trace, False
            continue
        if (value if whole_only else trace.value) in values:
            yield trace, False
        if BETWEEN + beginning(trace.value) in values:
            yield trace, True


def _texts(column: pa.Array) -> Iterator[pa.Array]:
    if pa.types.is_struct(column.type):
        for inner in column.flatten():
            yield from _texts(inner)
    elif pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        yield from _texts(column.flatten())
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        yield column
