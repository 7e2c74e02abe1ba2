"""The memory of an engine, from the headers of the weights."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from radray.errors import InputError
from radray.models.footprint import count_parameters, engine_bytes
from radray.settings.generate import GenerateSettings


def test_parameters_are_counted_over_all_files(tmp_path: Path) -> None:
    assert count_parameters(tmp_path) == 0
    save_file({"a": torch.zeros(3, 5), "b": torch.zeros(7)}, tmp_path / "model-1.safetensors", {"format": "pt"})
    save_file({"c": torch.zeros(2, dtype=torch.bfloat16)}, tmp_path / "model-2.safetensors")
    assert count_parameters(tmp_path) == 15 + 7 + 2


@pytest.mark.parametrize("content", [b"", b"\x10", b"\x04\0\0\0\0\0\0\0[3]x", b"\xff" * 20])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors is no safetensors file"):
        count_parameters(tmp_path)


def test_memory_follows_the_compute_type_and_a_gpu_holds_the_weights(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(10_000, 1_000, dtype=torch.bfloat16)}, tmp_path / "model.safetensors")

    def megabytes(**settings: object) -> float:
        return engine_bytes(tmp_path, GenerateSettings.model_validate({"engine": "ctranslate2"} | settings)) / 1e6

    weights = megabytes() - megabytes(use_gpu=True)
    assert 80 <= weights <= 100  # ten million of four bytes, held twice while they are loaded
    assert megabytes(compute_type="int8") - megabytes(use_gpu=True) < weights / 3
    assert megabytes(engine="auto", use_gpu=True) == megabytes(engine="transformers", use_gpu=True)
    assert megabytes(engine="auto") == max(megabytes(), megabytes(engine="transformers"))
