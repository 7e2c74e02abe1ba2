"""A corrected night makes anew what changed, and copies the rest."""

import datetime
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.schema.answers import ANSWERS
from radray.schema.predictions import PREDICTIONS
from radray.schema.runs import RUNS
from radray.tables import reuse
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import new_run_id
from radray.tables.merging import data_files, sorted_rows
from radray.tables.partition import LeasedRun, PartitionRun, RecordedRun
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow
from tests.support.worlds.tables import open_warehouse

PARTITION = {"batch_date": datetime.date(2026, 11, 21), "dataset": "d", "split": "live", "model_digest": "m"}
ALIKE = {"prompt_id": "p", "settings_digest": "s", "engine": "transformers", "checks_id": "checks-1"}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path / "warehouse")


def prediction(unit_id: str, **columns: Any) -> dict[str, Any]:
    row = dict.fromkeys(column.name for column in PREDICTIONS.columns)
    row |= {**PARTITION, **ALIKE, "unit_id": unit_id, "model_name": "m", "status": "ok", "study_id": f"s{unit_id}"}
    row |= {"split_key": "k", "text_digest": f"t{unit_id}", "findings": "f", "prediction": f"old {unit_id}"}
    row |= {"reference": "r", "scorer_id": "rouge", "run_key": "old", "run_id": "old"}
    return row | columns


def unit(unit_id: str, **columns: Any) -> dict[str, Any]:
    """Return a row of the frozen input that `prediction` was made from."""
    row: dict[str, Any] = {
        "unit_id": unit_id,
        "status": "ok",
        "split": "live",
        "split_key": "k",
        "study_id": f"s{unit_id}",
    }
    row |= {"subject_id": None, "text_digest": f"t{unit_id}", "reference": "r"}
    return row | dict.fromkeys(("modality", "body_part", "comparison_state")) | columns


def opened(warehouse: Warehouse, run_key: str) -> PartitionRun:
    row = RunRow(new_run_id("generate"), "generate", run_key, "config", PARTITION)
    return PartitionRun(warehouse, pin(warehouse, PREDICTIONS, PARTITION), row)


def recorded(warehouse: Warehouse, run_key: str) -> AbstractContextManager[RecordedRun]:
    row = RunRow(new_run_id("generate"), "generate", run_key, "config", PARTITION)
    return LeasedRun(warehouse, pin(warehouse, PREDICTIONS, PARTITION), [run_key]).recorded(row)


def unrecorded(warehouse: Warehouse, run_key: str) -> RecordedRun:
    row = RunRow(new_run_id("generate"), "generate", run_key, "config", PARTITION)
    return RecordedRun(warehouse, pin(warehouse, PREDICTIONS, PARTITION), row)


def stage(run: RecordedRun, rows: list[dict[str, Any]]) -> None:
    Path(run.staging).mkdir(parents=True, exist_ok=True)
    pq.write_table(to_arrow(rows, PREDICTIONS), f"{run.staging}/made.parquet")


def units(*rows: Mapping[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=pa.schema([(name, pa.string()) for name in unit("1")]))


def test_what_changed_is_made_anew_and_the_rest_copied(warehouse: Warehouse) -> None:
    old = [prediction("1"), prediction("2"), prediction("3", status="failed", prediction=None), prediction("4")]
    with recorded(warehouse, "old") as first:
        stage(first, old)
        first.stage().commit(["1", "2", "3", "4"])

    # report 2 was corrected, 3 had failed, 4 is gone, 5 is late
    frozen = units(unit("1"), unit("2", text_digest="corrected"), unit("3"), unit("5"))
    with recorded(warehouse, "new") as second:
        assert second.stage_unchanged(frozen, ALIKE, "rouge", frozenset()) == ["1"]
        new = [prediction(u, prediction=f"new {u}", run_key="new", run_id="new") for u in ("2", "3", "5")]
        stage(second, new)
        second.stage().commit(["1", "2", "3", "5"])
    rows = warehouse.read(PREDICTIONS, ["unit_id", "prediction", "run_key", "run_id"]).to_pylist()
    assert sorted(tuple(row.values()) for row in rows) == [
        ("1", "old 1", "new", "old"),
        ("2", "new 2", "new", "new"),
        ("3", "new 3", "new", "new"),
        ("5", "new 5", "new", "new"),
    ]
    assert opened(warehouse, "new").is_committed()
    runs = {row["run_key"]: row["rows_copied"] for row in warehouse.read(RUNS).to_pylist()}
    assert runs == {"old": 0, "new": 1}


@pytest.mark.parametrize(
    ("changed", "alike", "scorer"),
    [
        ({"study_id": "other"}, {}, "rouge"),
        ({"subject_id": "found"}, {}, "rouge"),
        ({"split_key": "other"}, {}, "rouge"),
        ({"reference": "cleaned in another way"}, {}, "rouge"),
        ({}, {"prompt_id": "other"}, "rouge"),
        ({}, {"settings_digest": "other"}, "rouge"),
        ({}, {"engine": "other"}, "rouge"),
        ({}, {"checks_id": "checks-2"}, "rouge"),
        ({"modality": "CT"}, {}, "rouge"),
        ({"body_part": "chest"}, {}, "rouge"),
        ({"comparison_state": "none"}, {}, "rouge"),
        ({}, {}, "another scorer"),
    ],
)
def test_a_row_is_copied_only_when_all_that_made_it_is_the_same(
    warehouse: Warehouse, changed: dict[str, str], alike: dict[str, str], scorer: str
) -> None:
    with recorded(warehouse, "old") as first:
        stage(first, [prediction("1")])
        first.stage().commit(["1"])
    assert unrecorded(warehouse, "same").stage_unchanged(units(unit("1")), ALIKE, "rouge", frozenset()) == ["1"]
    run = unrecorded(warehouse, "new")
    assert run.stage_unchanged(units(unit("1", **changed)), ALIKE | alike, scorer, frozenset()) == []
    assert run.stage_unchanged(units(unit("1")), ALIKE, "rouge", frozenset({"1"})) == []
    assert run.staged_ids() == []


def test_a_night_of_several_files_is_copied_whole(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "FILE_ROWS", 2)
    monkeypatch.setattr(data_files, "FILE_BYTES", 1)
    monkeypatch.setattr(sorted_rows, "BATCH_ROWS", 3)
    ids = [f"{i:02d}" for i in range(11)]
    with recorded(warehouse, "old") as first:
        stage(first, [prediction(unit_id, study_id=f"s{unit_id}") for unit_id in ids])
        assert len(first.stage().commit(ids).merged.files) > 1
    second = unrecorded(warehouse, "new")
    frozen = units(*(unit(unit_id, **({"reference": "new"} if unit_id == "05" else {})) for unit_id in ids))
    kept = [unit_id for unit_id in ids if unit_id not in ("05", "07")]
    assert sorted(second.stage_unchanged(frozen, ALIKE, "rouge", {"07"})) == kept
    assert second.staged_ids() == kept
    assert len(list(Path(second.staging).glob("unchanged-*.parquet"))) > 1


def test_a_copied_row_keeps_an_empty_list_apart_from_none(warehouse: Warehouse) -> None:
    partition = {**PARTITION, "task": "labels"}
    alike = {"prompt_id": "p", "settings_digest": "s", "engine": "transformers"}
    rows = []
    for example, entries in (("1/a", []), ("1/b", None)):
        row: dict[str, Any] = dict.fromkeys(column.name for column in ANSWERS.columns)
        row |= {**partition, **alike, "example_id": example, "unit_id": "1", "item": example[2:], "status": "ok"}
        row |= {"model_name": "m", "study_id": "s", "split_key": "k", "input_digest": "i", "scorer_id": "labels-1"}
        rows.append(row | {"entries": entries, "run_key": "old", "run_id": "old"})
    frozen = pa.Table.from_pylist([{name: row[name] for name in ("example_id", "study_id")} for row in rows])
    for key in ("old", "new"):
        run = RecordedRun(warehouse, pin(warehouse, ANSWERS, partition), RunRow(key, "generate", key, "", partition))
        if key == "old":
            Path(run.staging).mkdir(parents=True)
            pq.write_table(to_arrow(rows, ANSWERS), f"{run.staging}/made.parquet")
        else:
            assert run.stage_unchanged(frozen, alike, "labels-1", frozenset()) == ["1/a", "1/b"]
        run.stage().commit(["1/a", "1/b"])
    files = [task.file.file_path for task in warehouse.load(ANSWERS).scan().plan_files()]
    assert [pq.read_table(file).column("entries").to_pylist() for file in files] == [[[], None]]
