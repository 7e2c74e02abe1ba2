"""Nights that need no model: ranges, empty and bad nights, and the final line for every exit code."""

import datetime
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ray

from jobs import generate, prepare
from radray.models.families.pieces import PATIENTS
from radray.models.families.t5.tiny import build_tiny
from radray.models.manifest import write_manifest
from radray.nights import night
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.settings.loading import load_settings
from radray.settings.model import TinySettings
from radray.tables.catalog import Warehouse
from tests.support.worlds.webhook import webhook

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """Return the settings of a dated source in a folder of its own; Ray cannot be reached with them."""
    size = TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1)
    build_tiny(["small effusion"] * PATIENTS, tmp_path / "model", size=size, seed=1)
    write_manifest(tmp_path / "model", "m", {})
    (tmp_path / "in").mkdir()
    source = ["source.format=mimic_zip", "source.dataset=hospital", f"source.uri={tmp_path}/in/{{date}}.zip"]
    return [
        *source,
        f"warehouse.uri={tmp_path}/warehouse",
        f"model.uri={tmp_path}/model",
        "cluster.address=127.0.0.1:1",
    ]


@pytest.fixture
def run(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a job's command in this process; return its exit code, its final line and the output before it."""

    def run(*more: str, job: Any = generate) -> tuple[int, dict[str, Any], str]:
        monkeypatch.setattr(sys, "argv", ["job", *words, *more])
        code = job.main()
        captured = capsys.readouterr()
        assert not ray.is_initialized()
        assert captured.out.count("\n") == 1  # the line is alone on standard output
        return code, json.loads(captured.out), captured.err

    return run


@pytest.fixture
def warehouse(words: list[str]) -> Warehouse:
    return Warehouse(load_settings((), words).warehouse)


def finished(warehouse: Warehouse, job: str) -> list[tuple[str, int]]:
    """Return night and input units of the job's finished runs, by night."""
    rows = warehouse.read(RUNS, ["batch_date", "input_units"], {"job": job, "status": "finished"}).to_pylist()
    return sorted((str(row["batch_date"]), row["input_units"]) for row in rows)


def test_a_refused_night_stops_no_other_and_the_exit_code_is_the_worst(
    run: Run, warehouse: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "in" / "2026-11-02.zip").write_bytes(b"PK\x03\x04 and no more")
    code, line, printed = run("date=2026-11-01", "until=2026-11-04")
    assert code == line["exit_code"] == 3
    assert (line["error"], line["date"], line["until"], line["nights"]) == ("InputError", "2026-11-01", "2026-11-04", 4)
    assert line["nights_refused"] == ["2026-11-02"]
    assert "error: 2026-11-02: " in printed
    assert "1 of 4 nights were refused (2026-11-02)" in printed
    empty = [(night, 0) for night in ("2026-11-01", "2026-11-03", "2026-11-04")]
    assert finished(warehouse, "prepare") == finished(warehouse, "generate") == empty
    assert printed.count(") is this night's: an empty night") == 3
    assert line["nights_empty"] == ["2026-11-01", "2026-11-03", "2026-11-04"]
    ids = {row["run_id"] for row in warehouse.read(RUNS, ["run_id"], {"status": "finished"}).to_pylist()}
    assert set(line["run_ids"]) == ids
    assert len(ids) == 6

    # and once more, the bad one removed: what is there stays, what is missing is made
    (tmp_path / "in" / "2026-11-02.zip").unlink()
    code, line, _ = run("date=2026-11-01", "until=2026-11-04")
    assert (code, line["error"], line["nights_refused"]) == (0, None, [])
    assert len(line["nights_empty"]) == 4
    assert line["partitions_there"] == 6
    assert len(finished(warehouse, "generate")) == 4


def test_a_wrong_setting_ends_a_range_at_once(run: Run, warehouse: Warehouse) -> None:
    code, line, _ = run(
        "date=2026-11-01", "until=2026-11-03", "generate.engine=transformers", "generate.compute_type=int8"
    )
    assert (code, line["error"], line["nights"]) == (2, "ConfigError", 3)
    assert line["nights_refused"] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert not warehouse.has(REPORTS)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["date=2026-11-03", "until=2026-11-01"], "it is before that"),
        (["until=2026-11-01"], "until is the last night of a range that begins with date"),
        ([], "date is not set: source.uri with a {date}"),
        (["date=2026-11-03..2026-11-04"], "expected a date as YYYY-MM-DD"),
        (["source.since=last_run", "date=2026-11-01"], "use one of them"),
        (["date=2026-11-01", "until=2026-11-02", "source.pairs=p.jsonl"], "write the pairs of one date"),
    ],
)
def test_what_makes_no_range_of_nights_is_exit_code_2_with_a_final_line(run: Run, more: list[str], says: str) -> None:
    code, line, printed = run(*more)
    assert code == line["exit_code"] == 2
    assert line["text"].endswith("exit code 2 (ConfigError)")
    assert says in printed


def test_a_wrong_model_names_the_night_that_has_no_impressions(run: Run, tmp_path: Path) -> None:
    code, line, printed = run(f"model.uri={tmp_path}/modell", "date=2026-11-01")
    assert (code, line["date"], line["nights_refused"]) == (3, "2026-11-01", ["2026-11-01"])
    assert "modell: there is no such folder" in printed


def test_a_wrong_folder_is_refused_and_is_no_empty_night(run: Run, warehouse: Warehouse, tmp_path: Path) -> None:
    code, line, printed = run(f"source.uri={tmp_path}/im/{{date}}", "date=2026-11-01")
    assert (code, line["error"], line["nights_refused"]) == (3, "InputError", ["2026-11-01"])
    assert "/im: no such file or folder" in printed
    assert not warehouse.has(RUNS)


def test_the_webhook_is_told_of_a_failure_and_of_nothing_else(run: Run, tmp_path: Path) -> None:
    webhook_file = tmp_path / "webhook"
    with webhook(200) as (url, received):
        webhook_file.write_text(f"{url}\n")
        assert run(f"notify.webhook=file:{webhook_file}", "date=2026-11-01")[0] == 0
        assert received == []
        (tmp_path / "in" / "2026-11-02.zip").write_bytes(b"no zip")
        code, line, _ = run(f"notify.webhook=file:{webhook_file}", "date=2026-11-02")
        assert code == 3
        assert [json.loads(each.body) for each in received] == [line]
    code, _, printed = run(f"notify.webhook=file:{webhook_file}", "date=2026-11-02")
    assert code == 3  # nobody listens any more: the exit code is the job's own
    assert "notify.webhook was not told: URLError" in printed
    assert url not in printed


def test_what_nobody_expected_has_a_final_line_without_its_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("Small effusion.")

    monkeypatch.setattr(night, "find_dataset_splits", broken)
    code, line, printed = run("date=2026-11-01", "until=2026-11-02")
    assert (code, line["error"], line["nights"]) == (1, "ValueError", 1)
    assert "effusion" not in printed + json.dumps(line)


def test_a_job_that_is_stopped_has_a_final_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        sys.exit(15)  # what Ray makes of SIGTERM

    monkeypatch.setattr(night, "find_dataset_splits", stopped)
    with pytest.raises(SystemExit):
        run("date=2026-11-01")
    assert json.loads(capsys.readouterr().out)["exit_code"] == 15


def test_prepare_has_ranges_and_a_final_line_too(run: Run, warehouse: Warehouse) -> None:
    code, line, _ = run("date=2026-11-01", "until=2026-11-02", job=prepare)
    assert (code, line["job"], line["nights"], len(line["run_ids"])) == (0, "prepare", 2, 2)
    assert finished(warehouse, "prepare") == [("2026-11-01", 0), ("2026-11-02", 0)]


def test_the_nights_of_a_range_are_all_days_of_it() -> None:
    settings = load_settings((), ["date=2024-02-27", "until=2024-03-01"])
    assert settings.nights == [datetime.date(2024, 2, day) for day in (27, 28, 29)] + [datetime.date(2024, 3, 1)]
    assert load_settings((), ["date=2024-02-27"]).nights == [datetime.date(2024, 2, 27)]


def test_a_dry_run_says_the_range_and_prints_no_final_line(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["job", *words, "date=2026-11-01", "until=2026-11-03", "--dry-run"])
    assert generate.main() == 0
    out = capsys.readouterr().out
    assert "batch_date=2026-11-01 to 2026-11-03" in out
    assert not out.splitlines()[-1].startswith("{")
