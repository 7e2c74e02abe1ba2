"""`generate` killed half-way: its driver, and its engine and its actor, which costs nothing; each row is there once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.tables.catalog import Warehouse
from tests.support.paths import ROOT
from tests.support.worlds.loop import CANARY, PROMPT, settings_for, tiny_model, write_corpus

STUDIES = 60
PATIENCE_S = 240


def corpus_and_model(folder: Path) -> Warehouse:
    studies = write_corpus(folder / "corpus.zip", STUDIES)
    tiny_model(folder / "model", [PROMPT.fill(study.text, None) for study in studies])
    return Warehouse(settings_for(folder).warehouse)


def test_every_row_once_after_the_driver_was_killed(tmp_path: Path) -> None:
    warehouse = corpus_and_model(tmp_path)
    with Generating(tmp_path) as driver:
        # known before rows are staged: while they are looked for on a busy machine, the last rows may be
        engine = wait_for_engine(driver, wait_for_actor(driver))
        wait_for_staged(driver, tmp_path, at_least=10)
        # nobody is left to say anything
        driver.kill()
        driver.communicate(timeout=PATIENCE_S)
    assert driver.returncode == -signal.SIGKILL
    after_driver = staged_units(tmp_path)
    assert 10 <= len(after_driver) < STUDIES
    wait_until_gone(engine)
    assert warehouse.read(PREDICTIONS).num_rows == 0

    with Generating(tmp_path) as driver:
        output, error = driver.communicate(timeout=PATIENCE_S)
    assert driver.returncode == 0, error
    assert CANARY not in output + error
    rows = every_row_once(warehouse)
    # what was staged is the same row, made by the same run as then: not generated again
    by_unit = {row["unit_id"]: row["run_id"] for row in rows}
    assert after_driver.items() <= by_unit.items()
    runs = [row for row in warehouse.read(RUNS).to_pylist() if row["job"] == "generate"]
    assert Counter(row["status"] for row in runs) == {"running": 1, "finished": 1}
    (finished,) = [row for row in runs if row["status"] == "finished"]
    assert finished["rows_resumed"] == STUDIES - Counter(by_unit.values())[finished["run_id"]]
    assert finished["rows_resumed"] >= len(after_driver)
    assert list((tmp_path / "warehouse" / "_staging").rglob("*.parquet")) == []


@pytest.mark.drill
def test_an_engine_and_an_actor_that_are_killed_cost_no_row(tmp_path: Path) -> None:
    warehouse = corpus_and_model(tmp_path)
    with Generating(tmp_path) as driver:
        wait_for_staged(driver, tmp_path, at_least=10)
        # the engine: its actor starts another and goes on
        actor = find_actor(driver.pid)
        engine = wait_for_engine(driver, actor)
        os.kill(engine, signal.SIGKILL)
        assert wait_for_engine(driver, actor, other_than=engine) != engine
        assert find_actor(driver.pid) == actor
        wait_for_staged(driver, tmp_path, at_least=rows_staged(tmp_path) + 10)
        # the actor: Ray starts another, the engine goes with it
        engine = wait_for_engine(driver, actor)
        os.kill(actor, signal.SIGKILL)
        assert wait_for_actor(driver, other_than=actor) != actor
        wait_until_gone(engine)
        output, error = driver.communicate(timeout=PATIENCE_S)
    assert driver.returncode == 0, error
    assert CANARY not in output + error
    every_row_once(warehouse)


def every_row_once(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Assert that each usable report has one row of `predictions`, and return those."""
    ok = {row["unit_id"] for row in warehouse.read(REPORTS, ["unit_id", "status"]).to_pylist() if row["status"] == "ok"}
    rows: list[dict[str, Any]] = warehouse.read(PREDICTIONS, ["unit_id", "run_id", "reason"]).to_pylist()
    assert sorted(row["unit_id"] for row in rows) == sorted(ok)
    assert len(rows) == STUDIES
    assert {row["reason"] for row in rows} <= {None, "empty_output"}
    return rows


class Generating:
    """`jobs.generate` on the corpus of a folder, as a process."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._command = [
            *(sys.executable, "-m", "jobs.generate", f"warehouse.uri={folder}/warehouse", f"model.uri={folder}/model"),
            *("source.format=mimic_zip", f"source.uri={folder}/corpus.zip", "source.dataset=synthetic"),
            "split.validation_fraction=0",  # one partition
            # slow enough to be met half-way: 12 blocks of 5 reports, one report a call
            "generate.engine=transformers",  # which needs no parity run
            *("generate.block_rows=5", "generate.batch_size=1", "generate.num_beams=4", "generate.max_new_tokens=16"),
            *words,
        ]

    def __enter__(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def staged_files(folder: Path) -> Iterator[pa.Table]:
    """Yield what the staged files of `predictions` hold; skip those still being written."""
    for file in sorted((folder / "warehouse" / "_staging" / "predictions").rglob("*.parquet")):
        try:
            yield pq.read_table(file, columns=["unit_id", "run_id"])
        except (pa.ArrowInvalid, OSError):
            continue


def staged_units(folder: Path) -> dict[str, str]:
    """Return run_id by unit_id of the staged rows, once their number no longer changes (rows in flight are written)."""
    run_ids: dict[str, str] = {}
    while True:
        before = len(run_ids)
        for table in staged_files(folder):
            for row in table.to_pylist():
                run_ids.setdefault(row["unit_id"], row["run_id"])
        if len(run_ids) == before and before:
            return run_ids
        time.sleep(1)


def wait_for_staged(driver: subprocess.Popen[str], folder: Path, at_least: int) -> None:
    """Wait until so many rows are staged while the driver runs."""
    deadline = time.monotonic() + PATIENCE_S
    while rows_staged(folder) < at_least:
        assert driver.poll() is None, f"generate ended before it was killed: {driver.communicate()[1]}"
        assert time.monotonic() < deadline, "no rows were staged in time"
        time.sleep(0.05)


def rows_staged(folder: Path) -> int:
    return sum(table.num_rows for table in staged_files(folder))


def is_engine(pid: int) -> bool:
    try:
        return "engines.isolation.child" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def wait_until_gone(engine: int) -> None:
    """Wait for the end of an engine's process whose actor was ended; a driver's actors take a moment to follow it."""
    deadline = time.monotonic() + PATIENCE_S
    while is_engine(engine):
        assert time.monotonic() < deadline, "the engine outlives its actor"
        time.sleep(0.05)


def wait_for_engine(driver: subprocess.Popen[str], actor: int, other_than: int | None = None) -> int:
    """Return the process of the engine that `actor` owns, once there is one."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        for pid in (int(folder.name) for folder in Path("/proc").glob("[0-9]*")):
            with suppress(OSError):  # it ended meanwhile
                if pid != other_than and is_engine(pid) and parent(pid) == actor:
                    return pid
        assert driver.poll() is None, f"generate ended before it was killed: {driver.communicate()[1]}"
        assert time.monotonic() < deadline, "the actor has no engine"
        time.sleep(0.05)


def wait_for_actor(driver: subprocess.Popen[str], other_than: int | None = None) -> int:
    """Return the process of the actor that writes impressions, once there is one (other than `other_than`)."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with suppress(AssertionError):
            if (actor := find_actor(driver.pid)) != other_than:
                return actor
        assert driver.poll() is None, f"generate ended: {driver.communicate()[1]}"
        assert time.monotonic() < deadline, "no actor was started in time"
        time.sleep(0.05)


def find_actor(driver: int) -> int:
    """Return the process of the actor that writes impressions, a child of the raylet that `driver` started."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            title = (status.parent / "cmdline").read_text()
            if "WriteImpressions" in title and parent(parent(int(status.parent.name))) == driver:
                return int(status.parent.name)
        except OSError:
            continue  # it ended meanwhile
    raise AssertionError("the actor was not found")


def parent(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("PPid:"):
            return int(line.split()[1])
    raise OSError
