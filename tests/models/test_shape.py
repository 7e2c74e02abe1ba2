"""The shape of a T5 against the model itself: parameters counted, and what a backward pass keeps."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from radray.errors import ConfigError, InputError
from radray.models.families.t5.shape import PUBLISHED, T5Shape, folder_shape, shape_of
from radray.models.families.t5.tiny import build_tiny
from radray.settings.model import TinySettings


def test_flan_t5_xl_has_the_parameters_that_it_has() -> None:
    xl = PUBLISHED["google/flan-t5-xl"]
    assert xl.parameters == 2_849_757_184
    assert xl.parameters - xl.embedding == 2_783_959_040  # what a model built from the config has: tied


def config_of(shape: T5Shape) -> dict[str, Any]:
    return {
        "model_type": "t5",
        "vocab_size": shape.vocab_size,
        "d_model": shape.d_model,
        "d_kv": shape.d_kv,
        "d_ff": shape.d_ff,
        "num_layers": shape.encoder_layers,
        "num_decoder_layers": shape.decoder_layers,
        "num_heads": shape.num_heads,
        "feed_forward_proj": "gated-gelu" if shape.gated else "relu",
        "dropout_rate": shape.dropout,
        "decoder_start_token_id": 0,
    }


@pytest.mark.parametrize("gated", [True, False])
@pytest.mark.parametrize("layers", [(1, 1), (3, 2)])
def test_parameters_are_those_of_the_model(gated: bool, layers: tuple[int, int]) -> None:
    shape = T5Shape(300, 32, 8, 48, *layers, num_heads=3, gated=gated, tied=True)
    assert shape_of(config_of(shape), tied=True) == shape
    model = T5ForConditionalGeneration(T5Config.from_dict(config_of(shape)))
    assert sum(parameter.numel() for parameter in model.parameters()) == shape.parameters


def test_a_folder_with_an_output_layer_of_its_own(tmp_path: Path) -> None:
    size = TinySettings(vocab_size=300, d_model=16, d_ff=24, num_layers=2, num_heads=2)
    build_tiny(["small left effusion"], tmp_path, size=size, seed=1)
    shape = folder_shape(tmp_path)
    assert not shape.tied
    model = T5ForConditionalGeneration.from_pretrained(tmp_path)
    assert sum(parameter.numel() for parameter in model.parameters()) == shape.parameters


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"junk")
    with pytest.raises(InputError, match="is no whole safetensors file"):
        folder_shape(tmp_path)


@pytest.mark.parametrize("config", [{"model_type": "bart"}, {"model_type": "t5", "d_model": "CANARY"}])
def test_another_config_is_refused_without_its_values(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        shape_of(config, tied=False)
    assert "CANARY" not in str(caught.value)


def kept_bytes(model: T5ForConditionalGeneration, rows: int, source: int, target: int) -> int:
    """Return the bytes that autograd keeps of a forward pass, weights left out."""
    weights = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage
        return tensor

    lengths = torch.tensor([[source], *[[source // 2]] * (rows - 1)])
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(
            input_ids=torch.zeros(rows, source, dtype=torch.long),
            attention_mask=(torch.arange(source)[None] < lengths).long(),
            decoder_input_ids=torch.zeros(rows, target, dtype=torch.long),
            use_cache=False,
        )
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize("seed", [5])
@pytest.mark.parametrize("dropout", [0.1, 0.0])
def test_what_blocks_keep_is_what_autograd_keeps(dropout: float, seed: int) -> None:
    chosen = random.Random(seed)
    for _ in range(5):
        rows, source, target = chosen.choice((2, 4)), chosen.choice((24, 80)), chosen.choice((12, 40))
        many, single = (
            T5Shape(300, chosen_d, 16, chosen_d * 2, layers, layers, num_heads=4, tied=True, dropout=dropout)
            for chosen_d in (chosen.choice((64, 96)),)
            for layers in (3, 1)
        )
        measured = [
            kept_bytes(T5ForConditionalGeneration(T5Config.from_dict(config_of(shape))).train(), rows, source, target)
            for shape in (many, single)
        ]
        expected = 4 * 2 * (many.encoder_block_kept(rows, source) + many.decoder_block_kept(rows, source, target))
        assert measured[0] - measured[1] == pytest.approx(expected, rel=0.03)
