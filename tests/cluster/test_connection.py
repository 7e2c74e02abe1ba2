"""An address at which there is no cluster, without Ray."""

import socket

import pytest

from radray.cluster.connection import ray_cluster
from radray.errors import ConfigError
from radray.settings.cluster import ClusterSettings


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nobody_listens_is_refused_at_once(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"{scheme}127.0.0.1:{port}"
    with pytest.raises(ConfigError, match=f"cluster.address={address}: no cluster answers there"):
        ray_cluster(ClusterSettings(address=address)).__enter__()


def test_a_name_that_cannot_be_looked_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "no-such-host.invalid:6379")
    with pytest.raises(ConfigError, match=r"RAY_ADDRESS=no-such-host\.invalid:6379: no cluster"):
        ray_cluster(ClusterSettings(allow_unencrypted=True)).__enter__()
