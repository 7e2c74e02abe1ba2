"""Raw reports → the table `reports`, every input unit a row, and what tasks ask of them → the table `examples`."""

import sys
from functools import partial
from typing import TYPE_CHECKING

from jobs import cli
from radray.errors import ConfigError
from radray.settings.root import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from radray.nights.final_line import FinalLine

USES = ("source", "split.file", "split.default", "date", "until", "tasks", "warehouse", "cluster", "notify")


def check(settings: Settings) -> None:
    """Raise ConfigError for settings that the job needs and does not have."""
    from radray.nights.dated import is_nightly
    from radray.tasks.registry import find_tasks

    if find_tasks(settings.tasks) and settings.source.uri is None:
        return
    for name in ("format", "uri", "dataset"):
        if getattr(settings.source, name) is None:
            raise ConfigError(f"source.{name} is not set: prepare needs source.format, source.uri and source.dataset")
    is_nightly(settings)
    if settings.until is not None and settings.source.pairs is not None:
        raise ConfigError("source.pairs is one file, and until makes several nights; write the pairs of one date")


def describe(settings: Settings) -> list[str]:
    """Return what the job would do."""
    from radray.tasks.registry import find_tasks

    source, tasks = settings.source, find_tasks(settings.tasks)
    since = ", of it what no night of the dataset has taken" if source.since else ""
    nights = f"{settings.date} to {settings.until}, a commit a night" if settings.until else settings.date
    where = f"batch_date={nights}, dataset={source.dataset or 'each'}"
    parsed = [f"read {source.uri} as {source.format}{since}", f"write {settings.warehouse.uri}: reports, {where}"]
    examples = [f"write {settings.warehouse.uri}: examples, {where}, task={task.id}" for task in tasks]
    if source.uri is None:
        return [f"read {settings.warehouse.uri}: reports, {where}", *examples]
    return parsed + examples


def prepare(settings: Settings, console: "Console", line: "FinalLine | None" = None) -> None:
    """Parse the source of each night into one partition of `reports`, and make the examples of `tasks` of it.

    Without a source the examples are made of the reports that are there. Each partition is a commit. A night that is
    refused stops no other, see `each_night`. What was done is added to `line`.
    """
    from radray.cluster.connection import ray_on_demand
    from radray.nights.examples_run import prepare_examples
    from radray.nights.failures import worst_at_end
    from radray.nights.final_line import FinalLine
    from radray.nights.range import each_night
    from radray.nights.reports_run import prepare_night
    from radray.tasks.registry import find_tasks

    line = line or FinalLine("prepare")
    line.price_per_hour = settings.cluster.price_per_hour
    with ray_on_demand(settings.cluster) as start_ray:

        def work(night: Settings) -> None:
            if night.source.uri is not None:
                prepare_night(night, console, line=line, start_ray=start_ray)
            with worst_at_end(console) as refused:
                refused += prepare_examples(night, find_tasks(night.tasks), start_ray, console, line).values()

        each_night(settings, console, line, work)


def main() -> int:
    """Run the job as a command and return its exit code."""
    from radray.nights.final_line import FinalLine

    line = FinalLine("prepare")
    return cli.run(partial(prepare, line=line), check, describe, __doc__, line, uses=USES, audit="prepare")


if __name__ == "__main__":
    sys.exit(main())
