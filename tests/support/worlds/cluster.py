"""A real Ray cluster of several nodes on one machine: `ray start` processes with a token, a job server, an end.

Everything it starts is a descendant of a process that this module started, is remembered, and is gone when the block
ends. Ports are held for it (`tests.support.ports`), files are in a folder of its own, and Ray's address file of this
machine is not touched.
"""

import ctypes
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import psutil

from tests.support.paths import ROOT
from tests.support.ports import PortLostError, hold_ports, lost_port

BIN = Path(sys.executable).parent
PATIENCE_S = 60
JOB_PATIENCE_S = 240
STORE_BYTES = 150_000_000
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_ATTEMPTS = 3
_AGENT_PORTS = ("dashboard-agent-listen", "dashboard-agent-grpc", "runtime-env-agent", "metrics-export")


@dataclass
class Node:
    """A node: the process that holds it, and whether it is the head."""

    process: "subprocess.Popen[bytes]"
    cpus: int

    def tree(self) -> list[psutil.Process]:
        """Return its living processes, itself first."""
        try:
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def named(self, *words: str) -> list[psutil.Process]:
        """Return its processes whose command lines have all of `words`."""
        processes = []
        for process in self.tree():
            with suppress(psutil.Error):
                if all(word in " ".join(process.cmdline()) for word in words):
                    processes.append(process)
        return processes


@dataclass
class ProcessCluster:
    """A running cluster: a head without CPUs, and workers that come and go."""

    folder: Path
    address: str
    url: str
    environment: Mapping[str, str]
    head: Node
    workers: list[Node] = field(default_factory=list)
    _seen: dict[int, psutil.Process] = field(default_factory=dict)

    def add_worker(self, cpus: int = 3, *flags: str) -> Node:
        """Start another node and return it once the cluster counts it."""
        nodes = self.nodes_alive()
        node = Node(_ray_start(self.environment, cpus, self.folder, f"--address={self.address}", *flags), cpus)
        self.workers.append(node)
        self.wait_for_nodes(nodes + 1)
        return node

    def kill(self, node: Node) -> None:
        """End every process of `node` at once, as when a machine is taken away."""
        for process in self._remember(node):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        node.process.wait(PATIENCE_S)
        if node in self.workers:
            self.workers.remove(node)

    def nodes_alive(self) -> int:
        """Return how many nodes the cluster counts, the head too."""
        # by the state API: the dashboard's own list keeps a killed node alive for minutes
        listed = self._get("/api/v0/nodes?limit=100")["data"]["result"]["result"]
        return sum(node["state"] == "ALIVE" for node in listed)

    def wait_for_nodes(self, count: int) -> None:
        """Wait until the cluster counts exactly `count` nodes."""
        deadline = time.monotonic() + PATIENCE_S
        while (now := self.nodes_alive()) != count:
            if time.monotonic() > deadline:
                self.fail(f"{now} nodes, not {count}")
            time.sleep(0.2)

    def fail(self, reason: str) -> NoReturn:
        """Raise PortLostError where a log says that a port is taken, AssertionError otherwise; both with the logs."""
        logs = sorted(self.folder.glob("*.log"))
        ends = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-600:]}" for log in logs)
        rays = [path for path in self.folder.glob("n*/session_*/logs/*") if path.is_file() and not path.is_symlink()]
        if any(lost_port(log.read_bytes()) for log in (*logs, *rays)):
            raise PortLostError(f"{reason}: {ends}")
        raise AssertionError(f"{reason}: {ends}")

    def run(
        self, *command: str, cwd: Path = ROOT, timeout: float = JOB_PATIENCE_S
    ) -> "subprocess.CompletedProcess[str]":
        """Run `command` (first a program of this environment) as the operator would; return exit code and output."""
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=cwd,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def start(self, *command: str, cwd: Path = ROOT) -> "subprocess.Popen[str]":
        """Start `command` as `run` does, and return it."""
        return subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            cwd=cwd,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def driver(self, *words: str) -> psutil.Process:
        """Return the process of the submitted job whose command line has `words`, once it is there."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            drivers = [process for process in self.head.named("-m", "jobs.", *words) if "sh" not in process.name()]
            if drivers:
                return drivers[0]
            assert time.monotonic() < deadline, f"no driver with {words}"
            time.sleep(0.1)

    def stop(self) -> None:
        """End every process that the cluster ever had, and see that it did."""
        for node in [*self.workers, self.head]:
            self._remember(node)
        everyone = list(self._seen.values())
        for process in everyone:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for node in [*self.workers, self.head]:
            node.process.wait(PATIENCE_S)
        _, alive = psutil.wait_procs(everyone, timeout=PATIENCE_S)
        alive = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        assert not alive, f"{len(alive)} processes of the cluster are left"

    def _remember(self, node: Node) -> list[psutil.Process]:
        tree = node.tree()
        self._seen |= {process.pid: process for process in tree}
        return tree

    def _get(self, path: str) -> dict[str, Any]:
        token = Path(self.environment["RAY_AUTH_TOKEN_PATH"]).read_text(encoding="utf-8")
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            read: dict[str, Any] = json.load(answer)
            return read


@contextmanager
def running_cluster(
    workers: Sequence[int] = (3, 3),
    environment: Mapping[str, str] | None = None,
    worker_flags: Sequence[str] = (),
    scales_to: int = 0,
) -> Iterator[ProcessCluster]:
    """Run a cluster of a head without CPUs and one worker for each number in `workers`, with that many CPUs.

    environment: variables for all its processes. scales_to: Ray's own autoscaler adds up to this many workers of 4
    CPUs when they are needed. Where another program took a port all the same, the whole cluster is started again with
    other ports, twice at most.
    """
    for attempt in range(_ATTEMPTS):
        with ExitStack() as stack:
            try:
                cluster = stack.enter_context(_head(environment or {}, scales_to))
                for cpus in workers:  # in turn: two that start at once may take the same names for their sockets
                    cluster.add_worker(cpus, *worker_flags)
            except PortLostError:
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            yield cluster
            return


@contextmanager
def _head(environment: Mapping[str, str], scales_to: int) -> Iterator[ProcessCluster]:
    """Run a cluster of a head alone; when the block ends, end it with all workers that came since."""
    folder = Path(tempfile.mkdtemp(prefix="rr-"))  # short: a socket's path has 107 characters at most
    token = folder / "token"
    token.write_text(secrets.token_hex(32), encoding="utf-8")
    token.chmod(0o600)
    gcs, dashboard, client = hold_ports(3)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTHONPATH", "AWS_"))}
    url = f"http://127.0.0.1:{dashboard}"
    full = {
        **kept,
        **environment,
        "PATH": f"{BIN}{os.pathsep}{kept['PATH']}",
        "RAY_API_SERVER_ADDRESS": url,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_memory_monitor_refresh_ms": "0",  # what else runs on this machine is no reason to end a worker
    }
    if scales_to:
        full |= {"RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1", "PYTHONPATH": str(ROOT)}
        scaling = _scaling(f"127.0.0.1:{gcs}", scales_to, folder)
        (folder / "scaling.json").write_text(json.dumps(scaling), encoding="utf-8")
    flags = [
        *([f"--autoscaling-config={folder}/scaling.json"] if scales_to else []),
        *("--head", f"--port={gcs}", "--include-dashboard=true", "--dashboard-host=127.0.0.1"),
        *(f"--dashboard-port={dashboard}", f"--ray-client-server-port={client}"),
    ]
    try:
        head = Node(_ray_start(full, 0, folder, *flags), 0)
        cluster = ProcessCluster(folder, f"127.0.0.1:{gcs}", url, full, head)
        try:
            _wait_for_head(cluster)
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _scaling(address: str, workers: int, folder: Path) -> dict[str, object]:
    """Return the settings of Ray's autoscaler: nodes are processes of this machine (its own provider for tests)."""
    worker = {"resources": {"CPU": 4, "object_store_memory": STORE_BYTES}, "node_config": {}, "max_workers": workers}
    head = {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0}
    return {
        **{key: {} for key in ("auth", "docker", "file_mounts")},
        **{key: [] for key in ("initialization_commands", "setup_commands", "head_setup_commands")},
        **{key: [] for key in ("worker_setup_commands", "head_start_ray_commands", "worker_start_ray_commands")},
        **{key: [] for key in ("cluster_synced_files", "rsync_exclude", "rsync_filter")},
        "file_mounts_sync_continuously": False,
        "cluster_name": "scales",
        "max_workers": workers,
        "upscaling_speed": 1.0,
        "idle_timeout_minutes": 5,
        "provider": {
            **{"type": "external", "module": "tests.support.worlds.own_folders.OwnFolders"},
            **{"gcs_address": address, "folder": str(folder)},
        },
        "available_node_types": {"ray.head.default": head, "worker": worker | {"min_workers": 0}},
        "head_node_type": "ray.head.default",
    }


def _wait_for_head(cluster: ProcessCluster) -> None:
    """Return when the job server answers and counts its head. Raises PortLostError, or fails with the node's logs."""
    deadline = time.monotonic() + PATIENCE_S
    answer = "nothing"
    while True:
        try:
            if cluster.nodes_alive() == 1:
                return
        except http.client.RemoteDisconnected as error:  # ours, which starts or ends
            answer = repr(error)
        except http.client.BadStatusLine:
            raise PortLostError(f"what answers at {cluster.url} is no HTTP server") from None
        except (urllib.error.URLError, OSError, KeyError, TypeError) as error:
            answer = repr(error)
        if cluster.head.process.poll() is not None or time.monotonic() > deadline:
            cluster.fail(f"the head does not answer: {answer}")
        time.sleep(0.2)


def _ray_start(environment: Mapping[str, str], cpus: int, folder: Path, *flags: str) -> "subprocess.Popen[bytes]":
    # its own, as a machine has: in a shared one the node that starts last rewrites the job's folder under its driver
    own_folder = tempfile.mkdtemp(prefix="n", dir=folder)
    ports = zip(_AGENT_PORTS, hold_ports(len(_AGENT_PORTS)), strict=True)
    command = [
        *(str(BIN / "ray"), "start", "--block", "--disable-usage-stats", "--node-ip-address=127.0.0.1"),
        *(f"--num-cpus={cpus}", "--num-gpus=0", f"--object-store-memory={STORE_BYTES}", f"--temp-dir={own_folder}"),
        *(f"--{name}-port={port}" for name, port in ports),
        *flags,
    ]
    name = "head.log" if "--head" in flags else f"worker-{time.monotonic_ns()}.log"
    with (folder / name).open("wb") as log:
        # the operator's own variable would send `ray start` to the job server
        own = {key: value for key, value in environment.items() if key != "RAY_API_SERVER_ADDRESS"}
        return subprocess.Popen(
            command, stdout=log, stderr=log, env=own, cwd=folder, start_new_session=True, preexec_fn=_end_with_parent
        )


def _end_with_parent() -> None:
    """Have the kernel end this process when the test's process dies, even by SIGKILL; Ray's reaper ends the rest."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
