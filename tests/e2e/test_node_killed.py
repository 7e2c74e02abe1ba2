"""`generate` on a cluster that shrinks and grows half-way: the run goes on with what there is, and uses what comes."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.tables.catalog import Warehouse
from tests.e2e.test_killed import PATIENCE_S, Generating, parent, rows_staged, staged_files, wait_for_staged
from tests.support.worlds.loop import CANARY, PROMPT, settings_for, tiny_model, write_corpus

STUDIES = 120
MORE_STUDIES = 800
"""Enough to be at work still when a node that joins has started an actor, some 15 s later."""

pytestmark = pytest.mark.drill  # 3 minutes


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A head that holds no actor, and two nodes that hold two each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield cluster
    cluster.shutdown()


def actors_of(raylet: int) -> list[int]:
    """Return the processes of `raylet` that write impressions."""
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if "WriteImpressions" in (folder / "cmdline").read_text() and parent(int(folder.name)) == raylet:
                pids.append(int(folder.name))
        except OSError:
            continue  # it ended meanwhile
    return pids


def wait_for_actor(driver: subprocess.Popen[str], raylet: int, other_than: list[int]) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        for pid in actors_of(raylet):
            if pid not in other_than:
                return pid
        assert driver.poll() is None, f"generate ended: {driver.communicate()[1]}"
        assert time.monotonic() < deadline, "no actor on that node"
        time.sleep(0.05)


def test_a_run_goes_on_when_a_node_is_taken_away(tmp_path: Path, cluster: Cluster) -> None:
    nodes = [cluster.add_node(num_cpus=4) for _ in range(2)]
    cluster.wait_for_nodes()
    raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
    studies = write_corpus(tmp_path / "corpus.zip", STUDIES)
    tiny_model(tmp_path / "model", [PROMPT.fill(study.text, None) for study in studies])
    warehouse = Warehouse(settings_for(tmp_path).warehouse)

    words = (f"cluster.address={cluster.address}", "cluster.allow_unencrypted=true", "generate.threads_per_actor=4")
    with Generating(tmp_path, *words) as driver:
        first = [wait_for_actor(driver, raylet, []) for raylet in raylets]
        wait_for_staged(driver, tmp_path, at_least=10)
        before = rows_staged(tmp_path)
        assert before < STUDIES
        os.kill(raylets[0], signal.SIGKILL)
        # what it had is lost, and the others go on with what is left
        second = wait_for_actor(driver, raylets[1], first)
        output, error = driver.communicate(timeout=PATIENCE_S)
    assert driver.returncode == 0, error
    assert second not in first
    assert not any(actors_of(raylet) for raylet in raylets)
    assert CANARY not in output + error
    ok = {row["unit_id"] for row in warehouse.read(REPORTS, ["unit_id", "status"]).to_pylist() if row["status"] == "ok"}
    rows = warehouse.read(PREDICTIONS, ["unit_id", "run_id", "reason"]).to_pylist()
    assert sorted(row["unit_id"] for row in rows) == sorted(ok)
    assert len(rows) == STUDIES
    assert {row["reason"] for row in rows} <= {None, "empty_output"}
    runs = [row for row in warehouse.read(RUNS).to_pylist() if row["job"] == "generate"]
    assert [row["status"] for row in runs] == ["finished"]
    # it was one run to the end, which went on from what was staged
    assert before <= runs[0]["rows_resumed"] < STUDIES
    assert error.count("a machine was lost") == 1
    assert [line.split(",")[0] for line in error.splitlines() if line.startswith("plan: ")] == [
        "plan: 2 actors x 4 threads on 3 nodes",
        "plan: 1 actor x 4 threads on 2 nodes",
    ]
    assert {row["run_id"] for row in rows} == {runs[0]["run_id"]}
    assert list(staged_files(tmp_path)) == []


def test_a_node_that_joins_is_used(tmp_path: Path, cluster: Cluster) -> None:
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    studies = write_corpus(tmp_path / "corpus.zip", MORE_STUDIES)
    tiny_model(tmp_path / "model", [PROMPT.fill(study.text, None) for study in studies])
    warehouse = Warehouse(settings_for(tmp_path).warehouse)
    words = (f"cluster.address={cluster.address}", "cluster.allow_unencrypted=true", "generate.threads_per_actor=1")
    with Generating(tmp_path, *words) as driver:
        wait_for_staged(driver, tmp_path, at_least=10)
        joined = cluster.add_node(num_cpus=4).all_processes["raylet"][0].process.pid
        wait_for_actor(driver, joined, [])
        assert rows_staged(tmp_path) < MORE_STUDIES
        _, error = driver.communicate(timeout=PATIENCE_S)
    assert driver.returncode == 0, error
    assert "plan: 1 actor x 1 thread on 2 nodes, 1 CPU kept for reading, more on nodes that join" in error
    rows = warehouse.read(PREDICTIONS, ["unit_id", "reason"]).to_pylist()
    assert len({row["unit_id"] for row in rows}) == len(rows) == MORE_STUDIES
    assert {row["reason"] for row in rows} <= {None, "empty_output"}
