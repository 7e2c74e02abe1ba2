"""Writing a causal model in CTranslate2's format, with the numbers that its config says, see `numbers`."""

import json
from pathlib import Path
from typing import Any

from ctranslate2.converters import TransformersConverter

from radray.errors import InputError
from radray.models.families.causal.loading import load_tokenizer
from radray.models.families.causal.numbers import expected_numbers, put_numbers, refuse_other_numbers
from radray.models.families.convertible import refuse_not_converted
from radray.models.families.loading import UNREADABLE, load_config, quiet


def write_converted(folder: Path, out: Path, compute_type: str) -> None:
    """Write the model of `folder` into the empty folder `out`, its weights stored as `compute_type`.

    Raises InputError for a folder without a usable model, for a model that CTranslate2 does not compute, for a
    tokenizer whose ids are not the first rows of the embedding, and for a copy whose numbers are others than the
    config says.
    """
    refuse_not_converted(folder)
    config = load_config(folder)
    ids = sorted(load_tokenizer(folder).get_vocab().values())
    if ids != list(range(len(ids))) or len(ids) > config.vocab_size:
        raise InputError("the tokenizer's ids are not the first rows of the model's embedding")
    expected_numbers(config)
    try:
        with quiet():
            _Converter(str(folder), low_cpu_mem_usage=True).convert(str(out), quantization=compute_type, force=True)
    except UNREADABLE as error:
        raise InputError(f"model folder {folder}: cannot be converted ({type(error).__name__})") from None
    _complete(out, config)
    refuse_other_numbers(out, config)


def refuse_beyond_window(folder: Path, tokens: int) -> None:
    """Raise InputError when `tokens` of prompt and answer are more than the model attends to at a time.

    CTranslate2 (4.8.5) does otherwise from there on: with a window of 16, 4 of 12 texts were others.
    """
    config = load_config(folder)
    kinds, window = getattr(config, "layer_types", None), getattr(config, "sliding_window", None)
    if window is not None and tokens > window and (kinds is None or "sliding_attention" in kinds):
        raise InputError(
            f"model folder {folder}: layers attend to {window:,} tokens at a time, and CTranslate2 writes other text"
            f" beyond: generate.max_input_tokens and generate.max_new_tokens, {tokens:,} together, must not exceed it,"
            " or use generate.engine=transformers"
        )


class _Converter(TransformersConverter):
    """CTranslate2's converter, but for the numbers that it gets wrong."""

    def _load(self) -> Any:
        spec = super()._load()
        put_numbers(spec.decoder, load_config(Path(self._model_name_or_path)))
        return spec


def _complete(converted: Path, config: Any) -> None:
    """Put into the copy's config what the converter leaves out of it.

    A special token that the tokenizer lacks is called "": CTranslate2 does not load the converter's null. Gemma 3's
    norms get the model's epsilon.
    """
    file = converted / "config.json"
    held = json.loads(file.read_text(encoding="utf-8"))
    held = {name: "" if value is None and name.endswith("_token") else value for name, value in held.items()}
    if held.get("layer_norm_epsilon") is None:
        held["layer_norm_epsilon"] = config.rms_norm_eps
    file.write_text(json.dumps(held, indent=2) + "\n", encoding="utf-8")
