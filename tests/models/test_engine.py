import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch

from radray.errors import ConfigError
from radray.models.engines.engine import Engine, engine_name
from radray.models.engines.opening import open_engine
from radray.models.families.loading import load_tokenizer
from radray.models.families.t5.loading import load_model
from radray.models.families.t5.saving import save_model
from radray.models.folder import open_model
from radray.settings.generate import GenerateSettings
from tests.models.eight_pieces import END, PIECES, all_outputs, log_probability, text, with_masks

PROMPTS = ["a b c", "e", "d d d d a b", "b a"]
ENGINES = pytest.mark.parametrize("name", ["transformers", "ctranslate2"])


def opened(name: Any, folder: Path, **settings: Any) -> Engine:
    """Return the engine for the model of `folder`, on one thread."""
    return open_engine(open_model(str(folder)), GenerateSettings(engine=name, threads_per_actor=1, **settings))


@pytest.fixture(scope="module")
def tiny_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, beside whose files a converted one may come to lie."""
    return Path(shutil.copytree(tiny_folder, tmp_path_factory.mktemp("engines") / "tiny"))


@ENGINES
@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
def test_a_beam_that_holds_everything_finds_what_exhaustive_search_finds(
    eight_pieces: Path, name: str, length_penalty: float
) -> None:
    beams = {"num_beams": 64, "num_return_sequences": 5, "max_new_tokens": 2}
    generation = opened(name, eight_pieces, length_penalty=length_penalty, **beams).generate(["a b c"])[0]
    outputs = {
        tokens: log_probability(eight_pieces, "a b c", tokens) / len(tokens) ** length_penalty
        for tokens in all_outputs(2)
    }
    best = sorted(outputs, key=outputs.__getitem__, reverse=True)[:5]
    assert [hypothesis.text for hypothesis in generation.hypotheses] == [text(tokens) for tokens in best]
    assert [hypothesis.score for hypothesis in generation.hypotheses] == pytest.approx(
        [outputs[tokens] for tokens in best], abs=1e-4
    )
    assert generation.output_cut is (best[0][-1] != END)
    assert generation.output_tokens == len(best[0]) - (best[0][-1] == END)
    assert generation.logprob_per_token == pytest.approx(
        log_probability(eight_pieces, "a b c", best[0]) / len(best[0]), abs=1e-4
    )
    assert generation.margin == pytest.approx(outputs[best[0]] - outputs[best[1]], abs=1e-4)


@ENGINES
@pytest.mark.parametrize("length_penalty", [0.5, 1.0])
def test_a_beam_of_one_takes_the_likeliest_token_and_scores_it_alike(
    eight_pieces: Path, name: str, length_penalty: float
) -> None:
    greedy = {"num_beams": 1, "num_return_sequences": 1, "max_new_tokens": 3}
    generations = opened(name, eight_pieces, length_penalty=length_penalty, **greedy).generate(PROMPTS)
    for prompt, generation in zip(PROMPTS, generations, strict=True):
        tokens: tuple[int, ...] = ()
        while len(tokens) < 3 and END not in tokens:
            paths = [(*tokens, token) for token in range(len(PIECES))]
            tokens = max(paths, key=lambda path: log_probability(eight_pieces, prompt, path))
        (hypothesis,) = generation.hypotheses
        assert generation.margin is None
        assert hypothesis.text == text(tokens)
        assert hypothesis.score == pytest.approx(
            log_probability(eight_pieces, prompt, tokens) / len(tokens) ** length_penalty, abs=1e-4
        )


@ENGINES
@pytest.mark.parametrize("num_beams", [1, 4])
@pytest.mark.parametrize("batch", [{"batch_size": 3}, {"batch_tokens": 30}])
def test_a_batch_writes_what_each_prompt_alone_does(
    tiny_folder: Path, name: str, num_beams: int, batch: dict[str, int]
) -> None:
    prompts = ["The lungs are clear.", ".", "A nodule in the right upper lobe is unchanged since ___.", "No line."] * 2
    engine = opened(name, tiny_folder, num_beams=num_beams, num_return_sequences=1, max_new_tokens=12, **batch)
    together = [generation.hypotheses[0].text for generation in engine.generate(prompts)]
    assert together == [engine.generate([prompt])[0].hypotheses[0].text for prompt in prompts]
    assert engine.generate(prompts) == engine.generate(prompts)


@ENGINES
def test_hypotheses_come_best_first_and_as_many_as_asked_for(tiny_folder: Path, name: str) -> None:
    engine = opened(name, tiny_folder, num_beams=4, num_return_sequences=3, max_new_tokens=6)
    for generation in engine.generate(["Heart size is normal.", "No line."]):
        scores = [hypothesis.score for hypothesis in generation.hypotheses]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)


@ENGINES
def test_tokens_are_counted_before_the_prompt_is_cut(tiny_folder: Path, name: str) -> None:
    prompts = ["No line.", "The lungs are clear. Heart size is normal; the tip of the line ends in the SVC."]
    short, long = opened(name, tiny_folder, max_input_tokens=8, max_new_tokens=4).generate(prompts)
    tokenizer = load_tokenizer(tiny_folder)
    assert short.input_tokens == len(tokenizer(prompts[0])["input_ids"]) <= 8
    assert long.input_tokens == len(tokenizer(prompts[1])["input_ids"]) > 8
    assert (short.input_truncated, long.input_truncated) == (False, True)


@ENGINES
def test_what_is_cut_off_the_prompt_does_not_count(tiny_folder: Path, name: str) -> None:
    engine = opened(name, tiny_folder, max_input_tokens=8, max_new_tokens=6)
    first, other = engine.generate(
        [f"The lungs are clear. No pleural effusion {end}" for end in ("seen.", "or nodule.")]
    )
    assert first.hypotheses == other.hypotheses


@ENGINES
def test_no_prompts_give_no_generations(tiny_folder: Path, name: str) -> None:
    assert opened(name, tiny_folder).generate([]) == []


@ENGINES
def test_a_models_own_generation_defaults_do_not_count(tiny_folder: Path, tmp_path: Path, name: str) -> None:
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    model.generation_config.repetition_penalty = 9.0
    model.generation_config.min_new_tokens = 5
    save_model(model, tokenizer, tmp_path)
    prompts = ["The lungs are clear."]
    generations, wanted = (
        opened(name, folder, max_new_tokens=8).generate(prompts) for folder in (tmp_path, tiny_folder)
    )
    assert generations == wanted


@ENGINES
def test_nothing_that_makes_a_mask_is_written(eight_pieces: Path, tmp_path: Path, name: str) -> None:
    with_masks(eight_pieces, tmp_path)
    wide = {"num_beams": 64, "num_return_sequences": 40, "max_new_tokens": 2}
    generation = opened(name, tmp_path, **wide).generate(["c X"])[0]
    model, inputs = load_model(tmp_path), load_tokenizer(tmp_path)("c X", return_tensors="pt")
    allowed = [token for token in range(8) if token not in (3, 4)]

    def logprobs(prefix: tuple[int, ...]) -> torch.Tensor:
        left = [token for token in allowed if not (prefix[-1:] in [(5,), (6,)] and token == 5)]
        with torch.inference_mode():
            logits = model(**inputs, decoder_input_ids=torch.tensor([[0, *prefix]])).logits[0, -1].double()
        out = torch.full((8,), -torch.inf, dtype=torch.double)
        out[left] = torch.log_softmax(logits[left], dim=-1)
        return out

    ended: dict[tuple[int, ...], float] = {(END,): float(logprobs(())[END])}
    ended |= {
        (token, two): float(logprobs(())[token] + logprobs((token,))[two]) / 2
        for token in allowed
        if token != END
        for two in allowed
        if two != 5 or token not in (5, 6)
    }
    scores = sorted(ended.values(), reverse=True)
    assert len(ended) == 1 + 5 * 6 - 2
    assert [hypothesis.score for hypothesis in generation.hypotheses][: len(scores)] == pytest.approx(scores, abs=1e-4)
    written = [hypothesis.text for hypothesis in generation.hypotheses[: len(scores)]]
    assert not any("_" in text or "XX" in text for text in written)
    assert any("X" in text for text in written)
    free = opened(name, tmp_path, suppress_masks=False, **wide).generate(["c X"])[0]
    assert any("_" in hypothesis.text or "XX" in hypothesis.text for hypothesis in free.hypotheses)


def test_the_name_of_an_engine_says_library_version_and_type() -> None:
    assert engine_name(GenerateSettings(engine="ctranslate2")) == f"ctranslate2-{version('ctranslate2')}-float32"
    assert (
        engine_name(GenerateSettings(engine="transformers", compute_type="bfloat16"))
        == f"transformers-{version('transformers')}-bfloat16"
    )
    for settings in (GenerateSettings(engine="auto"), GenerateSettings(engine="transformers", compute_type="int8")):
        with pytest.raises(ConfigError, match="generate"):
            engine_name(settings)
