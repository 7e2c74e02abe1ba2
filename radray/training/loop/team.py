"""What workers tell one another beside gradients: values, and whose work failed, so that all end alike."""

from collections.abc import Callable
from typing import Any, TypeVar

from torch import distributed

from radray.errors import RadrayError
from radray.training.loop.sharding import Worker

T = TypeVar("T")


class Team:
    """The workers of a training. All call the same methods in the same order."""

    def __init__(self, worker: Worker) -> None:
        """Make a gloo group of its own for what is said: it must not come between the training's exchanges."""
        self.worker = worker
        self.group = distributed.new_group(backend="gloo") if worker.workers > 1 else None

    def gather(self, value: T) -> list[T]:
        """Return what each worker gave, by rank."""
        if self.group is None:
            return [value]
        found: list[Any] = [None] * self.worker.workers
        distributed.all_gather_object(found, value, group=self.group)
        return found

    def agree(self, work: Callable[[], T]) -> T:
        """Do `work` and return what it made here; where it raised RadrayError on any worker, raise that on all."""
        made: T | None = None
        failure: RadrayError | None = None
        try:
            made = work()
        except RadrayError as error:
            failure = error
        for one in self.gather(failure):
            if one is not None:
                raise one
        return made  # type: ignore[return-value]
