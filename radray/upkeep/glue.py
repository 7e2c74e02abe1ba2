"""AWS Glue's table optimizers: the configuration of each table of a warehouse, and the requests that apply it.

Glue does the work itself, under the role that it is given: it expires snapshots, compacts, and removes files below a
table's location that nothing refers to. It knows nothing of staging, dead runs and data files, which are outside the
tables' locations: maintenance.py looks after those. The requests are checked against botocore's model of Glue and were
never sent to AWS.
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
"""Snapshots that Glue keeps whatever their age. It counts age from a snapshot's own commit: after a quiet week, the
snapshot that a run started from would expire at once, and the run's commit fail. No table gets 100 in a day."""

COMPACTED_FROM = 20
"""Small files in a table from which on Glue compacts it."""

_LEVER = (
    "see warehouse.s3.region and the role's or user's rights: glue:Get-, Create- and UpdateTableOptimizer, iam:PassRole"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of Glue that changes an optimizer."""

    operation: str
    """create_table_optimizer or update_table_optimizer, as named by boto3."""
    arguments: Mapping[str, Any]

    def describe(self) -> str:
        """Return the request as one line: operation, optimizer, table and its settings."""
        configuration = self.arguments["TableOptimizerConfiguration"]
        (settings,) = (value["icebergConfiguration"] for value in configuration.values() if isinstance(value, dict))
        listed = ", ".join(f"{name}={value}" for name, value in settings.items())
        name = f"{self.arguments['DatabaseName']}.{self.arguments['TableName']}"
        return f"{self.operation} {self.arguments['Type']} of {name}: {listed}, role {configuration['roleArn']}"


def wanted(schema: TableSchema, ages: Ages, role_arn: str) -> dict[str, dict[str, Any]]:
    """Return the configuration of each optimizer that the table should have, by the optimizer's type.

    Ages are in whole days, rounded up. A partitioned table is not compacted: its files already have their final size,
    and their names say which run committed a night.
    """
    retention = {
        "snapshotRetentionPeriodInDays": _days(ages.snapshots.total_seconds()),
        "numberOfSnapshotsToRetain": RETAINED,
        "cleanExpiredFiles": True,
    }
    orphans = {"orphanFileRetentionPeriodInDays": _days(ages.orphans.total_seconds())}
    configurations: dict[str, dict[str, Any]] = {
        "retention": {"retentionConfiguration": {"icebergConfiguration": retention}},
        "orphan_file_deletion": {"orphanFileDeletionConfiguration": {"icebergConfiguration": orphans}},
    }
    if not schema.partition:
        compaction = {"strategy": "binpack", "minInputFiles": COMPACTED_FROM}
        configurations["compaction"] = {"compactionConfiguration": {"icebergConfiguration": compaction}}
    return {
        type_: {"roleArn": role_arn, "enabled": True, **configuration}
        for type_, configuration in sorted(configurations.items())
    }


def requests(warehouse: Warehouse, ages: Ages, role_arn: str, client: Any = None) -> list[Request]:
    """Return the requests that bring every existing table to its `wanted` configuration; [] if all are. Only reads.

    Raises ConfigError, without AWS's own message, when Glue cannot be reached or refuses.
    """
    try:
        glue = client or glue_client(warehouse)
        account = str(_session_client(warehouse, "sts").get_caller_identity()["Account"])
        pending = []
        for schema in TABLES.values():
            if warehouse.has(schema):
                place = {"CatalogId": account, "DatabaseName": NAMESPACE, "TableName": schema.name}
                for type_, configuration in wanted(schema, ages, role_arn).items():
                    pending += _request({**place, "Type": type_}, configuration, glue)
    except (ClientError, BotoCoreError) as error:
        raise ConfigError(f"Glue: {cause(error)}: {_LEVER}") from None
    return pending


def switch_on(warehouse: Warehouse, ages: Ages, role_arn: str, client: Any = None) -> list[Request]:
    """Send the `requests` and return them. Raises ConfigError when Glue refuses one; earlier ones stay in effect."""
    glue = client or glue_client(warehouse)
    pending = requests(warehouse, ages, role_arn, glue)
    for request in pending:
        try:
            getattr(glue, request.operation)(**request.arguments)
        except (ClientError, BotoCoreError) as error:
            raise ConfigError(
                f"Glue: {cause(error)} for {request.operation} {request.arguments['Type']} of table"
                f" {request.arguments['TableName']}: {_LEVER}; see maintain.glue_role_arn"
            ) from None
    return pending


def glue_client(warehouse: Warehouse) -> Any:
    """Return a boto3 client of Glue in the warehouse's region."""
    return _session_client(warehouse, "glue")


def _session_client(warehouse: Warehouse, service: str) -> Any:
    return boto3.session.Session().client(service, region_name=warehouse.storage.access.region)


def _request(place: dict[str, Any], configuration: dict[str, Any], glue: Any) -> list[Request]:
    """Return the request that brings an optimizer to its `configuration`; [] if it has it. Raises ClientError."""
    arguments = {**place, "TableOptimizerConfiguration": configuration}
    try:
        response = glue.get_table_optimizer(**place)
    except ClientError as error:
        if error.response["Error"].get("Code") != "EntityNotFoundException":
            raise
        return [Request("create_table_optimizer", arguments)]
    now = response.get("TableOptimizer", {}).get("configuration", {})
    return [] if _holds(now, configuration) else [Request("update_table_optimizer", arguments)]


def _holds(now: Any, configuration: Any) -> bool:
    """Return whether `now` contains `configuration`; what Glue adds of its own does not matter."""
    if isinstance(configuration, dict):
        return isinstance(now, dict) and all(_holds(now.get(name), value) for name, value in configuration.items())
    return bool(now == configuration)


def _days(seconds: float) -> int:
    return max(1, math.ceil(seconds / 86_400))
