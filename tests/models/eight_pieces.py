"""A T5 that knows eight pieces: all that it can write can be listed, with its probability."""

import functools
import itertools
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase, T5Tokenizer

from radray.models.families.loading import load_tokenizer
from radray.models.families.pieces import PATIENTS
from radray.models.families.t5.loading import load_model
from radray.models.families.t5.tiny import build_tiny
from radray.settings.model import TinySettings

WORDS = "abcde"
PIECES = ["<pad>", "</s>", "<unk>", *(f"\N{LOWER ONE EIGHTH BLOCK}{letter}" for letter in WORDS)]
END = 1


def build_eight_pieces(folder: Path) -> None:
    """Write it, with random weights, into `folder`."""
    build_tiny(
        ["a"] * PATIENTS,
        folder,
        size=TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1, num_heads=2),
        seed=5,
    )
    weights = load_file(folder / "model.safetensors")
    for name in ("shared.weight", "lm_head.weight"):
        weights[name] = weights[name][: len(PIECES)].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": len(PIECES)}))
    T5Tokenizer(vocab=[(piece, -1.0) for piece in PIECES], extra_ids=0).save_pretrained(folder)


def with_masks(eight_pieces: Path, folder: Path) -> None:
    """Copy it to `folder` with pieces of which some are masks, or become one together."""
    shutil.copytree(eight_pieces, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
    word = PIECES[3][0]
    pieces = [*PIECES[:3], "___", f"{word}XXXX", "X", f"{word}X", f"{word}c"]
    T5Tokenizer(vocab=[(piece, -1.0) for piece in pieces], extra_ids=0).save_pretrained(folder)


@functools.cache
def _loaded(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    return load_model(folder), load_tokenizer(folder)


def log_probability(folder: Path, prompt: str, tokens: tuple[int, ...]) -> float:
    """Sum the log-probabilities of `tokens` one by one, by calling the model on each prefix anew."""
    model, tokenizer = _loaded(folder)
    inputs = tokenizer(prompt, return_tensors="pt")
    total = 0.0
    with torch.inference_mode():
        logits = model(**inputs, decoder_input_ids=torch.tensor([[0, *tokens[:-1]]])).logits[0]
        for place, token in enumerate(tokens):
            total += float(torch.log_softmax(logits[place].double(), dim=-1)[token])
    return total


def all_outputs(length: int) -> list[tuple[int, ...]]:
    """Everything that can be written in `length` tokens: ended sooner, or cut."""
    live = [token for token in range(len(PIECES)) if token != END]
    ended = [(*head, END) for n in range(length) for head in itertools.product(live, repeat=n)]
    return ended + list(itertools.product(live, repeat=length))


def text(tokens: tuple[int, ...]) -> str:
    return " ".join(WORDS[token - 3] for token in tokens if token >= 3)
