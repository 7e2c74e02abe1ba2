"""LoRA and soft prompts: the exported folder against PEFT's own reading of what was learnt, and in both engines."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from radray.models.engines.ctranslate2_beam import CTranslate2Engine
from radray.models.engines.transformers_beam import TransformersEngine
from radray.models.families.adapters import add_adapter, write_adapted
from radray.models.families.loading import load_tokenizer
from radray.models.families.t5.family import T5Family
from radray.models.families.t5.loading import load_model
from radray.models.families.t5.saving import save_model
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import open_model
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings
from radray.settings.train import TrainSettings

TEXTS = [
    "There is a small nodule in the left lung.",
    "No effusion. The heart is normal.",
    "Large opacity on the right with effusion and a nodule.",
]
FAMILY = T5Family()
LORA = TrainSettings(method="lora", lora_rank=4)
SOFT = TrainSettings(method="soft_prompt", soft_prompt_tokens=5)
SIZE = TinySettings(vocab_size=300, d_model=32, d_ff=64, num_layers=2, num_heads=2)


@pytest.fixture(scope="module", autouse=True)
def _single_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "toy"
    build_tiny(TEXTS * 3, folder, size=SIZE, seed=1)
    return folder


def _learnt(base: Path, settings: TrainSettings) -> Any:
    """Return a model on which all that learns was moved a good way from its start."""
    model = add_adapter(load_model(base), settings, FAMILY)
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return model


@pytest.fixture(scope="module", params=[LORA, SOFT], ids=["lora", "soft_prompt"])
def exported(
    request: pytest.FixtureRequest, base: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TrainSettings, Path, torch.Tensor]:
    """An export, with the logits of the model that was exported, in double precision."""
    settings: TrainSettings = request.param
    model = _learnt(base, settings)
    logits = _exact_logits(model, load_tokenizer(base))
    folder = tmp_path_factory.mktemp("export") / settings.method
    write_adapted(model, load_tokenizer(base), settings, folder, str(base), FAMILY)
    return settings, folder, logits


@torch.no_grad()
def _logits(model: Any, tokenizer: Any) -> torch.Tensor:
    batch = tokenizer(TEXTS, return_tensors="pt", padding=True)
    target = torch.tensor([[0, 9, 8, 7]] * len(TEXTS))
    return model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], decoder_input_ids=target).logits


def test_what_learns_is_the_adapter_alone(base: Path) -> None:
    lora = add_adapter(load_model(base), LORA, FAMILY)
    learning = [name for name, parameter in lora.named_parameters() if parameter.requires_grad]
    assert all(".lora_" in name for name in learning)
    # per layer: 4 of attention (8 in the decoder's, which has two) and 3 of the gated feed-forward, each A and B
    assert len(learning) == 2 * (2 * (4 + 3) + 2 * (8 + 3))
    soft = add_adapter(load_model(base), SOFT, FAMILY)
    shapes = [(name, tuple(p.shape)) for name, p in soft.named_parameters() if p.requires_grad]
    assert shapes == [("prompt_encoder.default.embedding.weight", (5, 32))]


def test_equal_seeds_give_equal_starts(base: Path) -> None:
    for settings in (LORA, SOFT):
        first, second, other = (
            {
                n: p.clone()
                for n, p in add_adapter(load_model(base), start, FAMILY).named_parameters()
                if p.requires_grad
            }
            for start in (settings, settings, settings.model_copy(update={"seed": 14}))
        )
        assert all(torch.equal(first[name], second[name]) for name in first)
        assert not all(torch.equal(first[name], other[name]) for name in first)


def test_a_fresh_lora_changes_nothing(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    torch.testing.assert_close(
        _logits(add_adapter(load_model(base), LORA, FAMILY), tokenizer), _logits(load_model(base), tokenizer)
    )


def _exact_logits(model: Any, tokenizer: Any, rounded: float = 0.0, seed: int = 0) -> torch.Tensor:
    """Return the logits of `model` in double precision, each weight moved at random by up to `rounded` of itself."""
    model = copy.deepcopy(model).double()
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 1 + rounded * (2 * torch.rand(weight.shape, generator=draw, dtype=torch.float64) - 1)
    return _logits(model, tokenizer)


@pytest.fixture(scope="module")
def tolerance(exported: tuple[TrainSettings, Path, torch.Tensor], base: Path) -> float:
    """How far a logit of `exported` may be from its value in double precision, on any processor.

    A sum of n products in single precision is the exact sum for weights that are each off by n * u at most, in
    whatever order it is taken (Higham 2002, section 3.1). The longest sum here has n = d_ff terms, and merging adds
    lora_rank + 2. So all weights of the model that learnt are moved by that much at random, in double precision, and
    the logit that moves most is the measure. The roundings of a real sum cancel, and stay far below.
    """
    settings, _, exact = exported
    model, tokenizer = _learnt(base, settings), load_tokenizer(base)
    rounded = (SIZE.d_ff + LORA.lora_rank + 2) * torch.finfo(torch.float32).eps / 2
    moved = [_exact_logits(model, tokenizer, rounded, seed) - exact for seed in range(4)]
    return max(float(difference.abs().max()) for difference in moved)


def test_plain_transformers_gives_the_logits_of_the_model_that_learnt(
    exported: tuple[TrainSettings, Path, torch.Tensor], tolerance: float, base: Path
) -> None:
    _, folder, expected = exported
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    logits = _logits(AutoModelForSeq2SeqLM.from_pretrained(folder, local_files_only=True), tokenizer).double()
    torch.testing.assert_close(logits[..., : expected.shape[-1]], expected, rtol=0, atol=tolerance)
    # and it is not the base model
    assert not torch.allclose(expected, _logits(load_model(base), load_tokenizer(base)).double(), atol=0.1)


def test_one_matrix_that_is_not_merged_is_seen_in_the_logits(
    exported: tuple[TrainSettings, Path, torch.Tensor], tolerance: float, base: Path
) -> None:
    settings, folder, expected = exported
    if settings.method != "lora":
        pytest.skip("a soft prompt is not merged")
    merged, before = load_model(folder), dict(load_model(base).named_parameters())
    changed = [name for name, weight in merged.named_parameters() if not torch.equal(weight, before[name])]
    assert len(changed) == 2 * (4 + 3) + 2 * (8 + 3)
    for name in changed:
        model = copy.deepcopy(merged)
        with torch.no_grad():
            model.get_parameter(name).copy_(before[name])
        wrong = (_logits(model, load_tokenizer(folder)) - expected).abs().max()
        assert wrong > 10 * tolerance, name


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_peft_reads_the_adapter_that_is_kept(
    exported: tuple[TrainSettings, Path, torch.Tensor], tolerance: float, base: Path
) -> None:
    _, folder, expected = exported
    model = PeftModel.from_pretrained(load_model(base), folder / "adapter")
    torch.testing.assert_close(_logits(model, load_tokenizer(base)).double(), expected, rtol=0, atol=tolerance)
    config = json.loads((folder / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(base)


def test_the_export_is_an_ordinary_model_folder(exported: tuple[TrainSettings, Path, torch.Tensor]) -> None:
    _, folder, _ = exported
    model = open_model(str(folder))
    assert {"adapter/adapter_model.safetensors", "adapter/adapter_config.json"} < set(model.manifest.files)
    names = set(load_file(folder / "model.safetensors"))
    assert not [name for name in names if "lora" in name or "base_layer" in name or "prompt" in name]
    stored = load_file(folder / "model.safetensors")
    assert not torch.equal(stored["lm_head.weight"], stored["shared.weight"])


def _settings(**more: Any) -> tuple[GenerateSettings, GenerateSettings]:
    hf, ct2 = (
        GenerateSettings(engine=engine, num_return_sequences=2, threads_per_actor=1, **more)
        for engine in ("transformers", "ctranslate2")
    )
    return hf, ct2


def test_both_engines_write_the_same_and_never_a_piece_of_the_prompt(
    exported: tuple[TrainSettings, Path, torch.Tensor],
) -> None:
    settings, folder, _ = exported
    hf, ct2 = _settings(num_beams=3, max_new_tokens=12, suppress_masks=False)
    reference = TransformersEngine(folder, hf).generate(TEXTS)
    fast = CTranslate2Engine(open_model(str(folder)), ct2).generate(TEXTS)
    for expected, other in zip(reference, fast, strict=True):
        assert [h.text for h in expected.hypotheses] == [h.text for h in other.hypotheses]
        assert [h.score for h in expected.hypotheses] == pytest.approx([h.score for h in other.hypotheses], abs=1e-3)
        assert expected.input_tokens == other.input_tokens
    prompt = settings.soft_prompt_tokens if settings.method == "soft_prompt" else 0
    tokenizer = load_tokenizer(folder)
    assert [len(row) for row in tokenizer(TEXTS)["input_ids"]] == [generation.input_tokens for generation in reference]
    assert tokenizer("")["input_ids"][prompt:] == [1]


def test_a_piece_of_the_prompt_is_not_written_where_the_model_would(base: Path, tmp_path: Path) -> None:
    write_adapted(_learnt(base, SOFT), load_tokenizer(base), SOFT, tmp_path / "soft", "base", FAMILY)
    tokenizer = load_tokenizer(tmp_path / "soft")
    soft: Any = tokenizer.convert_tokens_to_ids([f"<soft_prompt_{index}>" for index in range(5)])
    model = load_model(tmp_path / "soft")
    # rows that win everywhere
    with torch.no_grad():
        model.lm_head.weight[soft] = 50.0 * model.lm_head.weight[:100].mean(dim=0).sign()
    save_model(model, tokenizer, tmp_path / "loud")
    loud = _logits(load_model(tmp_path / "loud"), tokenizer)
    assert {int(token) for token in loud.argmax(dim=-1).flatten()} & set(soft)
    config = "tokenizer_config.json"
    (tmp_path / "loud" / config).write_bytes((tmp_path / "soft" / config).read_bytes())
    hf, ct2 = _settings(num_beams=2, max_new_tokens=6)
    for engine in (
        TransformersEngine(tmp_path / "loud", hf),
        CTranslate2Engine(open_model(str(tmp_path / "loud")), ct2),
    ):
        generations = engine.generate(TEXTS)
        assert all(generation.output_tokens > 0 for generation in generations)
        assert not [h for generation in generations for h in generation.hypotheses if "soft_prompt" in h.text]
        assert any(h.text for generation in generations for h in generation.hypotheses)


def test_transformers_own_generate_leaves_the_pieces_out_too(base: Path, tmp_path: Path) -> None:
    write_adapted(_learnt(base, SOFT), load_tokenizer(base), SOFT, tmp_path / "soft", "base", FAMILY)
    model = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "soft", local_files_only=True)
    first = len(load_tokenizer(base))
    with torch.no_grad():
        # of two rows that are each other's opposite one wins, whatever the decoder says
        loud = 50.0 * model.lm_head.weight[:100].mean(dim=0).sign()
        model.lm_head.weight[first:] = torch.stack([loud, -loud, loud, -loud, loud])
    batch = load_tokenizer(tmp_path / "soft")(TEXTS, return_tensors="pt", padding=True)
    assert int(model(**batch, decoder_input_ids=torch.tensor([[0]] * 3)).logits.argmax(dim=-1).min()) >= first
    assert int(model.generate(**batch, max_new_tokens=5).max()) < first


def test_a_long_input_loses_its_end_and_not_the_prompt(base: Path, tmp_path: Path) -> None:
    write_adapted(_learnt(base, SOFT), load_tokenizer(base), SOFT, tmp_path / "soft", "base", FAMILY)
    tokenizer = load_tokenizer(tmp_path / "soft")
    row = tokenizer(TEXTS[0], truncation=True, max_length=9)["input_ids"]
    assert row[:5] == tokenizer.convert_tokens_to_ids([f"<soft_prompt_{index}>" for index in range(5)])
    assert (len(row), row[-1]) == (9, 1)
