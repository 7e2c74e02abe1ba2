"""TensorBoard event files, written on the driver by tensorboardX, which needs neither torch nor TensorBoard."""

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from radray.training.progress import Metric


@contextmanager
def event_files(folder: Path | None) -> Iterator[Callable[[Metric], None]]:
    """Yield a function that writes a metric into event files in `folder`, created if need be; None: it does nothing.

    Raises OSError where the folder cannot be written.
    """
    if folder is None:
        yield lambda metric: None
        return
    # here and not at the top: it takes 0.3 s, and most trainings are watched in another way
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(folder)) as writer:

        def write(metric: Metric) -> None:
            time = metric.time.replace(tzinfo=datetime.UTC).timestamp()
            writer.add_scalar(metric.name, metric.value, metric.step, time)

        yield write
