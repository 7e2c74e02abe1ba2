"""A night of answers: each task a commit, all by one loaded model; again is nothing, more is only what is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from radray.errors import ConflictError
from radray.nights.answers import run
from radray.nights.answers.night import sample_prompts
from radray.nights.answers.partition import freeze_partition
from radray.nights.dataset_splits import find_dataset_splits
from radray.nights.final_line import FinalLine
from radray.schema.answers import ANSWERS
from radray.schema.runs import RUNS
from radray.schema.statuses import NotAskedReason
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import utc_now
from radray.tables.lease import hold_lease
from radray.tasks.answering import Example
from tests.support.worlds.answered import ASKED, LOADED, MODEL, answer
from tests.support.worlds.examples import night_settings
from tests.support.worlds.night_tables import NIGHT, put_prepare_run, put_reports

GATES = ("gates.min_reports=1", "gates.max_failed_rate=null", "gates.max_unparsed_fraction=0.5")


def world(folder: Path, *overrides: str, split: str = "train") -> tuple[Settings, Warehouse]:
    """Return a night of reports on which the rules are right, unparsed, silent and naming somebody."""
    settings = night_settings(folder, "split.validation_fraction=0", *overrides)
    warehouse = Warehouse(settings.warehouse)
    put_reports(warehouse, ["a", "b"], findings="Small left effusion.", split=split)
    put_reports(warehouse, ["c"], findings="Maybe.", split=split, reference=None)
    put_reports(warehouse, ["d"], findings="Silent.", split=split)
    put_reports(warehouse, ["e"], findings="Identify.", split=split)
    put_prepare_run(warehouse, "hospital")
    return settings, warehouse


def rows(warehouse: Warehouse, *columns: str) -> list[tuple[Any, ...]]:
    read = warehouse.read(ANSWERS, ["task", "example_id", *columns]).to_pylist()
    return sorted((tuple(row[name] for name in ("task", "example_id", *columns)) for row in read), key=str)


def test_each_example_has_one_answer_in_the_partition_of_its_task(tmp_path: Path) -> None:
    settings, warehouse = world(tmp_path, *GATES)
    LOADED.clear()
    line = FinalLine("generate")
    assert answer(settings, line=line) == []
    assert LOADED == [("sides", "size")]  # one model for both
    answers = rows(warehouse, "status", "reason", "answer", "value", "correct")
    yes, no = ("ok", None, "yes", "yes", True), ("ok", None, "no", "no", True)
    unparsed = ("failed", "unparsed", "maybe", None, False)
    silent, hidden = ("failed", "empty_output", None, None, False), ("failed", "identifier", None, None, False)
    sides = {"a": (yes, no), "b": (yes, no), "c": (unparsed,) * 2, "d": (silent,) * 2, "e": (hidden,) * 2}
    expected = [
        ("sides", f"{unit}/{side}", *outcome)
        for unit, both in sides.items()
        for side, outcome in zip(("left", "right"), both, strict=True)
    ]
    size: dict[str, tuple[Any, ...]] = {
        "a": ("ok", None, "small", None, True),
        "b": ("ok", None, "small", None, True),
        "d": silent,
        "e": hidden,
    }
    size["c"] = ("not_asked", "no_impression", None, None, None)
    assert answers == sorted([*expected, *(("size", unit, *outcome) for unit, outcome in size.items())], key=str)
    assert {(row[2], row[3]) for row in rows(warehouse, "split", "model_digest")} == {("train", MODEL.digest)}
    assert line.tasks["size"] == {"ok": 2, "not_asked": 1, "empty_output": 1, "identifier": 1}
    runs = [row for row in warehouse.read(RUNS).to_pylist() if row["job"] == "generate"]
    assert {(row["task"], row["status"], row["input_units"], row["rows_ok"]) for row in runs} == {
        ("sides", "finished", 10, 4),
        ("size", "finished", 5, 2),
    }
    assert sorted({row[2] for row in rows(warehouse, "run_id")}) == sorted(row["run_id"] for row in runs)


def test_a_rerun_writes_nothing_and_a_further_task_only_its_own(tmp_path: Path) -> None:
    settings, warehouse = world(tmp_path)
    assert answer(settings, ["sides"]) == []
    sides = rows(warehouse, "run_key", "run_id", "settings_digest")
    LOADED.clear()
    assert answer(settings, ["sides", "size"]) == []
    assert LOADED == [("size",)]
    both = rows(warehouse, "run_key", "run_id", "settings_digest")
    assert [row for row in both if row[0] == "sides"] == sides
    assert len({row[4] for row in both}) == 1  # one decoding for all tasks
    before, line = warehouse.metadata_location(ANSWERS), FinalLine("generate")
    assert answer(settings, ["size", "sides"], line) == []
    assert (warehouse.metadata_location(ANSWERS), line.run_ids, len(LOADED)) == (before, [], 1)
    assert answer(settings, ["size"]) == []  # a task less takes nothing away
    assert rows(warehouse, "run_key", "run_id", "settings_digest") == both


def test_rows_of_unchanged_examples_are_copied_when_a_night_grows(tmp_path: Path) -> None:
    settings, warehouse = world(tmp_path)
    answer(settings)
    before = {row[:2]: row[2] for row in rows(warehouse, "run_id")}
    put_reports(warehouse, ["f"], findings="Large right effusion.", split="train", run_key="k")
    answer(settings)
    after = {row[:2]: row[2:] for row in rows(warehouse, "run_id", "status", "entries")}
    assert set(after) - set(before) == {("sides", "f/left"), ("sides", "f/right"), ("size", "f")}
    copied = {row: run_id for row, run_id in before.items() if after[row][1] == "ok"}
    assert len(copied) == 6
    assert copied == {row: after[row][0] for row in copied}
    assert len({run_id for run_id, *_ in after.values()}) == 4


def test_a_task_that_answers_badly_is_refused_and_no_other(tmp_path: Path) -> None:
    settings, warehouse = world(
        tmp_path, "gates.min_reports=5", "gates.max_failed_rate=null", "gates.max_unparsed_fraction=0.1"
    )
    (refused,) = answer(settings)
    assert "answers, sides, hospital 2026-11-21 train, model model" in refused
    assert "share of answers that cannot be parsed 0.2 over 10 reports, at most 0.1" in refused
    assert {row[0] for row in rows(warehouse)} == {"size"}  # 4 of which a model was asked: too few to judge
    runs = [row for row in warehouse.read(RUNS).to_pylist() if row["job"] == "generate"]
    assert {(row["task"], row["status"], row["reason"]) for row in runs} == {
        ("sides", "failed", "GateError"),
        ("size", "finished", None),
    }
    LOADED.clear()
    assert answer(night_settings(tmp_path, "split.validation_fraction=0", "gates.max_failed_rate=null")) == []
    assert LOADED == []  # what is staged is used
    assert len(rows(warehouse)) == 15


def test_answers_that_cannot_be_parsed_are_judged_by_their_own_gate(tmp_path: Path) -> None:
    # of the 10 asked of sides 2 are unparsed and 4 fail otherwise
    gates = ("split.validation_fraction=0", "gates.min_reports=5", "gates.max_unparsed_fraction=0.2")
    settings, _ = world(tmp_path, "gates.max_failed_rate=0.39", *gates)
    (refused,) = answer(settings, ["sides"])
    assert "share of empty or failed answers 0.4 over 10 reports, at most 0.39" in refused
    assert answer(night_settings(tmp_path, "gates.max_failed_rate=0.4", *gates), ["sides"]) == []


def test_gpu_seconds_are_shared_by_what_was_left_of_each_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, warehouse = world(tmp_path, *GATES)

    @contextmanager
    def ten_seconds(figures: dict[str, float | None], _: object) -> Iterator[None]:
        figures["gpu_seconds"] = 10.0
        yield

    monkeypatch.setattr(run, "gpu_time", ten_seconds)
    line = FinalLine("generate")
    nothing_left = replace(
        ASKED["sides"].task, id="nothing", make_examples=lambda _: [Example(reason=NotAskedReason.NO_IMPRESSION)]
    )
    monkeypatch.setitem(ASKED, "nothing", replace(ASKED["sides"], task=nothing_left))
    answer(settings, ["nothing", "sides", "size"], line)
    read = warehouse.read(RUNS, ["task", "gpu_seconds"], {"job": "generate"}).to_pylist()
    shares = {row["task"]: row["gpu_seconds"] for row in read}
    assert shares == {"nothing": 0.0, "sides": pytest.approx(10 * 10 / 14), "size": pytest.approx(10 * 4 / 14)}
    assert line.gpu_seconds == pytest.approx(10.0)


def test_a_night_of_which_nothing_is_asked_loads_no_model(tmp_path: Path) -> None:
    settings = night_settings(tmp_path)
    warehouse = Warehouse(settings.warehouse)
    put_reports(warehouse, ["a", "b"], reference=None)
    put_prepare_run(warehouse, "hospital")
    LOADED.clear()
    assert answer(settings, ["size"]) == []
    assert LOADED == []
    assert rows(warehouse, "status", "reason", "engine", "split") == [
        ("size", unit, "not_asked", "no_impression", "none", "live") for unit in ("a", "b")
    ]


def test_an_empty_night_is_committed_empty_and_known_as_done(tmp_path: Path) -> None:
    settings = night_settings(tmp_path)
    warehouse = Warehouse(settings.warehouse)
    put_prepare_run(warehouse, "hospital")
    line = FinalLine("generate")
    assert answer(settings, ["sides", "size"], line) == []
    assert (rows(warehouse), line.tasks["sides"]) == ([], {"ok": 0, "not_asked": 0})
    again = FinalLine("generate")
    assert answer(settings, ["sides", "size"], again) == []
    assert again.run_ids == []


def test_a_second_submitter_is_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    settings, warehouse = world(tmp_path)
    place = {"batch_date": NIGHT, "dataset": "hospital", "split": "train", "model_digest": MODEL.digest, "task": "size"}
    uri = warehouse.layout.lease(ANSWERS.name, pin(warehouse, ANSWERS, place).partition_id)
    LOADED.clear()
    with hold_lease(warehouse, uri, "other-run", "other-key", utc_now(), 0.05), pytest.raises(ConflictError):
        answer(settings)
    assert (LOADED, rows(warehouse)) == ([], [])
    assert answer(settings) == []


def test_an_engine_is_proven_on_prompts_of_all_tasks(tmp_path: Path) -> None:
    settings, warehouse = world(tmp_path)
    answer(settings)
    (split,) = find_dataset_splits(warehouse, settings)
    nights = [freeze_partition(warehouse, settings, split, MODEL, asked) for asked in ASKED.values()]
    four, all_prompts = sample_prompts(nights, 4), sample_prompts(nights, 64)
    assert [sum("Sizes:" in prompt for prompt in prompts) for prompts in (four, all_prompts)] == [2, 4]
    assert (len(four), len(all_prompts)) == (4, 14)
    assert four == sorted(sample_prompts(nights, 4))
