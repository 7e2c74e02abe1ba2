"""Expired snapshots, orphan files, abandoned staging and dead runs → gone; or one patient erased.

With ``warehouse.catalog=glue`` AWS Glue's table optimizers are switched on first.
``maintain.erase_subject_id=file:PATH`` erases the rows of the patient whose id the file holds instead, and reads every
file left to prove it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jobs import cli
from radray.console import print_line
from radray.errors import ConfigError, RadrayError
from radray.settings.root import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from radray.tables.catalog import Warehouse

USES = ("maintain", "model.uri", "source.dataset", "principal", "warehouse")

OPTIMIZERS = "switch on AWS Glue's table optimizers (retention, orphan files, compaction of unpartitioned tables)"


def describe(settings: Settings) -> list[str]:
    """Return what the job would do and, for a warehouse that is there, each thing that would be removed. Only reads."""
    from radray.tables.catalog import Warehouse
    from radray.upkeep.erasure import refuse_while_running
    from radray.upkeep.glue import requests
    from radray.upkeep.maintenance import Ages, describe_leftovers, find_leftovers

    lines, ages = steps(settings), Ages.of(settings.maintain)
    try:
        role = glue_role(settings)
        warehouse = Warehouse(settings.warehouse, must_exist=True)
        if settings.maintain.erase_subject_id is not None:
            refuse_while_running(warehouse)
            return lines
        if role is not None:
            lines += [f"glue: {request.describe()}" for request in requests(warehouse, ages, role)]
        return lines + describe_leftovers(find_leftovers(warehouse, ages))
    except RadrayError as error:
        return [*lines, f"refuse: {error}"]


def steps(settings: Settings) -> list[str]:
    """Return what the job would do to any warehouse."""
    section, where = settings.maintain, settings.warehouse.uri
    if section.erase_subject_id is not None:
        from radray.upkeep.report import plan_of_erasure

        return plan_of_erasure(where, settings.source.dataset, settings.model.uri)
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


def maintain(settings: Settings, console: Console) -> None:
    """Remove what is left over, or erase a patient, and print what was removed, by path."""
    role = glue_role(settings)
    from radray.tables.catalog import Warehouse
    from radray.upkeep import maintenance
    from radray.upkeep.glue import switch_on

    warehouse = Warehouse(settings.warehouse, must_exist=True)
    if settings.maintain.erase_subject_id is not None:
        forget(settings, settings.maintain.erase_subject_id, warehouse, console)
        return
    ages = maintenance.Ages.of(settings.maintain)
    with cli.recorded("maintain", settings):
        for request in [] if role is None else switch_on(warehouse, ages, role):
            print_line(console, f"maintain: glue: {request.describe()}")
        for line in maintenance.describe_leftovers(maintenance.maintain(warehouse, ages)):
            print_line(console, f"maintain: {line}")


def forget(settings: Settings, subject_id: str, warehouse: Warehouse, console: Console) -> None:
    """Erase the patient, print what was done without saying whom, and write the certificate."""
    from radray.upkeep.certificate import certify
    from radray.upkeep.erasure import erase
    from radray.upkeep.maintenance import describe_leftovers

    with cli.audited("erase", settings, warehouse) as entry:
        erasure = erase(warehouse, subject_id, settings.source.dataset, settings.model.uri)
        entry.outcome_ids.append(erasure.erasure_id)
        entry.add_rows(erasure.rows.total())
        for line in (*erasure.lines(), *describe_leftovers(erasure.removed)):
            print_line(console, f"erase: {line}")
        for place in certify(warehouse, erasure, subject_id, entry.who.principal):
            print_line(console, f"erase: certificate: {place}")


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(maintain, None, describe, __doc__, uses=USES)


if __name__ == "__main__":
    sys.exit(main())
