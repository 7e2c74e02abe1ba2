"""`jobs.maintain` as a command: a dry run that lists and touches nothing, the removal by path, and an erasure."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs import maintain
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.settings.loading import load_settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import new_run_id, utc_now
from radray.tables.rows import to_arrow

WHOM = "maintain.erase_subject_id=env:PATIENT"


@pytest.fixture
def command(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """Run the command on the warehouse of the test's folder and return its exit code."""
    # what other tests' processes leave there is not this test's
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("temporary")))

    def run(*arguments: str) -> int:
        monkeypatch.setenv("PATIENT", "canary-77")
        monkeypatch.setattr(sys, "argv", ["maintain", f"warehouse.uri={tmp_path}/warehouse", *arguments])
        return maintain.main()

    return run


def opened(tmp_path: Path) -> Warehouse:
    return Warehouse(load_settings((), [f"warehouse.uri={tmp_path}/warehouse"]).warehouse)


def contents(root: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_a_dry_run_lists_paths_and_touches_nothing_the_run_removes_them(
    tmp_path: Path, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    opened(tmp_path).load(REPORTS)
    folder = tmp_path / "warehouse" / "_staging" / "reports" / "0123"
    folder.mkdir(parents=True)
    file = folder / "a.parquet"
    file.write_bytes(b"left")
    then = file.stat().st_mtime - 10 * 86_400
    os.utime(file, (then, then))
    before = contents(tmp_path)
    assert command("--dry-run") == 0
    plan = capsys.readouterr().out.partition("#\n")[0].splitlines()
    assert plan[-2:] == [f"# staging of reports: {file}", "# 1 staging; 4 bytes"]
    assert contents(tmp_path) == before
    assert command() == 0
    assert capsys.readouterr().err.splitlines() == [
        f"maintain: staging of reports: {file}",
        "maintain: 1 staging; 4 bytes",
    ]
    assert before.keys() - contents(tmp_path).keys() == {file}
    assert command() == 0
    assert capsys.readouterr().err.splitlines() == ["maintain: nothing is left over"]


def test_an_erasure_says_what_it_read_and_cannot_reach_but_not_whom(
    tmp_path: Path, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    opened(tmp_path).load(REPORTS)
    assert command(WHOM) == 0
    error = capsys.readouterr().err
    assert "erase: rows erased: none;" in error
    assert "erase: read every remaining file, raw and decoded (" in error
    assert "outside the warehouse and not erased: the raw source" in error
    assert "canary-77" not in error
    assert not any(b"canary-77" in content for content in contents(tmp_path).values())
    assert not opened(tmp_path).has(RUNS)  # whose settings would be kept
    assert command(WHOM, "--dry-run") == 0
    assert "canary-77" not in capsys.readouterr().out


def test_an_erasure_while_a_run_is_running_is_exit_code_4(
    tmp_path: Path, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = new_run_id("prepare")
    row = dict.fromkeys(column.name for column in RUNS.columns) | {"run_id": run_id, "job": "prepare", "run_key": "k"}
    row |= {"status": "running", "config": "", "code_version": "1", "started": utc_now()}
    append_rows(opened(tmp_path), RUNS, to_arrow([row], RUNS))
    assert command(WHOM) == 4
    assert f"run {run_id} is running" in capsys.readouterr().err
    assert command(WHOM, "--dry-run") == 0
    assert f"# refuse: run {run_id} is running" in capsys.readouterr().out
