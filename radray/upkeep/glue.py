"""AWS Glue's table optimizers: what each table of a warehouse wants, and the requests that bring Glue there.

Glue does the work itself, by the role that it is given: it expires snapshots, compacts, and removes files below a
table's location that nothing refers to. It knows nothing of staging, of dead runs and of data files, which lie outside
the tables' locations: those stay with maintenance.py. The requests are checked against botocore's model of Glue and
were never sent to AWS.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from radray.errors import ConfigError
from radray.schema.column import TableSchema
from radray.schema.tables import TABLES
from radray.storage.failures import cause
from radray.tables.catalog import NAMESPACE, Warehouse
from radray.upkeep.maintenance import Ages

RETAINED = 100
"""Snapshots that Glue keeps whatever their age. It counts age from a snapshot's own commit: after a quiet week the one
that a run began from would be old at once, and the run's commit die with it. No day of ours makes 100 in a table."""

COMPACTED_FROM = 20
"""Small files that a table has before Glue compacts it."""

_LEVER = (
    "see warehouse.s3.region and the role's or user's rights: glue:Get-, Create- and UpdateTableOptimizer, iam:PassRole"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of Glue that changes an optimizer."""

    operation: str
    """create_table_optimizer or update_table_optimizer, as boto3 has them."""
    arguments: Mapping[str, Any]

    def describe(self) -> str:
        """Return the request in a line: table, optimizer, and what it is told."""
        told = self.arguments["TableOptimizerConfiguration"]
        (settings,) = (value["icebergConfiguration"] for value in told.values() if isinstance(value, dict))
        listed = ", ".join(f"{name}={value}" for name, value in settings.items())
        name = f"{self.arguments['DatabaseName']}.{self.arguments['TableName']}"
        return f"{self.operation} {self.arguments['Type']} of {name}: {listed}, role {told['roleArn']}"


def wanted(schema: TableSchema, ages: Ages, role_arn: str) -> dict[str, dict[str, Any]]:
    """Return the configuration by type of the optimizers that the table shall have.

    Ages are told in whole days, rounded up. A table of partitions is not compacted: its files are as large as they
    shall be, and their names say which run committed a night.
    """
    retention = {
        "snapshotRetentionPeriodInDays": _days(ages.snapshots.total_seconds()),
        "numberOfSnapshotsToRetain": RETAINED,
        "cleanExpiredFiles": True,
    }
    orphans = {"orphanFileRetentionPeriodInDays": _days(ages.orphans.total_seconds())}
    found: dict[str, dict[str, Any]] = {
        "retention": {"retentionConfiguration": {"icebergConfiguration": retention}},
        "orphan_file_deletion": {"orphanFileDeletionConfiguration": {"icebergConfiguration": orphans}},
    }
    if not schema.partition:
        compaction = {"strategy": "binpack", "minInputFiles": COMPACTED_FROM}
        found["compaction"] = {"compactionConfiguration": {"icebergConfiguration": compaction}}
    return {type_: {"roleArn": role_arn, "enabled": True, **one} for type_, one in sorted(found.items())}


def requests(warehouse: Warehouse, ages: Ages, role_arn: str, client: Any = None) -> list[Request]:
    """Return what has to be asked of Glue so that every table that exists is as `wanted`; [] when all is. Only reads.

    Raises ConfigError, without the answer's own words, when Glue does not answer.
    """
    try:
        glue = client or glue_client(warehouse)
        account = str(_session_client(warehouse, "sts").get_caller_identity()["Account"])
        found = []
        for schema in TABLES.values():
            if warehouse.has(schema):
                place = {"CatalogId": account, "DatabaseName": NAMESPACE, "TableName": schema.name}
                for type_, configuration in wanted(schema, ages, role_arn).items():
                    found += _request({**place, "Type": type_}, configuration, glue)
    except (ClientError, BotoCoreError) as error:
        raise ConfigError(f"Glue: {cause(error)}: {_LEVER}") from None
    return found


def switch_on(warehouse: Warehouse, ages: Ages, role_arn: str, client: Any = None) -> list[Request]:
    """Send what `requests` finds and return it. Raises ConfigError when Glue refuses; what was sent stays."""
    glue = client or glue_client(warehouse)
    found = requests(warehouse, ages, role_arn, glue)
    for one in found:
        try:
            getattr(glue, one.operation)(**one.arguments)
        except (ClientError, BotoCoreError) as error:
            raise ConfigError(
                f"Glue: {cause(error)} for {one.operation} {one.arguments['Type']} of table"
                f" {one.arguments['TableName']}: {_LEVER}; see maintain.glue_role_arn"
            ) from None
    return found


def glue_client(warehouse: Warehouse) -> Any:
    """Return a boto3 client of Glue in the warehouse's region."""
    return _session_client(warehouse, "glue")


def _session_client(warehouse: Warehouse, service: str) -> Any:
    return boto3.session.Session().client(service, region_name=warehouse.storage.access.region)


def _request(place: dict[str, Any], configuration: dict[str, Any], glue: Any) -> list[Request]:
    """Return the request that brings one optimizer where it shall be; [] when it is there."""
    arguments = {**place, "TableOptimizerConfiguration": configuration}
    try:
        answer = glue.get_table_optimizer(**place)
    except ClientError as error:
        if error.response["Error"].get("Code") != "EntityNotFoundException":
            raise
        return [Request("create_table_optimizer", arguments)]
    now = answer.get("TableOptimizer", {}).get("configuration", {})
    return [] if _holds(now, configuration) else [Request("update_table_optimizer", arguments)]


def _holds(now: Any, configuration: Any) -> bool:
    """Return whether `now` says all that `configuration` does; what Glue adds of its own does not matter."""
    if isinstance(configuration, dict):
        return isinstance(now, dict) and all(_holds(now.get(name), value) for name, value in configuration.items())
    return bool(now == configuration)


def _days(seconds: float) -> int:
    return max(1, math.ceil(seconds / 86_400))
