"""How many actors a run starts on a cluster: by hand for many shapes, and no plan that cannot run."""

from itertools import product
from typing import Any

import pytest

from radray.cluster import actors as planning
from radray.cluster.actors import ActorPlan, NodeResources, plan_actors, wait_for_loss
from radray.errors import ConfigError
from radray.settings.generate import GenerateSettings

GB = 1_000_000_000


def plan(nodes: list[NodeResources], memory: int = GB, **settings: object) -> ActorPlan:
    return plan_actors(nodes, GenerateSettings.model_validate(settings), memory)


@pytest.mark.parametrize(
    ("nodes", "settings", "actors", "kept"),
    [
        ([NodeResources(4)], {}, 1, 2),  # a laptop of 2 cores: 4 logical CPUs
        ([NodeResources(4, cores=2)], {"threads_per_actor": 1}, 2, 2),
        ([NodeResources(8, cores=2)], {"threads_per_actor": 4}, 1, 4),  # more threads than cores: who asks gets them
        ([NodeResources(4, cores=1)], {"threads_per_actor": 1}, 1, 3),
        ([NodeResources(4, cores=2)], {"threads_per_actor": 1, "actors": 3}, 3, 1),  # who names it gets it
        ([NodeResources(2)], {"threads_per_actor": 1}, 1, 1),  # two would starve the reading
        ([NodeResources(3)], {}, 1, 1),
        ([NodeResources(8)], {}, 3, 2),
        ([NodeResources(8)], {"threads_per_actor": 1}, 7, 1),
        ([NodeResources(64)], {"threads_per_actor": 4}, 15, 4),
        ([NodeResources(64)], {"threads_per_actor": 4, "actors": 15}, 15, 4),
        ([NodeResources(8), NodeResources(8)], {}, 7, 2),
        ([NodeResources(0), NodeResources(8)], {}, 3, 2),  # a head without CPUs
        ([NodeResources(3), NodeResources(3)], {}, 2, 2),  # a CPU of each is left over
        ([NodeResources(8, memory=2.5 * GB)], {"threads_per_actor": 1}, 2, 6),
        ([NodeResources(8, memory=0.5 * GB), NodeResources(4, memory=9 * GB)], {"threads_per_actor": 1}, 4, 8),
        ([NodeResources(8)], {"actors": 2}, 2, 4),
    ],
)
def test_cpu_actors_fill_the_nodes_but_for_what_reading_needs(
    nodes: list[NodeResources], settings: dict[str, Any], actors: int, kept: int
) -> None:
    shape = plan(nodes, **settings)
    assert (shape.actors, shape.cpus_kept, shape.gpus) == (actors, kept, 0)
    assert shape.cpus == shape.threads


def test_a_gpu_is_an_actor() -> None:
    shape = plan([NodeResources(8), NodeResources(8, gpus=1), NodeResources(64, gpus=8)], use_gpu=True)
    assert (shape.actors, shape.cpus, shape.gpus, shape.cpus_kept) == (9, 0, 1, 80)
    assert plan([NodeResources(64, gpus=8)], use_gpu=True, actors=2).actors == 2
    assert plan([NodeResources(64, gpus=8, memory=3.5 * GB)], use_gpu=True).actors == 3


@pytest.mark.parametrize(
    ("nodes", "settings", "says"),
    [
        ([NodeResources(8)], {"use_gpu": True}, "has no GPU; set generate.use_gpu=false, or cluster.address"),
        ([NodeResources(8, gpus=2)], {"use_gpu": True, "actors": 3}, "GPUs for 2; use that or auto"),
        ([NodeResources(0, gpus=2)], {"use_gpu": True}, "add a node that has CPUs"),
        ([NodeResources(2)], {}, "set generate.threads_per_actor to 1 or less"),
        ([NodeResources(1)], {"threads_per_actor": 1}, "start Ray with more"),
        ([NodeResources(8)], {"actors": 4}, "holds 3 of 2 CPUs .* use that or auto"),
        ([NodeResources(4), NodeResources(4)], {"threads_per_actor": 6}, "generate.threads_per_actor"),
        ([NodeResources(8, memory=0.5 * GB)], {}, "takes 1.0 GB .* than 0.5 GB; .* generate.compute_type=int8"),
        ([], {}, "add a node"),
    ],
)
def test_what_cannot_run_is_refused_with_the_lever(
    nodes: list[NodeResources], settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        plan(nodes, **settings)


def test_no_shape_is_planned_that_starves_reading_or_does_not_fit() -> None:
    planned = 0
    for first, second, threads, memory in product(range(10), range(6), range(1, 6), (1.0, 2.5, 100.0)):
        nodes = [NodeResources(first, memory=memory * GB), NodeResources(second, memory=4.0 * GB)]
        try:
            shape = plan(nodes, threads_per_actor=threads)
        except ConfigError:
            # one actor, on whichever node, and one CPU beside it: there is no such place
            assert max(first, second) < threads or first + second <= threads
            continue
        planned += 1
        room = sum(min(int(node.cpus) // threads, int((node.memory or 0) // GB)) for node in nodes)
        assert 1 <= shape.actors <= room
        assert shape.cpus_kept == first + second - shape.actors * threads >= 1
    assert planned > 300


def test_a_plan_is_said_in_a_line() -> None:
    shape = plan([NodeResources(4, cores=4), NodeResources(5, cores=5)])
    assert shape.describe() == "4 actors x 2 threads on 2 nodes, 1 CPU kept for reading"
    gpu = plan([NodeResources(8, gpus=1)], use_gpu=True, threads_per_actor=1)
    assert gpu.describe() == "1 actor x 1 thread and a GPU on 1 node, 8 CPUs kept for reading, more on nodes that join"


def test_a_plan_grows_on_a_foreign_cluster_where_no_number_was_named() -> None:
    assert plan([NodeResources(8)]).grows
    assert plan([NodeResources(8, gpus=1)], use_gpu=True).grows
    assert not plan([NodeResources(8)], actors=2).grows
    assert not plan([NodeResources(8, cores=8)]).grows


def test_the_next_plan_waits_until_ray_knows_which_node_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = frozenset({"one", "two"})
    looks = iter([before, before | {"new"}, frozenset({"one", "new"})])
    monkeypatch.setattr(planning, "alive_nodes", lambda: next(looks))
    wait_for_loss(before)
    assert next(looks, None) is None


def test_it_does_not_wait_for_ever_for_an_actor_that_was_ended_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []

    def alive() -> frozenset[str]:
        asked.append(None)
        return frozenset({"one"})

    monkeypatch.setattr(planning, "alive_nodes", alive)
    wait_for_loss(frozenset({"one"}), longest_s=0.1)
    assert asked
