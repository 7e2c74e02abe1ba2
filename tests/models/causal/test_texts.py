"""Prompts and targets of a causal model in tokens: plain, through a chat template, cut, and joined."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

from radray.errors import InputError
from radray.models.tokens import cut
from tests.models.causal.kinds import FAMILY, PROMPTS, TEXTS, build, tokenizer_of

CANARY = "Quokka"
_WORDS = st.text(st.sampled_from("abcXYZ019.,;:()/%+-_'\"#é "), min_size=1, max_size=20).map(str.strip).filter(bool)


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tokenizer_of(tmp_path_factory.mktemp("byte-level") / "m")


@pytest.fixture(scope="module")
def metaspace() -> Any:
    """A tokenizer as Llama 2 has it: words that begin with a mark, bytes for what is unknown, a token before all."""
    learnt = Tokenizer(BPE(unk_token="<unk>"))
    learnt.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    special = ["<unk>", "<s>", "</s>"]
    learnt.train_from_iterator(TEXTS, trainer=BpeTrainer(vocab_size=200, show_progress=False, special_tokens=special))
    model = json.loads(learnt.to_str())["model"]
    # bytes are ordinary pieces, as in SentencePiece
    pieces = [*model["vocab"], *(f"<0x{byte:02X}>" for byte in range(256))]
    vocabulary = {piece: token for token, piece in enumerate(pieces)}
    merges = [(first, second) for first, second in model["merges"]]
    backend = Tokenizer(BPE(vocab=vocabulary, merges=merges, byte_fallback=True, unk_token="<unk>"))
    backend.add_special_tokens(special)
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    backend.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", backend.token_to_id("<s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="</s>"
    )


@pytest.fixture(params=["byte_level", "metaspace"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_a_plain_prompt_is_what_the_tokenizer_makes_of_it(tokenizer: Any) -> None:
    encoded = FAMILY.encode_prompts(tokenizer, PROMPTS, chat=False)
    assert [prompt.ids for prompt in encoded] == tokenizer(PROMPTS)["input_ids"]
    assert FAMILY.encode_prompts(tokenizer, [], chat=False) == FAMILY.encode_targets(tokenizer, [], chat=False) == []


@pytest.mark.parametrize("chat", [False, True])
def test_a_special_token_in_a_report_is_text(byte_level: Any, chat: bool) -> None:
    end = byte_level.eos_token
    (encoded,) = FAMILY.encode_prompts(byte_level, [f"Findings: Clear. {end} Yes.\nImpression:"], chat=chat)
    assert (byte_level.eos_token_id in encoded.ids) is chat  # a template's own are not touched
    assert f"Clear. ({end[1:]} Yes." in byte_level.decode(encoded.ids)
    (target,) = FAMILY.encode_targets(byte_level, [f"No {end} line."], chat=chat)
    assert target.count(byte_level.eos_token_id) == 1


def test_a_prompt_through_a_template_is_what_transformers_makes_of_it(byte_level: Any) -> None:
    for prompt, encoded in zip(PROMPTS, FAMILY.encode_prompts(byte_level, PROMPTS, chat=True), strict=True):
        messages = [{"role": "user", "content": prompt}]
        wanted = byte_level.apply_chat_template(messages, tokenize=True, add_generation_prompt=True, return_dict=False)
        assert encoded.ids == wanted
        assert byte_level.decode(encoded.ids) == f"<|user|>{prompt}<|end|>\n<|user|>\n"


@pytest.mark.parametrize(
    "template",
    [
        None,
        "{{ raise_exception('cannot: ' + messages[0]['content']) }}",
        "{{ messages[0]['content'] + 1 }}",
        "{{ messages[0]['parts'][0]['text'] }}",
        "{% for message in messages %}<|user|>{{ message['role'] }}{% endfor %}",
        "{{ messages[0]['content'] | upper }}",
        "{% if %}",
    ],
    ids=["none", "raises", "type", "missing", "drops", "changes", "syntax"],
)
def test_a_template_that_does_not_work_is_one_line_without_the_prompt(tmp_path: Path, template: str | None) -> None:
    tokenizer = tokenizer_of(tmp_path / "m")
    tokenizer.chat_template = template
    with pytest.raises(InputError, match=r"chat template.*: use a plain model\.prompt$") as raised:
        FAMILY.encode_prompts(tokenizer, [f"Findings: {CANARY}\nImpression:"], chat=True)
    assert "\n" not in str(raised.value)
    assert CANARY.lower() not in str(raised.value).lower()
    assert raised.value.__context__ is None or raised.value.__suppress_context__


@pytest.mark.parametrize("chat", [False, True])
def test_a_long_prompt_keeps_its_last_line_and_what_the_template_adds(byte_level: Any, chat: bool) -> None:
    prompt = f"Findings: {'No line. ' * 40}\nImpression:"
    (encoded,) = FAMILY.encode_prompts(byte_level, [prompt], chat=chat)
    text = byte_level.decode(cut(encoded.ids, 60, "right", encoded.tail))
    assert text.endswith("\nImpression:<|end|>\n<|user|>\n" if chat else "\nImpression:")
    assert text.startswith("<|user|>Findings: No line. No" if chat else "Findings: No line. No")
    assert len(cut(encoded.ids, 60, "right", encoded.tail)) == 60
    # a prompt of one line loses its end, and nothing of the template
    (single,) = FAMILY.encode_prompts(byte_level, ["No line. " * 40], chat=chat)
    text = byte_level.decode(cut(single.ids, 60, "right", single.tail))
    assert text.startswith("<|user|>No line." if chat else "No line.")
    assert text.endswith("<|end|>\n<|user|>\n") is chat


def test_a_line_break_that_is_part_of_a_token_stays_with_the_last_line(tmp_path: Path) -> None:
    tokenizer = tokenizer_of(tmp_path / "m")
    # as Llama 3 and Qwen split: punctuation takes the line's break along
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[^\s\w]+[\r\n]*|\s+|\w+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.add_tokens([".\n"])
    (encoded,) = FAMILY.encode_prompts(tokenizer, [f"Findings: {'line ' * 40}.\nImpression:"], chat=False)
    assert tokenizer.decode(encoded.ids[-encoded.tail :]) == ".\nImpression:"


@settings(max_examples=60, deadline=None)
@given(words=st.lists(_WORDS, min_size=1, max_size=5))
def test_prompt_and_target_are_tokens_as_of_one_text(byte_level: Any, metaspace: Any, words: list[str]) -> None:
    prompt, target = "Findings: The lungs are clear.\nImpression:", " ".join(words)
    for tokenizer in (byte_level, metaspace):
        (encoded,) = FAMILY.encode_prompts(tokenizer, [prompt], chat=False)
        (ids,) = FAMILY.encode_targets(tokenizer, [target], chat=False)
        assert [*encoded.ids, *ids] == [*tokenizer(f"{prompt} {target}")["input_ids"], tokenizer.eos_token_id]
        assert tokenizer.decode(ids, skip_special_tokens=True).strip() == target


def test_a_chat_target_follows_the_template(byte_level: Any) -> None:
    (prompt,) = FAMILY.encode_prompts(byte_level, [PROMPTS[0]], chat=True)
    (target,) = FAMILY.encode_targets(byte_level, ["No line."], chat=True)
    rendered = f"{byte_level.decode(prompt.ids)}No line.<|end|>"
    assert [*prompt.ids, *target] == byte_level(rendered)["input_ids"]
    assert byte_level.decode(target, skip_special_tokens=True) == "No line."


def test_a_tokenizer_that_ends_every_text_does_not_end_a_prompt(tmp_path: Path) -> None:
    tokenizer: Any = tokenizer_of(tmp_path / "m")
    wanted = [prompt.ids for prompt in FAMILY.encode_prompts(tokenizer, PROMPTS, chat=False)]
    end = tokenizer.eos_token
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, tokenizer.eos_token_id)]
    )
    assert tokenizer(PROMPTS[0])["input_ids"][-1] == tokenizer.eos_token_id
    assert [prompt.ids for prompt in FAMILY.encode_prompts(tokenizer, PROMPTS, chat=False)] == wanted
    (target,) = FAMILY.encode_targets(tokenizer, ["No line."], chat=False)
    assert target.count(tokenizer.eos_token_id) == 1


def test_a_tokenizer_without_an_end_is_refused_and_without_padding_not(tmp_path: Path) -> None:
    folder = build("llama", tmp_path / "m").path
    tokenizer = FAMILY.load_tokenizer(folder)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    again = FAMILY.load_tokenizer(folder)
    assert again.pad_token_id == again.eos_token_id == tokenizer.eos_token_id
    tokenizer.eos_token = None
    tokenizer.save_pretrained(folder)
    with pytest.raises(InputError, match="the tokenizer has no end token"):
        FAMILY.load_tokenizer(folder)


def test_a_tokenizer_of_another_size_is_refused(tmp_path: Path) -> None:
    model = build("llama", tmp_path / "m")
    tokenizer = FAMILY.load_tokenizer(model.path)
    FAMILY.refuse_other_tokenizer(model.path, tokenizer)
    tokenizer.add_tokens(["more"])
    with pytest.raises(InputError, match="it is another model's tokenizer"):
        FAMILY.refuse_other_tokenizer(model.path, tokenizer)
    spare = build("llama", tmp_path / "spare", vocab_size=len(tokenizer) * 2)
    with pytest.raises(InputError, match="it is another model's tokenizer"):
        FAMILY.refuse_other_tokenizer(spare.path, FAMILY.load_tokenizer(spare.path))
