"""Samples of the reference engine: their distribution, their scores, and that nothing else decides them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from radray.errors import ConfigError
from radray.models.engines.engine import Generation
from radray.models.engines.opening import open_engine
from radray.models.engines.token_choice import Sampled, sample_key
from radray.models.folder import open_model
from radray.settings.generate import GenerateSettings
from tests.models.eight_pieces import END, all_outputs, log_probability, text, with_masks

PROMPTS = ["a b c", "e", "d d d d a b", "b a", "c c"]


def written(folder: Path, prompts: list[str], **settings: Any) -> list[Generation]:
    """Return what a new engine writes for `prompts`."""
    values: dict[str, Any] = {
        "samples": 8,
        "consensus": "rouge_l",
        "max_new_tokens": 5,
        "num_beams": 2,
        "threads_per_actor": 1,
    }
    return open_engine(open_model(str(folder)), GenerateSettings(engine="transformers", **values | settings)).generate(
        prompts
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.5])
def test_tokens_are_drawn_by_their_probability_at_the_temperature(temperature: float) -> None:
    logits, draws = torch.tensor([1.0, 0.0, -1.0, 2.0, -torch.inf]), 20_000
    choice = Sampled([sample_key(1, number, [7]) for number in range(draws)], temperature, ends=())
    counts = torch.bincount(choice(torch.tensor([]), logits.repeat(draws, 1)).argmax(dim=-1), minlength=5)
    expected = torch.softmax(logits / temperature, dim=-1)
    deviation = torch.sqrt(expected * (1 - expected) / draws)
    assert ((counts / draws - expected).abs() <= 4 * deviation).all()


def test_draws_of_a_key_are_independent_from_step_to_step() -> None:
    draws = 20_000
    choice = Sampled([sample_key(1, number, [7]) for number in range(draws)], 1.0, ends=())
    first, second = (choice(torch.tensor([]), torch.zeros(draws, 2)).argmax(dim=-1).numpy() for _ in range(2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / draws**0.5


def test_a_sample_depends_on_seed_prompt_and_number_alone(eight_pieces: Path) -> None:
    def texts(prompts: list[str], **settings: Any) -> list[list[str]]:
        return [[h.text for h in generation.samples] for generation in written(eight_pieces, prompts, **settings)]

    together = texts(PROMPTS)
    assert any(len(set(samples)) > 1 for samples in together)
    greedy = {"num_beams": 1, "num_return_sequences": 1}
    for batch in ({"batch_size": 1}, {"batch_size": 3}, {"batch_tokens": 12}, greedy):
        assert texts(PROMPTS[::-1], **batch)[::-1] == together
    for other in ({"sample_seed": 14}, {"sample_temperature": 2.0}):
        assert texts(PROMPTS, **other) != together
    fewer = texts(PROMPTS, samples=3)
    assert any(fewer)
    assert all(samples[: len(few)] == few for samples, few in zip(together, fewer, strict=True))


def test_samples_leave_the_beam_as_it_is(eight_pieces: Path) -> None:
    plain = written(eight_pieces, PROMPTS, samples=0)
    assert [generation.hypotheses for generation in written(eight_pieces, PROMPTS)] == [
        generation.hypotheses for generation in plain
    ]
    assert all(generation.samples == () for generation in plain)


def test_the_score_of_a_sample_is_that_of_its_text_without_temperature(eight_pieces: Path) -> None:
    settings = {"samples": 64, "sample_temperature": 2.0, "length_penalty": 0.5, "max_new_tokens": 3}
    (generation,) = written(eight_pieces, ["a b c"], **settings)
    assert len(generation.samples) == 64
    assert 10 < sum(sample.ended for sample in generation.samples) < 64  # some met max_new_tokens
    scores: dict[tuple[str, bool], list[float]] = {}
    for tokens in all_outputs(3):
        score = log_probability(eight_pieces, "a b c", tokens) / len(tokens) ** 0.5
        scores.setdefault((text(tokens), tokens[-1] == END), []).append(score)
    assert len({sample.text for sample in generation.samples}) > 5
    for sample in generation.samples:
        assert min(abs(sample.score - score) for score in scores[sample.text, sample.ended]) < 1e-4


def test_no_sample_is_a_mask(eight_pieces: Path, tmp_path: Path) -> None:
    with_masks(eight_pieces, tmp_path)
    hot = {"samples": 64, "sample_temperature": 2.0, "max_new_tokens": 2}
    free, kept = (written(tmp_path, ["c X"], suppress_masks=suppress, **hot)[0].samples for suppress in (False, True))
    assert any("___" in sample.text or "XX" in sample.text for sample in free)
    assert not any("_" in sample.text or "XX" in sample.text for sample in kept)


def test_ctranslate2_is_refused_where_samples_are_asked_for(tiny_folder: Path) -> None:
    asked: dict[str, Any] = {"samples": 2, "consensus": "rouge_l"}
    engines: tuple[dict[str, Any], ...] = ({"engine": "ctranslate2"}, {"compute_type": "int8"})
    for engine in engines:
        with pytest.raises(ValidationError, match=r"set generate.engine=transformers"):
            GenerateSettings(**asked, **engine)
    settings = GenerateSettings(**asked).model_copy(update={"engine": "ctranslate2"})
    with pytest.raises(ConfigError, match=r"set generate.engine=transformers"):
        open_engine(open_model(str(tiny_folder)), settings).generate(["Clear."])
