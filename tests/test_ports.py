"""Ports of the tests' servers are held: no two servers get the same, nor one that the system may give away."""

import socket

from tests.support.ports import hold_ports, lost_port


def test_ports_are_held_once_and_nobody_listens_on_them() -> None:
    first, second = hold_ports(20), hold_ports(20)
    assert len({*first, *second}) == 40
    for port in first:
        socket.create_server(("127.0.0.1", port)).close()


def test_a_port_that_another_listens_on_is_not_given() -> None:
    (port,) = hold_ports(1)
    with socket.create_server(("127.0.0.1", port)):
        assert port not in hold_ports(50)


def test_a_lost_port_is_recognised_in_a_servers_log() -> None:
    assert lost_port(b"OSError: [Errno 98] Address already in use")
    assert lost_port(b"listen tcp 127.0.0.1:8333: bind: address already in use")
    assert not lost_port(b"the process was killed")
