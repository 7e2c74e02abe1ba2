"""Whether what is sent to a cluster is encrypted on its way: by Ray's TLS, by https, or not at all."""

import os
from urllib.parse import urlsplit

from radray.errors import ConfigError
from radray.settings.cluster import ClusterSettings
from radray.settings.section import is_loopback

TLS = "RAY_USE_TLS"
"""Variable by which every process of a cluster, and each driver, encrypts its gRPC: tasks, results, objects, state.

Both sides must have it. RAY_TLS_SERVER_CERT, RAY_TLS_SERVER_KEY and RAY_TLS_CA_CERT name the files."""


def refuse_clear_text(name: str, address: str, settings: ClusterSettings) -> None:
    """Raise ConfigError where the cluster at `address`, which the setting or variable `name` gives, is sent clear text.

    That is off loopback, where TLS is not on; an address without a host (``auto``) counts as off loopback.
    `cluster.allow_unencrypted` lets it pass.
    """
    if os.environ.get(TLS, "").lower() in ("1", "true"):
        return
    _refuse(name, address, settings, f"{TLS}=1 with the certificates of all nodes")


def refuse_clear_requests(address: str, settings: ClusterSettings) -> None:
    """Raise ConfigError where the job server at `address` is off loopback and not https.

    `cluster.allow_unencrypted` lets it pass. RAY_USE_TLS does not: it is of gRPC, and this is HTTP.
    """
    if urlsplit(address).scheme != "https":
        _refuse("the job server", address, settings, "https, or the tunnel of `ray dashboard cluster.yaml`")


def _refuse(name: str, address: str, settings: ClusterSettings, lever: str) -> None:
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    except ValueError:
        host = ""
    if not is_loopback(host) and not settings.allow_unencrypted:
        raise ConfigError(
            f"{name}={address}: off this machine, and not encrypted: report text and the cluster's token would cross"
            f" the network in clear; use {lever} (jobs/README.md, On a cluster), or, where the network itself encrypts,"
            " cluster.allow_unencrypted=true"
        )
