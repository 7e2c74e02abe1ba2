"""The certificates of a cluster's nodes: who they let in, and what they leave behind."""

import socket
import ssl
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PROGRAM = ROOT / "jobs" / "configs" / "cluster" / "certificates.sh"


def make(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["bash", str(PROGRAM), *map(str, words)], capture_output=True, text=True, check=False)


def cluster(folder: Path, *nodes: tuple[str, ...]) -> None:
    """Make an authority in `folder`, and nodes ``0``, ``1``, ... below it for the names of each."""
    assert make("authority", folder).returncode == 0
    for place, names in enumerate(nodes):
        assert make("node", folder, folder / str(place), *names).returncode == 0


def greet(server: Path, client: Path, name: str) -> None:
    """Connect as one node to another that is called `name`, both asking for a certificate. Raises OSError."""
    answering = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(server / "ca.crt"))
    answering.verify_mode = ssl.CERT_REQUIRED
    answering.load_cert_chain(server / "node.crt", server / "node.key")
    asking = ssl.create_default_context(cafile=str(client / "ca.crt"))
    asking.load_cert_chain(client / "node.crt", client / "node.key")
    here, there = socket.socketpair()
    here.settimeout(10)
    there.settimeout(10)

    def answer() -> None:
        try:
            with answering.wrap_socket(there, server_side=True) as wrapped:
                wrapped.sendall(b"welcome")
        except OSError:
            there.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with asking.wrap_socket(here, server_hostname=name) as wrapped:
            if wrapped.recv(7) != b"welcome":
                raise OSError("turned away")
    finally:
        here.close()
        thread.join()


def test_nodes_of_one_authority_know_one_another_by_address(tmp_path: Path) -> None:
    cluster(tmp_path / "ours", ("10.1.2.3", "fd00::7", "head-svc.radray.svc.cluster.local", ""), ("10.1.2.4",))
    head, worker = tmp_path / "ours" / "0", tmp_path / "ours" / "1"
    for name in ("10.1.2.3", "fd00::7", "head-svc.radray.svc.cluster.local", "127.0.0.1", "localhost"):
        greet(head, worker, name)
    greet(worker, head, "10.1.2.4")
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        greet(worker, head, "10.1.2.3")  # a worker does not pass for the head


def test_a_node_of_another_authority_is_turned_away(tmp_path: Path) -> None:
    cluster(tmp_path / "ours", ("10.1.2.3",))
    cluster(tmp_path / "theirs", ("10.1.2.3",))
    ours, theirs = tmp_path / "ours" / "0", tmp_path / "theirs" / "0"
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(theirs, ours, "10.1.2.3")
    (theirs / "ca.crt").write_bytes((ours / "ca.crt").read_bytes())  # it trusts us, and we do not trust it
    with pytest.raises(OSError, match=r"alert|turned away|EOF"):
        greet(ours, theirs, "10.1.2.3")


def test_keys_are_their_owners_alone_and_none_is_left_over(tmp_path: Path) -> None:
    cluster(tmp_path / "ours", ("10.1.2.3",))
    node = tmp_path / "ours" / "0"
    assert sorted(path.name for path in node.iterdir()) == ["ca.crt", "node.crt", "node.key"]
    for path in (node / "node.key", tmp_path / "ours" / "ca.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_authority_is_not_replaced(tmp_path: Path) -> None:
    cluster(tmp_path)
    key = (tmp_path / "ca.key").read_bytes()
    again = make("authority", tmp_path)
    assert again.returncode == 2
    assert "remove it first" in again.stderr
    assert (tmp_path / "ca.key").read_bytes() == key


@pytest.mark.parametrize("words", [(), ("nodes",), ("authority",), ("node", "somewhere")])
def test_any_other_command_makes_nothing_and_fails(words: tuple[str, ...]) -> None:
    assert make(*words).returncode != 0
