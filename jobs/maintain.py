"""Expired snapshots, orphan files, abandoned staging and dead runs → gone; or one patient erased.

With ``warehouse.catalog=glue`` AWS Glue's table optimizers are switched on first.
``maintain.erase_subject_id=ID`` erases a patient's rows instead, and reads every file left to prove it.
"""

import datetime
import sys
from collections import Counter

from rich.console import Console

from jobs import cli
from radray.errors import ConfigError, RadrayError
from radray.nights.console import print_line
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.upkeep.erasure import erase, refuse_while_running
from radray.upkeep.glue import requests, switch_on
from radray.upkeep.maintenance import Ages, Kind, Leftover, find_leftovers
from radray.upkeep.maintenance import maintain as remove_leftovers

OPTIMIZERS = (
    "switch on AWS Glue's table optimizers (retention, orphan files, compaction of tables without partitions), where"
    " they are not as the settings say"
)


def ages(settings: Settings) -> Ages:
    """Return what is old enough to go."""
    section = settings.maintain
    return Ages(
        snapshots=datetime.timedelta(days=section.snapshots_older_than_days),
        orphans=datetime.timedelta(days=section.orphans_older_than_days),
        longest_run=datetime.timedelta(hours=section.longest_run_hours),
    )


def steps(settings: Settings) -> list[str]:
    """Return what the job would do, in general: `describe` says it of the warehouse as it is."""
    section, where = settings.maintain, settings.warehouse.uri
    if section.erase_subject_id is not None:
        return [
            f"refuse while a run is running in {where}",
            f"erase one subject_id (it is never shown: give it again) of dataset {settings.source.dataset or 'any'}",
            f"from {where}: reports, predictions, staging; expire all older snapshots",
            f"read every file left in {where}",
        ]
    return [
        *([OPTIMIZERS] if settings.warehouse.catalog == "glue" else []),
        f"finish runs of {where} that started more than {section.longest_run_hours:g} hours ago and still run",
        f"expire snapshots of {where} replaced more than {section.snapshots_older_than_days:g} days ago",
        f"remove orphan files and staging of {where} older than {section.orphans_older_than_days:g} days",
    ]


def glue_role(settings: Settings) -> str | None:
    """Return the role that Glue's table optimizers get; None where there is nothing to switch on.

    Raises ConfigError when the catalog is Glue's, nobody is to be erased, and no role is set.
    """
    if settings.warehouse.catalog != "glue" or settings.maintain.erase_subject_id is not None:
        return None
    if settings.maintain.glue_role_arn is None:
        raise ConfigError(
            "maintain.glue_role_arn is not set: with warehouse.catalog=glue, Glue's table optimizers need a role that"
            " may read and write the warehouse"
        )
    return settings.maintain.glue_role_arn


def describe(settings: Settings) -> list[str]:
    """Return `steps` and, for a warehouse that is there, a line for each thing that would be removed. Only reads."""
    lines = steps(settings)
    try:
        role = glue_role(settings)
        warehouse = Warehouse(settings.warehouse, must_exist=True)
        if settings.maintain.erase_subject_id is not None:
            refuse_while_running(warehouse)
            return lines
        if role is not None:
            lines += [f"glue: {one.describe()}" for one in requests(warehouse, ages(settings), role)]
        return lines + told(find_leftovers(warehouse, ages(settings)))
    except RadrayError as error:
        return [*lines, f"refuse: {error}"]


def maintain(settings: Settings, console: Console) -> None:
    """Remove what is left over, or erase a patient, and say what was removed, by path."""
    role = glue_role(settings)
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    subject_id = settings.maintain.erase_subject_id
    if subject_id is None:
        if role is not None:
            for request in switch_on(warehouse, ages(settings), role):
                print_line(console, f"maintain: glue: {request.describe()}")
        for line in told(remove_leftovers(warehouse, ages(settings))):
            print_line(console, f"maintain: {line}")
        return
    erasure = erase(warehouse, subject_id, settings.source.dataset)
    for line in (*erasure.lines(), *told(erasure.removed)):
        print_line(console, f"erase: {line}")


def told(leftovers: list[Leftover]) -> list[str]:
    """Return a line for each of `leftovers` and one with their number and bytes."""
    counts = Counter(one.kind for one in leftovers)
    summary = ", ".join(f"{counts[kind]:,} {kind.value}{'s' * (counts[kind] != 1)}" for kind in Kind if counts[kind])
    freed = sum(one.bytes for one in leftovers)
    lines = [f"{one.kind.value} of {one.table}: {one.name}" for one in leftovers]
    return [*lines, f"{summary}; {freed:,} bytes" if leftovers else "nothing is left over"]


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(maintain, None, describe, __doc__)


if __name__ == "__main__":
    sys.exit(main())
