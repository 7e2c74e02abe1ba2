from pathlib import Path

import pytest

from radray.models.families.pieces import PATIENTS
from radray.models.families.t5.tiny import build_tiny
from radray.settings.model import TinySettings
from tests.models.eight_pieces import build_eight_pieces

TEXTS = [
    "The lungs are clear. No pleural effusion or pneumothorax, compared with ___.",
    "There is a 1.9 x 1.8 cm nodule in the right upper lobe (unchanged since ___).",
    "Heart size is normal; the tip of the line ends in the SVC.",
] * PATIENTS
SIZE = TinySettings(vocab_size=300, d_model=32, d_ff=64, num_layers=1, num_heads=2)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small untrained T5; not to be changed."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    build_tiny(TEXTS, folder, size=SIZE, seed=3)
    return folder


@pytest.fixture(scope="module")
def eight_pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A T5 with random weights that knows eight pieces, so that all that it can write can be listed."""
    folder = tmp_path_factory.mktemp("eight")
    build_eight_pieces(folder)
    return folder
