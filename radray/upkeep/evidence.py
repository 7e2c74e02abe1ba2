"""Traces of a patient in files: the values to search for, and every file that holds them, raw or decoded."""

import bz2
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radray.errors import RadrayError
from radray.upkeep.ids import SEARCHED_BYTES, Ids, is_in

IDS = ("subject_id", "study_id", "unit_id")
TEXTS = (
    *("split_key", "text_digest", "source_digest", "source_member", "background", "indication", "comparison"),
    *("findings", "reference", "reference_raw", "exam_description", "human_codes", "prediction", "hypotheses"),
    *("exemplars", "candidates", "inputs", "input_digest", "gold_rewritten", "target", "answer", "rewritten"),
)
"""Columns whose values reveal a patient. Texts may also be another patient's, word for word."""

_OF_PATIENT = ("subject_id", "study_id", "split_key")
_FREE = frozenset(TEXTS) - {"split_key", "text_digest", "source_digest", "source_member"}

TEXT_BYTES = 32
"""Shorter texts are compared only with whole values of their own column: `history` stands in sentences of the schema,
`normal` is a stratum, and neither is a patient."""

BOUND_CHARACTERS = 15
"""Iceberg's manifests hold 16 characters of a column's least and greatest value, the last one incremented."""

_TEXT_TYPES = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)

BETWEEN = b"\x1f"
BATCH_ROWS = 20_000
CHUNK_BYTES = 8 << 20
BESIDE_BYTES = 256
"""What stands beside a value is read with it: it says whether an id is one, see `is_in`."""


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    """A value to search for."""

    kind: str
    """Column of the value."""
    value: bytes

    @property
    def is_long(self) -> bool:
        """Whether it is searched for as bytes; else only as a whole value of its column."""
        return len(self.value) >= (TEXT_BYTES if self.kind in _FREE else SEARCHED_BYTES)


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


def search(
    file: BinaryIO | pa.NativeFile, uri: str, wanted: frozenset[Trace], lookalikes: Collection[bytes] = ()
) -> frozenset[Hit]:
    """Return the hits of `wanted` in a file: in its bytes, in the columns of Parquet, in the blocks of Avro.

    Ids that are there by chance are no hits, see `is_in`; `lookalikes` are longer values of others that hold one.
    Raises RadrayError for Parquet or Avro that cannot be read: its content is unknown.
    """
    long = [trace for trace in wanted if trace.is_long]
    as_text = uri.endswith((".json", ".yaml", ".csv", ".txt"))
    # what stands beside an id in compressed bytes is not what stands beside it in its column
    raw = [trace for trace in long if not (uri.endswith(".parquet") and trace.kind in _OF_PATIENT)]

    def holds(content: bytes, trace: Trace, value: bytes) -> bool:
        if trace.kind not in _OF_PATIENT:
            return value in content
        return is_in(content, value, lookalikes, as_text=as_text)

    hits: set[Hit] = set()
    for content in _overlapping(file, max((len(trace.value) for trace in long), default=1) + BESIDE_BYTES):
        hits |= {Hit(uri, trace) for trace in raw if holds(content, trace, trace.value)}
    file.seek(0)
    try:
        if uri.endswith(".parquet"):
            for name, values in parquet_values(file):
                hits |= {Hit(uri, trace, begins) for trace, begins in _in_values(name, values, wanted)}
        elif uri.endswith(".avro"):
            for block in avro_blocks(file):
                hits |= {Hit(uri, trace) for trace in long if holds(block, trace, trace.value)}
                hits |= {Hit(uri, trace, True) for trace in long if holds(block, trace, beginning(trace.value))}
    except (pa.ArrowException, OSError, ValueError, zlib.error) as error:
        raise RadrayError(
            f"{uri}: cannot be read ({type(error).__name__}), so its content is unknown: remove it"
        ) from None
    return frozenset(hits)


def _overlapping(file: BinaryIO | pa.NativeFile, overlap: int) -> Iterator[bytes]:
    """Yield the content of the file in pieces; each begins with the last `overlap` bytes of that before it."""
    tail = b""
    while chunk := file.read(CHUNK_BYTES):
        content = tail + bytes(chunk)
        yield content
        tail = content[-overlap:]


def beginning(value: bytes) -> bytes:
    """Return the beginning of `value` that a manifest's bound holds unchanged."""
    return value.decode("utf-8")[:BOUND_CHARACTERS].encode("utf-8")


def parquet_values(file: BinaryIO | pa.NativeFile) -> Iterator[tuple[str, bytes]]:
    """Yield (column, its texts with BETWEEN before, between and after them), batch by batch, nested texts included.

    And what the file says of itself, as column ``''``.
    """
    parquet = pq.ParquetFile(file)
    about = parquet.schema_arrow.metadata or {}
    yield "", BETWEEN.join((b"", *about, *about.values(), b""))
    for batch in parquet.iter_batches(BATCH_ROWS):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            for texts in string_arrays(column):
                kept = texts.drop_null()
                if len(kept):
                    # bytes: a text may be any, in a file of others
                    joined = pc.binary_join(_as_list(kept.cast(pa.binary())), BETWEEN)[0].as_py()
                    yield name, BETWEEN + joined + BETWEEN


def _as_list(values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)


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
    # an id of eight digits occurs by chance in one of a million digests: digests and keys are compared whole, and so
    # are ids with ids: a longer one is another's
    whole_only = name.endswith(("_digest", "_key", "unit_id")) or name in IDS
    for trace in wanted:
        value = BETWEEN + trace.value + BETWEEN
        if not trace.is_long:
            if value in values and name in (trace.kind, "split_key"):
                yield trace, False
            continue
        if whole_only:
            within = value in values
        elif trace.kind in _OF_PATIENT and trace.value in values:
            within = Ids([trace.value.decode("utf-8")]).within(values.decode("utf-8", "replace"))
        else:
            within = trace.value in values
        if within:
            yield trace, False
        if BETWEEN + beginning(trace.value) in values:
            yield trace, True


def string_arrays(column: pa.Array) -> Iterator[pa.Array]:
    """Yield the arrays of texts or bytes that `column` is, or holds in its lists and structs; none for another type."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from string_arrays(column.dictionary_decode())
    elif pa.types.is_struct(kind):
        for inner in column.flatten():
            yield from string_arrays(inner)
    elif pa.types.is_map(kind):
        yield from string_arrays(column.keys)
        yield from string_arrays(column.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from string_arrays(column.flatten())
    elif any(is_text(kind) for is_text in _TEXT_TYPES):
        yield column
