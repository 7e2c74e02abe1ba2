"""Publishing: views in Athena, data sets and dashboards in QuickSight are created, updated and removed.

Checked against botocore's models of the services and never sent to AWS. After an interruption, run it again: what
exists is updated. An object of the same id without our tag is somebody else's, and is left alone.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from radray.analytics.publishing.requests import TAG, Asset, Request, assets, removable, view_requests
from radray.analytics.views import VIEWS, Choices
from radray.errors import ConfigError, RadrayError
from radray.settings.publish import PublishSettings
from radray.storage.failures import cause
from radray.tables.catalog import NAMESPACE

PAUSE_S = 1.0
"""Pause between two requests for the state of an object that AWS is creating."""

_IN_PROGRESS = ("QUEUED", "RUNNING", "CREATION_IN_PROGRESS", "UPDATE_IN_PROGRESS")
_DONE = ("SUCCEEDED", "CREATION_SUCCESSFUL", "UPDATE_SUCCESSFUL")

Clients = Callable[[str], Any]


def clients(region: str) -> Clients:
    """Return a function that returns the boto3 client of a service, the same client each time."""
    cache: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in cache:
            cache[service] = boto3.session.Session().client(service, region_name=region)
        return cache[service]

    return client


class Publisher:
    """Publishes by `settings`; `client` gives the boto3 client of a service."""

    def __init__(self, settings: PublishSettings, region: str, client: Clients, pause_s: float = PAUSE_S) -> None:
        self._settings = settings
        self._region = region
        self._client = client
        self._pause_s = pause_s

    def publish(self, choices: Choices) -> Iterator[str]:
        """Create or update the views and assets; yield a line for each.

        Raises ConfigError when AWS refuses, reports a failure, or an object of that id is not ours; RadrayError when an
        object is not ready after publish.timeout_s.
        """
        for request in view_requests(self._settings, choices):
            name = request.arguments["QueryString"].split(maxsplit=5)[4]
            self._await(self._query(self._ask(request)["QueryExecutionId"]), f"view {name}")
            yield f"athena: view {name}"
        for asset in assets(self._settings, self._region):
            yield f"quicksight: {self._create_or_update(asset)}"

    def remove(self) -> Iterator[str]:
        """Remove the dashboards, data sets, data source and views that exist; yield a line for each.

        Tables and their rows stay, and so do objects without our tag. Raises ConfigError when AWS refuses.
        """
        for asset in removable(self._settings, self._region):
            if self._is_ours(asset):
                self._ask(asset.delete)
                yield f"quicksight: removed {asset.arn}"
        for name in reversed(VIEWS):
            place = {"DatabaseName": NAMESPACE, "Name": name}
            table = self._unless(Request("glue", "get_table", place), "EntityNotFoundException")
            if table is not None and table["Table"].get("TableType") == "VIRTUAL_VIEW":
                self._ask(Request("glue", "delete_table", place))
                yield f"athena: removed view {name}"

    def _create_or_update(self, asset: Asset) -> str:
        created = self._unless(asset.create, "ResourceExistsException")
        if created is not None:
            self._await(self._described(asset, None), asset.arn)
            return f"created {asset.arn}"
        if not self._is_ours(asset):
            raise ConfigError(f"{asset.arn} exists and is not ours (it has no tag {TAG['Key']}): set publish.prefix")
        for request in asset.updates:
            response = self._ask(request)
            version = int(response["VersionArn"].rpartition("/")[2]) if "VersionArn" in response else None
            self._await(self._described(asset, version), asset.arn)
            if version is not None:
                shown = {**asset.published, "VersionNumber": version}
                self._ask(Request("quicksight", "update_dashboard_published_version", shown))
        if asset.rights is not None:
            self._ask(asset.rights)
        return f"updated {asset.arn}"

    def _is_ours(self, asset: Asset) -> bool:
        tags = Request("quicksight", "list_tags_for_resource", {"ResourceArn": asset.arn})
        response = self._unless(tags, "ResourceNotFoundException")
        return response is not None and TAG in response.get("Tags", [])

    def _query(self, execution: str) -> Callable[[], tuple[str, str]]:
        def look() -> tuple[str, str]:
            response = self._ask(Request("athena", "get_query_execution", {"QueryExecutionId": execution}))
            status = response["QueryExecution"]["Status"]
            # creating a view reads no row, so Athena's reason is about the SQL
            return status["State"], status.get("StateChangeReason", "")

        return look

    def _described(self, asset: Asset, version: int | None) -> Callable[[], tuple[str, str]]:
        def look() -> tuple[str, str]:
            of_version = {} if version is None else {"VersionNumber": version}
            response = self._ask(
                Request("quicksight", asset.describe.operation, {**asset.describe.arguments, **of_version})
            )
            (description,) = (value for value in response.values() if isinstance(value, dict) and "Arn" in value)
            description = description.get("Version", description)
            codes = ", ".join(str(error.get("Type")) for error in description.get("Errors", []))
            # a data set has no state: it exists or not
            return description.get("Status", _DONE[0]), codes or str(description.get("ErrorInfo", {}).get("Type", ""))

        return look

    def _await(self, look: Callable[[], tuple[str, str]], what: str) -> None:
        until = time.monotonic() + self._settings.timeout_s
        state, why = look()
        while state in _IN_PROGRESS:
            if time.monotonic() > until:
                raise RadrayError(f"{what} is {state} after publish.timeout_s={self._settings.timeout_s:g}; run again")
            time.sleep(self._pause_s)
            state, why = look()
        if state not in _DONE:
            raise ConfigError(f"{what}: {state}: {why}")

    def _unless(self, request: Request, code: str) -> Mapping[str, Any] | None:
        """Send `request` and return the response; None when AWS responds with the error `code`."""
        try:
            return self._send(request)
        except ClientError as error:
            if error.response["Error"].get("Code") == code:
                return None
            raise _refused(request, error) from None
        except BotoCoreError as error:
            raise _refused(request, error) from None

    def _ask(self, request: Request) -> Mapping[str, Any]:
        try:
            return self._send(request)
        except (ClientError, BotoCoreError) as error:
            raise _refused(request, error) from None

    def _send(self, request: Request) -> Mapping[str, Any]:
        response: Mapping[str, Any] = getattr(self._client(request.service), request.operation)(**request.arguments)
        return response


def _refused(request: Request, error: Exception) -> ConfigError:
    return ConfigError(
        f"{request.service}: {cause(error)} for {request.operation}: see warehouse.s3.region, the settings of publish,"
        " and the rights of the role (publish.json and dashboards.json in radray/analytics/publishing/iam)"
    )
