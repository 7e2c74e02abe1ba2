"""Work in Ray that goes on with what is left when a machine is taken away in its midst."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ray.exceptions import NodeDiedError, ObjectLostError, RayActorError, WorkerCrashedError

from radray.cluster.actors import ActorPlan, alive_nodes, wait_for_loss
from radray.errors import ConfigError, RadrayError

MACHINE_LOST = (RayActorError, WorkerCrashedError, ObjectLostError, NodeDiedError)
"""What Ray ends a pipeline with when a machine is taken away, whatever restarts its actors have left: an actor that
waits for its next machine is "unavailable", and a block that only the lost one had is gone."""
MACHINES_LOST = 8
"""Times that a pipeline begins again with what is left of cluster and reports: a night on spot machines loses some."""


def through_losses(
    work: Callable[[ActorPlan], None],
    plan: ActorPlan,
    plan_again: Callable[[], ActorPlan],
    left: Callable[[], str | None],
    where: str,
    report: Callable[[str], None],
) -> None:
    """Do `work` with the actors of `plan`, and again with those of `plan_again` each time that a machine is lost.

    `left` looks at what is done and returns in words what is left, None for nothing; `report` is called with a line on
    each loss and each new plan. While the cluster holds no plan (ConfigError), the plan that was stays.

    Raises RadrayError when a machine is lost more than MACHINES_LOST times, and as `work`.
    """
    for lost in range(MACHINES_LOST + 1):
        nodes = alive_nodes()
        try:
            work(plan)
            return
        except MACHINE_LOST as error:
            if isinstance(error, RayActorError) and error.actor_init_failed:
                raise
            how = type(error).__name__
        # its traceback held the pipeline, whose actors Ray would start again, and they would hold the CPUs
        gc.collect()
        remaining = left()
        report(f"{where}: a machine was lost ({how}, time {lost + 1}), {remaining or 'nothing'} left")
        if remaining is None:
            return
        wait_for_loss(nodes)
        try:
            plan = plan_again()
            report(f"plan: {plan.describe()}")
        except ConfigError as error:
            report(f"plan: {error}; waiting for machines with the plan that was: {plan.describe()}")
    raise RadrayError(f"{where}: machines were lost {MACHINES_LOST + 1} times; what is staged is kept: run again")


@contextmanager
def gpu_time(figures: dict[str, float | None], plan: ActorPlan) -> Iterator[None]:
    """Add the seconds of the block, times the GPUs of `plan`, to the gpu_seconds of `figures`."""
    began = time.monotonic()
    try:
        yield
    finally:
        held = plan.actors * plan.gpus * (time.monotonic() - began)
        figures["gpu_seconds"] = (figures.get("gpu_seconds") or 0.0) + held
