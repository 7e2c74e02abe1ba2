"""A model's ``config.json``: read in one place, its sizes bounded, and nothing in it that has other files loaded.

transformers builds whatever the numbers say: a million layers of a folder of one kilobyte, 28 GB of a config that names
no size, a dictionary of a billion labels. And it follows words to files that no digest covers, or to code of a hub.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from radray.errors import InputError

CONFIG = "config.json"
_MOST_BYTES = 1 << 20
"""Published ones have a few kilobytes."""

LAYERS: Final = ("num_layers", "num_hidden_layers", "n_layer", "num_decoder_layers")
WIDTH: Final = ("d_model", "hidden_size", "n_embd")
INNER: Final = ("d_ff", "intermediate_size", "n_inner")
HEADS: Final = ("num_heads", "num_attention_heads", "n_head", "num_key_value_heads")
HEAD_WIDTH: Final = ("d_kv", "head_dim")
"""Names of one size: a library takes any of them, whichever the model's own is."""

_MOST = {
    **dict.fromkeys(LAYERS, 512),
    **dict.fromkeys(WIDTH, 32_768),
    **dict.fromkeys(INNER, 262_144),
    **dict.fromkeys(HEADS, 1_024),
    **dict.fromkeys(HEAD_WIDTH, 4_096),
    "vocab_size": 1 << 20,
    **dict.fromkeys(("num_labels", "_num_labels", "max_window_layers"), 4_096),
    **dict.fromkeys(("relative_attention_num_buckets", "query_pre_attn_scalar"), 4_096),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "sliding_window"), 1 << 24),
    "relative_attention_max_distance": 1 << 24,
}
"""The greatest of each size. The largest published: Llama 3.1 405B with 126 layers of width 16,384 and 128 heads, T5
11B with 65,536 between its layers, Gemma 3 with 262,144 pieces."""

_REQUIRED = {
    "t5": ("vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_heads"),
    "causal": ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
}
"""Sizes that a model's config must name, by family: what is missing has the size of Llama 7B to transformers."""

_LEADS_ELSEWHERE = {
    "configuration_files": "another file in its place",
    "transformers_weights": "other weights",
    "quantization_config": "a quantised model, which is not loaded",
    "compression_config": "a compressed model, which is not loaded",
    "fusion_config": "layers that are put together when it is loaded",
    "kernel_config": "code of a hub",
    "distributed_config": "a model in parts",
}
"""What transformers follows where a config has it. Of ``auto_map`` it needs no more than `trust_remote_code=False`: it
names code beside the library's own class for a known type, which is never taken, as in Phi-3's published folder."""

_ATTENTION = ("attn_implementation", "_attn_implementation", "_attn_implementation_internal")
_EXPERTS = ("experts_implementation", "_experts_implementation", "_experts_implementation_internal")
_IMPLEMENTATIONS = ("eager", "sdpa")
"""Other names are those of packages and of kernels that are fetched from a hub."""


def read_config(folder: Path) -> dict[str, Any]:
    """Return the config of the model folder `folder`.

    Raises InputError for one that is not there, is no JSON object, has more than a megabyte or a size out of bounds,
    or names files, kernels or a quantisation.
    """
    return parse_config(read_bounded(folder / CONFIG, _MOST_BYTES, f"model folder {folder}: {CONFIG}"), folder)


def parse_config(content: bytes, folder: Path) -> dict[str, Any]:
    """Return the config of `folder` that `content` is. Raises InputError as `read_config`."""
    config = parse_object(content, f"model folder {folder}: {CONFIG}")
    refuse_unbounded(config, f"model folder {folder}: {CONFIG}")
    return config


def refuse_unbounded(config: Mapping[str, Any], what: str) -> None:
    """Raise InputError, beginning with `what`, for a config with a size out of bounds or that leads elsewhere."""
    for name, follows in _LEADS_ELSEWHERE.items():
        if config.get(name) is not None:
            raise InputError(f"{what}: {name} names {follows}: remove it")
    for name in (*_ATTENTION, *_EXPERTS):
        if config.get(name) is not None and config[name] not in _IMPLEMENTATIONS:
            raise InputError(f"{what}: {name} is none of {', '.join(_IMPLEMENTATIONS)}: remove it")
    for name, most in _MOST.items():
        value = config.get(name)
        if value is not None and (not _is_whole(value) or not 1 <= value <= most):
            raise InputError(f"{what}: {name} is not a whole number from 1 to {most:,}")
    if greatest(config, ("num_key_value_heads",)) > greatest(config, HEADS[:-1]):
        raise InputError(f"{what}: num_key_value_heads are more than its heads")


def refuse_missing_sizes(config: Mapping[str, Any], family: str, what: str) -> None:
    """Raise InputError, beginning with `what`, for a config of `family` that leaves a size to the library."""
    for name in _REQUIRED[family]:
        if config.get(name) is None:
            raise InputError(f"{what}: it does not say {name}")


def least_elements(config: Mapping[str, Any]) -> int:
    """Return how many numbers a model of `config`, which `refuse_unbounded` passed, has at least.

    Those of its embedding, and of each layer the two matrices between width and inner width, and between width and
    heads, that all families have. It is a third of the whole or more.
    """
    width, heads = greatest(config, WIDTH), greatest(config, HEADS[:-1])
    of_heads = heads * greatest(config, HEAD_WIDTH) or width
    layers = greatest(config, LAYERS[:-1]) + greatest(config, LAYERS[-1:])
    return width * (greatest(config, ("vocab_size",)) + 2 * layers * (greatest(config, INNER) + of_heads))


def greatest(config: Mapping[str, Any], names: tuple[str, ...]) -> int:
    """Return the greatest of the sizes `names` in `config`; 0 where it has none of them."""
    return max((int(config[name]) for name in names if config.get(name) is not None), default=0)


def read_bounded(file: Path, most: int, what: str) -> bytes:
    """Return the content of `file`.

    Raises InputError, beginning with `what`, for one that cannot be read and one of more than `most` bytes.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError:
        raise InputError(f"{what} cannot be read") from None
    if len(content) > most:
        raise InputError(f"{what} has more than {most:,} bytes")
    return content


def parse_object(content: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object that `content` is. Raises InputError, beginning with `what`, for anything else."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise InputError(f"{what} cannot be read") from None
    if not isinstance(value, dict):
        raise InputError(f"{what} cannot be read")
    return value


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
