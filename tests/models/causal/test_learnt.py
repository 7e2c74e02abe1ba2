"""What every type of causal model learns: losses in batches and alone, and adapters before and after their export."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from radray.models.families.adapters import add_adapter, write_adapted
from radray.models.folder import ModelFolder
from radray.settings.train import TrainSettings
from tests.models.causal.kinds import FAMILY, PROMPTS, TYPES, build

TARGETS = ["No acute disease.", "Line in the SVC; no pneumothorax.", "X", "Nodule."]
ASKED = [PROMPTS[0], PROMPTS[1], PROMPTS[10], PROMPTS[4]]
CPU = torch.device("cpu")
ADAPTERS = {
    method: TrainSettings(method=method, lora_rank=2, soft_prompt_tokens=3) for method in ("lora", "soft_prompt")
}


@pytest.fixture(scope="module", params=TYPES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    torch.set_num_threads(1)
    return build(request.param, tmp_path_factory.mktemp("types") / request.param)


def _rows(model: ModelFolder) -> tuple[list[list[int]], list[list[int]]]:
    tokenizer = FAMILY.load_tokenizer(model.path)
    inputs = [prompt.ids for prompt in FAMILY.encode_prompts(tokenizer, ASKED, chat=False)]
    targets = FAMILY.encode_targets(tokenizer, TARGETS, chat=False)
    assert len({len(row) for row in inputs}) == len({len(row) for row in targets}) == 4
    return inputs, targets


def _learnt(model: ModelFolder, settings: TrainSettings) -> Any:
    """The model with an adapter whose weights are no longer those that it starts with."""
    learnt = add_adapter(FAMILY.load_model(model.path), settings, FAMILY)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in learnt.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return learnt


def _alone(model: Any, row: list[int], target: list[int]) -> torch.Tensor:
    return model(input_ids=torch.tensor([[*row, *target[:-1]]])).logits[0, len(row) - 1 :]


@torch.no_grad()
@pytest.mark.parametrize("attention", ["as it is loaded", "eager"])
def test_in_a_batch_targets_have_the_logits_of_each_alone(attention: str, model: ModelFolder) -> None:
    loaded = FAMILY.load_model(model.path)
    if attention == "eager":
        loaded.set_attn_implementation(attention)
    inputs, targets = _rows(model)
    logits = FAMILY.target_logits(loaded, loaded, inputs, targets, CPU)
    for own, row, target in zip(logits, inputs, targets, strict=True):
        torch.testing.assert_close(own[: len(target)], _alone(loaded, row, target), rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("method", ADAPTERS)
def test_an_export_has_the_logits_and_the_texts_of_what_learnt(method: str, model: ModelFolder, tmp_path: Path) -> None:
    settings = ADAPTERS[method]
    learnt = _learnt(model, settings)
    inputs, targets = _rows(model)
    tokenizer = FAMILY.load_tokenizer(model.path)
    expected = FAMILY.target_logits(learnt, learnt, inputs, targets, CPU)
    # renormalised: the folder's probabilities are without the pieces of a soft prompt, as in our engines
    search: dict[str, Any] = {"num_beams": 3, "max_new_tokens": 10, "early_stopping": True, "renormalize_logits": True}
    written = FAMILY.search(learnt, inputs, CPU, return_dict_in_generate=True, **search).sequences
    texts = tokenizer.batch_decode(written, skip_special_tokens=True)
    write_adapted(learnt, tokenizer, settings, tmp_path / "learnt", "base", FAMILY)
    # by transformers alone, each prompt alone
    theirs = AutoTokenizer.from_pretrained(tmp_path / "learnt", local_files_only=True)
    exported: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "learnt", local_files_only=True)
    known = expected.shape[2]
    for place, prompt in enumerate(ASKED):
        row = theirs(prompt)["input_ids"]
        assert len(row) == len(inputs[place]) + (3 if method == "soft_prompt" else 0)
        own = _alone(exported, row, targets[place])[:, :known]
        torch.testing.assert_close(own, expected[place, : len(targets[place])], rtol=1e-3, atol=1e-3)
        written = exported.generate(
            input_ids=torch.tensor([row]), attention_mask=torch.ones(1, len(row), dtype=torch.long), **search
        )
        assert theirs.decode(written[0, len(row) :], skip_special_tokens=True) == texts[place]
    before = FAMILY.load_model(model.path)
    assert not torch.allclose(_alone(before, inputs[0], targets[0]), expected[0, : len(targets[0])], atol=0.1)
    assert len(set(texts)) > 1
