"""Raw reports → the table `reports`: every input unit a row, ok or with the reason why not."""

import sys
from functools import partial
from typing import TYPE_CHECKING

from jobs import cli
from radray.errors import ConfigError
from radray.settings.root import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from radray.nights.final_line import FinalLine

USES = ("source", "split.file", "split.default", "date", "until", "warehouse", "cluster", "notify")


def check(settings: Settings) -> None:
    """Raise ConfigError for settings that the job needs and does not have."""
    from radray.nights.dated import is_nightly

    for name in ("format", "uri", "dataset"):
        if getattr(settings.source, name) is None:
            raise ConfigError(f"source.{name} is not set: prepare needs source.format, source.uri and source.dataset")
    is_nightly(settings)
    if settings.until is not None and settings.source.pairs is not None:
        raise ConfigError("source.pairs is one file, and until makes several nights; write the pairs of one date")


def describe(settings: Settings) -> list[str]:
    """Return what the job would do."""
    source = settings.source
    since = ", of it what no night of the dataset has taken" if source.since else ""
    nights = f"{settings.date} to {settings.until}, a commit a night" if settings.until else settings.date
    return [
        f"read {source.uri} as {source.format}{since}",
        f"write {settings.warehouse.uri}: reports, batch_date={nights}, dataset={source.dataset}",
    ]


def prepare(settings: Settings, console: "Console", line: "FinalLine | None" = None) -> None:
    """Parse the source of each night into one partition of `reports`, a commit for each.

    A night that is refused stops no other, see `each_night`. What was done is added to `line`.
    """
    from radray.cluster.connection import ray_on_demand
    from radray.nights.final_line import FinalLine
    from radray.nights.range import each_night
    from radray.nights.reports_run import prepare_night

    line = line or FinalLine("prepare")
    line.price_per_hour = settings.cluster.price_per_hour
    with ray_on_demand(settings.cluster) as start_ray:
        each_night(settings, console, line, lambda night: prepare_night(night, console, line=line, start_ray=start_ray))


def main() -> int:
    """Run the job as a command and return its exit code."""
    from radray.nights.final_line import FinalLine

    line = FinalLine("prepare")
    return cli.run(partial(prepare, line=line), check, describe, __doc__, line, uses=USES, audit="prepare")


if __name__ == "__main__":
    sys.exit(main())
