import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel

from radray.errors import InputError
from radray.models.families.loading import load_tokenizer
from radray.models.families.t5.loading import load_in_parts, load_model, refuse_other_tokenizer
from radray.models.families.t5.saving import save_model


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "model"
    shutil.copytree(tiny_folder, copy)
    return copy


def test_loaded_weights_are_the_stored_ones_in_the_type_asked_for(folder: Path) -> None:
    stored = load_file(folder / "model.safetensors")
    model = load_model(folder, dtype=torch.bfloat16)
    loaded = model.state_dict()
    assert not model.training
    assert all(torch.equal(loaded[name], value.to(torch.bfloat16)) for name, value in stored.items())


def test_loading_is_silent(folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    save_model(load_model(folder), load_tokenizer(folder), folder)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_missing_output_layer_is_not_filled_with_the_embedding(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["lm_head.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lm_head.weight is not in the weights"):
        load_model(folder)


def test_a_tied_model_stays_tied_and_says_so(folder: Path, tmp_path: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["lm_head.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}))
    model = load_model(folder)
    assert model.lm_head.weight is model.shared.weight
    save_model(model, load_tokenizer(folder), tmp_path / "again")
    assert json.loads((tmp_path / "again" / "config.json").read_text())["tie_word_embeddings"] is True


def test_weights_in_several_files_load_like_one(folder: Path, tmp_path: Path) -> None:
    model = load_model(folder)
    sharded = tmp_path / "sharded"
    shutil.copytree(folder, sharded, ignore=shutil.ignore_patterns("*.safetensors"))
    model.save_pretrained(sharded, max_shard_size="40KB")
    assert len(list(sharded.glob("*.safetensors"))) > 1
    again = load_model(sharded).state_dict()
    assert all(torch.equal(again[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_file_that_is_not_what_it_should_be_is_one_clear_error(folder: Path, file: str) -> None:
    (folder / file).write_bytes(b"\x01not it")
    with pytest.raises(InputError, match=f"model folder {folder}: {file} (cannot be read|is no whole)"):
        load_model(folder)


def test_a_tokenizer_that_cannot_be_read_is_one_clear_error(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(InputError, match=f"model folder {folder}: tokenizer.json cannot be read"):
        load_tokenizer(folder)


def test_a_model_of_another_kind_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "bert", "vocab_size": 10}')
    with pytest.raises(InputError, match="no sequence-to-sequence model"):
        load_model(folder)


def test_code_that_lies_in_the_folder_is_not_run(folder: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w').close()\nfrom transformers import {{}} as Own\n"
    for file, key, name in (
        ("config.json", "AutoModelForSeq2SeqLM", "T5ForConditionalGeneration"),
        ("tokenizer_config.json", "AutoTokenizer", "T5Tokenizer"),
    ):
        (folder / f"own_{name}.py").write_text(code.format(name))
        named = f"own_{name}.Own"
        settings = json.loads((folder / file).read_text())
        settings["auto_map"] = {key: named if key != "AutoTokenizer" else [named, None]}
        (folder / file).write_text(json.dumps(settings))
    assert load_model(folder).config.model_type == "t5"
    assert load_tokenizer(folder)("No line.")["input_ids"] != []
    assert not ran.exists()


class Bomb:
    """What a pickle can do when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.file,))


def test_pickled_weights_are_not_read(folder: Path, tmp_path: Path) -> None:
    went_off = tmp_path / "went-off"
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(went_off)))
    with pytest.raises(InputError, match="other formats are not loaded"):
        load_model(folder)
    assert not went_off.exists()
    pickle.loads((folder / "pytorch_model.bin").read_bytes())
    assert went_off.exists()


def test_loaded_in_parts_it_is_the_same_model_and_never_whole(folder: Path) -> None:
    held: list[int] = []
    placed_so_far: list[nn.Module] = []

    def placed(module: nn.Module) -> None:
        placed_so_far.append(module)
        held.append(sum(p.numel() for model in placed_so_far for p in model.parameters()))
        if not isinstance(module, PreTrainedModel):
            # what is kept of a layer: nothing, here
            for parameter in module.parameters():
                parameter.data = parameter.data[:0]

    load_in_parts(folder, placed=placed)
    whole: Any = load_model(folder)
    layers = [*whole.encoder.block, *whole.decoder.block]
    # at each time one layer is held, and at the end what is in no layer
    sizes = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    assert held == [*sizes, sum(p.numel() for p in whole.parameters()) - sum(sizes)]
    assert len(sizes) > 1
    everything: Any = load_in_parts(folder, placed=lambda module: None)
    expected = whole.state_dict()
    assert all(torch.equal(everything.state_dict()[name], value) for name, value in expected.items())
    assert everything.encoder.embed_tokens.weight is everything.shared.weight
    assert not torch.equal(everything.lm_head.weight, everything.shared.weight)


@pytest.mark.parametrize("damage", ["model.safetensors", "config.json", "shape", "output", "missing"])
def test_parts_of_a_folder_that_is_not_whole_are_refused_in_one_line(damage: str, folder: Path) -> None:
    if damage.endswith(("json", "safetensors")):
        (folder / damage).write_bytes(b"\x01not it")
    else:
        weights = load_file(folder / "model.safetensors")
        if damage == "shape":
            weights["shared.weight"] = weights["shared.weight"][:, :-1].contiguous()
        else:
            del weights["lm_head.weight" if damage == "output" else "encoder.final_layer_norm.weight"]
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"model folder {folder}: ") as raised:
        load_in_parts(folder, placed=lambda module: None)
    assert "\n" not in str(raised.value)


def test_another_models_tokenizer_is_refused(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)
    refuse_other_tokenizer(folder, tokenizer)
    rows = len(tokenizer)
    config = json.loads((folder / "config.json").read_text())
    for changed in ({"vocab_size": rows - 1}, {"vocab_size": rows * 2}, {"eos_token_id": 2}, {"pad_token_id": 3}):
        (folder / "config.json").write_text(json.dumps(config | changed))
        with pytest.raises(InputError, match="it is another model's tokenizer"):
            refuse_other_tokenizer(folder, tokenizer)
    # spare rows, as FLAN-T5 has them, are nothing
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": rows + rows // 20}))
    refuse_other_tokenizer(folder, tokenizer)
