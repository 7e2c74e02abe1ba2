"""Where the checkpoints of a training are, and which settings do not change what it learns."""

from pathlib import Path

import pytest

from radray.settings.loading import load_settings
from radray.settings.train import TrainSettings
from radray.tables.catalog import Warehouse
from radray.training.places import checkpoint_place
from radray.training.run import PACE

KEY = "0123456789abcdef" * 4


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    return [f"warehouse.uri={tmp_path}/warehouse", f"model.out={tmp_path}/models/chest"]


def test_checkpoints_are_beside_the_model_by_the_run_key(words: list[str], tmp_path: Path) -> None:
    settings = load_settings((), words)
    place, uploads = checkpoint_place(settings, Warehouse(settings.warehouse).storage, KEY)
    assert (place, uploads) == (tmp_path / "models" / "chest-checkpoints" / KEY[:16], None)


def test_a_folder_of_checkpoints_takes_their_place(words: list[str], tmp_path: Path) -> None:
    settings = load_settings((), [*words, f"train.checkpoint_uri={tmp_path}/big"])
    place, uploads = checkpoint_place(settings, Warehouse(settings.warehouse).storage, KEY)
    assert (place, uploads) == (tmp_path / "big" / KEY[:16], None)


def test_on_s3_they_are_uploaded_and_written_beside_the_model_first(words: list[str], tmp_path: Path) -> None:
    settings = load_settings((), [*words, "train.checkpoint_uri=s3://bucket/runs/"])
    place, uploads = checkpoint_place(settings, Warehouse(settings.warehouse).storage, KEY)
    assert place == tmp_path / "models" / "chest-checkpoints" / KEY[:16]
    assert uploads is not None
    assert uploads.uri == f"s3://bucket/runs/{KEY[:16]}"


def test_every_setting_is_either_pace_or_decides_what_is_learnt() -> None:
    assert set(TrainSettings.model_fields) - PACE == {
        *("epochs", "max_steps", "method", "lora_rank", "soft_prompt_tokens", "batch_size", "optimiser"),
        *("learning_rate", "warmup_fraction", "weight_decay", "max_gradient_norm", "max_input_tokens"),
        *("max_target_tokens", "precision", "seed", "keep_masks", "keep_communications"),
        *("examples", "abnormal_copies", "augment", "store_neighbours", "tasks"),
        *("rouge_every_epochs", "rouge_reports", "best_by", "early_stop_after"),
    }
    assert set(TrainSettings.model_fields) > PACE
