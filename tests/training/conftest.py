import random
from pathlib import Path

import pytest
import torch

from radray.models.families.t5.tiny import build_tiny
from radray.settings.model import TinySettings

SIDES, DEGREES, SIGNS = ("right", "left"), ("small", "moderate", "large"), ("effusion", "opacity", "nodule")


def toy_pairs(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Findings and impressions of a toy language that a tiny model learns in seconds."""
    draw = random.Random(seed)
    inputs, targets = [], []
    for _ in range(count):
        side, degree, sign = draw.choice(SIDES), draw.choice(DEGREES), draw.choice(SIGNS)
        padding = " The heart is normal." * draw.randrange(3)
        inputs.append(f"There is a {degree} {sign} on the {side}.{padding}")
        targets.append(f"{degree.capitalize()} {side} {sign}.")
    return inputs, targets


@pytest.fixture(scope="session", autouse=True)
def _single_thread() -> None:
    """Threads that wait for one another make a model this small 20 times slower on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def toy_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained T5 that knows the toy language's words; not to be changed."""
    folder = tmp_path_factory.mktemp("models") / "toy"
    inputs, targets = toy_pairs(100, 0)
    size = TinySettings(vocab_size=300, d_model=32, d_ff=64, num_layers=1, num_heads=2)
    build_tiny([*inputs, *targets], folder, size=size, seed=1)
    return folder


@pytest.fixture(scope="session")
def pairs() -> dict[str, tuple[list[str], list[str]]]:
    """Toy inputs and targets: 75 to train on (a last batch of one in batches of 37), 20 for validation."""
    return {"train": toy_pairs(75, 1), "validation": toy_pairs(20, 2)}
