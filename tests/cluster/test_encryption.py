"""A cluster or a job server off loopback is encrypted, or allowed by a setting; one that is refused is sent nothing."""

import socket

import pytest
import ray

from radray.cluster import connection
from radray.cluster.connection import ray_cluster
from radray.cluster.encryption import refuse_clear_requests, refuse_clear_text
from radray.errors import ConfigError
from radray.settings.cluster import ClusterSettings

CLOSED = ClusterSettings()
ALLOWED = ClusterSettings(allow_unencrypted=True)


@pytest.fixture(autouse=True)
def _without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_USE_TLS", raising=False)


@pytest.mark.parametrize("address", ["127.0.0.1:6379", "localhost:6379", "ray://127.0.0.1:10001", "[::1]:6379"])
def test_loopback_needs_no_tls(address: str) -> None:
    refuse_clear_text("cluster.address", address, CLOSED)


@pytest.mark.parametrize(
    "address",
    [
        *("10.1.2.3:6379", "head.hospital.example:6379", "ray://10.1.2.3:10001", "[2001:db8::1]:6379", "auto"),
        *("127.1:6379", "localhost.evil.example:6379", "127.0.0.1@10.1.2.3:6379", "0.0.0.0:6379", "[", ""),
    ],
)
def test_any_other_address_needs_tls_or_the_setting(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", "0", "false", "yes"):  # what Ray itself takes for off
        monkeypatch.setenv("RAY_USE_TLS", value)
        with pytest.raises(ConfigError, match=r"cluster\.address=.*RAY_USE_TLS=1.*cluster\.allow_unencrypted=true"):
            refuse_clear_text("cluster.address", address, CLOSED)
    refuse_clear_text("cluster.address", address, ALLOWED)
    for value in ("1", "true", "True"):
        monkeypatch.setenv("RAY_USE_TLS", value)
        refuse_clear_text("cluster.address", address, CLOSED)


def test_a_refused_cluster_is_not_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(ray, "init", never)
    monkeypatch.setattr(socket, "create_connection", never)
    monkeypatch.setenv("RAY_ADDRESS", "10.1.2.3:6379")
    with pytest.raises(ConfigError, match=r"RAY_ADDRESS=10\.1\.2\.3:6379: off this machine, and not encrypted"):
        ray_cluster(CLOSED).__enter__()


def test_nodes_behind_a_tunnel_on_loopback_are_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(connection, "_refuse_deaf", lambda *_: None)
    monkeypatch.setattr(ray, "init", lambda **_: None)
    monkeypatch.setattr(ray, "nodes", lambda: [{"NodeManagerAddress": "10.1.2.3"}])
    monkeypatch.setattr(ray, "shutdown", lambda: ended.append(True))
    with pytest.raises(ConfigError, match=r"10\.1\.2\.3: off this machine"):
        ray_cluster(ClusterSettings(address="ray://127.0.0.1:10001")).__enter__()
    assert ended == [True]
    with ray_cluster(ClusterSettings(address="ray://127.0.0.1:10001", allow_unencrypted=True)):
        pass


@pytest.mark.parametrize("address", ["http://127.0.0.1:8265", "http://localhost:8265", "https://jobs.hospital.example"])
def test_a_job_server_is_reached_by_a_tunnel_or_https(address: str) -> None:
    refuse_clear_requests(address, CLOSED)


@pytest.mark.parametrize(
    "address",
    [
        "http://10.1.2.3:8265",
        "jobs.hospital.example:8265",
        "ray://10.1.2.3:1",
        "http://127.0.0.1@10.1.2.3:8265",
        "auto",
    ],
)
def test_a_token_is_not_sent_in_clear_to_a_job_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USE_TLS", "1")  # it is of gRPC, and the job server speaks HTTP
    with pytest.raises(ConfigError, match=r"ray dashboard cluster\.yaml.*cluster\.allow_unencrypted=true"):
        refuse_clear_requests(address, CLOSED)
    refuse_clear_requests(address, ALLOWED)
