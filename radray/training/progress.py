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

    `step` optimiser steps and `epoch` epochs were done at `time` (UTC, naive; a resumed run says what was before it
    again, with the time when it said so). Names: train_loss and val_loss (natural log, mean a target token),
    learning_rate, examples_per_second, the figures of `rouge.score_sample`; and, once at step 0, steps_total,
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
        self._said: list[Metric | str] = []
        self._stop = False

    def put(self, said: Metric | str) -> None:
        self._said.append(said)

    def take(self) -> list[Metric | str]:
        taken, self._said = self._said, []
        return taken

    def stop(self) -> None:
        self._stop = True

    def told_to_stop(self) -> bool:
        return self._stop

    def flush(self) -> None:
        """Return once all that the caller put before is here: an actor runs the calls of one caller in order."""


class MetricStream:
    """A context on the driver: what workers `put` into `box` reaches `on_metric` while the body runs.

    Lines of text go to `on_note`. Both are called from one thread of the driver, in order; what is left is delivered
    on leaving. An exception from them ends the deliveries and is raised on leaving. Once `stop` is set the box tells
    the workers that ask it.
    """

    def __init__(
        self,
        on_metric: Callable[[Metric], None],
        on_note: Callable[[str], None] = lambda line: None,
        stop: threading.Event | None = None,
    ) -> None:
        self._on_metric, self._on_note, self._told = on_metric, on_note, stop
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
                if self._told is not None and self._told.is_set():
                    self.box.stop.remote()
                for said in ray.get(self.box.take.remote()):
                    if isinstance(said, Metric):
                        self._on_metric(said)
                    else:
                        self._on_note(said)
                if last:
                    return
        except BaseException as failure:
            self._failure = failure
