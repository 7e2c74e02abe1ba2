"""The head of a GGUF file, gone through before any library reads it, and its sizes compared with its tensors.

The reader of the package `gguf` makes an object of every element of every array: 50 MB of bytes are some gigabytes.
The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

import struct
from collections.abc import Mapping
from typing import BinaryIO

from radray.errors import InputError
from radray.models.contents.config import least_elements, refuse_unbounded

_MOST_TENSORS, _MOST_FIELDS = 100_000, 10_000
_MOST_ELEMENTS = 4_000_000
"""Elements of all arrays: pieces, their scores and types, and how they are merged; of Gemma 3 about a million."""
_MOST_STRING = 1 << 24
_MOST_KEY = 1 << 16
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value of each type."""
_STRING, _ARRAY = 8, 9

_NAMES = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "context_length": "max_position_embeddings",
    "vocab_size": "vocab_size",
}
"""What a config calls the sizes of a GGUF file."""


def refuse_boundless_head(file: BinaryIO, what: str) -> None:
    """Raise InputError, beginning with `what`, for a file whose head is damaged or has more than any model has."""
    try:
        magic, _, tensors, fields = struct.unpack("<4sIQQ", _read(file, 24))
        if magic != b"GGUF" or tensors > _MOST_TENSORS or fields > _MOST_FIELDS:
            raise ValueError
        left = _MOST_ELEMENTS
        for _ in range(fields):
            _skip_string(file, _MOST_KEY)
            left -= _skip_value(file, _number(file, "<I"), left)
    except (struct.error, KeyError, ValueError):
        raise InputError(
            f"{what}: not a GGUF file that can be read, or one that was cut off, or with more than any model has: fetch"
            " it again"
        ) from None


def refuse_unbounded_sizes(sizes: Mapping[str, int], elements: int, what: str) -> None:
    """Raise InputError, beginning with `what`, for `sizes` out of bounds or larger than the tensors' `elements`.

    `sizes`: by GGUF's names, without the architecture before them; others than are known are passed over.
    """
    config = {_NAMES[name]: value for name, value in sizes.items() if name in _NAMES}
    refuse_unbounded(config, what)
    if least_elements(config) > elements:
        raise InputError(f"{what}: it describes a model larger than its tensors, which have {elements:,} numbers")


def _skip_value(file: BinaryIO, kind: int, left: int) -> int:
    """Pass over a value; return how many elements it has. Raises ValueError for more than `left`."""
    if kind == _STRING:
        _skip_string(file, _MOST_STRING)
        return 1
    if kind != _ARRAY:
        _read(file, _SIZES[kind])
        return 1
    of, count = _number(file, "<I"), _number(file, "<Q")
    if count > left or of == _ARRAY:
        raise ValueError
    if of == _STRING:
        for _ in range(count):
            _skip_string(file, _MOST_STRING)
    else:
        _read(file, count * _SIZES[of])
    return count


def _skip_string(file: BinaryIO, most: int) -> None:
    length = _number(file, "<Q")
    if length > most:
        raise ValueError
    _read(file, length)


def _number(file: BinaryIO, form: str) -> int:
    (value,) = struct.unpack(form, _read(file, struct.calcsize(form)))
    return int(value)


def _read(file: BinaryIO, size: int) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise ValueError
    return content
