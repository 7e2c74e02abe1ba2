"""Every type of causal model that radray knows: loaded, loaded in parts, and written by both engines alike."""

from typing import Any

import pytest
import torch

from radray.errors import InputError
from radray.models.engines.opening import open_engine
from radray.models.engines.parity import TOLERANCE, compare
from radray.models.families.adapters import add_adapter
from radray.models.families.causal.loading import load_in_parts, load_model
from radray.models.folder import ModelFolder
from radray.settings.train import TrainSettings
from tests.models.causal.kinds import FAMILY, PROMPTS, TYPES, build, settings_of

WITHOUT_FAST_ENGINE = {"gemma2": "soft caps", "phi": "before it came", "phi3": "before it came"}
_GATED = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
LINEAR = dict.fromkeys(TYPES, _GATED) | {
    "phi": ["dense", "fc1", "fc2", "k_proj", "q_proj", "v_proj"],
    "phi3": ["down_proj", "gate_up_proj", "o_proj", "qkv_proj"],
}


CASES = [*((model_type, model_type.startswith(("gemma", "qwen2"))) for model_type in TYPES), ("llama", True)]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{'tied' if case[1] else 'untied'}")
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    torch.set_num_threads(1)
    model_type, tied = request.param
    return build(model_type, tmp_path_factory.mktemp("types") / model_type, tie_word_embeddings=tied)


@torch.no_grad()
def _logits(model: Any) -> torch.Tensor:
    return model(input_ids=torch.arange(3, 40)[None], use_cache=False).logits


def test_its_layers_and_their_linear_layers_are_known(model: ModelFolder) -> None:
    loaded = load_model(model.path)
    wanted = LINEAR[loaded.config.model_type]
    assert len(FAMILY.blocks_of(loaded)) == 2
    assert [FAMILY.linear_layers(block) for block in FAMILY.blocks_of(loaded)] == [wanted] * 2
    learning: Any = add_adapter(loaded, TrainSettings(method="lora", lora_rank=2), FAMILY)
    assert [FAMILY.linear_layers(block) for block in FAMILY.blocks_of(learning)] == [wanted] * 2
    assert sum(parameter.requires_grad for parameter in learning.parameters()) == 2 * 2 * len(wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_loaded_in_parts_it_is_the_same_model(model: ModelFolder, dtype: torch.dtype) -> None:
    whole = load_model(model.path, dtype=dtype)
    placed: list[Any] = []
    parts: Any = load_in_parts(model.path, dtype=dtype, placed=placed.append)
    assert placed == [*FAMILY.blocks_of(parts), parts]
    values, wanted = ({**model.state_dict(), **dict(model.named_buffers())} for model in (parts, whole))
    assert values.keys() == wanted.keys()
    assert all(torch.equal(values[name], value) for name, value in wanted.items())
    tied = whole.config.tie_word_embeddings
    assert (parts.lm_head.weight is parts.get_input_embeddings().weight) is tied
    assert torch.equal(parts.lm_head.weight, parts.get_input_embeddings().weight) is tied
    assert torch.equal(_logits(parts.eval()), _logits(whole))


def test_the_fast_engine_writes_what_transformers_does_or_is_refused(model: ModelFolder) -> None:
    model_type = load_model(model.path).config.model_type
    if model_type in WITHOUT_FAST_ENGINE:
        with pytest.raises(
            InputError, match=f"has no {model_type}, .*{WITHOUT_FAST_ENGINE[model_type]}.*transformers$"
        ):
            open_engine(model, settings_of(engine="ctranslate2"))
        return
    reference = open_engine(model, settings_of(engine="transformers")).generate(PROMPTS)
    comparison = compare(open_engine(model, settings_of(engine="ctranslate2")).generate(PROMPTS), reference)
    assert (comparison.n, comparison.equal) == (len(PROMPTS), len(PROMPTS))
    assert comparison.equal_hypotheses == comparison.hypotheses == 4 * len(PROMPTS)
    assert comparison.max_score_difference < TOLERANCE
    # what is compared is varied: texts, ends, and their places
    assert len({generation.hypotheses[0].text for generation in reference}) >= len(PROMPTS) // 2
    assert len({generation.output_tokens for generation in reference}) > 1
