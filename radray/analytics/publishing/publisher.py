"""Publishing: views in Athena, data sets and dashboards in QuickSight, made or brought up to date, and removed.

Checked against botocore's models of the services and never sent to AWS. A run that was stopped is run again: what is
there is brought up to date. Something of the same id without our tag is somebody else's, and is left alone.
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
"""Between two looks at something that AWS is making."""

_MAKING = ("QUEUED", "RUNNING", "CREATION_IN_PROGRESS", "UPDATE_IN_PROGRESS")
_MADE = ("SUCCEEDED", "CREATION_SUCCESSFUL", "UPDATE_SUCCESSFUL")

Clients = Callable[[str], Any]


def clients(region: str) -> Clients:
    """Return what makes a boto3 client of a service, one each."""
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = boto3.session.Session().client(service, region_name=region)
        return made[service]

    return client


class Publisher:
    """Publishes by `settings`; `client` gives the boto3 client of a service."""

    def __init__(self, settings: PublishSettings, region: str, client: Clients, pause_s: float = PAUSE_S) -> None:
        self._settings = settings
        self._region = region
        self._client = client
        self._pause_s = pause_s

    def publish(self, choices: Choices) -> Iterator[str]:
        """Make or bring up to date all that there is to be; yield a line for each.

        Raises ConfigError when AWS refuses, names somebody else's thing or does not come to an end.
        """
        for request in view_requests(self._settings, choices):
            name = request.arguments["QueryString"].split(maxsplit=5)[4]
            self._await(self._query(self._ask(request)["QueryExecutionId"]), f"view {name}")
            yield f"athena: view {name}"
        for asset in assets(self._settings, self._region):
            yield f"quicksight: {self._make(asset)}"

    def remove(self) -> Iterator[str]:
        """Remove the dashboards, data sets, data source and views that are there; yield a line for each.

        Tables and their rows stay, as does what has no tag of ours.
        """
        for asset in removable(self._settings, self._region):
            if self._is_ours(asset):
                self._ask(asset.delete)
                yield f"quicksight: removed {asset.arn}"
        for name in reversed(VIEWS):
            place = {"DatabaseName": NAMESPACE, "Name": name}
            found = self._unless(Request("glue", "get_table", place), "EntityNotFoundException")
            if found is not None and found["Table"].get("TableType") == "VIRTUAL_VIEW":
                self._ask(Request("glue", "delete_table", place))
                yield f"athena: removed view {name}"

    def _make(self, asset: Asset) -> str:
        made = self._unless(asset.create, "ResourceExistsException")
        if made is not None:
            self._await(self._described(asset, None), asset.arn)
            return f"made {asset.arn}"
        if not self._is_ours(asset):
            raise ConfigError(f"{asset.arn} is there and not ours (it has no tag {TAG['Key']}): set publish.prefix")
        for request in asset.updates:
            answer = self._ask(request)
            version = int(answer["VersionArn"].rpartition("/")[2]) if "VersionArn" in answer else None
            self._await(self._described(asset, version), asset.arn)
            if version is not None:
                shown = {**asset.published, "VersionNumber": version}
                self._ask(Request("quicksight", "update_dashboard_published_version", shown))
        if asset.rights is not None:
            self._ask(asset.rights)
        return f"brought up to date {asset.arn}"

    def _is_ours(self, asset: Asset) -> bool:
        tags = Request("quicksight", "list_tags_for_resource", {"ResourceArn": asset.arn})
        found = self._unless(tags, "ResourceNotFoundException")
        return found is not None and TAG in found.get("Tags", [])

    def _query(self, execution: str) -> Callable[[], tuple[str, str]]:
        def look() -> tuple[str, str]:
            found = self._ask(Request("athena", "get_query_execution", {"QueryExecutionId": execution}))
            status = found["QueryExecution"]["Status"]
            # a view reads no row: what Athena says of it is about the SQL
            return status["State"], status.get("StateChangeReason", "")

        return look

    def _described(self, asset: Asset, version: int | None) -> Callable[[], tuple[str, str]]:
        def look() -> tuple[str, str]:
            of_version = {} if version is None else {"VersionNumber": version}
            answer = self._ask(
                Request("quicksight", asset.describe.operation, {**asset.describe.arguments, **of_version})
            )
            (told,) = (value for value in answer.values() if isinstance(value, dict) and "Arn" in value)
            told = told.get("Version", told)
            codes = ", ".join(str(error.get("Type")) for error in told.get("Errors", []))
            # a data set has no state: it is there or not
            return told.get("Status", _MADE[0]), codes or str(told.get("ErrorInfo", {}).get("Type", ""))

        return look

    def _await(self, look: Callable[[], tuple[str, str]], what: str) -> None:
        until = time.monotonic() + self._settings.timeout_s
        state, why = look()
        while state in _MAKING:
            if time.monotonic() > until:
                raise RadrayError(f"{what} is {state} after publish.timeout_s={self._settings.timeout_s:g}; run again")
            time.sleep(self._pause_s)
            state, why = look()
        if state not in _MADE:
            raise ConfigError(f"{what}: {state}: {why}")

    def _unless(self, request: Request, code: str) -> Mapping[str, Any] | None:
        """Return the answer; None when AWS answers with the error `code`."""
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
        answer: Mapping[str, Any] = getattr(self._client(request.service), request.operation)(**request.arguments)
        return answer


def _refused(request: Request, error: Exception) -> ConfigError:
    return ConfigError(
        f"{request.service}: {cause(error)} for {request.operation}: see warehouse.s3.region, the settings of publish,"
        " and the rights of the role (publish.json and dashboards.json in radray/analytics/publishing/iam)"
    )
