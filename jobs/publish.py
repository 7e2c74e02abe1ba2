"""Tables and views in AWS Glue and Athena, data sets and dashboards in QuickSight: created, or brought up to date.

``--dry-run`` prints each request and sends none; ``publish.remove=true`` removes what was published, never a table.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from jobs import cli
from radray.console import print_line
from radray.errors import ConfigError
from radray.settings.root import Settings

if TYPE_CHECKING:
    from rich.console import Console

USES = ("publish", "principal", "warehouse", "evaluate.normal_weight", "score.stemmer")


def refuse_local(settings: Settings) -> None:
    """Raise ConfigError unless the catalog is Glue's: Athena sees no other."""
    if settings.warehouse.catalog != "glue":
        raise ConfigError("publish needs warehouse.catalog=glue: Athena and QuickSight see no other catalog")


def describe(settings: Settings) -> list[str]:
    """Return the requests that the job would send, a line each, and what is left to others. Sends none."""
    from radray.analytics.publishing.policies import POLICIES, column_grants, policy, policy_values
    from radray.analytics.publishing.requests import assets, removable, view_requests
    from radray.analytics.views import Choices
    from radray.schema.tables import TABLES
    from radray.storage.s3 import S3Access

    region = S3Access.resolve(settings.warehouse.s3).region
    section = settings.publish
    if section.remove:
        lines = [asset.delete.describe() + " (if it has our tag)" for asset in removable(section, region)]
        lines.append("glue delete_table of each view of ours; no table")
    else:
        lines = [f"glue: make the tables that are not there yet: {', '.join(TABLES)}"]
        lines += [request.describe() for request in view_requests(section, Choices.of(settings))]
        lines += [asset.create.describe() for asset in assets(section, region)]
        if section.account_id is None:
            lines.append("publish.account_id is not set: nothing in QuickSight")
        if section.analyst_role_arn is not None:
            lines.append(f"not sent, for an administrator: {column_grants(section.analyst_role_arn).describe()}")
        values = policy_values(settings)
        lines += [f"not sent, policy {name}: {json.dumps(policy(name, values))}" for name in POLICIES]
    try:
        refuse_local(settings)
    except ConfigError as error:
        lines.append(f"refuse: {error}")
    return lines


def publish(settings: Settings, console: Console) -> None:
    """Publish, or remove what was published, and print each thing that was done."""
    refuse_local(settings)
    from radray.analytics.publishing.publisher import Publisher, clients
    from radray.analytics.views import VIEWS, Choices
    from radray.schema.tables import TABLES
    from radray.storage.s3 import S3Access
    from radray.tables.catalog import Warehouse

    region = S3Access.resolve(settings.warehouse.s3).region
    publisher = Publisher(settings.publish, region, clients(region))
    with cli.recorded("unpublish" if settings.publish.remove else "publish", settings) as entry:
        if settings.publish.remove:
            done = publisher.remove()
        else:
            warehouse = Warehouse(settings.warehouse)
            for schema in TABLES.values():
                warehouse.load(schema)
                print_line(console, f"publish: glue: table {schema.name}")
            done = publisher.publish(Choices.of(settings))
            entry.tables = sorted({*TABLES, *VIEWS})
        for line in done:
            print_line(console, f"publish: {line}")


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(publish, None, describe, __doc__, uses=USES)


if __name__ == "__main__":
    sys.exit(main())
