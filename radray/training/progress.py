"""What a training reports while it runs: metrics and notes from the workers to the driver, as they come."""

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray

_POLL_S = 0.25
"""How long a value may wait for the driver: less than the reader of a progress bar notices."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One value of a training.

    `step` optimiser steps and `epoch` epochs were done at `time` (UTC, naive). A resumed run reports the values of
    before again, with a time of its own. Names: train_loss and val_loss (natural log, mean per target token),
    val_loss_TASK where several tasks are learnt, learning_rate, examples_per_second, the figures of
    `validation.score_sample`; and once, at step 0, steps_total, train_inputs_truncated, train_targets_truncated,
    validation_inputs_truncated, validation_targets_truncated.
    """

    step: int
    epoch: float
    name: str
    value: float
    time: datetime.datetime


def now() -> datetime.datetime:
    """Return the time now, UTC, naive, in microseconds: as the tables hold times."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


class _Box:
    """Holds messages from the worker that puts them to the driver that takes them."""

    def __init__(self) -> None:
        self._messages: list[Metric | str] = []
        self._stop = False

    def put(self, message: Metric | str) -> None:
        self._messages.append(message)

    def take(self) -> list[Metric | str]:
        messages, self._messages = self._messages, []
        return messages

    def stop(self) -> None:
        self._stop = True

    def stop_requested(self) -> bool:
        return self._stop

    def flush(self) -> None:
        """Return once everything the caller has put is here: an actor runs the calls of a caller in order."""


class MetricStream:
    """A context on the driver: metrics that workers `put` into `box` reach `on_metric` while the body runs.

    Lines of text go to `on_note`. Both are called from one thread of the driver, in order; what is left is delivered
    on leaving. An exception from them ends the deliveries and is raised on leaving. Once `stop` is set, the box says so
    to the workers that ask it.
    """

    def __init__(
        self,
        on_metric: Callable[[Metric], None],
        on_note: Callable[[str], None] = lambda line: None,
        stop: threading.Event | None = None,
    ) -> None:
        self._on_metric, self._on_note, self._stop = on_metric, on_note, stop
        # no CPU of its own: on a small machine it would take one from a worker
        self.box = ray.remote(_Box).options(num_cpus=0).remote()
        self._leaving = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._drain, name="training-metrics", daemon=True)

    def __enter__(self) -> "MetricStream":
        """Start delivering."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        """Deliver what is left and free the box."""
        self._leaving.set()
        self._thread.join()
        ray.kill(self.box)
        if self._failure is not None and kind is None:
            raise self._failure

    def _drain(self) -> None:
        try:
            while True:
                last = self._leaving.wait(_POLL_S)
                if self._stop is not None and self._stop.is_set():
                    self.box.stop.remote()
                for message in ray.get(self.box.take.remote()):
                    if isinstance(message, Metric):
                        self._on_metric(message)
                    else:
                        self._on_note(message)
                if last:
                    return
        except BaseException as failure:
            self._failure = failure
