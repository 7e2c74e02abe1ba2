"""`generate` as a process with its Ray, ended by SIGKILL at named steps; the same command again ends with the night."""

import io
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from jobs.prepare import prepare
from radray.cluster.connection import ray_cluster
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.tables.catalog import Warehouse
from radray.upkeep.maintenance import AT_ONCE, find_leftovers, maintain
from tests.support.faults.kill_points import JOB_POINTS, KillPoint
from tests.support.paths import ROOT
from tests.support.worlds.loop import CANARY, PROMPT, settings_for, tiny_model, write_corpus

STUDIES = 24
PATIENCE_S = 240

pytestmark = pytest.mark.drill  # 3 minutes; test_killed.py has a driver in every run


def date_of(point: KillPoint) -> str:
    return f"2026-11-2{JOB_POINTS.index(point)}"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model and a warehouse that has `reports` on a date for each point."""
    folder = tmp_path_factory.mktemp("killed")
    studies = write_corpus(folder / "corpus.zip", STUDIES)
    tiny_model(folder / "model", [PROMPT.fill(study.text, None) for study in studies])
    with ray_cluster(settings_for(folder).cluster):
        for point in JOB_POINTS:
            source = ("source.format=mimic_zip", f"source.uri={folder}/corpus.zip", "split=live")
            prepare(settings_for(folder, f"date={date_of(point)}", *source), Console(file=io.StringIO()))
    # making a table is a commit too, and not one that a point counts
    Warehouse(settings_for(folder).warehouse).load(PREDICTIONS)
    return folder


def words(folder: Path, point: KillPoint) -> list[str]:
    return [
        *(f"warehouse.uri={folder}/warehouse", f"model.uri={folder}/model", "source.dataset=synthetic"),
        *(f"date={date_of(point)}", "split=live", "generate.block_rows=4", "generate.batch_size=1"),
        # slow where the point is half-way through
        *("generate.num_beams=4", f"generate.max_new_tokens={12 if point is JOB_POINTS[0] else 2}"),
    ]


def run(command: list[str]) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert CANARY not in done.stdout + done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("point", JOB_POINTS, ids=[point.name for point in JOB_POINTS])
def test_killed_at_a_named_step_with_its_ray(prepared: Path, tmp_path: Path, point: KillPoint) -> None:
    warehouse = Warehouse(settings_for(prepared).warehouse)
    here = {"batch_date": settings_for(prepared, f"date={date_of(point)}").date}
    marker = tmp_path / "marker"

    code, printed = run(["-m", "tests.support.faults.killed_job", point.name, str(marker), *words(prepared, point)])
    assert code == -signal.SIGKILL, printed
    assert marker.read_text() == point.name
    ok = {row["unit_id"] for row in warehouse.read(REPORTS, ["unit_id"], {**here, "status": "ok"}).to_pylist()}
    assert len(ok) == STUDIES
    after = warehouse.read(PREDICTIONS, None, here)
    assert after.num_rows == (STUDIES if point.landed else 0)
    runs = warehouse.read(RUNS, ["status"], {**here, "job": "generate"})
    assert runs.column("status").to_pylist() == ["running"]
    staging = warehouse.layout.staging(PREDICTIONS.name, "")
    assert warehouse.storage.list_files(staging.rstrip("/"), ".parquet") != []

    code, printed = run(["-m", "jobs.generate", *words(prepared, point)])
    assert code == 0, printed
    assert ("is there already" in printed) is point.landed
    rows = warehouse.read(PREDICTIONS, None, here)
    assert sorted(rows.column("unit_id").to_pylist()) == sorted(ok)
    if point.landed:
        assert rows.sort_by("unit_id") == after.sort_by("unit_id")
    statuses = Counter(warehouse.read(RUNS, ["status"], {**here, "job": "generate"}).column("status").to_pylist())
    assert statuses == ({"finished": 1} if point.landed else {"running": 1, "finished": 1})
    finished = warehouse.read(RUNS, None, {**here, "job": "generate", "status": "finished"}).to_pylist()
    if point is JOB_POINTS[0]:
        assert 0 < finished[0]["rows_resumed"] < STUDIES
    elif not point.landed:
        assert finished[0]["rows_resumed"] == STUDIES
    assert maintain(warehouse, AT_ONCE) != []
    assert find_leftovers(warehouse, AT_ONCE) == []
    assert warehouse.read(PREDICTIONS, None, here).sort_by("unit_id") == rows.sort_by("unit_id")
