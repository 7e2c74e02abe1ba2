"""What somebody on the wire reads of two Ray nodes, with the certificates of jobs/configs/cluster and without them.

A drill: ``python -m pytest -m drill tests/security/test_wire.py``. It listens to the loopback interface, which only
root may: for anybody else it is skipped, and the wire was not looked at.
"""

import os
import secrets
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.worlds.two_nodes import COPIES

pytestmark = pytest.mark.drill  # two starts of two nodes

CERTIFICATES = ROOT / "jobs" / "configs" / "cluster" / "certificates.sh"
EVERY_PROTOCOL = 3
"""ETH_P_ALL of linux/if_ether.h."""
PACKET_BYTES = 1 << 17
"""More than loopback's MTU, 65,536."""
BUFFER_BYTES = 1 << 27


@contextmanager
def packets_with(words: Mapping[str, bytes]) -> Iterator["Counter[str]"]:
    """Count the packets of the loopback interface, all of them and those that hold each of `words` in clear."""
    try:
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
    except PermissionError:
        pytest.skip("not root: nobody listened to the wire, and whether it is encrypted was NOT looked at")
    packets: Counter[str] = Counter()
    over = threading.Event()

    def listen() -> None:
        while not over.is_set():
            try:
                packet = wire.recv(PACKET_BYTES)
            except TimeoutError:
                continue
            packets["packets"] += 1
            packets.update(name for name, word in words.items() if word in packet)

    with wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        wire.bind(("lo", 0))
        wire.settimeout(0.5)
        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield packets
        finally:
            over.set()
            thread.join()


def seen(tls: Mapping[str, str]) -> "Counter[str]":
    """Return what was on the wire while a text crossed between two nodes that have the variables `tls`."""
    token, text = secrets.token_hex(32), f"CANARY {secrets.token_hex(12)} large left pneumothorax. "
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment = {**kept, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_USAGE_STATS_ENABLED": "0", **tls}
    command = [sys.executable, "-m", "tests.support.worlds.two_nodes", text]
    with packets_with({"text": text.encode(), "token": token.encode()}) as packets:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
    assert done.stdout.splitlines()[-1:] == [f"crossed {(COPIES + 3) * len(text)}"], done.stderr[-2000:]
    return packets


def addresses() -> list[str]:
    """Return the addresses of this machine, as a node of cluster.yaml has them for its certificate."""
    return subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()


def test_neither_text_nor_token_is_on_the_wire_between_nodes(tmp_path: Path) -> None:
    authority, node = tmp_path / "authority", tmp_path / "node"
    subprocess.run(["bash", CERTIFICATES, "authority", authority], check=True)
    subprocess.run(["bash", CERTIFICATES, "node", authority, node, *addresses()], check=True)
    tls = {
        "RAY_USE_TLS": "1",
        "RAY_TLS_SERVER_CERT": f"{node}/node.crt",
        "RAY_TLS_SERVER_KEY": f"{node}/node.key",
        "RAY_TLS_CA_CERT": f"{node}/ca.crt",
    }
    encrypted, clear = seen(tls), seen({})
    # the control: the same traffic, without TLS, is read by the same listener
    assert clear["text"] > 10, clear
    assert clear["token"] > 10, clear
    assert encrypted["packets"] > 100, encrypted
    assert (encrypted["text"], encrypted["token"]) == (0, 0), encrypted
