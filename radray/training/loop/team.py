"""What the workers exchange beside gradients: values, and errors, so that all of them end alike."""

from collections.abc import Callable
from typing import Any, TypeVar

from torch import distributed

from radray.errors import RadrayError
from radray.training.loop.sharding import Worker

T = TypeVar("T")


class Team:
    """The workers of a training. All call the same methods in the same order."""

    def __init__(self, worker: Worker) -> None:
        """Create a gloo group for these exchanges: they must not come between those of the training."""
        self.worker = worker
        self.group = distributed.new_group(backend="gloo") if worker.workers > 1 else None

    def gather(self, value: T) -> list[T]:
        """Return the `value` of every worker, by rank."""
        if self.group is None:
            return [value]
        values: list[Any] = [None] * self.worker.workers
        distributed.all_gather_object(values, value, group=self.group)
        return values

    def agree(self, work: Callable[[], T]) -> T:
        """Do `work` on every worker and return the result of this one.

        Raises RadrayError on all workers where `work` raised it on any: the one of the lowest rank.
        """
        result: T | None = None
        own: RadrayError | None = None
        try:
            result = work()
        except RadrayError as error:
            own = error
        for failure in self.gather(own):
            if failure is not None:
                raise failure
        return result  # type: ignore[return-value]
