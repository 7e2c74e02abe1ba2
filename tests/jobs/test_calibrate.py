"""`jobs.evaluate evaluate.calibrate=...` over made-up predictions: one file beside the model, and what is refused."""

import hashlib
import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from jobs.evaluate import describe, evaluate
from radray.analytics.calibrating import write_calibration
from radray.errors import ConfigError, InputError
from radray.evaluation.deferral.calibration import calibrate, parse_calibration
from radray.schema.evaluations import EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from tests.support.worlds.calibrated import ABNORMAL, NIGHT, NORMAL, prediction_rows
from tests.support.worlds.evaluate import append

ROWS = 300


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a manifest, whose digest the predictions have."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "manifest.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """Return a warehouse with the predictions of the model and of another one."""
    folder = tmp_path_factory.mktemp("warehouse")
    warehouse = Warehouse(load_settings((), [f"warehouse.uri={folder}"]).warehouse)
    digest = hashlib.sha256(b"{}").hexdigest()
    fixed = {"study_id": "s", "run_key": "k", "run_id": "r", "task": "impression"}
    rows = [
        {**row, **fixed, "model_digest": digest, **deferred(place)} for place, row in enumerate(prediction_rows(ROWS))
    ]
    other = [{**row, "model_digest": "f" * 64, "model_name": "other"} for row in rows[:5]]
    append(warehouse, PREDICTIONS, rows)
    append(warehouse, PREDICTIONS, other)
    return folder


def deferred(place: int) -> dict[str, object]:
    """Return what the night said of the prediction: every third is left to a person."""
    return {"defer": True, "defer_reason": "unsure_normal"} if place % 3 == 0 else {"defer": False}


def settings(place: Path, *overrides: str) -> Settings:
    fixed = (f"warehouse.uri={place}", f"date={NIGHT}", "evaluate.resamples=200", "evaluate.calibrate_alpha.r2=0.3")
    return load_settings((), [*fixed, "evaluate.calibrate=logprob", *overrides])


def run(asked: Settings) -> str:
    output = io.StringIO()
    evaluate(asked, Console(file=output, width=400))
    return output.getvalue()


def test_a_calibration_is_written_beside_the_model(place: Path, model: Path) -> None:
    asked = settings(place, "evaluate.models=model", f"model.uri={model}")
    assert f"write {model}/.calibration: the calibration of logprob" in describe(asked)
    output = run(asked)
    (file,) = (model / ".calibration").iterdir()
    calibration = parse_calibration(file.read_bytes(), str(file))
    assert file.name == f"d-logprob-{calibration.digest[:12]}.json"
    rows = prediction_rows(ROWS)
    same = calibrate(rows, "logprob", {"r2": 0.3}, 0.05)
    assert (calibration.chosen, calibration.histogram) == (same.chosen, same.histogram)
    assert "exchangeable" in output
    assert str(file) in output

    figures = {
        row["metric"]: row
        for row in Warehouse(asked.warehouse).read(EVALUATIONS).to_pylist()
        if row["metric"].startswith("calibration.")
    }
    (bound,) = calibration.chosen.bounds
    errors = figures["calibration.logprob.r2.errors"]
    assert (errors["n"], errors["mean"], errors["ci_high"]) == (bound.n, bound.k / bound.n, bound.upper)
    assert figures["calibration.logprob.r2.alpha"]["mean"] == 0.3
    assert figures["calibration.logprob.r2.threshold"]["mean"] == calibration.chosen.threshold
    assert figures["calibration.logprob.r2.kept_normal"]["mean"] == calibration.chosen.kept_normal


def test_the_page_shows_the_bound_and_what_was_deferred(place: Path, model: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    asked = settings(place, "evaluate.models=model", f"model.uri={model}", f"evaluate.page={page}")
    output = run(asked)
    calibration = calibrate(prediction_rows(ROWS), "logprob", {"r2": 0.3}, 0.05)
    (bound,) = calibration.chosen.bounds
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page.read_text())
    at = cells.index("r2")
    assert cells[at - 1 : at + 8] == [
        *("logprob", "r2", "30 %", "5 %", f"{calibration.chosen.threshold:.6g}", f"{bound.k} of {bound.n}"),
        *(f"{100 * bound.upper:.1f} %", f"{100 * calibration.chosen.kept:.1f} %"),
        f"{100 * calibration.chosen.kept_normal:.1f} %",
    ]
    assert "of other nights it says nothing" in page.read_text()
    # every third was deferred as the model wrote them
    errors = [row for row in prediction_rows(ROWS) if row["reference"] == ABNORMAL and row["prediction"] == NORMAL]
    kept = sum(int(row["unit_id"].split()[1]) % 3 > 0 for row in errors)
    abnormal = sum(row["reference"] == ABNORMAL for row in prediction_rows(ROWS))
    assert f"{kept} of {abnormal}" in cells
    assert "100 unsure_normal" in cells
    assert "100 unsure_normal" in output


def test_a_calibration_is_written_where_it_is_asked_for(place: Path, tmp_path: Path) -> None:
    run(settings(place, "evaluate.models=model", f"evaluate.calibration_out={tmp_path}/new/c.json"))
    assert parse_calibration((tmp_path / "new" / "c.json").read_bytes(), "c.json").confidence == "logprob"


def test_the_folder_of_another_model_is_refused(place: Path, model: Path) -> None:
    with pytest.raises(ConfigError, match=r"predictions are of model ffffffffffff, and model.uri=.* is model 44136fa3"):
        run(settings(place, "evaluate.models=other", f"model.uri={model}"))


def test_several_models_are_refused(place: Path, model: Path) -> None:
    with pytest.raises(InputError, match="one model_digest"):
        run(settings(place, f"model.uri={model}"))


@pytest.mark.parametrize("overrides", [(), ("model.uri=[a, b]",), ("model.uri=some/hub-id",)])
def test_no_place_is_refused_before_anything_runs(place: Path, overrides: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"evaluate\.calibration_out=FILE"):
        describe(settings(place, *overrides))


def test_a_calibration_is_written_beside_a_model_on_s3(
    request: pytest.FixtureRequest, place: Path, model: Path
) -> None:
    storage = Storage.of(request.getfixturevalue("s3").settings())
    uri = "s3://radray/test-calibrate/model"
    storage.write(f"{uri}/manifest.json", (model / "manifest.json").read_bytes())
    rows = [{**row, "model_digest": hashlib.sha256(b"{}").hexdigest()} for row in prediction_rows(ROWS)]
    calibration = write_calibration(rows, settings(place, f"model.uri={uri}"), storage, lambda _: None)
    assert calibration is not None
    (file,) = storage.list_files(f"{uri}/.calibration")
    assert parse_calibration(storage.read(file), file) == calibration
    storage.write(f"{uri}/manifest.json", b"another")
    with pytest.raises(ConfigError, match="is model "):
        write_calibration(rows, settings(place, f"model.uri={uri}"), storage, lambda _: None)
