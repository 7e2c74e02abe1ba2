"""IAM policies of the roles, kept as files under ``iam/``, and the columns that Lake Formation grants to analysts.

- ``job.json``: the nightly jobs' driver: read the source, read and write the warehouse and models, remove checkpoints,
  its tables in Glue, and enable Glue's optimizers. Workers have jobs/configs/iam/worker.json: they write staging alone.
- ``publish.json``: `jobs.publish`: the tables' metadata and the views; no report and no prediction.
- ``dashboards.json``: its assets in QuickSight; a separate policy, since AWS limits each to 6,144 characters.
- ``analyst.json``: queries in Athena. It opens no object of the warehouse: a file of `predictions` holds both texts and
  scores, so IAM and S3 cannot separate them. Lake Formation can: the warehouse's prefix is registered with it, its
  default rights of IAMAllowedPrincipals on the tables are revoked, and the analysts' role is granted columns by name
  (`column_grants`; every other column, also of a later version, is closed). Athena then reads through Lake Formation,
  lakeformation:GetDataAccess, which AWS defines for no narrower resource than ``*``.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

from radray.analytics.publishing.requests import Request
from radray.analytics.views import FOR_FEW, VIEWS, flat_columns, view_columns
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.tables import TABLES
from radray.settings.root import Settings
from radray.storage.files import is_s3
from radray.storage.s3 import S3Access
from radray.tables.catalog import NAMESPACE

POLICIES = ("job", "publish", "dashboards", "analyst")


def policy(name: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the policy `name` with its ``${...}`` replaced from `values`; those without a value stay."""
    text = (files("radray.analytics.publishing") / "iam" / f"{name}.json").read_text(encoding="utf-8")
    filled: dict[str, Any] = json.loads(Template(text).safe_substitute(values))
    return filled


def policy_values(settings: Settings) -> dict[str, str]:
    """Return the values for the ``${...}`` of policies that settings give."""
    section = settings.publish
    values = {
        "account": section.account_id,
        "region": S3Access.resolve(settings.warehouse.s3).region,
        "workgroup": section.athena_workgroup,
        "quicksight_prefix": section.prefix,
        "optimizer_role_arn": settings.maintain.glue_role_arn,
    }
    source, model = settings.source.uri, settings.model.out
    places = {
        "": settings.warehouse.uri,
        "results_": section.athena_output,
        # the folder that a night's lies in, and the one of the models
        "source_": None if source is None else source.partition("{")[0].rstrip("/"),
        "model_": model.rstrip("/").rpartition("/")[0],
        "checkpoint_": settings.train.checkpoint_uri,
    }
    for place, uri in places.items():
        if uri is not None and is_s3(uri):
            bucket, _, prefix = uri.removeprefix("s3://").rstrip("/").partition("/")
            values |= {f"{place}bucket": bucket, f"{place}prefix": prefix or None}
    return {name: value for name, value in values.items() if value is not None}


def granted_columns() -> dict[str, tuple[str, ...]]:
    """Return the columns of each table that views without text read: all that analysts may be granted."""
    whole = {name: tuple(column.name for column in schema.columns) for name, schema in TABLES.items()}
    runs = tuple(column.name for column in RUNS.columns if column.name in view_columns("night_runs"))
    flat = {schema.name: flat_columns(schema) for schema in (REPORTS, PREDICTIONS, EXAMPLES, ANSWERS)}
    return {**whole, **flat, ANSWERS.name: (*flat[ANSWERS.name], "entries"), RUNS.name: runs}


def column_grants(role_arn: str) -> Request:
    """Return the request by which an administrator of Lake Formation lets analysts read the columns without text."""
    principal = {"DataLakePrincipalIdentifier": role_arn}
    columns = granted_columns() | {name: tuple(view_columns(name)) for name in VIEWS if name not in FOR_FEW}
    entries: list[dict[str, Any]] = [
        {
            "Id": "database",
            "Principal": principal,
            "Resource": {"Database": {"Name": NAMESPACE}},
            "Permissions": ["DESCRIBE"],
        }
    ]
    for name, listed in columns.items():
        table = {"DatabaseName": NAMESPACE, "Name": name, "ColumnNames": list(listed)}
        entries.append(
            {
                "Id": name.replace("_", "-"),
                "Principal": principal,
                "Resource": {"TableWithColumns": table},
                "Permissions": ["SELECT"],
            }
        )
    return Request("lakeformation", "batch_grant_permissions", {"Entries": entries})
