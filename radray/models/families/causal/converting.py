"""Writing a causal model in CTranslate2's format, and reading back from the copy what the converter may get wrong.

The converter takes the base of the rotary positions from a place in the config that transformers has moved before, and
where it finds none it takes 10,000 in silence. So base, epsilon of the norms and tying are read from the file that was
written and compared with the model's config: text is never the first to show it.
"""

import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from ctranslate2.converters import TransformersConverter

from radray.errors import InputError
from radray.models.families.causal.loading import load_tokenizer
from radray.models.families.loading import UNREADABLE, load_config, quiet

_TYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
"""Types of values by the number that the file has for them (ctranslate2/specs/model_spec.py, 4.8.5)."""
_TOLERANCE = 1e-5
"""Of a number that the file has as float32, relative."""


def write_converted(folder: Path, out: Path, compute_type: str) -> None:
    """Write the model of `folder` into the empty folder `out`, its weights stored as `compute_type`.

    Raises InputError for a folder without a usable model, for a tokenizer whose ids are not the first rows of the
    embedding, and for a copy whose positions, norms or output layer are others than the config says.
    """
    tokenizer = load_tokenizer(folder)
    ids = sorted(tokenizer.get_vocab().values())
    config = load_config(folder)
    if ids != list(range(len(ids))) or len(ids) > config.vocab_size:
        raise InputError("the tokenizer's ids are not the first rows of the model's embedding")
    try:
        with quiet():
            converter = TransformersConverter(str(folder), low_cpu_mem_usage=True)
            converter.convert(str(out), quantization=compute_type, force=True)
    except UNREADABLE as error:
        raise InputError(f"model folder {folder}: cannot be converted ({type(error).__name__})") from None
    _name_missing_tokens(out)
    refuse_other_numbers(out, config)


def _name_missing_tokens(converted: Path) -> None:
    """Call a special token that the tokenizer lacks "": CTranslate2 does not load the null of its converter."""
    file = converted / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    named = {name: "" if value is None and name.endswith("_token") else value for name, value in config.items()}
    file.write_text(json.dumps(named, indent=2) + "\n", encoding="utf-8")


def refuse_other_numbers(converted: Path, config: Any) -> None:
    """Raise InputError, naming the number, when the copy computes with another than the model's `config` says."""
    theirs = read_numbers(converted)
    for name, wanted in expected_numbers(config).items():
        got = theirs.get(name)
        if wanted is None:
            continue
        if got is None or not np.isclose(got, wanted, rtol=_TOLERANCE, atol=0.0):
            raise InputError(f"the converted copy has {name} {got}, the model's config {wanted}: it is not used")


def expected_numbers(config: Any) -> dict[str, float | None]:
    """Return rotary base, norm epsilon and whether the output layer is tied, as `config` has them.

    The base is None where layers have bases of their own (Gemma 3), which parity alone judges.
    """
    rope = getattr(config, "rope_parameters", None) or {}
    base = rope.get("rope_theta")
    epsilons = (getattr(config, name, None) for name in ("rms_norm_eps", "layer_norm_eps"))
    return {
        "rotary base": None if base is None else float(base),
        "norm epsilon": next((float(value) for value in epsilons if value is not None), None),
        "tied": float(bool(config.tie_word_embeddings)),
    }


def read_numbers(converted: Path) -> dict[str, float]:
    """Return rotary base (where all layers have one and the same), norm epsilon and tying, as the copy has them."""
    scalars, aliases, names = _scalars_and_aliases(converted / "model.bin")
    bases = {value for name, value in scalars.items() if name.endswith("/rotary_base")}
    epsilon = json.loads((converted / "config.json").read_text(encoding="utf-8")).get("layer_norm_epsilon")
    projection = "decoder/projection/weight"
    numbers = {"tied": float(aliases.get(projection) == "decoder/embeddings/weight" or projection not in names)}
    if len(bases) == 1:
        numbers["rotary base"] = bases.pop()
    if epsilon is not None:
        numbers["norm epsilon"] = float(epsilon)
    return numbers


def _scalars_and_aliases(file: Path) -> tuple[dict[str, float], dict[str, str], set[str]]:
    """Return the values without dimensions, the names of one tensor under another, and all names of tensors.

    The format (ModelSpec._serialize): version, name, revision; number of variables, each with its name, dimensions,
    type, bytes and data; number of aliases, each with its name and that of its variable. Nothing large is read.
    """
    scalars: dict[str, float] = {}
    aliases: dict[str, str] = {}
    names: set[str] = set()
    with file.open("rb") as opened:
        _number(opened, "<I")
        _string(opened)
        _number(opened, "<I")
        for _ in range(_number(opened, "<I")):
            name = _string(opened)
            dimensions = [_number(opened, "<I") for _ in range(_number(opened, "<B"))]
            type_, size = _TYPES[_number(opened, "<B")], _number(opened, "<I")
            names.add(name)
            if not dimensions and type_ != "bfloat16":
                scalars[name] = float(np.frombuffer(opened.read(size), type_)[0])
            else:
                opened.seek(size, 1)
        for _ in range(_number(opened, "<I")):
            alias = _string(opened)
            aliases[alias] = _string(opened)
    return scalars, aliases, names


def _number(file: BinaryIO, form: str) -> int:
    (value,) = struct.unpack(form, file.read(struct.calcsize(form)))
    return int(value)


def _string(file: BinaryIO) -> str:
    return file.read(_number(file, "<H")).rstrip(b"\0").decode()
