"""The numbers that a causal model computes with beside its weights, in its config and in its copy for CTranslate2.

CTranslate2's converter (4.8.5) gets some of them wrong without a word: it takes a base of the rotary positions from
places in the config that transformers has moved (Gemma's are then those of the first releases), leaves out by how much
Llama 3.1 stretches its positions, and scales queries as if Gemma said nothing of it. So they are put right before the
copy is written, and all are read back from the file and compared with the config: text is never the first to show it.
"""

import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from radray.errors import InputError

_TYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
"""Types of values by the number that the file has for them (ctranslate2/specs/model_spec.py, 4.8.5)."""
_TOLERANCE = 1e-5
"""Of a number that the file has as float32, relative."""
_SCALINGS = {"linear": 0, "llama3": 2}
"""How rotary positions are stretched, and CTranslate2's number for it."""
_ACTIVATIONS = {"relu": 0, "gelu_pytorch_tanh": 1, "gelu_new": 1, "silu": 2, "swish": 2, "gelu": 3}
_OF_LAYER = {
    **dict.fromkeys(("rotary_base", "rotary_scaling_factor", "queries_scale"), "float32"),
    **dict.fromkeys(("rotary_low_freq_factor", "rotary_high_freq_factor"), "float32"),
    **{"rotary_scaling_type": "int8", "original_max_position_embeddings": "int32"},
}
"""Numbers of a layer's attention, as CTranslate2 calls them, and their types."""


def put_numbers(spec: Any, config: Any) -> None:
    """Give every layer of the decoder `spec` the numbers of its attention that the model's `config` says."""
    for layer, numbers in zip(spec.layer, _of_layers(config), strict=True):
        for name, value in numbers.items():
            # some are read by CTranslate2 and yet unknown to its specification, which refuses them as attributes
            layer.self_attention.__dict__[name] = np.dtype(_OF_LAYER[name]).type(value)


def refuse_other_numbers(converted: Path, config: Any) -> None:
    """Raise InputError, naming the number, when the copy computes with another than the model's `config` says."""
    theirs, ours = read_numbers(converted), expected_numbers(config)
    for name in sorted({*theirs, *ours}):
        held, wanted = theirs.get(name), ours.get(name)
        if held is None or wanted is None or not np.isclose(held, wanted, rtol=_TOLERANCE, atol=0.0):
            raise InputError(f"the converted copy has {name} {held}, the model's config {wanted}: it is not used")


def expected_numbers(config: Any) -> dict[str, float]:
    """Return activation, norm epsilon, whether the output layer is tied, and each layer's numbers, as `config` says.

    Raises InputError for what CTranslate2 does not compute.
    """
    return {
        "activation": _activation(config),
        "norm epsilon": float(config.rms_norm_eps),
        "tied": float(bool(config.tie_word_embeddings)),
        **_named(dict(enumerate(_of_layers(config)))),
    }


def read_numbers(converted: Path) -> dict[str, float]:
    """Return what `expected_numbers` does, as the copy has it; a number that it lacks is left out."""
    scalars, aliases, names = _scalars_and_aliases(converted / "model.bin")
    epsilon = json.loads((converted / "config.json").read_text(encoding="utf-8")).get("layer_norm_epsilon")
    projection = "decoder/projection/weight"
    layers: dict[int, dict[str, float]] = {}
    for path, value in scalars.items():
        match path.split("/"):
            case ["decoder", layer, "self_attention", name] if name in _OF_LAYER:
                layers.setdefault(int(layer.removeprefix("layer_")), {})[name] = value
    return {
        **({"activation": scalars["decoder/activation"]} if "decoder/activation" in scalars else {}),
        **({} if epsilon is None else {"norm epsilon": float(epsilon)}),
        "tied": float(aliases.get(projection) == "decoder/embeddings/weight" or projection not in names),
        **_named(layers),
    }


def _named(layers: dict[int, dict[str, float]]) -> dict[str, float]:
    return {
        f"{name.replace('_', ' ')} in layer {index}": value
        for index, numbers in layers.items()
        for name, value in numbers.items()
    }


def _of_layers(config: Any) -> list[dict[str, float]]:
    """Return the numbers of each layer's attention. Raises InputError for positions that CTranslate2 does not know."""
    ropes: dict[str, Any] = config.rope_parameters
    kinds = getattr(config, "layer_types", None) or [None] * config.num_hidden_layers
    return [{**_of_positions(ropes.get(kind, ropes)), **_of_queries(config)} for kind in kinds]


def _of_positions(rope: dict[str, Any]) -> dict[str, float]:
    kind = rope.get("rope_type", "default")
    base = {"rotary_base": float(rope["rope_theta"])}
    if kind == "default":
        return base
    if kind not in _SCALINGS:
        raise InputError(f"CTranslate2 does not stretch rotary positions as the model does ({kind})")
    scaled = base | {"rotary_scaling_type": _SCALINGS[kind], "rotary_scaling_factor": float(rope["factor"])}
    if kind == "linear":
        return scaled
    return scaled | {
        "rotary_low_freq_factor": float(rope["low_freq_factor"]),
        "rotary_high_freq_factor": float(rope["high_freq_factor"]),
        "original_max_position_embeddings": float(rope["original_max_position_embeddings"]),
    }


def _of_queries(config: Any) -> dict[str, float]:
    scalar = getattr(config, "query_pre_attn_scalar", None)
    # otherwise the width of a head, as everywhere
    return {} if scalar in (None, config.head_dim) else {"queries_scale": float(scalar) ** -0.5}


def _activation(config: Any) -> float:
    name = getattr(config, "hidden_activation", None) or config.hidden_act
    if name not in _ACTIVATIONS:
        raise InputError(f"CTranslate2 does not have the model's activation ({name})")
    return float(_ACTIVATIONS[name])


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
