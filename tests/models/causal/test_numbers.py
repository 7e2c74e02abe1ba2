"""Numbers beside the weights: put into a copy as the config says, and read back from it."""

import json
from pathlib import Path
from typing import Any

import pytest
from ctranslate2.converters.transformers import LlamaLoader, ModelLoader

from radray.errors import InputError
from radray.models.engines.conversion import ensure_converted, find_converted
from radray.models.engines.opening import open_engine
from radray.models.engines.parity import prove
from radray.models.families.causal import converting
from radray.models.families.causal.numbers import expected_numbers, read_numbers
from radray.models.families.loading import load_config
from tests.models.causal.kinds import FAMILY, PROMPTS, build, settings_of

DEFAULT = {"rope_type": "default", "rope_theta": 10_000.0}
STRETCHED = {"rope_type": "linear", "rope_theta": 500_000.0, "factor": 8.0}
LLAMA_3 = {
    **{"rope_type": "llama3", "rope_theta": 500_000.0, "factor": 32.0},
    **{"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64},
}
WRONG_BY_ITSELF: dict[str, tuple[str, dict[str, Any], str]] = {
    "llama3": ("llama", {"rope_parameters": LLAMA_3}, "original max position embeddings in layer 0 None.* 64"),
    "base": (
        "gemma3_text",
        {"rope_parameters": {"full_attention": DEFAULT | {"rope_theta": 5e5}, "sliding_attention": DEFAULT}},
        r"rotary base in layer 1 1000000\.0, the model's config 500000",
    ),
    "stretch": (
        "gemma3_text",
        {"rope_parameters": {"full_attention": STRETCHED, "sliding_attention": DEFAULT}},
        "in layer 1 1000000",
    ),
    "queries": ("gemma3_text", {"query_pre_attn_scalar": 20}, "queries scale in layer 0 None"),
}
"""Models whose copies CTranslate2's own converter gets wrong, and what is the matter with them."""


@pytest.mark.parametrize("case", WRONG_BY_ITSELF)
def test_what_the_converter_gets_wrong_is_put_right(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model_type, config, complaint = WRONG_BY_ITSELF[case]
    model = build(model_type, tmp_path / "m", **config)
    with monkeypatch.context() as patched:
        patched.setattr(converting, "put_numbers", lambda spec, config: None)
        with pytest.raises(InputError, match=complaint):
            ensure_converted(model, "float32")
    assert find_converted(model, "float32") is None
    record, _ = prove(model, settings_of(), PROMPTS)
    assert (record.n, record.equal) == (len(PROMPTS), len(PROMPTS))


@pytest.mark.parametrize("case", ["llama3", "queries"])
def test_and_it_would_have_written_something_else(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model_type, config, _ = WRONG_BY_ITSELF[case]
    for name in ("put_numbers", "refuse_other_numbers"):
        monkeypatch.setattr(converting, name, lambda *_: None)
    record, _ = prove(build(model_type, tmp_path / "m", **config), settings_of(), PROMPTS)
    assert record.equal < record.n


@pytest.mark.parametrize("compute_type", ["float32", "int8", "bfloat16"])
def test_a_copy_has_the_numbers_of_the_config_in_every_type(compute_type: str, tmp_path: Path) -> None:
    model = build("llama", tmp_path / "m", rope_parameters=LLAMA_3, rms_norm_eps=3e-5, tie_word_embeddings=True)
    (tmp_path / "copy").mkdir()
    FAMILY.write_converted(model.path, tmp_path / "copy", compute_type)
    numbers = read_numbers(tmp_path / "copy")
    assert numbers == pytest.approx(expected_numbers(load_config(model.path)), rel=1e-6)
    assert numbers["rotary base in layer 1"] == 500_000
    assert numbers["norm epsilon"] == pytest.approx(3e-5)
    assert numbers["tied"] == 1
    assert len(numbers) == 3 + 2 * 6


@pytest.mark.parametrize("wrong", ["base", "epsilon", "tied", "untied", "activation"])
def test_a_copy_with_another_number_is_refused_by_its_name(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config: dict[str, Any] = {"rope_parameters": DEFAULT | {"rope_theta": 100_000.0}, "tie_word_embeddings": False}
    complaints = {
        "base": r"rotary base in layer 0 10000\.0, the model's config 100000\.0",
        "epsilon": r"norm epsilon 0\.001, the model's config 1e-06",
        "tied": r"tied 1\.0, the model's config 0\.0",
        "untied": r"tied 0\.0, the model's config 1\.0",
        "activation": r"activation 2\.0, the model's config 3\.0",
    }
    load, describe = LlamaLoader.get_model_spec, LlamaLoader.set_config

    def loaded(self: Any, model: Any) -> Any:
        spec = load(self, model)
        if wrong == "tied":
            spec.decoder.projection.weight = spec.decoder.embeddings.weight
        if wrong == "untied":
            spec.decoder.projection.weight = model.lm_head.weight + 1
        return spec

    def described(self: Any, config: Any, model: Any, tokenizer: Any) -> None:
        describe(self, config, model, tokenizer)
        config.layer_norm_epsilon = 1e-3

    if wrong == "base":
        monkeypatch.setattr(ModelLoader, "get_rotary_params", lambda *_: (None, 1, 10_000))
        monkeypatch.setattr(converting, "put_numbers", lambda spec, config: None)
    elif wrong == "epsilon":
        monkeypatch.setattr(LlamaLoader, "set_config", described)
    elif wrong == "activation":
        config["hidden_act"] = "gelu"
    else:
        monkeypatch.setattr(LlamaLoader, "get_model_spec", loaded)
        config["tie_word_embeddings"] = wrong == "untied"
    model = build("llama", tmp_path / "m", **config)
    with pytest.raises(InputError, match=f"the converted copy has {complaints[wrong]}: it is not used"):
        ensure_converted(model, "float32")
    assert find_converted(model, "float32") is None


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"rope_parameters": STRETCHED | {"rope_type": "dynamic"}}, r"stretch rotary positions .* \(dynamic\)"),
        ({"hidden_act": "tanh"}, r"have the model's activation \(tanh\)"),
    ],
)
def test_what_ctranslate2_does_not_compute_is_refused(config: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    model = build("llama", tmp_path / "m", **config)
    with pytest.raises(InputError, match=f"CTranslate2 does not .*{complaint}"):
        ensure_converted(model, "float32")


def test_ids_that_are_no_rows_of_the_embedding_are_refused(tmp_path: Path) -> None:
    model = build("llama", tmp_path / "m")
    file = model.path / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"vocab_size": config["vocab_size"] - 1}))
    with pytest.raises(InputError, match="ids are not the first rows"):
        ensure_converted(model, "float32")


def test_spare_rows_of_the_embedding_are_written_alike(tmp_path: Path) -> None:
    model = build("llama", tmp_path / "m", vocab_size=340)
    record, _ = prove(model, settings_of(), PROMPTS)
    assert (record.n, record.equal) == (len(PROMPTS), len(PROMPTS))


@pytest.mark.parametrize("model_type", ["mistral", "gemma3_text"])
def test_up_to_the_window_of_attention_both_engines_agree(model_type: str, tmp_path: Path) -> None:
    model = build(model_type, tmp_path / "m", sliding_window=30)
    record, _ = prove(model, settings_of(max_input_tokens=18, max_new_tokens=12), PROMPTS)
    assert (record.n, record.equal) == (len(PROMPTS), len(PROMPTS))
    wider = settings_of(max_input_tokens=19, max_new_tokens=12, engine="ctranslate2")
    with pytest.raises(InputError, match=r"attend to 30 tokens .*generate\.max_new_tokens, 31 together"):
        open_engine(model, wider)
    open_engine(model, wider.model_copy(update={"engine": "transformers"}))


def test_a_window_that_no_layer_has_is_no_limit(tmp_path: Path) -> None:
    model = build("qwen2", tmp_path / "m", sliding_window=16, use_sliding_window=True, max_window_layers=2)
    record, _ = prove(model, settings_of(), PROMPTS)
    assert record.passed
    slides = build("qwen2", tmp_path / "s", sliding_window=16, use_sliding_window=True, max_window_layers=1)
    with pytest.raises(InputError, match="attend to 16 tokens"):
        open_engine(slides, settings_of(engine="ctranslate2"))
