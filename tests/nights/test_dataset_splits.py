"""Which partitions a run makes, what is frozen as their input, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from radray.errors import ConfigError, InputError
from radray.models.folder import ModelFolder
from radray.models.manifest import Manifest
from radray.nights.dataset_splits import (
    INPUT_COLUMNS,
    DatasetSplit,
    find_dataset_splits,
    freeze_reports,
    refuse_other_cut,
    refuse_other_splits,
    sample_prompts,
)
from radray.schema.predictions import PREDICTIONS, ROUGE_COLUMNS
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import digest
from radray.tables.rows import to_arrow
from radray.tasks.registry import find_prompt
from tests.support.worlds.night_tables import NIGHT, put_prepare_run, put_reports


def settings(folder: Path, *words: str) -> Settings:
    return load_settings((), [f"warehouse.uri={folder}/warehouse", f"date={NIGHT}", *words])


def test_partitions_are_those_with_reports_and_the_empty_nights(tmp_path: Path) -> None:
    default = settings(tmp_path)
    warehouse = Warehouse(default.warehouse)
    with pytest.raises(InputError, match=r"run jobs\.prepare first"):
        find_dataset_splits(warehouse, default)
    put_prepare_run(warehouse, "quiet")
    assert find_dataset_splits(warehouse, default) == [DatasetSplit("quiet", "live", 0)]
    put_reports(warehouse, ["a", "b"])
    put_reports(warehouse, ["c"], split="test")
    put_reports(warehouse, ["d"], split=None)
    put_reports(warehouse, ["e"], status="rejected", reason="no_findings")
    put_prepare_run(warehouse, "hospital")
    assert find_dataset_splits(warehouse, default) == [
        DatasetSplit("hospital", "live", 2),
        DatasetSplit("hospital", "test", 1),
        DatasetSplit("quiet", "live", 0),
    ]
    hospital = settings(tmp_path, "source.dataset=hospital", "split=test")
    assert find_dataset_splits(warehouse, hospital) == [DatasetSplit("hospital", "test", 1)]
    with pytest.raises(InputError, match=r"is in split validation \(2 in live, 1 in test, 1 in no split\)"):
        find_dataset_splits(warehouse, settings(tmp_path, "split=validation"))


def test_frozen_is_all_that_rows_are_made_from(tmp_path: Path) -> None:
    default = settings(tmp_path)
    warehouse = Warehouse(default.warehouse)
    put_reports(warehouse, ["c", "a", "b"])
    put_reports(warehouse, ["x"], dataset="other")
    frozen = freeze_reports(warehouse, default, DatasetSplit("hospital", "live", 3))
    assert frozen.unit_ids == ["a", "b", "c"]
    assert len(frozen.files) == 1
    assert frozen.digest == digest([frozen.units.column(name).to_pylist() for name in INPUT_COLUMNS])
    none = freeze_reports(warehouse, default, DatasetSplit("hospital", "test", 0))
    assert (none.unit_ids, none.units.num_rows) == ([], 0)
    put_reports(warehouse, ["d"], study_id="corrected")
    assert freeze_reports(warehouse, default, DatasetSplit("hospital", "live", 3)).digest != frozen.digest


def test_prompts_are_sampled_from_all_parts(tmp_path: Path) -> None:
    default = settings(tmp_path)
    warehouse = Warehouse(default.warehouse)
    put_reports(warehouse, ["a", "d"])
    put_reports(warehouse, ["b", "c"], split="test", background="Cough.")
    splits = [DatasetSplit("hospital", "live", 2), DatasetSplit("hospital", "test", 2)]
    asked, model = find_prompt("background-findings-v1"), ModelFolder("m", tmp_path, Manifest("m", {}, {}), "m")
    prompt = asked.prompt
    assert sample_prompts(warehouse, default, splits, asked, 2, model=model) == sorted(
        [prompt.fill("Clear a.", None), prompt.fill("Clear b.", "Cough.")]
    )
    assert len(sample_prompts(warehouse, default, splits, asked, 64, model=model)) == 4
    assert sample_prompts(warehouse, default, splits[1:], asked, 1, model=model) == [prompt.fill("Clear b.", "Cough.")]


def test_reports_that_were_predicted_in_another_split_are_refused(tmp_path: Path) -> None:
    warehouse = Warehouse(settings(tmp_path).warehouse)
    partition = {"batch_date": NIGHT, "dataset": "hospital", "split": "test", "model_digest": "m"}
    row: dict[str, Any] = dict.fromkeys(column.name for column in PREDICTIONS.columns)
    row |= {**partition, "unit_id": "a", "status": "ok", "study_id": "s", "split_key": "p", "text_digest": "t"}
    row |= dict.fromkeys(("prompt_id", "settings_digest", "engine", "run_key", "run_id", "model_name"), "x")
    row |= {"findings": "Clear."} | dict.fromkeys(ROUGE_COLUMNS)
    append_rows(warehouse, PREDICTIONS, to_arrow([row], PREDICTIONS))
    refuse_other_splits(warehouse, partition, ["a", "b"])
    refuse_other_splits(warehouse, {**partition, "split": "live"}, ["b"])
    refuse_other_splits(warehouse, {**partition, "split": "live", "model_digest": "n"}, ["a"])
    with pytest.raises(InputError, match=r"1 of the 2 reports of split live have predictions .* in split test"):
        refuse_other_splits(warehouse, {**partition, "split": "live"}, ["a", "b"])


def test_a_model_of_another_cut_is_refused_where_it_would_leak(tmp_path: Path) -> None:
    def model(**provenance: object) -> ModelFolder:
        return ModelFolder("m", tmp_path, Manifest("m", {}, provenance), "0")

    other = model(split={"seed": 99, "validation_fraction": 0.05})
    with pytest.raises(ConfigError, match="would stand in validation"):
        refuse_other_cut(settings(tmp_path), "validation", other)
    refuse_other_cut(settings(tmp_path), "live", other)
    refuse_other_cut(settings(tmp_path), "validation", model())
    refuse_other_cut(settings(tmp_path), "train", model(split={"seed": 13, "validation_fraction": 0.05}))
