"""LoRA and soft prompts of causal models: the exported folder against the model that learnt, PEFT and both engines."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from tokenizers import processors
from transformers import AutoModelForCausalLM, AutoTokenizer

from radray.models.engines.opening import open_engine
from radray.models.engines.parity import compare
from radray.models.families.adapters import add_adapter, write_adapted
from radray.models.families.causal.loading import load_model
from radray.models.folder import ModelFolder, open_model
from radray.settings.train import TrainSettings
from tests.models.causal.kinds import FAMILY, PROMPTS, TEXTS, build, settings_of

LORA = TrainSettings(method="lora", lora_rank=4)
SOFT = TrainSettings(method="soft_prompt", soft_prompt_tokens=5)
PIECES = [f"<soft_prompt_{index}>" for index in range(5)]
CASES = [("llama", True, LORA), ("llama", True, SOFT), ("llama", False, SOFT), ("qwen2", False, LORA)]


@pytest.fixture(
    scope="module", params=CASES, ids=lambda case: f"{case[0]}-{'tied' if case[1] else 'untied'}-{case[2].method}"
)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainSettings, Path]:
    """A base model, how it learnt, and what was exported."""
    torch.set_num_threads(1)
    model_type, tied, settings = request.param
    folder = tmp_path_factory.mktemp("adapters")
    base = build(model_type, folder / "base", tie_word_embeddings=tied).path
    write_adapted(_learnt(base, settings), FAMILY.load_tokenizer(base), settings, folder / "out", str(base), FAMILY)
    return base, settings, folder / "out"


def _learnt(base: Path, settings: TrainSettings) -> Any:
    """Return a model on which all that learns was moved a good way from its start."""
    model = add_adapter(load_model(base), settings, FAMILY)
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return model


@torch.no_grad()
def _logits(model: Any, tokenizer: Any, base_tokenizer: Any) -> torch.Tensor:
    """Return the logits after each token of the texts themselves, over the base's vocabulary."""
    rows = []
    for text in TEXTS:
        ids, own = tokenizer(text)["input_ids"], base_tokenizer(text)["input_ids"]
        rows.append(model(input_ids=torch.tensor([ids])).logits[0, -len(own) :, : len(base_tokenizer)])
    return torch.cat(rows).double()


def test_plain_transformers_gives_the_logits_of_the_model_that_learnt(case: tuple[Path, TrainSettings, Path]) -> None:
    base, settings, folder = case
    plain = FAMILY.load_tokenizer(base)
    expected = _logits(_learnt(base, settings), plain, plain)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    torch.testing.assert_close(_logits(model, tokenizer, plain), expected, rtol=1e-4, atol=1e-4)
    # and it is not the base model
    assert not torch.allclose(expected, _logits(load_model(base), plain, plain), atol=0.1)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_peft_reads_the_adapter_that_is_kept(case: tuple[Path, TrainSettings, Path]) -> None:
    base, settings, folder = case
    plain = FAMILY.load_tokenizer(base)
    model = PeftModel.from_pretrained(load_model(base), folder / "adapter")
    expected = _logits(_learnt(base, settings), plain, plain)
    torch.testing.assert_close(_logits(model, plain, plain), expected, rtol=1e-4, atol=1e-4)


def test_the_export_is_an_ordinary_folder_that_stays_tied(case: tuple[Path, TrainSettings, Path]) -> None:
    base, settings, folder = case
    names = set(load_file(folder / "model.safetensors"))
    assert not [name for name in names if "lora" in name or "base_layer" in name or "prompt" in name]
    assert names == set(load_file(base / "model.safetensors"))
    model, before = load_model(folder), load_model(base)
    assert model.config.tie_word_embeddings == before.config.tie_word_embeddings == ("lm_head.weight" not in names)
    assert {"adapter/adapter_model.safetensors"} < set(open_model(str(folder)).manifest.files)
    if settings.method == "lora":
        changed = [name for name, weight in model.named_parameters() if not weight.equal(before.get_parameter(name))]
        assert len(changed) == 2 * 7


@pytest.mark.parametrize("chat", [False, True])
def test_both_engines_write_the_same_after_the_prompts_pieces(
    case: tuple[Path, TrainSettings, Path], chat: bool
) -> None:
    _, settings, folder = case
    model = open_model(str(folder))
    fast, reference = (
        open_engine(model, settings_of(engine=name), chat=chat).generate(PROMPTS)
        for name in ("ctranslate2", "transformers")
    )
    assert compare(fast, reference).equal == len(PROMPTS)
    assert not [h for generation in fast for h in generation.hypotheses if "soft_prompt" in h.text]
    tokenizer = FAMILY.load_tokenizer(folder)
    for prompt in FAMILY.encode_prompts(tokenizer, PROMPTS, chat=chat):
        pieces = tokenizer.convert_ids_to_tokens(prompt.ids)
        assert [piece for piece in pieces if piece in PIECES] == (PIECES if settings is SOFT else [])
        assert settings is LORA or pieces[:5] == PIECES
    assert [g.input_tokens for g in fast] == [
        len(prompt.ids) for prompt in FAMILY.encode_prompts(tokenizer, PROMPTS, chat=chat)
    ]


def _loud(folder: Path) -> ModelFolder:
    """Make the pieces of the prompt what the model of `folder` would write everywhere."""
    model: Any = load_model(folder)
    tokenizer = FAMILY.load_tokenizer(folder)
    rows: Any = tokenizer.convert_tokens_to_ids(PIECES)
    with torch.no_grad():
        # of two rows that are each other's opposite one wins, whatever the model says
        loud = 50.0 * model.lm_head.weight[:100].mean(dim=0).sign()
        model.lm_head.weight[rows] = torch.stack([loud, -loud, loud, -loud, loud])
        ids = torch.tensor([tokenizer(TEXTS[0])["input_ids"]])
        assert int(model(input_ids=ids).logits[0, -1].argmax()) in rows
        # transformers' own generate leaves them out too
        assert not set(model.generate(ids, max_new_tokens=4)[0, ids.shape[1] :].tolist()) & set(rows)
    FAMILY.save_model(model, tokenizer, folder.with_name("loud"))
    return open_model(str(folder.with_name("loud")))


def test_a_piece_of_the_prompt_is_not_written_where_the_model_would(tmp_path: Path) -> None:
    base = build("llama", tmp_path / "base").path
    write_adapted(_learnt(base, SOFT), FAMILY.load_tokenizer(base), SOFT, tmp_path / "soft", "base", FAMILY)
    model = _loud(tmp_path / "soft")
    for name in ("transformers", "ctranslate2"):
        generations = open_engine(model, settings_of(engine=name)).generate(TEXTS)
        assert not [h for generation in generations for h in generation.hypotheses if "soft_prompt" in h.text]
        assert any(h.text for generation in generations for h in generation.hypotheses)


@pytest.mark.parametrize("ends", [False, True])
def test_pieces_stand_before_the_token_that_begins_a_text(tmp_path: Path, ends: bool) -> None:
    base = build("llama", tmp_path / "base", vocab_size=310).path
    tokenizer: Any = FAMILY.load_tokenizer(base)
    begin, end = "<|user|>", tokenizer.eos_token
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}" if ends else f"{begin} $A",
        special_tokens=[(begin, 2), (end, tokenizer.eos_token_id)],
    )
    write_adapted(_learnt(base, SOFT), tokenizer, SOFT, tmp_path / "soft", "base", FAMILY)
    again = FAMILY.load_tokenizer(tmp_path / "soft")
    (prompt,) = FAMILY.encode_prompts(again, ["No line."], chat=False)
    assert again.convert_ids_to_tokens(prompt.ids)[:7] == [*PIECES, begin, "No"]
    assert again.decode(prompt.ids) == f"{''.join(PIECES)}{begin}No line."
