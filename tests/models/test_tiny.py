from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, T5ForConditionalGeneration, T5Tokenizer

from radray.errors import InputError
from radray.models.families.loading import load_tokenizer
from radray.models.families.pieces import PATIENTS
from radray.models.families.t5.loading import load_model
from radray.models.families.t5.tiny import build_tiny
from radray.settings.model import TinySettings

TEXTS = [
    "The lungs are clear. No pleural effusion or pneumothorax, compared with ___.",
    "There is a 1.9 x 1.8 cm nodule in the right upper lobe (unchanged since ___).",
    "Heart size is normal; the tip of the line ends in the SVC.",
] * PATIENTS
SIZE = TinySettings(vocab_size=300, d_model=32, d_ff=64, num_layers=1, num_heads=2)
_WORD = st.text(st.sampled_from("abcdefgXYZ0123456789.,;:()/%+-_'\"#*&="), min_size=1, max_size=9)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _decoded(folder: Path, text: str) -> str:
    tokenizer = load_tokenizer(folder)
    return str(tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True))


@pytest.mark.parametrize(
    "text",
    [
        "There is a 1.9 x 1.8 cm nodule in the right upper lobe (unchanged since ___).",
        "___ year old with ___, T8-T9 fusion; 50% loss / no change.",
        'Words never seen: Zebra_quark #7 "quoted" *starred* a=b.',
        "",
    ],
)
def test_clean_text_survives_the_tokenizer(tiny_folder: Path, text: str) -> None:
    assert _decoded(tiny_folder, text) == text


@settings(max_examples=60, deadline=None)
@given(words=st.lists(_WORD, min_size=1, max_size=12))
def test_any_words_survive_the_tokenizer(tiny_folder: Path, words: list[str]) -> None:
    assert _decoded(tiny_folder, " ".join(words)) == " ".join(words)


def test_the_tokenizer_is_a_t5_tokenizer(tiny_folder: Path) -> None:
    tokenizer = load_tokenizer(tiny_folder)
    assert isinstance(tokenizer, T5Tokenizer)
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) == (0, 1, 2)
    assert tokenizer("The lungs are clear.")["input_ids"][-1] == 1
    assert tokenizer("")["input_ids"] == [1]


def test_a_word_is_the_same_piece_before_a_stop_a_comma_and_a_space(tmp_path: Path) -> None:
    texts = ["effusion. effusion, effusion seen; no effusion."] * 5
    build_tiny(
        texts, tmp_path, size=TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1, num_heads=1), seed=1
    )
    tokenizer = load_tokenizer(tmp_path)
    pieces = [tokenizer.tokenize(f"effusion{end}")[0] for end in (".", ",", "")]
    assert pieces == ["\N{LOWER ONE EIGHTH BLOCK}effusion"] * 3


def test_the_model_has_the_size_that_was_asked_for(tiny_folder: Path) -> None:
    model = load_model(tiny_folder)
    assert isinstance(model, T5ForConditionalGeneration)
    vocab = len(load_tokenizer(tiny_folder))
    assert 97 < vocab <= 300
    # two embeddings; encoder: attention, gated feed-forward, 2 norms; decoder: 2 attentions, ..., 3 norms; final
    # norms; relative positions, 32 buckets a head, in encoder and decoder
    attention, forward = 4 * 32 * 32, 3 * 32 * 64
    expected = 2 * vocab * 32 + (attention + forward + 2 * 32) + (2 * attention + forward + 3 * 32) + 2 * 32 + 2 * 64
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


def test_the_output_layer_is_not_the_embedding_on_any_way_of_loading(tiny_folder: Path, tmp_path: Path) -> None:
    ours = load_model(tiny_folder)
    plain = AutoModelForSeq2SeqLM.from_pretrained(tiny_folder)
    plain.save_pretrained(tmp_path)
    again = AutoModelForSeq2SeqLM.from_pretrained(tmp_path)
    reference: Any = ours.lm_head.weight
    model: Any
    for model in (ours, plain, again):
        assert model.lm_head.weight is not model.shared.weight
        assert not torch.equal(model.lm_head.weight, model.shared.weight)
        assert torch.equal(model.lm_head.weight, reference)
        assert model.config.scale_decoder_outputs is False


def test_the_first_loss_is_that_of_guessing(tiny_folder: Path) -> None:
    model, tokenizer = load_model(tiny_folder), load_tokenizer(tiny_folder)
    batch = tokenizer(["The lungs are clear."], return_tensors="pt")
    labels = tokenizer(["No pleural effusion or pneumothorax in the right upper lobe."], return_tensors="pt")[
        "input_ids"
    ]
    loss = float(model(**batch, labels=labels).loss.detach())
    assert abs(loss - torch.log(torch.tensor(float(len(tokenizer)))).item()) < 1.5


def test_equal_texts_and_seed_give_equal_files(tiny_folder: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    build_tiny(iter(TEXTS), again, size=SIZE, seed=3)
    build_tiny(TEXTS, other, size=SIZE, seed=4)
    assert _files(again) == _files(tiny_folder)
    assert _files(other)["tokenizer.json"] == _files(tiny_folder)["tokenizer.json"]
    assert _files(other)["model.safetensors"] != _files(tiny_folder)["model.safetensors"]


def test_building_leaves_the_random_state_alone(tmp_path: Path) -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    build_tiny(TEXTS, tmp_path, size=SIZE, seed=3)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("texts", [[], ["", "  "]])
def test_no_text_gives_no_model(texts: list[str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no text"):
        build_tiny(texts, tmp_path / "model", size=SIZE, seed=1)
    assert not (tmp_path / "model").exists()


def test_the_folder_loads_by_hugging_face_alone(tiny_folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder, local_files_only=True)
    assert tokenizer.decode(tokenizer("the SVC")["input_ids"], skip_special_tokens=True) == "the SVC"
