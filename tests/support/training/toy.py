"""A toy language that a tiny model learns in seconds, and untrained models of both families that know its words."""

import random
from pathlib import Path

import pytest

from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.t5.tiny import build_tiny
from radray.settings.model import TinySettings

SIDES, DEGREES, SIGNS = ("right", "left"), ("small", "moderate", "large"), ("effusion", "opacity", "nodule")
both_families = pytest.mark.parametrize("toy_family", ["t5", "causal"], indirect=True)
"""For a test whose toy model is to be a T5 and then a causal model; without it the toy model is a T5."""


def toy_pairs(count: int, seed: int, family: str = "t5") -> tuple[list[str], list[str]]:
    """Findings and impressions; what a causal model reads ends with the line that asks for the answer."""
    draw = random.Random(seed)
    inputs, targets = [], []
    for _ in range(count):
        side, degree, sign = draw.choice(SIDES), draw.choice(DEGREES), draw.choice(SIGNS)
        padding = " The heart is normal." * draw.randrange(3)
        inputs.append(f"There is a {degree} {sign} on the {side}.{padding}")
        targets.append(f"{degree.capitalize()} {side} {sign}.")
    if family == "causal":
        inputs = [f"Findings: {text}\nImpression:" for text in inputs]
    return inputs, targets


def build_toy(family: str, folder: Path) -> None:
    """Write an untrained model that knows the toy language's words to `folder`."""
    inputs, targets = toy_pairs(100, 0, family)
    if family == "t5":
        size = TinySettings(vocab_size=300, d_model=32, d_ff=64, num_layers=1, num_heads=2)
        build_tiny([*inputs, *targets], folder, size=size, seed=1)
    else:
        # of its pieces 256 are bytes; one layer does not learn to find the word that the answer repeats
        size = TinySettings(vocab_size=420, d_model=64, d_ff=128, num_layers=2, num_heads=4)
        build_tiny_causal([*inputs, *targets], folder, size=size, seed=1)
