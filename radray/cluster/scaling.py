"""Nodes that a job asks the autoscaler for: its work is planned from those that are there, and at two none may be."""

import time
from collections.abc import Mapping, Sequence

from ray.autoscaler.sdk import request_resources

from radray.cluster.actors import alive_nodes
from radray.errors import RadrayError
from radray.settings.cluster import ClusterSettings

_LOOK_S = 1.0


def ask_for_nodes(settings: ClusterSettings) -> None:
    """Return when the nodes of `cluster.ask` are there; what is there already counts, and () asks for nothing.

    The request is withdrawn then, since Ray would keep these nodes for a job that was killed, and for nobody after it:
    what works is kept in any case, and what does not for `idle_timeout_minutes`. It is the cluster's, not the job's: of
    two jobs that ask, the last is heard. Raises RadrayError when they are not there after `cluster.ask_timeout_s`.
    """
    if not settings.ask:
        return
    request_resources(bundles=[dict(bundle) for bundle in settings.ask])
    try:
        _wait(settings)
    finally:
        request_resources(bundles=[])


def missing(asked: Sequence[Mapping[str, float]], nodes: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """Return what of `asked` finds no room on `nodes` (what each gives to Ray, in all), the largest first.

    Each of `asked` goes to the node where it leaves least, so that a small one does not take a large one's place.
    """
    rooms = [dict(node) for node in nodes]
    without = []
    for bundle in sorted(asked, key=lambda bundle: -max(bundle.values())):
        fits = [room for room in rooms if all(room.get(name, 0.0) >= amount for name, amount in bundle.items())]
        if not fits:
            without.append(bundle)
            continue
        room = min(fits, key=lambda room: sum(room.get(name, 0.0) for name in bundle))
        for name, amount in bundle.items():
            room[name] -= amount
    return without


def _wait(settings: ClusterSettings) -> None:
    deadline = time.monotonic() + settings.ask_timeout_s
    while True:
        nodes = list(alive_nodes().values())
        if not (without := missing(settings.ask, nodes)):
            return
        if time.monotonic() > deadline:
            raise RadrayError(
                f"cluster.ask: after {settings.ask_timeout_s:,.0f} s the cluster has {len(nodes)} nodes and no room for"
                f" {len(without)} of {len(settings.ask)}, such as {dict(without[0])}; see `ray status` (quota, spot"
                " capacity, max_workers), or raise cluster.ask_timeout_s"
            )
        time.sleep(_LOOK_S)
