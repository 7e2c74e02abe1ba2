"""Model folders that would have other bytes loaded than their digest covers, or more built than their weights hold."""

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from radray.errors import ConfigError, InputError
from radray.models.contents.weights import INDEX, stored_in
from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.loading import load_tokenizer
from radray.models.families.registry import open_family
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import open_model
from radray.models.listing import list_model_files
from radray.models.manifest import write_manifest
from radray.models.store import open_models
from radray.settings.model import ModelSettings, TinySettings
from radray.settings.warehouse import S3Settings
from radray.storage.files import Storage

SIZE = TinySettings(vocab_size=300, d_model=16, d_ff=24, num_layers=2, num_heads=2)
TEXTS = ["The heart is enlarged.", "No pneumothorax or effusion."]
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "honest"
    build_tiny(TEXTS, folder, size=SIZE, seed=1)
    write_manifest(folder, "chest", {})
    return folder


@pytest.fixture
def folder(honest: Path, tmp_path: Path) -> Path:
    shutil.copytree(honest, tmp_path / "model")
    return tmp_path / "model"


def handed_over(folder: Path) -> str:
    """Give `folder` a manifest that fits what it holds now, as whoever hands it over would, and return its path."""
    (folder / "manifest.json").unlink(missing_ok=True)
    write_manifest(folder, "chest", {})
    return str(folder)


def edit(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def refused(folder: Path, match: str) -> None:
    """Assert that the folder is refused with and without a manifest of its own."""
    with pytest.raises(InputError, match=match):
        open_model(handed_over(folder))
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match=match):
        open_model(str(folder))


def other_weights(folder: Path, file: Path) -> None:
    """Write the weights of another model of the same shape."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: -value for name, value in load_file(folder / WEIGHTS).items()}, file, metadata={"format": "pt"})


@pytest.mark.parametrize(
    "place", [".w/model.safetensors", "../elsewhere/model.safetensors", "{absolute}", "w.bin", "w/x"]
)
def test_an_index_names_files_of_the_folder_alone(folder: Path, tmp_path: Path, place: str) -> None:
    place = place.format(absolute=tmp_path / "elsewhere" / WEIGHTS)
    other_weights(folder, tmp_path / "elsewhere" / WEIGHTS)
    names = list(load_file(folder / WEIGHTS))
    (folder / WEIGHTS).rename(folder / "decoy.safetensors")
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(names, place)}))
    with pytest.raises(InputError, match=r"weights are \*\.safetensors files of the folder itself"):
        stored_in(folder)
    refused(folder, r"weights are \*\.safetensors files of the folder itself")


def test_what_is_hidden_in_the_folder_is_refused_by_name(folder: Path) -> None:
    other_weights(folder, folder / ".w" / WEIGHTS)
    with pytest.raises(InputError, match=r"\.w is hidden, and manifest\.json lists no hidden file"):
        open_model(str(folder))
    shutil.rmtree(folder / ".w")
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / ".tool.jinja").write_text("{{ 1 }}")
    with pytest.raises(InputError, match=r"additional_chat_templates/\.tool\.jinja is hidden"):
        open_model(str(folder))


@pytest.mark.parametrize("target", ["/etc/passwd", "/etc", "real.safetensors", "."])
def test_a_link_is_refused_by_name_wherever_it_leads(folder: Path, tmp_path: Path, target: str) -> None:
    if target == "real.safetensors":
        (folder / WEIGHTS).rename(tmp_path / target)
        (folder / WEIGHTS).symlink_to(tmp_path / target)
    else:
        (folder / "notes.txt").symlink_to(target)
    with pytest.raises(InputError, match=r"(notes\.txt|model\.safetensors) is a link"):
        open_model(str(folder))
    with pytest.raises(InputError, match="is a link"):
        write_manifest(folder, "chest", {})
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe is neither a file nor a folder"):
        list_model_files(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("adapter_config.json", '{"peft_type": "LORA", "base_model_name_or_path": "/elsewhere"}'),
        ("shard-00000-model-00001-of-00001.safetensors", ""),
    ],
)
def test_files_that_are_loaded_in_place_of_the_weights_are_refused(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    refused(folder, rf"{name} beside config\.json")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("num_layers", value) for value in (10**6, -1, 0, 2.0, "2", True)),
        *(("num_decoder_layers", value) for value in (10**6, -3)),
        *(("vocab_size", value) for value in (10**9, 10**400, -1)),
        *((name, 10**7) for name in ("d_model", "hidden_size", "d_ff", "d_kv", "num_heads", "num_labels")),
        ("relative_attention_num_buckets", 10**9),
        ("quantization_config", {"quant_method": "bitsandbytes", "load_in_8bit": True}),
        ("attn_implementation", "somebody/kernel"),
        ("_attn_implementation", {"": "somebody/kernel"}),
        ("experts_implementation", "somebody/kernel"),
        ("transformers_weights", "decoy.safetensors"),
        ("configuration_files", ["config.4.0.0.json"]),
        ("fusion_config", {"qkv": True}),
    ],
)
def test_a_config_out_of_bounds_or_that_leads_elsewhere_is_refused(folder: Path, name: str, value: Any) -> None:
    edit(folder / "config.json", **{name: value})
    refused(folder, rf"config\.json: {name} ")


@pytest.mark.parametrize(
    "values", [{"d_ff": 4_096}, {"num_layers": 300}, {"d_model": 8_192}, {"hidden_size": 8_192}, {"vocab_size": 10**6}]
)
def test_a_config_of_more_than_its_weights_is_refused_before_it_is_built(folder: Path, values: dict[str, int]) -> None:
    edit(folder / "config.json", **values)
    refused(folder, "describes a model larger than its weights, which have [0-9,]+ numbers")


@pytest.mark.parametrize("size", ["hidden_size", "num_hidden_layers", "vocab_size"])
def test_a_config_that_leaves_a_size_to_the_library_is_refused(tmp_path: Path, size: str) -> None:
    build_tiny_causal(TEXTS, tmp_path / "m", size=SIZE, seed=1)
    assert open_model(str(tmp_path / "m")).name == "m"
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    del config[size]
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    refused(tmp_path / "m", f"it does not say {size}")


def _header(value: object, data: bytes = b"") -> bytes:
    header = json.dumps(value).encode()
    return struct.pack("<Q", len(header)) + header + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        struct.pack("<Q", 1 << 63),
        struct.pack("<Q", 90 << 20) + b"{}" + b" " * 1_000,
        struct.pack("<Q", 1 << 20) + b"[" * (1 << 20),
        _header({"shared.weight": {"dtype": "F32", "shape": [1 << 62, 1 << 62], "data_offsets": [0, 0]}}),
        _header({"shared.weight": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}, b"1234"),
        _header(
            {f"w{i}": {"dtype": "F32", "shape": [1_000], "data_offsets": [0, 4_000]} for i in range(99)}, bytes(4_000)
        ),
        _header({"shared.weight": [1]}),
        _header({"shared.weight": {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]}}, b"1234"),
    ],
    ids=["empty", "length", "spaces", "deep", "overflow", "negative", "overlap", "list", "type"],
)
def test_a_header_that_describes_what_the_file_lacks_is_refused(folder: Path, content: bytes) -> None:
    (folder / WEIGHTS).write_bytes(content)
    refused(folder, rf"{WEIGHTS}")


def _normaliser(*contents: tuple[str, str]) -> dict[str, Any]:
    parts = [{"type": "Replace", "pattern": {"String": old}, "content": new} for old, new in contents]
    return {"normalizer": {"type": "Sequence", "normalizers": parts}}


@pytest.mark.parametrize(
    "values",
    [
        _normaliser(("a", "a" * 1_000), ("a", "a" * 1_000)),
        _normaliser(*[("a", "aaaa")] * 5),
        {"normalizer": {"type": "Replace", "pattern": {"Regex": ""}, "content": "x" * 300}},
        {"normalizer": {"type": "Prepend", "prepend": "x" * 300}},
        {"normalizer": {"type": "Unheard"}},
        {"decoder": {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 100_000}},
        {
            "padding": {
                "strategy": {"Fixed": 10**9},
                "direction": "Right",
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "",
            }
        },
        {
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "x", "type_id": 0}}] * 100,
                "pair": [],
                "special_tokens": {"x": {"id": "x", "ids": [1] * 1_000, "tokens": ["x"] * 1_000}},
            }
        },
        {"added_tokens": [{"id": 0, "content": "x" * 100_000, "special": True}]},
    ],
)
def test_a_tokenizer_that_makes_texts_longer_without_bound_is_refused(folder: Path, values: dict[str, Any]) -> None:
    edit(folder / "tokenizer.json", **values)
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        load_tokenizer(folder)
    refused(folder, r"tokenizer\.json")


@pytest.mark.parametrize(
    ("name", "size"),
    [("generation_config.json", 5_000_000), ("chat_template.jinja", 5_000_000), ("vocab.txt", 50_000_000)],
)
def test_a_file_that_is_read_whole_is_bounded(folder: Path, name: str, size: int) -> None:
    with (folder / name).open("wb") as file:
        file.truncate(size)
    refused(folder, rf"{name} has more than [0-9,]+ bytes")


@pytest.mark.parametrize("name", ["tokenizer_file", "vocab_file", "fast_tokenizer_files"])
def test_settings_of_a_tokenizer_name_no_other_files(folder: Path, name: str) -> None:
    edit(folder / "tokenizer_config.json", **{name: "/etc/tokenizer.json"})
    refused(folder, rf"{name} names files to take in place of the folder's own")


def test_pickles_and_code_beside_the_weights_are_never_run(folder: Path, tmp_path: Path) -> None:
    witness = f"open({str(tmp_path / 'executed')!r}, 'w')\n"
    pickled = f"cbuiltins\nexec\n(V{witness.strip()}\ntR.".encode()
    for name in ("pytorch_model.bin", "model.pt", "training_args.bin", "optimizer.pt"):
        (folder / name).write_bytes(pickled)
    for name in ("evil.py", "custom_generate/generate.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{witness}class C: pass\ndef generate(*_, **__): pass\n")
    edit(folder / "config.json", auto_map={"AutoConfig": "evil.C", "AutoModelForSeq2SeqLM": "evil.C"})
    edit(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.C", "evil.C"]})
    model = open_model(handed_over(folder))
    family = open_family(model.path)
    family.load_tokenizer(model.path)
    assert type(family.load_model(model.path)).__name__ == "T5ForConditionalGeneration"
    assert not (tmp_path / "executed").exists()
    edit(folder / "config.json", model_type="evil")
    with pytest.raises(InputError, match="a model of type evil is not known"):
        open_family(open_model(handed_over(folder)).path)
    assert not (tmp_path / "executed").exists()


def test_a_pinned_model_is_opened_and_another_refused_with_both(honest: Path, folder: Path) -> None:
    storage, digest = Storage.of(S3Settings()), open_model(str(honest)).digest
    wanted = ModelSettings(uri=(str(honest),), digest=(digest,))
    assert [model.digest for model in open_models(wanted, storage)] == [digest]
    other_weights(folder, folder / "new.safetensors")
    (folder / "new.safetensors").rename(folder / WEIGHTS)
    changed = open_model(handed_over(folder)).digest
    with pytest.raises(ConfigError, match=f"model.digest={digest}, and model chest in .* has digest {changed}"):
        open_models(wanted.model_copy(update={"uri": (str(folder),)}), storage)
    with pytest.raises(ConfigError, match=r"model\.digest has 1 digests for 2 models"):
        open_models(wanted.model_copy(update={"uri": (str(honest), str(folder))}), storage)


@pytest.mark.parametrize("build", [build_tiny, build_tiny_causal])
def test_an_honest_folder_in_parts_is_opened(build: Callable[..., None], tmp_path: Path) -> None:
    folder = tmp_path / "m"
    build(TEXTS, folder, size=SIZE, seed=1)
    weights = load_file(folder / WEIGHTS)
    files = {name: f"model-0000{1 + place % 2}-of-00002.safetensors" for place, name in enumerate(weights)}
    for file in set(files.values()):
        part = {name: value for name, value in weights.items() if files[name] == file}
        save_file(part, folder / file, metadata={"format": "pt"})
    (folder / WEIGHTS).unlink()
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": files}))
    (folder / "README.md").write_text("About this model.")
    model = open_model(handed_over(folder))
    assert stored_in(model.path) == files
    assert open_family(model.path).load_model(model.path).config.vocab_size > 0
