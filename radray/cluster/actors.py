"""How many actors of what size a run starts: computed from what the cluster has, before anything is started.

A reading or writing task needs a whole CPU. Where actors hold all of them, Ray waits for ever and says nothing (two
actors of 0.9 CPU on a node of 2 CPUs): so some CPUs are kept from the actors, and what does not fit is refused.
"""

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import ray

from radray.errors import ConfigError
from radray.settings.generate import GenerateSettings

CPUS_PER_KEPT = 16
"""Of so many CPUs one is kept for reading, scoring and writing. Scoring a report takes about 0.6 ms of a core; writing
its impression, with a model of 3.4 million parameters, 5 ms of one, and with any other far more."""

LOSS_KNOWN_S = 30.0
"""Ray knows that a node is gone when five health checks, 3 s apart, were not answered; its actors' callers at once."""

_GB = 1e9


@dataclass(frozen=True, slots=True)
class NodeResources:
    """What a node gives to Ray: CPUs and GPUs as Ray counts them, memory in bytes; None where it is not known."""

    cpus: float
    gpus: float = 0.0
    memory: float | None = None
    cores: int | None = None
    """Cores behind the CPUs where they are fewer: a Ray that was started here has 4 CPUs on a machine of 2."""


@dataclass(frozen=True, slots=True)
class ActorPlan:
    """The actors of a run, and what each asks of Ray."""

    actors: int
    cpus: int
    """CPUs that an actor holds: the threads it computes with; 0 for one on a GPU."""
    gpus: int
    memory: int
    """Bytes of main memory that an actor is expected to take, and asks Ray for."""
    threads: int
    nodes: int
    cpus_kept: int
    """Whole CPUs that no actor holds."""
    grows: bool = False
    """More actors are started on nodes that join while the run goes on."""

    def describe(self) -> str:
        """Return the plan in words."""
        each = f"{self.threads} thread{'s' * (self.threads != 1)}" + (" and a GPU" if self.gpus else "")
        return (
            f"{self.actors:,} actor{'s' * (self.actors != 1)} x {each} on {self.nodes:,} node{'s' * (self.nodes != 1)},"
            f" {self.cpus_kept:,} CPU{'s' * (self.cpus_kept != 1)} kept for reading"
            f"{', more on nodes that join' * self.grows}"
        )


def plan_actors(nodes: Sequence[NodeResources], settings: GenerateSettings, memory: int) -> ActorPlan:
    """Return the actors for a run with `settings` on `nodes`, each of which takes `memory` bytes.

    `generate.actors=auto`: one a GPU, or as many of `threads_per_actor` CPUs as the nodes hold, less the CPUs that are
    kept; such a plan grows, but on a cluster that was started here. Raises ConfigError, with the setting to change, for
    what cannot run: no GPU where one is asked for, more actors than fit, no CPU left for reading, an actor that no node
    has the memory or the CPUs for.
    """
    cpus = int(sum(math.floor(node.cpus) for node in nodes))
    grows = settings.actors == "auto" and all(node.cores is None for node in nodes)
    has = f"{len(nodes):,} node{'s' * (len(nodes) != 1)} with {cpus:,} CPUs"
    threads = settings.threads_per_actor
    if cpus < 1:
        raise ConfigError(f"the cluster has {has}: reading takes a whole one; add a node that has CPUs")
    enough = [node for node in nodes if node.memory is None or node.memory >= memory]
    if not enough:
        most = max(node.memory or 0.0 for node in nodes)
        raise ConfigError(
            f"an actor takes {memory / _GB:.1f} GB of memory and no node gives Ray more than {most / _GB:.1f} GB; use"
            " larger nodes, a smaller model or generate.compute_type=int8"
        )
    if settings.use_gpu:
        fits = sum(_fit(node, memory, node.gpus, 1) for node in nodes)
        if not fits:
            raise ConfigError(
                f"generate.use_gpu=true, and the cluster ({has}) has no GPU; set generate.use_gpu=false, or"
                " cluster.address to a cluster that has some"
            )
        actors = fits if settings.actors == "auto" else settings.actors
        if actors > fits:
            raise ConfigError(f"generate.actors={actors:,}: the cluster has GPUs for {fits:,}; use that or auto")
        return ActorPlan(actors, 0, 1, memory, threads, len(nodes), cpus, grows)
    fits = sum(_fit(node, memory, node.cpus, threads) for node in enough)
    if settings.actors == "auto" and fits:
        fits = max(1, sum(_fit(node, memory, _cores(node), threads) for node in enough))
    wanted = max(1, cpus // CPUS_PER_KEPT)
    # whoever asks for a number gets it while one CPU is left
    most = (cpus - (wanted if settings.actors == "auto" else 1)) // threads
    fits = min(fits, most)
    if fits < 1:
        raise ConfigError(
            f"generate.threads_per_actor={threads}: the cluster has {has}, of which an actor would leave none for"
            f" reading; set generate.threads_per_actor to {max(1, cpus - 1)} or less"
            if cpus > 1
            else f"the cluster has {has}: one actor and reading take two; start Ray with more (--num-cpus)"
        )
    actors = fits if settings.actors == "auto" else settings.actors
    if actors > fits:
        raise ConfigError(
            f"generate.actors={actors:,}: the cluster ({has}) holds {fits:,} of {threads} CPUs and"
            f" {memory / _GB:.1f} GB beside one CPU for reading; use that or auto, or set generate.threads_per_actor"
        )
    return ActorPlan(actors, threads, 0, memory, threads, len(nodes), cpus - actors * threads, grows)


def _fit(node: NodeResources, memory: int, has: float, takes: int) -> int:
    """Return how many actors a node holds, which each take so much of what it `has`, and `memory`."""
    of_memory = math.inf if node.memory is None else node.memory // memory
    return int(min(has // takes, of_memory))


def _cores(node: NodeResources) -> float:
    return node.cpus if node.cores is None else min(node.cpus, node.cores)


def cluster_nodes(cores: int | None = None) -> list[NodeResources]:
    """Return the living nodes of the cluster that this process is connected to.

    `cores`: those of this machine, where it is the cluster; see `cluster.local_cores`.
    """
    alive = alive_nodes().values()
    return [NodeResources(node.get("CPU", 0.0), node.get("GPU", 0.0), node.get("memory"), cores) for node in alive]


def alive_nodes() -> dict[str, dict[str, float]]:
    """Return what each node that Ray takes for alive gives in all, by the node's id."""
    return {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}


def wait_for_loss(before: Collection[str], longest_s: float = LOSS_KNOWN_S) -> None:
    """Return when Ray knows that a node of `before` is gone; after `longest_s`, since it was an actor alone then.

    Work that is planned before that is planned for a node which is no more.
    """
    deadline = time.monotonic() + longest_s
    while set(before) <= set(alive_nodes()) and time.monotonic() < deadline:
        time.sleep(0.5)
