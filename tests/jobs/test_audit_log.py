"""The audit log of commands: who queried, erased and ran what, before it is done, and nothing of a patient in it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs import cli, evaluate, maintain, prepare, query
from radray.errors import ConflictError, RadrayError
from radray.nights.final_line import FinalLine
from radray.schema.audit import AUDIT
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.settings.loading import load_settings
from radray.tables import audit
from radray.tables.runs import RunRow, recorded
from radray.upkeep.certificate import refers_to
from tests.support.worlds.tables import open_warehouse
from tests.upkeep.test_erasure import prepared

CANARY = "canary-77"
Command = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a job's command on the warehouse of the test and return its exit code."""
    prepared(open_warehouse(tmp_path / "warehouse"), "k1", ["p1", "1"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("WHOM", CANARY)

    def run(job: Any, *words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["job", f"warehouse.uri={tmp_path}/warehouse", "principal=dr-audit", *words])
        code: int = job.main()
        return code

    return run


def entries(tmp_path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = open_warehouse(tmp_path / "warehouse").read(AUDIT).to_pylist()
    return sorted(rows, key=lambda row: (row["time"], row["phase"]))


def refuse(*_: object) -> None:
    raise RadrayError("the disk is full")


def test_a_query_is_recorded_before_and_after(tmp_path: Path, command: Command) -> None:
    assert command(query, "SELECT unit_id FROM reports", "out=csv") == 0
    assert command(query, "SELECT nothing FROM reports") == 2
    assert command(query, "SELECT 1 AS n", "out=csv", f"out_file={tmp_path}/{CANARY}.csv") == 0
    columns = ("phase", "action", "principal", "tables", "row_count", "to_file", "exit_code")
    assert [tuple(row[name] for name in columns) for row in entries(tmp_path)] == [
        ("began", "query", "dr-audit", "reports", None, False, None),
        ("ended", "query", "dr-audit", "reports", 2, False, 0),
        ("began", "query", "dr-audit", "reports", None, False, None),
        ("ended", "query", "dr-audit", "reports", None, False, 2),
        ("began", "query", "dr-audit", None, None, True, None),
        ("ended", "query", "dr-audit", None, 1, True, 0),
    ]


def test_nothing_of_a_patient_is_in_the_log(tmp_path: Path, command: Command) -> None:
    statements = [
        f"SELECT * FROM reports WHERE subject_id = '{CANARY}'",
        f'SELECT 1 AS "{CANARY}"',
        f"SELECT '{CANARY}",
    ]
    for sql in statements:
        command(query, f"{sql} -- {CANARY}", "out=csv", f"out_file={tmp_path}/{CANARY}.csv")
    command(query, "SELECT * FROM reports WHERE subject_id = :s", f"params.s={CANARY}")
    command(maintain, "maintain.erase_subject_id=env:WHOM")
    assert len(entries(tmp_path)) == 10
    assert "anary" not in str(entries(tmp_path))
    folders = [tmp_path / "warehouse" / place / "audit" for place in ("data", "tables")]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert files
    assert not any(b"anary" in file.read_bytes() for file in files)


@pytest.mark.parametrize("words", [(query, "SELECT * FROM reports"), (maintain, "maintain.erase_subject_id=env:WHOM")])
def test_what_cannot_be_recorded_is_not_done(
    words: tuple[Any, str],
    tmp_path: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(audit, "append_rows", refuse)
    assert command(*words) == 1
    captured = capsys.readouterr()
    assert "is refused: that it begins could not be written into the table audit (the disk is full)" in captured.err
    assert captured.out == ""
    assert open_warehouse(tmp_path / "warehouse").read(REPORTS).num_rows == 2


def test_a_night_whose_entry_cannot_be_written_is_done_and_counts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    warehouse.load(RUNS)
    settings = load_settings((), [f"warehouse.uri={tmp_path}/warehouse"])
    line = FinalLine("generate")
    with cli.recorded("generate", settings, line), recorded(warehouse, RunRow("generate-1", "generate", "k", "")):
        pass
    monkeypatch.setattr(audit, "append_rows", refuse)
    with cli.recorded("generate", settings, line):
        pass
    assert json.loads(line.json(0))["unaudited"] == 1
    assert "audit: the end of generate was not written: the disk is full" in capsys.readouterr().err
    (entry,) = entries(tmp_path)
    assert (entry["action"], entry["outcome_ids"], entry["exit_code"]) == ("generate", "generate-1", 0)
    assert warehouse.read(RUNS).to_pylist()[0]["status"] == RunStatus.FINISHED.value


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConflictError("x"), 4), (ValueError("x"), 1), (KeyboardInterrupt(), 130), (SystemExit(143), 143), (None, 0)],
)
def test_the_exit_code_of_a_job_is_recorded(error: BaseException | None, code: int, tmp_path: Path) -> None:
    open_warehouse(tmp_path / "warehouse").load(RUNS)
    settings = load_settings((), [f"warehouse.uri={tmp_path}/warehouse"])

    def job() -> None:
        with cli.recorded("evaluate", settings):
            if error is not None:
                raise error

    if error is None:
        job()
    else:
        with pytest.raises(type(error)):
            job()
    assert [(row["action"], row["exit_code"]) for row in entries(tmp_path)] == [("evaluate", code)]


def test_a_job_that_makes_no_warehouse_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for job in (prepare, evaluate):
        words = ["source.format=text", "source.dataset=d", f"source.uri={tmp_path}/missing.csv"]
        monkeypatch.setattr(sys, "argv", ["job", f"warehouse.uri={tmp_path}/warehouse", *words])
        assert job.main() == 3
    assert not (tmp_path / "warehouse").exists()


def test_maintenance_is_recorded_and_leaves_nothing_over(
    tmp_path: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert command(maintain) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "maintain: nothing is left over"
    assert [row["action"] for row in entries(tmp_path)] == ["maintain"] * 2


def test_an_erasure_ends_with_a_certificate_that_only_the_id_opens(
    tmp_path: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(maintain, "maintain.erase_subject_id=env:WHOM") == 0
    began, ended = entries(tmp_path)
    folder = tmp_path / "warehouse" / "erasures"
    json_file, text_file = sorted(folder.iterdir())
    assert [file.name for file in (json_file, text_file)] == [
        f"{ended['outcome_ids']}.certificate.{suffix}" for suffix in ("json", "txt")
    ]
    certificate = json.loads(json_file.read_text())
    assert (certificate["by"], certificate["dataset"], certificate["erased"]["rows"]) == (
        *("dr-audit", "hospital"),
        {"reports": 1},
    )
    read = certificate["read_to_prove_it"]
    left = open_warehouse(tmp_path / "warehouse").load(REPORTS).metadata.snapshots
    assert read["snapshots"]["reports"] == [snapshot.snapshot_id for snapshot in left]
    assert read["files"] > 5
    assert read["bytes"] > 1_000
    assert refers_to(certificate, CANARY)
    assert not refers_to(certificate, "canary-78")
    assert "anary" not in json_file.read_text() + text_file.read_text() + capsys.readouterr().err
    first, second, *_ = text_file.read_text().splitlines()
    assert first == f"Certificate of erasure {ended['outcome_ids']}"
    assert second.startswith("One patient of dataset hospital, by dr-audit, ")
    assert (began["phase"], ended["row_count"]) == ("began", 1)
