"""What a job without a cluster starts listens on loopback alone, and reports nothing to anybody."""

import os
import socket

import psutil
import pytest
import ray

from radray.cluster.connection import ray_cluster
from radray.cluster.reporting import NO_REPORTS
from radray.settings.cluster import ClusterSettings
from radray.settings.section import is_loopback

pytestmark = pytest.mark.slow


def listening() -> dict[str, list[str]]:
    """Return the addresses at which this process and all its descendants listen, by the command of each."""
    here = psutil.Process()
    addresses: dict[str, list[str]] = {}
    for process in (here, *here.children(recursive=True)):
        for connection in process.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM:
                addresses.setdefault(f"{process.pid} {process.name()}", []).append(connection.laddr.ip)
    return addresses


def test_a_local_ray_listens_on_loopback_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    before = listening()
    with ray_cluster(ClusterSettings()):
        variables = ray.get(ray.remote(lambda: dict(os.environ)).remote())  # a worker listens too
        servers = {name: ips for name, ips in listening().items() if before.get(name) != ips}
    assert len(servers) >= 5  # the head's store of tables, the raylet, its agents, this driver
    assert {name: ips for name, ips in servers.items() if not all(map(is_loopback, ips))} == {}
    assert variables.items() >= NO_REPORTS.items()
