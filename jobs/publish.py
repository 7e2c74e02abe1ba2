"""Tables and views in AWS Glue and Athena, data sets and dashboards in QuickSight: made, or brought up to date.

``--dry-run`` prints each request and sends none; ``publish.remove=true`` removes what publishing made, never a table.
"""

import json
import sys

from rich.console import Console

from jobs import cli
from radray.analytics.publishing.policies import POLICIES, column_grants, policy, policy_values
from radray.analytics.publishing.publisher import Publisher, clients
from radray.analytics.publishing.requests import Request, assets, removable, view_requests
from radray.analytics.views import Choices
from radray.errors import ConfigError
from radray.nights.console import print_line
from radray.schema.tables import TABLES
from radray.settings.root import Settings
from radray.storage.s3 import S3Access
from radray.tables.catalog import Warehouse


def refuse_local(settings: Settings) -> None:
    """Raise ConfigError unless the catalog is Glue's: Athena sees no other."""
    if settings.warehouse.catalog != "glue":
        raise ConfigError("publish needs warehouse.catalog=glue: Athena and QuickSight see no other catalog")


def describe(settings: Settings) -> list[str]:
    """Return the requests that the job would send, a line each, and what is for others to do. Sends none."""
    region = S3Access.resolve(settings.warehouse.s3).region
    section = settings.publish
    if section.remove:
        lines = [told(asset.delete) + " (if it has our tag)" for asset in removable(section, region)]
        lines.append("glue delete_table of each view of ours; no table")
    else:
        lines = [f"glue: make the tables that are not there yet: {', '.join(TABLES)}"]
        lines += [told(request) for request in view_requests(section, Choices.of(settings))]
        lines += [told(asset.create) for asset in assets(section, region)]
        if section.account_id is None:
            lines.append("publish.account_id is not set: nothing in QuickSight")
        if section.analyst_role_arn is not None:
            lines.append(f"not sent, for an administrator: {told(column_grants(section.analyst_role_arn))}")
        values = policy_values(settings)
        lines += [f"not sent, policy {name}: {json.dumps(policy(name, values))}" for name in POLICIES]
    try:
        refuse_local(settings)
    except ConfigError as error:
        lines.append(f"refuse: {error}")
    return lines


def told(request: Request) -> str:
    """Return the request in one line, whole."""
    return f"{request.service} {request.operation} {json.dumps(request.arguments, ensure_ascii=False)}"


def publish(settings: Settings, console: Console) -> None:
    """Publish, or remove what was published, and say each thing that was done."""
    refuse_local(settings)
    region = S3Access.resolve(settings.warehouse.s3).region
    publisher = Publisher(settings.publish, region, clients(region))
    if settings.publish.remove:
        done = publisher.remove()
    else:
        warehouse = Warehouse(settings.warehouse)
        for schema in TABLES.values():
            warehouse.load(schema)
            print_line(console, f"publish: glue: table {schema.name}")
        done = publisher.publish(Choices.of(settings))
    for line in done:
        print_line(console, f"publish: {line}")


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(publish, None, describe, __doc__)


if __name__ == "__main__":
    sys.exit(main())
