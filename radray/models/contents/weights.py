"""Which file holds each tensor of a model: from the index, or from the headers, without reading a tensor.

Only the files that the folder itself has are taken, by plain names: an index may name ``../other.safetensors`` or
``.hidden/model.safetensors``, and transformers opens what it names.
"""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from radray.errors import InputError
from radray.messages import shown
from radray.models.contents.config import parse_object, read_bounded

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
_MOST_INDEX_BYTES = 16 << 20
"""The index of a model of 405 billion parameters has 0.1 MB."""
_MOST_HEADER_BYTES = 8 << 20
"""A header has 100 bytes a tensor: of 1,000 tensors 0.1 MB; safetensors itself takes 100 MB."""
_LENGTH_BYTES = 8
_MOST_DIMENSIONS = 8

_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64"), 64),
}
"""Bits of a value of each type that safetensors has and torch loads."""


class StoredTensor(NamedTuple):
    """Where a tensor is, and its shape."""

    file: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


def stored_in(folder: Path) -> Mapping[str, str]:
    """Return the file of every stored tensor, by tensor name: as transformers, the index only where it is needed.

    Raises InputError for a folder without either, an index that is damaged or names a file of another folder, a hidden
    one, one that is no safetensors or is not there.
    """
    if (folder / WEIGHTS).is_file():
        return dict.fromkeys(read_header(folder / WEIGHTS, folder), WEIGHTS)
    if not (folder / INDEX).is_file():
        raise InputError(f"model folder {folder}: no {WEIGHTS} and no {INDEX}; other formats are not loaded")
    what = f"model folder {folder}: {INDEX}"
    index = parse_object(read_bounded(folder / INDEX, _MOST_INDEX_BYTES, what), what)
    files = index.get("weight_map")
    if not isinstance(files, dict) or not files or not isinstance(index.get("metadata"), dict):
        raise InputError(f"{what} has no weight_map and metadata")
    for file in set(map(str, files.values())):
        if not file.endswith(".safetensors") or file.startswith(".") or "/" in file or "\\" in file or "\0" in file:
            raise InputError(f"{what} names {shown(file)}, and weights are *.safetensors files of the folder itself")
        if (folder / file).is_symlink() or not (folder / file).is_file():
            raise InputError(f"{what} names {shown(file)}, which is not there")
    return {str(name): str(file) for name, file in files.items()}


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """Return every tensor in the files that `stored_in` names. Raises InputError as that, and as `read_header`."""
    tensors: dict[str, StoredTensor] = {}
    stored = stored_in(folder)
    for file in sorted(set(stored.values())):
        for name, shape in read_header(folder / file, folder).items():
            if stored.get(name) != file:
                raise InputError(f"model folder {folder}: {file} has tensors that {INDEX} has elsewhere, or not at all")
            tensors[name] = StoredTensor(file, shape)
    if len(tensors) != len(stored):
        raise InputError(f"model folder {folder}: {INDEX} lists tensors that its files lack")
    return tensors


def read_header(file: Path, folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor of a safetensors file. Raises InputError, naming `folder`, for a damaged one.

    The format: https://github.com/huggingface/safetensors, README: 8 bytes of length, a JSON object, the data.
    """
    what = f"model folder {folder}: {shown(file.name)}"
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(_LENGTH_BYTES), "little")
            size = file.stat().st_size - _LENGTH_BYTES - length
            if not 2 <= length <= _MOST_HEADER_BYTES or size < 0:
                raise InputError(f"{what} is no whole safetensors file, or its header has more than 8 MB")
            header = parse_object(opened.read(length), f"{what}: its header")
    except OSError:
        raise InputError(f"{what} cannot be read") from None
    header.pop("__metadata__", None)
    tensors, held = {}, 0
    for name, value in header.items():
        try:
            tensors[name], stored = _tensor(value)
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{what}: its header describes no tensors") from None
        held += stored
    if held > size:
        raise InputError(f"{what}: cut off, or its header describes tensors that are not in it")
    return tensors


def count_elements(tensors: Iterable[StoredTensor]) -> int:
    """Return how many numbers `tensors` have together; none: 0."""
    return sum(tensor.elements for tensor in tensors)


def _tensor(value: Any) -> tuple[tuple[int, ...], int]:
    """Return shape and bytes of the tensor that a header describes as `value`. Raises ValueError for one that is none.

    And KeyError and TypeError.
    """
    bits, shape, (start, end) = _BITS[value["dtype"]], tuple(value["shape"]), value["data_offsets"]
    if len(shape) > _MOST_DIMENSIONS or any(type(number) is not int or number < 0 for number in (*shape, start, end)):
        raise ValueError
    if math.prod(shape) * bits != (end - start) * 8:
        raise ValueError
    return shape, end - start
