"""Which engine a run takes, and why: with Ray, where a parity run is made, and without, where its record is known."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from radray.cluster.connection import ray_on_demand
from radray.errors import ConfigError, InputError
from radray.models.engines.conversion import Converted, ensure_converted
from radray.models.engines.parity import ParityRecord, prove
from radray.models.families.pieces import PATIENTS
from radray.models.families.t5 import converting
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.nights.engine_choice import NO_ENGINE, EngineOfModel, choose_engine, decide
from radray.settings.cluster import ClusterSettings
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings

TEXT = "Small left effusion. The lungs are clear."
FAST = f"ctranslate2-{version('ctranslate2')}-float32"
REFERENCE = f"transformers-{version('transformers')}-float32"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    build_tiny([TEXT] * PATIENTS, folder, size=TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1), seed=1)
    write_manifest(folder, "m", {})
    return folder


@pytest.fixture
def model(folder: Path, tmp_path: Path) -> ModelFolder:
    shutil.copytree(folder, tmp_path / "model")
    write_manifest(tmp_path / "model", "m", {"test": str(tmp_path)})  # a digest of its own: nobody else has a copy
    return open_model(str(tmp_path / "model"))


@pytest.fixture(scope="module")
def start_ray() -> Iterator[Callable[[], None]]:
    with ray_on_demand(ClusterSettings()) as start:
        yield start


class StartedError(Exception):
    """The run tried to start Ray."""


def no_ray() -> None:
    raise StartedError


def settings(**values: object) -> GenerateSettings:
    return GenerateSettings.model_validate(
        {"max_new_tokens": 6, "num_beams": 2, "num_return_sequences": 2, "threads_per_actor": 1} | values
    )


def prompts(count: int) -> Sequence[str]:
    return [f"{TEXT[place % 20 :]}" for place in range(count)]


class AskedForError(Exception):
    """The run asked for prompts; the argument is how many."""


def unasked(count: int) -> Sequence[str]:
    raise AskedForError(count)


def test_auto_takes_what_proved_itself_and_asks_once(model: ModelFolder, start_ray: Callable[[], None]) -> None:
    first = choose_engine(model, settings(), start_ray, 5, prompts)
    assert first.name == FAST
    assert first.settings == settings(engine="ctranslate2")
    assert first.reason.startswith(
        "5 of 5 reports as transformers writes them (5 best texts, 10 of 10 hypotheses), scores within"
    )
    assert first.converted == ensure_converted(model, "float32").digest
    assert choose_engine(model, settings(), start_ray, 5, unasked) == first
    assert choose_engine(model, settings(), no_ray, 4, unasked) == first
    with pytest.raises(AskedForError, match="64"):  # five were not enough to judge a thousand by
        choose_engine(model, settings(), no_ray, 1_000, unasked)
    with pytest.raises(AskedForError, match="5"):
        choose_engine(model, settings(max_new_tokens=7), no_ray, 5, unasked)


def test_a_conversion_that_writes_otherwise_is_refused(model: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "output_scale", lambda loaded: 16**-0.5)
    prove(model, settings(), prompts(5))
    chosen = choose_engine(model, settings(), no_ray, 5, unasked)
    assert (chosen.name, chosen.converted) == (REFERENCE, None)
    assert "ctranslate2 is refused: 0 of 5 reports" in chosen.reason
    with pytest.raises(InputError, match="ctranslate2 is refused: 0 of 5 reports"):
        choose_engine(model, settings(engine="ctranslate2"), no_ray, 5, unasked)


def test_a_model_that_cannot_be_converted_is_run_by_transformers(model: ModelFolder) -> None:
    config = json.loads((model.path / "config.json").read_text())
    (model.path / "config.json").write_text(json.dumps(config | {"model_type": "phi3"}))
    chosen = choose_engine(model, settings(), no_ray, 5, unasked)
    assert chosen.name == REFERENCE
    assert f"CTranslate2 {version('ctranslate2')} has no phi3" in chosen.reason
    for named in (settings(engine="ctranslate2"), settings(compute_type="int8")):
        with pytest.raises(InputError, match="has no phi3"):
            choose_engine(model, named, no_ray, 5, unasked)


def test_a_model_of_no_known_family_is_run_by_no_engine(model: ModelFolder) -> None:
    config = json.loads((model.path / "config.json").read_text())
    (model.path / "config.json").write_text(json.dumps(config | {"model_type": "bart"}))
    for engine in ("auto", "transformers", "ctranslate2"):
        with pytest.raises(InputError, match="a model of type bart is not known; known are gemma, "):
            choose_engine(model, settings(engine=engine), no_ray, 5, unasked)


def test_a_compute_type_that_was_named_is_measured_and_taken(model: ModelFolder, start_ray: Callable[[], None]) -> None:
    prove(model, settings(compute_type="int8"), prompts(5))
    chosen = choose_engine(model, settings(compute_type="int8"), start_ray, 5, unasked)
    assert chosen.name == f"ctranslate2-{version('ctranslate2')}-int8"
    assert "of 5 reports" in chosen.reason
    here = choose_engine(model, settings(compute_type="bfloat16"), start_ray, 5, prompts)
    assert here.name == f"transformers-{version('transformers')}-bfloat16"
    assert "CTranslate2 on cpu here knows float32, int8" in here.reason


def test_transformers_is_taken_when_named(model: ModelFolder) -> None:
    assert choose_engine(model, settings(engine="transformers"), no_ray, 5, unasked).name == REFERENCE
    with pytest.raises(ConfigError, match="int8 needs"):
        choose_engine(model, settings(engine="transformers", compute_type="int8"), no_ray, 5, unasked)


def test_samples_are_drawn_by_transformers_without_a_parity_run(model: ModelFolder) -> None:
    chosen = choose_engine(model, settings(samples=2, consensus="rouge_l"), no_ray, 5, unasked)
    assert (chosen.name, chosen.settings.engine) == (REFERENCE, "transformers")
    assert "generate.samples" in chosen.reason


@pytest.mark.parametrize("engine", ["auto", "transformers", "ctranslate2"])
def test_without_a_report_no_engine_is_asked_for(model: ModelFolder, engine: str) -> None:
    of_model = EngineOfModel(model, settings(engine=engine), 5, unasked)
    chosen = of_model.choose(0, no_ray)
    assert (chosen.name, chosen.converted) == (NO_ENGINE, None)
    assert of_model.possible(0) == [chosen]
    assert choose_engine(model, settings(engine=engine), no_ray, 0, unasked) == chosen


def test_what_an_engine_may_be_is_told_before_it_is_proven(model: ModelFolder) -> None:
    for engine, compute_type, names in [
        ("auto", "float32", [FAST, REFERENCE]),
        ("auto", "int8", [FAST.replace("float32", "int8")]),
        ("ctranslate2", "float32", [FAST]),
        ("transformers", "float32", [REFERENCE]),
    ]:
        of_model = EngineOfModel(model, settings(engine=engine, compute_type=compute_type), 5, unasked)
        assert [engine.name for engine in of_model.possible(3)] == names
    of_model = EngineOfModel(model, settings(), 5, unasked)
    with pytest.raises(AskedForError, match="5"):  # those of the whole run, not of the partition alone
        of_model.choose(3, no_ray)
    prove(model, settings(), prompts(5))
    (known,) = of_model.possible(3)
    assert known.name == FAST
    shutil.rmtree(model.path)  # and is not looked for again
    assert of_model.choose(3, no_ray) == known
    assert of_model.possible(2) == [known]


@pytest.fixture(scope="module")
def proven(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelFolder, ParityRecord, Converted]:
    copy = tmp_path_factory.mktemp("proven") / "model"
    shutil.copytree(folder, copy)
    model = open_model(str(copy))
    return model, *prove(model, settings(), prompts(3))


def test_auto_leaves_a_slower_engine_and_who_names_it_gets_it(
    proven: tuple[ModelFolder, ParityRecord, Converted],
) -> None:
    model, record, converted = proven
    slow = replace(record, seconds=2.0, reference_seconds=1.0)
    short = replace(record, seconds=0.2, reference_seconds=0.1)
    assert decide(model, settings(), short, converted).name == FAST
    chosen = decide(model, settings(), slow, converted)
    assert chosen.name == REFERENCE
    assert "slower" in chosen.reason
    assert "0.5 times as fast" in chosen.reason
    assert decide(model, settings(engine="ctranslate2"), slow, converted).name == FAST


def test_one_report_of_many_that_differs_is_too_many(
    proven: tuple[ModelFolder, ParityRecord, Converted],
) -> None:
    model, record, converted = proven
    assert decide(model, settings(), replace(record, seconds=1.0, reference_seconds=2.0), converted).name == FAST
    differs = replace(record, n=64, equal=63)
    assert decide(model, settings(), differs, converted).name == REFERENCE
    with pytest.raises(InputError, match="63 of 64"):
        decide(model, settings(engine="ctranslate2"), differs, converted)
