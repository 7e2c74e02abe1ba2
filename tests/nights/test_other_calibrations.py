"""A night is refused, before anything is read or written, when its calibration was made for something else."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from radray.errors import ConfigError
from radray.evaluation.deferral.calibration import Calibration, calibrate
from radray.models.folder import ModelFolder
from radray.models.manifest import Manifest
from radray.models.neighbours import Neighbour
from radray.nights.dataset_splits import find_dataset_splits
from radray.nights.engine_choice import EngineChoice
from radray.nights.final_line import FinalLine
from radray.nights.night import generate_night
from radray.nights.predictions_partition import freeze_partition
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tasks.registry import find_prompt
from tests.support.worlds.calibrated import prediction_rows
from tests.support.worlds.night_tables import NIGHT, put_prepare_run, put_reports

ASKED = find_prompt("findings-v1")
MODEL = ModelFolder("model", Path("nowhere"), Manifest("model", {}, {}), "m" * 64)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    rows = [{**row, "prompt_id": "findings-v1"} for row in prediction_rows(50)]
    return calibrate(rows, "logprob", {"r2": 0.3}, 0.05)


def settings(folder: Path, *overrides: str) -> Settings:
    fixed = (f"warehouse.uri={folder}/warehouse", f"date={NIGHT}", f"score.calibration={folder}/c.json")
    return load_settings((), [*fixed, *overrides])


def run(asked: Settings, model: ModelFolder = MODEL) -> None:
    def no_cluster() -> None:
        raise AssertionError("Ray was started")

    generate_night(asked, [(model, ASKED)], no_cluster, Console(quiet=True), FinalLine("generate"))


def test_a_calibration_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"c\.json: there is no such file"):
        run(settings(tmp_path))


def test_thresholds_that_do_not_go_with_it_are_refused(tmp_path: Path) -> None:
    calibration = calibrate(prediction_rows(50), "logprob", {"r1": 0.3}, 0.05)
    (tmp_path / "c.json").write_bytes(calibration.to_json())
    with pytest.raises(ConfigError, match=r"score\.defer_below_logprob is set beside"):
        run(settings(tmp_path, "score.defer_below_logprob=-1"))


def test_another_model_is_refused_before_the_night_is_prepared(tmp_path: Path, calibration: Calibration) -> None:
    (tmp_path / "c.json").write_bytes(calibration.to_json())
    asked = settings(tmp_path, f"source.uri={tmp_path}/no.zip", "source.dataset=d", "source.format=mimic_zip")
    with pytest.raises(ConfigError, match=f"was made for model_digest {'m' * 64}, and this is {'f' * 64}: "):
        run(asked, replace(MODEL, digest="f" * 64))
    assert not (tmp_path / "warehouse").exists()


def test_another_prompt_is_refused(tmp_path: Path, calibration: Calibration) -> None:
    other = replace(calibration, bound_to={**calibration.bound_to, "prompt_id": "sections-v1"})
    (tmp_path / "c.json").write_bytes(other.to_json())
    with pytest.raises(ConfigError, match="was made for prompt_id sections-v1, and this is findings-v1: "):
        run(settings(tmp_path))


def test_another_dataset_is_refused(tmp_path: Path, calibration: Calibration) -> None:
    (tmp_path / "c.json").write_bytes(calibration.to_json())
    asked = settings(tmp_path)
    warehouse = Warehouse(asked.warehouse)
    put_reports(warehouse, ["1", "2"])
    put_prepare_run(warehouse, "hospital")
    with pytest.raises(ConfigError, match="was made for dataset d, and this is hospital: "):
        run(asked)


def test_rows_and_calibrations_of_other_picked_exemplars_are_not_taken(tmp_path: Path) -> None:
    warehouse = Warehouse(load_settings((), [f"warehouse.uri={tmp_path}/warehouse"]).warehouse)
    put_reports(warehouse, ["1"])
    put_prepare_run(warehouse, "hospital")
    plain = load_settings((), [f"warehouse.uri={tmp_path}/warehouse", f"date={NIGHT}"])
    (split,) = find_dataset_splits(warehouse, plain)
    engine = EngineChoice("transformers", plain.generate, "")
    asked = find_prompt("similar-findings-v1")
    picked = [asked.showing([Neighbour("u", f"Findings {n}.", "Normal.", 1.0)], "hub", {}) for n in (1, 2)]
    nights = [freeze_partition(warehouse, plain, split, MODEL, its) for its in (asked, *picked)]
    assert len({night.alike(engine)["settings_digest"] for night in nights}) == 3
