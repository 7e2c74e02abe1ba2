"""CTranslate2 against transformers, and the result of a parity run on a wrong conversion."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from radray.errors import InputError
from radray.models.engines.conversion import find_converted, record_parity
from radray.models.engines.engine import Generation, Hypothesis
from radray.models.engines.opening import open_engine
from radray.models.engines.parity import TOLERANCE, compare, known_parity, parity_key, prove
from radray.models.families.t5 import converting
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.settings.generate import GenerateSettings

PROMPTS = [
    *(f"The lungs are clear. {words}" for words in ("No pleural effusion.", "", "Heart size is normal.", "No line.")),
    "There is a 1.9 x 1.8 cm nodule in the right upper lobe (unchanged since ___). The tip of the line ends.",
    *("nodule", "(", "The SVC; the tip.", "1.9 x 1.8 cm", "compared with ___", "é", "No line. " * 9),
]


def _make(tiny_folder: Path, folder: Path, kind: str) -> ModelFolder:
    """Return a model that ends some of its texts; tied is the first T5, whose decoder's output is scaled."""
    shutil.copytree(tiny_folder, folder, ignore=shutil.ignore_patterns(".*"))
    weights = load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    if kind == "tied":
        weights["shared.weight"] = weights.pop("lm_head.weight") * math.sqrt(32)
        config |= {"tie_word_embeddings": True}
        config.pop("scale_decoder_outputs", None)
        weights["shared.weight"][1] *= 4.0
    else:
        weights["lm_head.weight"][1] *= 2.0  # the end token is often likely
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    write_manifest(folder, "m", {"test": str(folder)})  # a digest of its own: nobody else has a copy of it
    return open_model(str(folder))


@pytest.fixture(scope="module", params=["untied", "tied"])
def model(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> ModelFolder:
    """A model to read, which is converted once."""
    return _make(tiny_folder, tmp_path_factory.mktemp("parity") / "model", request.param)


@pytest.fixture(params=["untied"])
def own(tiny_folder: Path, tmp_path: Path, request: pytest.FixtureRequest) -> ModelFolder:
    """A model that the test may change."""
    return _make(tiny_folder, tmp_path / "model", request.param)


def _settings(**settings: Any) -> GenerateSettings:
    values = {"num_beams": 4, "num_return_sequences": 4, "max_new_tokens": 12, "max_input_tokens": 20}
    return GenerateSettings(**values | {"threads_per_actor": 1, "batch_size": 5} | settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_beams": 1, "num_return_sequences": 1},
        {"length_penalty": 0.0},
        {"length_penalty": -1.5},
        {"length_penalty": 2.0, "suppress_masks": False},
        {"num_beams": 7, "num_return_sequences": 2, "max_new_tokens": 2},
        {"batch_tokens": 25},
    ],
)
def test_every_hypothesis_is_the_references(model: ModelFolder, settings: dict[str, Any]) -> None:
    record, converted = prove(model, _settings(**settings), PROMPTS)
    assert (record.n, record.equal, record.passed) == (len(PROMPTS), len(PROMPTS), True)
    assert record.hypotheses == record.equal_hypotheses == len(PROMPTS) * _settings(**settings).num_return_sequences
    assert record.max_score_difference <= TOLERANCE
    assert known_parity(model, _settings(**settings)) == (record, converted)


def test_the_prompts_meet_truncation_an_end_and_a_cut(model: ModelFolder) -> None:
    generations = open_engine(model, _settings(engine="ctranslate2")).generate(PROMPTS)
    assert (
        {generation.input_truncated for generation in generations}
        == {generation.output_cut for generation in generations}
        == {False, True}
    )


@pytest.mark.parametrize("own", ["untied", "tied"], indirect=True)
def test_a_wrong_scale_is_found(own: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    right = converting.output_scale
    monkeypatch.setattr(converting, "output_scale", lambda loaded: right(loaded) * 32**-0.5)
    record, _ = prove(own, _settings(), PROMPTS)
    assert not record.passed
    assert record.equal == 0
    assert record.max_score_difference > 100 * TOLERANCE or record.equal_hypotheses == 0


def test_int8_is_measured_and_recorded_as_it_is(own: ModelFolder) -> None:
    record, converted = prove(own, _settings(compute_type="int8"), PROMPTS)
    assert record.compute_type == converted.manifest.provenance["compute_type"] == "int8"
    assert record.max_score_difference > TOLERANCE
    assert record.equal < record.n
    assert known_parity(own, _settings()) is None


def test_a_record_holds_for_its_settings_and_an_undamaged_copy(own: ModelFolder) -> None:
    settings = _settings(num_beams=1, num_return_sequences=1, max_new_tokens=3)
    prove(own, settings, PROMPTS[:2])
    assert known_parity(own, settings.model_copy(update={"batch_size": 1, "threads_per_actor": 2})) is not None
    assert known_parity(own, settings.model_copy(update={"max_new_tokens": 4})) is None
    assert known_parity(own, settings.model_copy(update={"use_gpu": True})) is None
    copy = find_converted(own, "float32")
    assert copy is not None
    (old,) = copy.parity.values()
    record_parity(copy, parity_key(settings), {name: old[name] for name in old if name != "equal"})
    assert known_parity(own, settings) is None  # other code wrote it
    (copy.path / "model.bin").write_bytes(b"")
    assert known_parity(own, settings) is None
    record, mended = prove(own, settings, PROMPTS[:2])
    assert record.passed
    assert mended.digest == copy.digest


def test_no_prompts_prove_nothing(own: ModelFolder) -> None:
    with pytest.raises(InputError, match="needs a prompt"):
        prove(own, _settings(), [])
    assert find_converted(own, "float32") is None


def test_each_way_to_differ_counts() -> None:
    base = Generation((Hypothesis("a", -0.5), Hypothesis("b", -2.0)), 5, 3, False, False)
    assert compare([], []).equal == 0
    second = replace(base, hypotheses=(base.hypotheses[0], Hypothesis("c", -2.0)))
    assert (compare([second], [base]).equal, compare([second], [base]).equal_best) == (0, 1)
    assert compare([replace(base, hypotheses=base.hypotheses[::-1])], [base]).equal_best == 0
    near = replace(base, hypotheses=(Hypothesis("a", -0.50005), Hypothesis("b", -2.0001)))
    same = compare([base, near], [base, base])
    assert (same.n, same.equal, same.hypotheses, same.equal_hypotheses) == (2, 2, 4, 4)
    assert same.max_score_difference == pytest.approx(5e-5)
    for other in (
        replace(base, hypotheses=base.hypotheses[::-1]),
        replace(base, hypotheses=(Hypothesis("a", -0.5), Hypothesis("c", -2.0))),
        replace(base, hypotheses=(Hypothesis("a", -0.5002), Hypothesis("b", -2.0))),
        replace(base, hypotheses=(Hypothesis("a", math.nan), Hypothesis("b", -2.0))),
        replace(base, output_cut=True),
        replace(base, output_tokens=2),
        replace(base, input_truncated=True),
    ):
        assert compare([other], [base]).equal == 0
    with pytest.raises(ValueError, match="zip"):
        compare([base], [])
