"""Both engines on a causal model: scores against exhaustive search, ends, limits, batches, types, a process."""

import itertools
import json
from functools import partial
from pathlib import Path
from typing import Any

import ctranslate2
import pytest
import torch
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from radray.errors import ConfigError
from radray.models.engines.engine import Engine, Failed
from radray.models.engines.isolation.process import EngineProcess
from radray.models.engines.opening import open_checked, open_engine
from radray.models.engines.parity import compare, prove
from radray.models.engines.repeats import AnswerOnce
from radray.models.folder import ModelFolder, open_model
from tests.models.causal.kinds import FAMILY, PROMPTS, build, settings_of, written

ENGINES = pytest.mark.parametrize("name", ["transformers", "ctranslate2"])
PIECES = ["<pad>", "<end>", *"abcdef"]
END, OTHER_END = 1, 7
LINES = [f"Findings: {'The lungs are clear. ' * repeats}\nImpression:" for repeats in (1, 9, 2, 3)]


def opened(model: ModelFolder, name: str, *, chat: bool = False, **settings: Any) -> Engine:
    return open_engine(model, settings_of(engine=name, **settings), chat=chat)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    torch.set_num_threads(1)
    return build("llama", tmp_path_factory.mktemp("engines") / "m")


@pytest.fixture(scope="module", params=[(END,), (END, OTHER_END)], ids=["one end", "two ends"])
def eight_pieces(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A Llama with random weights that knows eight pieces, so that all that it can write can be listed."""
    backend = Tokenizer(WordLevel({piece: token for token, piece in enumerate(PIECES)}))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", eos_token="<end>")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        sizes: dict[str, Any] = {
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
        }
        model = LlamaForCausalLM(LlamaConfig(vocab_size=8, **sizes, initializer_range=0.5, bos_token_id=None))
    model.generation_config.eos_token_id = list(request.param) if len(request.param) > 1 else END
    # defaults of the folder that must not count
    model.generation_config.repetition_penalty = 9.0
    return written(model, tokenizer, tmp_path_factory.mktemp("eight") / "m")


def _ends(model: ModelFolder) -> set[int]:
    """Return the tokens that end a text, as the folder says."""
    ends = json.loads((model.path / "generation_config.json").read_text())["eos_token_id"]
    return {ends} if isinstance(ends, int) else set(ends)


def _all_outputs(model: ModelFolder, prompt: str, length: int) -> dict[tuple[int, ...], float]:
    """Return the log-probability of everything that can be written in `length` tokens: ended sooner, or cut."""
    loaded, ids = FAMILY.load_model(model.path), FAMILY.load_tokenizer(model.path)(prompt)["input_ids"]
    ends = _ends(model)
    live = [token for token in range(8) if token not in ends]
    outputs = [(*head, end) for n in range(length) for head in itertools.product(live, repeat=n) for end in ends]
    outputs += itertools.product(live, repeat=length)
    totals = {}
    with torch.inference_mode():
        for output in outputs:
            logits = loaded(input_ids=torch.tensor([[*ids, *output]])).logits[0, len(ids) - 1 : -1].double()
            totals[output] = float(torch.log_softmax(logits, dim=-1)[range(len(output)), output].sum())
    return totals


@ENGINES
@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
def test_a_beam_that_holds_everything_finds_what_exhaustive_search_finds(
    eight_pieces: ModelFolder, name: str, length_penalty: float
) -> None:
    engine = opened(
        eight_pieces, name, num_beams=64, num_return_sequences=20, max_new_tokens=2, length_penalty=length_penalty
    )
    for prompt, generation in zip(["a b c", "f f"], engine.generate(["a b c", "f f"]), strict=True):
        totals = _all_outputs(eight_pieces, prompt, 2)
        scores = {output: total / len(output) ** length_penalty for output, total in totals.items()}
        best = sorted(scores, key=scores.__getitem__, reverse=True)[:20]
        assert [h.score for h in generation.hypotheses] == pytest.approx([scores[o] for o in best], abs=1e-4)
        ended = best[0][-1] in _ends(eight_pieces)
        assert generation.output_cut is not ended
        assert generation.output_tokens == len(best[0]) - ended
        assert generation.logprob_per_token == pytest.approx(totals[best[0]] / len(best[0]), abs=1e-4)


@ENGINES
def test_greedy_takes_the_likeliest_token_until_an_end(eight_pieces: ModelFolder, name: str) -> None:
    loaded, tokenizer = FAMILY.load_model(eight_pieces.path), FAMILY.load_tokenizer(eight_pieces.path)
    ends = _ends(eight_pieces)
    prompts = [" ".join(words) for words in itertools.product("abcdf", repeat=2)]
    greedy: dict[str, Any] = {"num_beams": 1, "num_return_sequences": 1, "max_new_tokens": 5, "length_penalty": 0.5}
    cut = set()
    for prompt, generation in zip(prompts, opened(eight_pieces, name, **greedy).generate(prompts), strict=True):
        ids, total = tokenizer(prompt)["input_ids"], 0.0
        tokens: list[int] = []
        while len(tokens) < 5 and not (tokens and tokens[-1] in ends):
            with torch.inference_mode():
                logits = loaded(input_ids=torch.tensor([[*ids, *tokens]])).logits[0, -1].double()
            tokens.append(int(logits.argmax()))
            total += float(torch.log_softmax(logits, dim=-1).max())
        ended = tokens[-1] in ends
        cut.add(not ended)
        words = [PIECES[token] for token in tokens[: len(tokens) - ended] if token != 0]
        assert generation.hypotheses[0].text.split() == words
        assert generation.hypotheses[0].score == pytest.approx(total / len(tokens) ** 0.5, abs=1e-4)
        assert (generation.output_tokens, generation.output_cut) == (len(tokens) - ended, not ended)
    assert False in cut
    assert True in cut or len(ends) > 1


def test_samples_are_the_same_in_every_batch(eight_pieces: ModelFolder) -> None:
    prompts = ["a b c d e f", "a", "b b", "c f a"]
    sampled: dict[str, Any] = {"samples": 6, "consensus": "rouge_l", "sample_temperature": 1.5, "max_new_tokens": 3}
    texts = [
        [[sample.text for sample in generation.samples] for generation in generations]
        for generations in (
            opened(eight_pieces, "transformers", batch_size=size, **sampled).generate(prompts) for size in (1, 24)
        )
    ]
    assert texts[0] == texts[1]
    assert len({text for samples in texts[0] for text in samples}) > 3
    totals = _all_outputs(eight_pieces, "a", 3)
    for sample in opened(eight_pieces, "transformers", **sampled).generate(["a"])[0].samples:
        assert any(abs(sample.score - total / len(output)) < 1e-4 for output, total in totals.items())


@ENGINES
@pytest.mark.parametrize("num_beams", [1, 4])
@pytest.mark.parametrize("batch", [{"batch_size": 3}, {"batch_tokens": 60}])
def test_a_batch_writes_what_each_prompt_alone_does(
    model: ModelFolder, name: str, num_beams: int, batch: dict[str, Any]
) -> None:
    engine = opened(model, name, num_beams=num_beams, num_return_sequences=1, **batch)
    together = [generation.hypotheses[0].text for generation in engine.generate(PROMPTS)]
    assert together == [engine.generate([prompt])[0].hypotheses[0].text for prompt in PROMPTS]
    assert engine.generate(PROMPTS) == engine.generate(PROMPTS)
    assert engine.generate([]) == []


@pytest.mark.parametrize("chat", [False, True])
def test_a_long_prompt_is_cut_before_its_last_line_in_both_engines(model: ModelFolder, chat: bool) -> None:
    other = LINES[1].replace("clear. \n", "opaque!\n")
    assert other != LINES[1]
    generations = {
        name: opened(model, name, chat=chat, max_input_tokens=50).generate([*LINES, other, LINES[1].removesuffix(":")])
        for name in ("transformers", "ctranslate2")
    }
    assert compare(generations["ctranslate2"], generations["transformers"]).equal == 6
    for written_ in generations.values():
        assert [generation.input_truncated for generation in written_] == [False, True, False, True, True, True]
        assert written_[1].input_tokens > 50
        # what is cut off does not count, and the last line does
        assert written_[4].hypotheses == written_[1].hypotheses != written_[5].hypotheses


def test_equal_prompts_are_answered_once(model: ModelFolder) -> None:
    engine = AnswerOnce(opened(model, "ctranslate2"), kept=10)
    first, second, third = engine.generate([PROMPTS[0], PROMPTS[1], PROMPTS[0]])
    assert not isinstance(first, Failed)
    assert not isinstance(third, Failed)
    assert (first.hypotheses, first.repeated, third.repeated) == (third.hypotheses, False, True)
    assert second.hypotheses != first.hypotheses


def test_nothing_that_makes_a_mask_is_written(tmp_path: Path) -> None:
    model = build("llama", tmp_path / "m")
    loaded: Any = FAMILY.load_model(model.path)
    tokenizer = FAMILY.load_tokenizer(model.path)
    vocabulary = tokenizer.get_vocab()
    loud = [vocabulary[piece] for piece in ("_", "X", "__", "___") if piece in vocabulary]
    with torch.no_grad():
        loaded.lm_head.weight[loud] = 20.0 * loaded.lm_head.weight[loud]
    model = written(loaded, tokenizer, tmp_path / "loud")
    for name in ("transformers", "ctranslate2"):
        free = opened(model, name, suppress_masks=False).generate(PROMPTS)
        assert [h for g in free for h in g.hypotheses if "___" in h.text or "XXXX" in h.text]
        kept = opened(model, name).generate(PROMPTS)
        assert not [h for g in kept for h in g.hypotheses if "___" in h.text or "XX" in h.text]
    record, _ = prove(model, settings_of(), PROMPTS)
    assert record.passed


@pytest.mark.parametrize("compute_type", ["int8", "bfloat16"])
def test_other_types_run_where_this_processor_has_them(model: ModelFolder, compute_type: Any) -> None:
    if compute_type not in ctranslate2.get_supported_compute_types("cpu"):
        with pytest.raises(ConfigError, match=f"compute_type={compute_type}: CTranslate2 on cpu here knows"):
            opened(model, "ctranslate2", compute_type=compute_type)
        return
    exact, rounded = (
        opened(model, "ctranslate2", compute_type=kind).generate(PROMPTS) for kind in ("float32", compute_type)
    )
    scores = [[generation.hypotheses[0].score for generation in written_] for written_ in (exact, rounded)]
    assert scores[0] != scores[1]
    assert scores[1] == pytest.approx(scores[0], abs=0.5)


@pytest.mark.slow
def test_a_process_of_its_own_writes_the_same(model: ModelFolder) -> None:
    settings = settings_of(engine="ctranslate2")
    process = EngineProcess(
        partial(open_checked, model, settings, None, "run", chat=True), "engine", settings, "Findings: x\nImpression:"
    )
    try:
        answers = process.generate(PROMPTS)
    finally:
        process.close()
    assert answers == open_engine(open_model(str(model.path)), settings, chat=True).generate(PROMPTS)
    assert process.restarts == 0
