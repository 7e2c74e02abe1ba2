"""A causal model is not asked for more tokens than it has positions; a T5 has no such limit."""

import json
from pathlib import Path

import pytest

from radray.errors import ConfigError
from radray.models.engines.transformers_beam import TransformersEngine
from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.pieces import PATIENTS
from radray.models.families.registry import open_family
from radray.models.families.t5.tiny import build_tiny
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings
from radray.settings.train import TrainSettings
from radray.training.loop.sharding import Worker, load_plain

SIZE = TinySettings(vocab_size=300, d_model=16, d_ff=32, num_layers=1, num_heads=2)
TEXTS = ["The lungs are clear.", "No effusion."]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with 100 positions."""
    folder = tmp_path_factory.mktemp("models") / "short"
    build_tiny_causal(TEXTS * PATIENTS, folder, size=SIZE, seed=1)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 100}))
    return folder


def test_an_engine_refuses_more_than_the_positions(short: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        TransformersEngine(short, GenerateSettings(engine="transformers", max_input_tokens=80, max_new_tokens=21))
    assert str(refused.value) == (
        f"model folder {short}: the model has positions for 100 tokens of prompt and answer, and"
        " generate.max_input_tokens=80 and generate.max_new_tokens=21 allow 101"
    )
    engine = TransformersEngine(short, GenerateSettings(engine="transformers", max_input_tokens=80, max_new_tokens=20))
    assert len(engine.generate(TEXTS)) == 2


def test_training_refuses_more_than_the_positions(short: Path) -> None:
    with pytest.raises(ConfigError, match=r"train\.max_input_tokens=64 and train\.max_target_tokens=64 allow 128"):
        load_plain(short, TrainSettings(max_input_tokens=64, max_target_tokens=64), Worker())


def test_a_t5_has_no_limit(tmp_path: Path) -> None:
    build_tiny(TEXTS * PATIENTS, tmp_path / "t5", size=SIZE, seed=1)
    assert open_family(tmp_path / "t5").longest(tmp_path / "t5") is None
    TransformersEngine(tmp_path / "t5", GenerateSettings(engine="transformers", max_input_tokens=4096))
