"""No piece of the tokenizers that are learnt from reports is of few patients, and no piece is a number."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import WhitespaceSplit

from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.loading import load_tokenizer
from radray.models.families.pieces import PATIENTS, learn_pieces
from radray.models.families.t5.tiny import build_tiny
from radray.settings.model import TinySettings

SIZE = TinySettings(vocab_size=600, d_model=16, d_ff=16, num_layers=1, num_heads=2)
COMMON = [f"The left lung is clear, {number} cm." for number in (12, 12, 345, 345, 2026)]
both = pytest.mark.parametrize("build", [build_tiny, build_tiny_causal])


def tokenizer_file(build: Callable[..., None], texts: Sequence[str], patients: Sequence[str], folder: Path) -> str:
    build(texts, folder, size=SIZE, seed=1, patients=patients)
    return (folder / "tokenizer.json").read_text(encoding="utf-8")


def pieces_of(file: str) -> list[str]:
    model: dict[str, Any] = json.loads(file)["model"]
    return [piece[0] if isinstance(piece, list) else piece for piece in model["vocab"]]


@both
def test_the_name_of_one_patient_is_no_piece_however_often_it_is_written(
    build: Callable[..., None], tmp_path: Path
) -> None:
    texts = [*COMMON, *["Brackenmoor, ward 7719305."] * 50]
    whose = [*"abcde", *["one"] * 50]
    pieces = pieces_of(tokenizer_file(build, texts, whose, tmp_path / "model"))
    assert any("clear" in piece for piece in pieces)
    assert not [piece for piece in pieces if re.search("brac|moor|ward|rd", piece, re.IGNORECASE)]
    # and the same of several patients is
    pieces = pieces_of(tokenizer_file(build, texts, [*"abcde", *map(str, range(50))], tmp_path / "other"))
    assert any("Brackenmoor" in piece for piece in pieces)


@both
def test_no_piece_has_two_digits(build: Callable[..., None], tmp_path: Path) -> None:
    texts = [text for text in COMMON for _ in range(20)]
    file = tokenizer_file(build, texts, [str(number) for number in range(len(texts))], tmp_path)
    assert not [piece for piece in pieces_of(file) if re.search(r"\d\D*\d", piece) and not piece.startswith("<")]
    tokenizer = load_tokenizer(tmp_path)
    assert "".join(tokenizer.tokenize("2026")).lstrip("▁Ġ") == "2026"
    assert tokenizer.decode(tokenizer("cm 12, 345.")["input_ids"], skip_special_tokens=True) == "cm 12, 345."


@given(
    st.lists(
        st.tuples(st.text("abcd ", max_size=12), st.sampled_from([str(number) for number in range(8)])), max_size=30
    )
)
def test_every_piece_stands_in_the_texts_of_enough_patients(rows: list[tuple[str, str]]) -> None:
    texts, patients = [text for text, _ in rows], [patient for _, patient in rows]
    pieces = learn_pieces(texts, patients, WhitespaceSplit(), 40, "abcd").get_vocab()
    assert set("abcd") <= pieces.keys()
    for piece in pieces.keys() - set("abcd"):
        assert len({patient for text, patient in rows if piece in text}) >= PATIENTS


def test_pieces_come_by_size_and_without_texts_there_is_the_alphabet() -> None:
    assert set(learn_pieces([], None, WhitespaceSplit(), 10, "ab", ["<x>"]).get_vocab()) == {"<x>", "a", "b"}
    texts = ["abab baba abba"] * PATIENTS
    assert len(learn_pieces(texts, None, WhitespaceSplit(), 4, "ab").get_vocab()) == 4
    assert len(learn_pieces(["ab" * 300] * PATIENTS, None, WhitespaceSplit(), 40, "ab").get_vocab()) == 2
