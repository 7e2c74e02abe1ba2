"""What a consensus needs of a model, and which of its settings make another run."""

import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from radray.errors import ConfigError
from radray.models.engines.engine import CONSENSUS, DECIDES, decisive
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.nights.engine_choice import EngineChoice
from radray.nights.night import asked_of
from radray.nights.predictions_partition import PredictionsPartition
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings
from radray.settings.root import Settings
from radray.tasks.registry import find_prompt

SAMPLED: dict[str, Any] = {"consensus": "rouge_l", "samples": 2}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    folder = tmp_path_factory.mktemp("model")
    build_tiny(["a"], folder, size=TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1), seed=1)
    write_manifest(folder, "m", {})
    return open_model(str(folder))


def keys(model: ModelFolder, **values: Any) -> tuple[str, str]:
    """Return the run's key and the digest of its settings, by which rows are taken over."""
    settings = Settings(generate=GenerateSettings(**values))
    stub = cast(Any, SimpleNamespace(partition={"batch_date": datetime.date(2026, 1, 2)}, digest="i", unit_ids=[]))
    night = PredictionsPartition(stub, settings, stub, model, stub, find_prompt("findings-v1"), stub, "run")
    engine = EngineChoice("transformers", settings.generate, "named")
    return night.row(engine).run_key, night.alike(engine)["settings_digest"]


@pytest.mark.parametrize(
    "values",
    [
        {"consensus": None, "samples": 0},
        {"consensus": "both"},
        {"samples": 3},
        {"sample_seed": 14},
        {"sample_temperature": 0.5},
        {"consensus_neighbours": 9},
    ],
)
def test_what_decides_the_choice_makes_another_run(model: ModelFolder, values: dict[str, Any]) -> None:
    for key, other in zip(keys(model, **SAMPLED), keys(model, **SAMPLED | values), strict=True):
        assert key != other


def test_without_a_consensus_its_settings_do_not_count(model: ModelFolder) -> None:
    assert keys(model) == keys(model, consensus_neighbours=3, sample_seed=1)


def test_an_order_of_items_makes_another_run(model: ModelFolder) -> None:
    for key, other in zip(keys(model), keys(model, order="criticality"), strict=True):
        assert key != other


def test_what_is_off_has_no_part_in_the_keys() -> None:
    assert decisive(GenerateSettings()).keys() == DECIDES
    assert decisive(GenerateSettings(consensus="both")).keys() == DECIDES | CONSENSUS
    assert decisive(GenerateSettings(order="criticality")).keys() == DECIDES | {"order"}


def test_a_model_without_training_reports_is_refused_with_the_lever(model: ModelFolder, tmp_path: Path) -> None:
    settings = Settings(generate=GenerateSettings(consensus="rouge_l"))
    with pytest.raises(ConfigError, match=r"set generate.consensus_neighbours=0"):
        asked_of(settings, [model])
    alone = Settings(generate=GenerateSettings(consensus="rouge_l", consensus_neighbours=0))
    assert [each[0] for each in asked_of(alone, [model])] == [model]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"samples": 1}, "set generate.consensus"),
        ({"consensus": "rouge_l", "consensus_neighbours": 0, "num_return_sequences": 1}, "needs candidates"),
    ],
)
def test_settings_that_leave_nothing_to_choose_are_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        GenerateSettings(**values)
