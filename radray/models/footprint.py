"""How much memory an engine takes, from the weights' own headers: known before anything is loaded."""

import json
import struct
from math import prod
from pathlib import Path

from radray.errors import InputError
from radray.settings.generate import GenerateSettings

_BYTES = {"float32": 4.0, "bfloat16": 2.0, "int8": 1.05}
"""Bytes a parameter; int8 keeps a scale a row, biases and norms in float32."""
_WEIGHTS = {"ctranslate2": 2.05, "transformers": 1.15}
"""Memory at its peak over the weights': CTranslate2 holds them twice while it loads them (FLAN-T5 XL's size in int8:
5.96 GB for a file of 2.92), transformers beside what a call needs."""
_PROCESS_BYTES = {"ctranslate2": 700 << 20, "transformers": 1200 << 20}
"""Actor and engine process before any weight: Ray's worker 110 MB, Arrow, tokenizer; torch for the reference."""
_LONGEST_HEADER = 100 << 20


def count_parameters(folder: Path) -> int:
    """Return the number of values in all safetensors of the model folder. No such file: 0.

    Raises InputError for a file whose header cannot be read.
    """
    return sum(_values(file) for file in sorted(folder.glob("*.safetensors")))


def engine_bytes(folder: Path, settings: GenerateSettings) -> int:
    """Return the main memory that an actor with its engine takes; with a GPU, which holds the weights, without them.

    `auto` counts as the dearer engine. Raises InputError as `count_parameters`.
    """
    weights = 0.0 if settings.use_gpu else count_parameters(folder) * _BYTES[settings.compute_type]
    engines = list(_WEIGHTS) if settings.engine == "auto" else [settings.engine]
    return max(int(weights * _WEIGHTS[engine]) + _PROCESS_BYTES[engine] for engine in engines)


def _values(file: Path) -> int:
    # https://github.com/huggingface/safetensors#format: length of the header (u64), header (JSON), values
    try:
        with file.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            header = json.loads(opened.read(min(length, _LONGEST_HEADER)))
        return sum(prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        raise InputError(f"model folder {file.parent}: {file.name} is no safetensors file that can be read") from None
