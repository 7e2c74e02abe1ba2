import functools
import itertools
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase, T5Tokenizer

from radray.config import Generate, Tiny
from radray.models.engines import TransformersEngine
from radray.models.loading import load_model, load_tokenizer
from radray.models.saving import save_model
from radray.models.tiny import build_tiny

WORDS = "abcde"
PIECES = ["<pad>", "</s>", "<unk>", *(f"\N{LOWER ONE EIGHTH BLOCK}{letter}" for letter in WORDS)]
PROMPTS = ["a b c", "e", "d d d d a b", "b a"]
END = 1


@pytest.fixture(scope="module")
def eight_pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A T5 with random weights that knows eight pieces, so that all that it can write can be listed."""
    folder = tmp_path_factory.mktemp("eight")
    build_tiny(["a"], folder, size=Tiny(vocab_size=300, d_model=16, d_ff=16, num_layers=1, num_heads=2), seed=5)
    weights = load_file(folder / "model.safetensors")
    for name in ("shared.weight", "lm_head.weight"):
        weights[name] = weights[name][: len(PIECES)].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": len(PIECES)}))
    T5Tokenizer(vocab=[(piece, -1.0) for piece in PIECES], extra_ids=0).save_pretrained(folder)
    return folder


@functools.cache
def _loaded(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    return load_model(folder), load_tokenizer(folder)


def _log_probability(folder: Path, prompt: str, tokens: tuple[int, ...]) -> float:
    """Sum the log-probabilities of `tokens` one by one, by calling the model on each prefix anew."""
    model, tokenizer = _loaded(folder)
    inputs = tokenizer(prompt, return_tensors="pt")
    total = 0.0
    with torch.inference_mode():
        logits = model(**inputs, decoder_input_ids=torch.tensor([[0, *tokens[:-1]]])).logits[0]
        for place, token in enumerate(tokens):
            total += float(torch.log_softmax(logits[place].double(), dim=-1)[token])
    return total


def _all_outputs(length: int) -> list[tuple[int, ...]]:
    """Everything that can be written in `length` tokens: ended sooner, or cut."""
    live = [token for token in range(len(PIECES)) if token != END]
    ended = [(*head, END) for n in range(length) for head in itertools.product(live, repeat=n)]
    return ended + list(itertools.product(live, repeat=length))


def _text(tokens: tuple[int, ...]) -> str:
    return " ".join(WORDS[token - 3] for token in tokens if token >= 3)


@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
def test_a_beam_that_holds_everything_finds_what_exhaustive_search_finds(
    eight_pieces: Path, length_penalty: float
) -> None:
    settings = Generate(
        num_beams=64, num_return_sequences=5, max_new_tokens=2, length_penalty=length_penalty, threads_per_actor=1
    )
    found = TransformersEngine(eight_pieces, settings).generate(["a b c"])[0]
    outputs = {
        tokens: _log_probability(eight_pieces, "a b c", tokens) / len(tokens) ** length_penalty
        for tokens in _all_outputs(2)
    }
    best = sorted(outputs, key=outputs.__getitem__, reverse=True)[:5]
    assert [hypothesis.text for hypothesis in found.hypotheses] == [_text(tokens) for tokens in best]
    assert [hypothesis.score for hypothesis in found.hypotheses] == pytest.approx(
        [outputs[tokens] for tokens in best], abs=1e-4
    )
    assert found.output_cut is (best[0][-1] != END)
    assert found.output_tokens == len(best[0]) - (best[0][-1] == END)


@pytest.mark.parametrize("length_penalty", [0.5, 1.0])
def test_a_beam_of_one_takes_the_likeliest_token_and_scores_it_alike(eight_pieces: Path, length_penalty: float) -> None:
    settings = Generate(
        num_beams=1, num_return_sequences=1, max_new_tokens=3, length_penalty=length_penalty, threads_per_actor=1
    )
    made = TransformersEngine(eight_pieces, settings).generate(PROMPTS)
    for prompt, generation in zip(PROMPTS, made, strict=True):
        tokens: tuple[int, ...] = ()
        while len(tokens) < 3 and END not in tokens:
            paths = [(*tokens, token) for token in range(len(PIECES))]
            tokens = max(paths, key=lambda path: _log_probability(eight_pieces, prompt, path))
        (hypothesis,) = generation.hypotheses
        assert hypothesis.text == _text(tokens)
        assert hypothesis.score == pytest.approx(
            _log_probability(eight_pieces, prompt, tokens) / len(tokens) ** length_penalty, abs=1e-4
        )


@pytest.mark.parametrize("num_beams", [1, 4])
def test_a_batch_writes_what_each_prompt_alone_does(tiny_folder: Path, num_beams: int) -> None:
    prompts = ["The lungs are clear.", "", "A nodule in the right upper lobe is unchanged since ___.", "No line."] * 2
    settings = Generate(
        num_beams=num_beams, num_return_sequences=1, max_new_tokens=12, batch_size=3, threads_per_actor=1
    )
    engine = TransformersEngine(tiny_folder, settings)
    together = [generation.hypotheses[0].text for generation in engine.generate(prompts)]
    assert together == [engine.generate([prompt])[0].hypotheses[0].text for prompt in prompts]
    assert engine.generate(prompts) == engine.generate(prompts)


def test_hypotheses_come_best_first_and_as_many_as_asked_for(tiny_folder: Path) -> None:
    settings = Generate(num_beams=4, num_return_sequences=3, max_new_tokens=6, threads_per_actor=1)
    for generation in TransformersEngine(tiny_folder, settings).generate(["Heart size is normal.", "No line."]):
        scores = [hypothesis.score for hypothesis in generation.hypotheses]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)


def test_tokens_are_counted_before_the_prompt_is_cut(tiny_folder: Path) -> None:
    settings = Generate(max_input_tokens=8, max_new_tokens=4, threads_per_actor=1)
    prompts = ["No line.", "The lungs are clear. Heart size is normal; the tip of the line ends in the SVC."]
    short, long = TransformersEngine(tiny_folder, settings).generate(prompts)
    tokenizer = load_tokenizer(tiny_folder)
    assert short.input_tokens == len(tokenizer(prompts[0])["input_ids"]) <= 8
    assert long.input_tokens == len(tokenizer(prompts[1])["input_ids"]) > 8
    assert (short.input_truncated, long.input_truncated) == (False, True)


def test_what_is_cut_off_the_prompt_does_not_count(tiny_folder: Path) -> None:
    settings = Generate(max_input_tokens=8, max_new_tokens=6, threads_per_actor=1)
    engine = TransformersEngine(tiny_folder, settings)
    one, other = engine.generate([f"The lungs are clear. No pleural effusion {end}" for end in ("seen.", "or nodule.")])
    assert one.hypotheses == other.hypotheses


def test_no_prompts_give_no_generations(tiny_folder: Path) -> None:
    assert TransformersEngine(tiny_folder, Generate(threads_per_actor=1)).generate([]) == []


def test_a_models_own_generation_defaults_do_not_count(tiny_folder: Path, tmp_path: Path) -> None:
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    model.generation_config.repetition_penalty = 9.0
    model.generation_config.min_new_tokens = 5
    save_model(model, tokenizer, tmp_path)
    settings = Generate(max_new_tokens=8, threads_per_actor=1)
    prompts = ["The lungs are clear."]
    assert TransformersEngine(tmp_path, settings).generate(prompts) == TransformersEngine(
        tiny_folder, settings
    ).generate(prompts)
