"""What a training says while it runs: values from the workers to the driver, as they come."""

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray

_POLL_S = 0.25
"""How long a value may wait before the driver hears of it: below what a reader of a progress bar notices."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One value of a training.

    `step` optimiser steps and `epoch` epochs were done at `time` (UTC, naive). Names: train_loss and val_loss
    (natural log, mean a target token), learning_rate, examples_per_second; and, once at step 0, steps_total,
    train_inputs_truncated, train_targets_truncated, validation_inputs_truncated, validation_targets_truncated.
    """

    step: int
    epoch: float
    name: str
    value: float
    time: datetime.datetime


def now() -> datetime.datetime:
    """Return the time, UTC, naive, in microseconds: the form of the tables."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


class _Box:
    """Holds values between a worker that puts and the driver that takes."""

    def __init__(self) -> None:
        self._metrics: list[Metric] = []

    def put(self, metric: Metric) -> None:
        self._metrics.append(metric)

    def take(self) -> list[Metric]:
        taken, self._metrics = self._metrics, []
        return taken

    def flush(self) -> None:
        """Return once all that the caller put before is here: an actor runs the calls of one caller in order."""


class MetricStream:
    """A context on the driver: what workers `put` into `box` reaches `on_metric` while the body runs.

    `on_metric` is called from one thread of the driver, in order; what is left is delivered on leaving. An
    exception from `on_metric` ends the deliveries and is raised on leaving.
    """

    def __init__(self, on_metric: Callable[[Metric], None]) -> None:
        self._on_metric = on_metric
        # no CPU of its own: on a small machine it would take one from a worker
        self.box = ray.remote(_Box).options(num_cpus=0).remote()
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._drain, name="training-metrics", daemon=True)

    def __enter__(self) -> "MetricStream":
        """Start to deliver."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        """Deliver what is left and free the box."""
        self._stop.set()
        self._thread.join()
        ray.kill(self.box)
        if self._failure is not None and kind is None:
            raise self._failure

    def _drain(self) -> None:
        try:
            while True:
                last = self._stop.wait(_POLL_S)
                for metric in ray.get(self.box.take.remote()):
                    self._on_metric(metric)
                if last:
                    return
        except BaseException as failure:
            self._failure = failure
