"""The Ray cluster a job runs on, and how quiet it is."""

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import ray
from ray._private import ray_constants

from radray.cluster.encryption import refuse_clear_text
from radray.cluster.reporting import report_nothing
from radray.cluster.scaling import ask_for_nodes
from radray.errors import ConfigError, RadrayError
from radray.private import keep_private, own_place, temporary_folder
from radray.settings.cluster import ClusterSettings

MIN_LOGICAL_CPUS = 4
"""A reading task, a writing task and an actor each hold a CPU: on fewer than 4 they starve each other."""

ANSWER_S = 10.0
"""Time that an address has to answer: Ray itself tries one where nobody is for six minutes."""

PRIVATE_WORKERS = {"worker_process_setup_hook": f"{keep_private.__module__}.{keep_private.__name__}"}
"""Runtime environment of a job on a cluster: its nodes were started by others, with the rights that they chose."""

_LONGEST_PLACE = 40
"""Bytes of the path of Ray's sessions: a socket's own path has at most 107 of which Ray needs 63."""


@contextmanager
def ray_cluster(settings: ClusterSettings) -> Iterator[None]:
    """Connect to the cluster of `settings`, or start a local one, for the length of the block.

    Inside a block that holds a cluster already, and in a job that `ray job submit` started, that one is used. The nodes
    of `cluster.ask` are there when the block begins. What a local one starts listens on loopback alone.
    Raises ConfigError when `cluster.address` does not answer, or lies off loopback without TLS (`refuse_clear_text`),
    RadrayError when no local one can be started.
    """
    if ray.is_initialized():
        yield
        return
    report_nothing()
    name = "cluster.address" if settings.address else "RAY_ADDRESS"
    address = settings.address or os.environ.get("RAY_ADDRESS")
    # worker output is not ours to print: it is where libraries put values
    common = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address:
        refuse_clear_text(name, address, settings)  # first: whoever listens there would be sent the token
        _refuse_deaf(name, address)
    try:
        if address:
            ray.init(address=address, runtime_env=PRIVATE_WORKERS, **common)
        else:
            with _on_loopback():
                ray.init(
                    address="local",
                    num_cpus=local_cpus(settings),
                    include_dashboard=False,
                    **_private_places(),
                    **common,
                )
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        if address:
            raise ConfigError(f"{name}={address}: {type(error).__name__}: no cluster answers there") from None
        raise RadrayError(f"a local Ray could not be started: {type(error).__name__}; see {own_place()}/ray") from None
    _quiet()
    try:
        if address:
            for node in ray.nodes():  # the address may be that of a tunnel
                refuse_clear_text(name, node["NodeManagerAddress"], settings)
            ask_for_nodes(settings)  # a local Ray has no autoscaler
        yield
    finally:
        ray.shutdown()


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Have the node that Ray starts in the block take 127.0.0.1 as its address: all its servers then listen there.

    By itself it takes the machine's own, even where `ray.init` is given ``_node_ip_address="127.0.0.1"``, and its nine
    servers listen on every interface. The constant is what Ray asks for on macOS and Windows
    (``RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER``, which is read when Ray is imported).
    """
    usual = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = usual


def _private_places() -> dict[str, str]:
    """Return where a local Ray puts its sessions and what it spills: below /tmp/ray, its own choice, all may write.

    Spilled objects hold report text: they are in this process's folder, which is removed after it, however it ends.
    """
    places = {"object_spilling_directory": str(temporary_folder() / "ray")}
    sessions = str(own_place() / "ray")
    if "RAY_TMPDIR" not in os.environ and len(os.fsencode(sessions)) <= _LONGEST_PLACE:
        places["_temp_dir"] = sessions
    return places


def _refuse_deaf(name: str, address: str) -> None:
    """Raise ConfigError when nobody answers at `address`, where it is host:port, with ``ray://`` or without."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S).close()
    except OSError as error:
        raise ConfigError(f"{name}={address}: no cluster answers there ({error.strerror or 'timeout'})") from None


def local_cpus(settings: ClusterSettings) -> int | None:
    """Return the CPUs of the local cluster that `ray_cluster` would start; None where it would connect to another."""
    if settings.address or os.environ.get("RAY_ADDRESS"):
        return None
    return max(MIN_LOGICAL_CPUS, os.cpu_count() or 1)


def local_cores(settings: ClusterSettings) -> int | None:
    """Return the cores of this machine where a local cluster is started; None where it would connect to another."""
    return None if local_cpus(settings) is None else os.cpu_count()


@contextmanager
def ray_on_demand(settings: ClusterSettings) -> Iterator[Callable[[], None]]:
    """Yield a function that connects as `ray_cluster` does when it is first called, for what is left of the block.

    A start takes 6 to 8 s: a job that finds its work done needs none, and one of several parts no more than one.
    """
    with ExitStack() as stack:
        yield lambda: stack.enter_context(ray_cluster(settings))


def _quiet() -> None:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False  # ours are in reports, see progress.py
    context.print_on_execution_start = False
    context.log_internal_stack_trace = False
    # what fails reaches the console as one line of ours; Ray would print its own stack over it
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    logging.getLogger("ray.train").setLevel(logging.ERROR)
