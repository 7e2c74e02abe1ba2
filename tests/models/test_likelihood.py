"""The likelihood of a given text: the sum of its tokens' log-probabilities, by both engines and families."""

from pathlib import Path
from typing import Any

import pytest
import torch

from radray.models.engines.beam_search import BeamEngine
from radray.models.engines.ctranslate2_beam import CTranslate2Engine
from radray.models.engines.transformers_beam import TransformersEngine
from radray.models.families.pieces import PATIENTS
from radray.models.families.registry import open_family
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from tests.models.causal.kinds import SIZE, TEXTS, build, settings_of

PROMPTS = ["The lungs are clear.", "Heart size is normal; the tip of the line ends in the SVC.", "nodule", "nodule"]
ANSWERS = ["No pleural effusion.", "nodule", "There is a 1.9 x 1.8 cm nodule in the right upper lobe.", ""]
ENGINES = pytest.mark.parametrize("kind", [TransformersEngine, CTranslate2Engine])


@pytest.fixture(scope="module", params=["t5", "llama"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("likelihood") / "m"
    if request.param == "llama":
        return build("llama", folder)
    build_tiny(TEXTS * PATIENTS, folder, size=SIZE, seed=2)
    write_manifest(folder, "m", {})
    return open_model(str(folder))


def opened(kind: type[Any], model: ModelFolder, **settings: Any) -> BeamEngine:
    if kind is TransformersEngine:
        return TransformersEngine(model.path, settings_of(engine="transformers", **settings))
    return CTranslate2Engine(model, settings_of(engine="ctranslate2", **settings))


def by_hand(folder: Path, prompt: str, text: str, limit: int | None = None) -> tuple[float, int]:
    """Return the sum of log-softmax over the tokens of `text`, the model called anew for each; and their number."""
    family = open_family(folder)
    tokenizer, model = family.load_tokenizer(folder), family.load_model(folder)
    (encoded,) = family.encode_prompts(tokenizer, [prompt], chat=False)
    kept = len(encoded.ids) - encoded.tail
    ids = [*encoded.ids[: kept if limit is None else limit - encoded.tail], *encoded.ids[kept:]]
    (target,) = family.encode_targets(tokenizer, [text], chat=False)
    total = 0.0
    with torch.inference_mode():
        for place, token in enumerate(target):
            if family.decoder_only:
                logits = model(input_ids=torch.tensor([[*ids, *target[:place]]])).logits
            else:
                start = [model.config.decoder_start_token_id, *target[:place]]
                logits = model(input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([start])).logits
            total += float(torch.log_softmax(logits[0, -1].double(), dim=-1)[token])
    return total, len(target)


@ENGINES
@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_text_has_the_sum_of_its_tokens_log_probabilities(model: ModelFolder, kind: type, batch_size: int) -> None:
    likelihoods = opened(kind, model, batch_size=batch_size).score(PROMPTS, ANSWERS)
    expected = [by_hand(model.path, *pair) for pair in zip(PROMPTS, ANSWERS, strict=True)]
    assert [each.total for each in likelihoods] == pytest.approx([total for total, _ in expected], abs=2e-3)
    assert [each.tokens for each in likelihoods] == [tokens for _, tokens in expected]
    assert likelihoods[0].per_token == pytest.approx(expected[0][0] / expected[0][1], abs=1e-3)


@ENGINES
def test_a_long_prompt_is_cut_as_one_that_is_answered(model: ModelFolder, kind: type) -> None:
    prompt = "The lungs are clear. " * 9
    (likelihood,) = opened(kind, model, max_input_tokens=20).score([prompt], [ANSWERS[0]])
    assert likelihood.total == pytest.approx(by_hand(model.path, prompt, ANSWERS[0], 20)[0], abs=2e-3)
    assert likelihood.total != pytest.approx(by_hand(model.path, prompt, ANSWERS[0])[0], abs=2e-3)


@ENGINES
def test_no_prompts_have_no_likelihoods(model: ModelFolder, kind: type) -> None:
    assert opened(kind, model).score([], []) == []
