"""Review sheets by `evaluate`: drawn a model, filled in, read back."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.evaluate import describe, evaluate
from radray.errors import ConfigError, InputError
from radray.evaluation.review.sheet import PREFERRED, QUESTIONS, SIDES
from radray.schema.evaluations import EVALUATIONS
from radray.schema.predictions import PREDICTIONS
from tests.support.worlds.evaluate import World, make_world

FOLDERS = ("fine-bbbbbbbb-dev1-test", "now-aaaaaaaa-dev1-test")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    reviewed = make_world(tmp_path_factory.mktemp("review"), {"dev1": 60})
    evaluate(reviewed.settings(*asked(reviewed)), reviewed.console)
    return reviewed


def asked(world: World) -> tuple[str, ...]:
    models = "evaluate.models=[now, fine]"
    return (models, "evaluate.review=12", f"evaluate.review_out={world.folder}/review", "evaluate.resamples=200")


def filled(world: World, reader: str, score: str) -> Path:
    """Fill in the sheet of model `now` as one who gives `score` to the prediction, 3 to the reference."""
    folder = world.folder / "review" / FOLDERS[1]
    key = {str(row["item"]): row for row in pq.read_table(folder / "review_key.parquet").to_pylist()}
    with (folder / "review_sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        prediction = key[row["item"]]["prediction_is"]
        for side in SIDES:
            for question in QUESTIONS:
                row[f"{side}_{question.name}"] = question.answers[0]
            row[f"{side}_correctness"] = score if side == prediction else "3"
        row[PREFERRED.name] = prediction
    path = folder / f"{reader}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_each_model_has_a_sheet_and_a_key(world: World) -> None:
    assert sorted(path.name for path in (world.folder / "review").iterdir()) == sorted(FOLDERS)
    predictions = {
        (row["model_name"], row["unit_id"]): row["prediction"] for row in world.warehouse.read(PREDICTIONS).to_pylist()
    }
    for folder in FOLDERS:
        at = world.folder / "review" / folder
        sheet = pq.read_table(at / "review_sheet.parquet").to_pylist()
        key = pq.read_table(at / "review_key.parquet").to_pylist()
        assert len(sheet) == len(key) == 12
        for row, of in zip(sheet, key, strict=True):
            assert row[f"impression_{of['prediction_is']}"] == predictions[of["system"].split()[0], of["unit_id"]]
            assert of["stratum"] in {"normal", "abnormal"}
        assert {of["system"].replace(" ", "-") + "-dev1-test" for of in key} == {folder}
    assert "review_sheet.csv" in world.output.getvalue()


def test_a_sheet_that_is_there_is_not_written_over(world: World) -> None:
    before = world.warehouse.read(EVALUATIONS).num_rows
    with pytest.raises(ConfigError, match="which may be filled in"):
        evaluate(world.settings(*asked(world)), world.console)
    assert world.warehouse.read(EVALUATIONS).num_rows == before


def test_filled_sheets_are_read_back_and_nothing_else_is_done(world: World) -> None:
    files = ", ".join(str(filled(world, reader, score)) for reader, score in (("ada", "5"), ("ben", "4")))
    settings = world.settings(f"evaluate.review_filled=[{files}]", "evaluate.resamples=200")
    before = world.warehouse.read(EVALUATIONS).num_rows
    start = world.output.tell()
    assert evaluate(settings, world.console) == ([], [])
    lines = [line.split() for line in world.output.getvalue()[start:].replace("│", " ").splitlines()]
    assert ["correctness", "mean", "prediction", "12", "4.50", "[4.50,", "4.50]"] in lines
    assert ["correctness", "mean", "difference", "12", "1.50", "[1.50,", "1.50]"] in lines
    assert any(line[:4] == ["preferred", "prediction", "12", "1.00"] for line in lines)
    assert any(line[:2] == ["correctness", "24"] for line in lines)  # impressions that both judged
    # the published ones beside ours: everybody gave the first answer, opposed and no
    assert [line[-5:] for line in lines if line[-7:-5] == ["consensus:", "aligned"]] == [
        ["0.000", "0.000", "0.619", "0.926", "0.929"]
    ]
    assert any(line[:2] == ["correct", "reasoning"] and line[-3:] == ["-", "-", "-"] for line in lines)
    assert world.warehouse.read(EVALUATIONS).num_rows == before
    assert describe(settings) == [f"read {files} and the key beside them"]


def test_a_sheet_that_cannot_be_used_is_refused(world: World) -> None:
    path = filled(world, "eve", "6")
    with pytest.raises(InputError, match=r"12 cells cannot be used: row 2, column ._correctness"):
        evaluate(world.settings(f"evaluate.review_filled={path}"), world.console)
