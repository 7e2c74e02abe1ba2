"""The requests to Athena and QuickSight that publish the views: pure functions of settings, which send nothing.

Views are created by ``CREATE OR REPLACE VIEW``: Athena parses them and infers their columns (Glue stores a view in
Presto's form, which is not documented). Assets in QuickSight have ids that begin with `publish.prefix`, and a tag by
which `publish.remove` recognises what it may remove.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from radray.analytics.publishing.dashboard import OVERVIEW, READING, definition
from radray.analytics.view_types import view_types
from radray.analytics.views import VIEWS, Choices, view_doc, view_sql
from radray.settings.publish import PublishSettings
from radray.tables.catalog import NAMESPACE

CATALOG = "AwsDataCatalog"
TAG = {"Key": "radray", "Value": "jobs.publish"}

WIDE = (
    *("predictions_without_text", "rouge_by_night", "rouge_standardised", "model_comparison", "flag_rates"),
    *("nights", "night_volume", "night_runs", "worklist"),
)
"""Views that are data sets in QuickSight for all its readers; some show ids of studies."""
FEW = ("side_by_side",)
"""Views that are data sets for readers of text only."""

_TYPES = {
    **{"VARCHAR": "STRING", "BIGINT": "INTEGER", "INTEGER": "INTEGER", "DOUBLE": "DECIMAL", "BOOLEAN": "BOOLEAN"},
    **dict.fromkeys(("DATE", "TIMESTAMP", "TIMESTAMP_MS"), "DATETIME"),
}
_DATA_SET_RIGHTS = (
    "DescribeDataSet",
    "DescribeDataSetPermissions",
    "PassDataSet",
    "DescribeIngestion",
    "ListIngestions",
)
_DASHBOARD_RIGHTS = ("DescribeDashboard", "ListDashboardVersions", "QueryDashboard")


@dataclass(frozen=True, slots=True)
class Request:
    """One call of an AWS service, in the terms of boto3."""

    service: str
    operation: str
    arguments: Mapping[str, Any]

    def describe(self) -> str:
        """Return the request in one line, whole."""
        return f"{self.service} {self.operation} {json.dumps(self.arguments, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Asset:
    """One object in QuickSight: the requests that create, update, describe and delete it."""

    arn: str
    create: Request
    updates: tuple[Request, ...]
    describe: Request
    delete: Request
    rights: Request | None = None
    """Grants the readers in `create` the rights to an asset that exists."""
    published: Mapping[str, Any] = field(default_factory=dict)
    """The ids of a dashboard, with which a new version is published."""


def view_requests(settings: PublishSettings, choices: Choices) -> Iterator[Request]:
    """Yield the requests that create Athena's views, each after the views that it reads."""
    for name in VIEWS:
        arguments: dict[str, Any] = {
            "QueryString": f"CREATE OR REPLACE VIEW {name} AS\n{view_sql(name, choices)}",
            "QueryExecutionContext": {"Catalog": CATALOG, "Database": NAMESPACE},
            "WorkGroup": settings.athena_workgroup,
        }
        if settings.athena_output is not None:
            arguments["ResultConfiguration"] = {"OutputLocation": settings.athena_output}
        yield Request("athena", "start_query_execution", arguments)


def assets(settings: PublishSettings, region: str) -> list[Asset]:
    """Return the assets of QuickSight, each after those that it reads; [] without `publish.account_id`.

    Text is in a data set and a dashboard of its own, which exist only with `publish.text_principal_arn`.
    """
    if settings.account_id is None or settings.principal_arn is None:
        return []
    build = _AssetBuilder(settings, region, settings.account_id)
    listed = [build.data_source()]
    listed += [build.data_set(name, settings.principal_arn) for name in WIDE]
    listed.append(build.dashboard("overview", "radray: overview", OVERVIEW, WIDE, settings.principal_arn))
    if settings.text_principal_arn is not None:
        listed += [build.data_set(name, settings.text_principal_arn) for name in FEW]
        listed.append(build.dashboard("reading", "radray: side by side", READING, FEW, settings.text_principal_arn))
    return listed


def removable(settings: PublishSettings, region: str) -> list[Asset]:
    """Return every asset that publishing may have created in QuickSight, in the order of removal.

    The assets for readers of text are included, whether such readers are set now or not.
    """
    readers = settings.text_principal_arn or settings.principal_arn
    return assets(settings.model_copy(update={"text_principal_arn": readers}), region)[::-1]


class _AssetBuilder:
    """Builds the assets of one account and region."""

    def __init__(self, settings: PublishSettings, region: str, account: str) -> None:
        self._settings = settings
        self._account = {"AwsAccountId": account}
        partition = str(settings.principal_arn).split(":")[1]
        self._arn = f"arn:{partition}:quicksight:{region}:{account}"

    def data_source(self) -> Asset:
        key = {**self._account, "DataSourceId": self._id("athena")}
        body = {
            "Name": "radray: Athena",
            "DataSourceParameters": {"AthenaParameters": {"WorkGroup": self._settings.athena_workgroup}},
            "SslProperties": {"DisableSsl": False},
        }
        return Asset(
            f"{self._arn}:datasource/{key['DataSourceId']}",
            _ask("create_data_source", {**key, **body, "Type": "ATHENA", "Tags": [TAG]}),
            (_ask("update_data_source", {**key, **body}),),
            _ask("describe_data_source", key),
            _ask("delete_data_source", key),
        )

    def data_set(self, view: str, reader: str) -> Asset:
        key = {**self._account, "DataSetId": self._id(view)}
        table = {
            "DataSourceArn": f"{self._arn}:datasource/{self._id('athena')}",
            "Catalog": CATALOG,
            "Schema": NAMESPACE,
            "Name": view,
            "InputColumns": [{"Name": name, "Type": _TYPES[type_]} for name, type_ in view_types(view).items()],
        }
        body = {
            "Name": f"radray: {view.replace('_', ' ')}",
            "PhysicalTableMap": {view.replace("_", "-"): {"RelationalTable": table}},
            "ImportMode": self._settings.import_mode,
        }
        rights = [_readers(reader, _DATA_SET_RIGHTS)]
        return Asset(
            self._data_set_arn(view),
            _ask("create_data_set", {**key, **body, "Permissions": rights, "Tags": [TAG]}),
            (_ask("update_data_set", {**key, **body}),),
            _ask("describe_data_set", key),
            _ask("delete_data_set", key),
            _ask("update_data_set_permissions", {**key, "GrantPermissions": rights}),
        )

    def dashboard(self, name: str, title: str, sheets: Any, views: tuple[str, ...], reader: str) -> Asset:
        key = {**self._account, "DashboardId": self._id(name)}
        body = {
            "Name": title,
            "Definition": definition(sheets, {view: self._data_set_arn(view) for view in views}),
            "VersionDescription": view_doc(views[0])[:512],
        }
        rights = [_readers(reader, _DASHBOARD_RIGHTS)]
        return Asset(
            f"{self._arn}:dashboard/{key['DashboardId']}",
            _ask("create_dashboard", {**key, **body, "Permissions": rights, "Tags": [TAG]}),
            (_ask("update_dashboard", {**key, **body}),),
            _ask("describe_dashboard", key),
            _ask("delete_dashboard", key),
            _ask("update_dashboard_permissions", {**key, "GrantPermissions": rights}),
            key,
        )

    def _id(self, name: str) -> str:
        return f"{self._settings.prefix}-{name.replace('_', '-')}"

    def _data_set_arn(self, view: str) -> str:
        return f"{self._arn}:dataset/{self._id(view)}"


def _ask(operation: str, arguments: Mapping[str, Any]) -> Request:
    return Request("quicksight", operation, arguments)


def _readers(principal: str, rights: tuple[str, ...]) -> dict[str, Any]:
    return {"Principal": principal, "Actions": [f"quicksight:{right}" for right in rights]}
