"""A small Athena, Glue and QuickSight: botocore has checked each request against its models before it comes here.

It knows what is there, its tags and the states that things go through, and nothing of SQL or of dashboards. Answers
are checked against the models as well.
"""

import itertools
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.validate import validate_parameters

from radray.settings.publish import PublishSettings

ACCOUNT = "123456789012"
REGION = "eu-central-1"
GROUP = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/everybody"
FEW = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/readers"
WHOLE = PublishSettings(
    production_model="model",
    candidate_model="fine",
    athena_output="s3://results/athena/",
    account_id=ACCOUNT,
    principal_arn=GROUP,
    text_principal_arn=FEW,
    timeout_s=30,
)

Answer = tuple[AWSResponse, dict[str, Any]]


class Cloud:
    """What is there, by ARN or name, and what was asked that changed it."""

    def __init__(self) -> None:
        self.assets: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, list[dict[str, str]]] = {}
        self.versions: dict[str, int] = {}
        self.shown: dict[str, int] = {}
        self.views: dict[str, str] = {}
        self.queries: dict[str, list[str]] = {}
        self.changes: list[str] = []
        self.fails: dict[str, str] = {}
        """Operation: code of the error that it is answered with."""
        self.ends = "SUCCEEDED"
        """How Athena's queries end."""
        self._clients: dict[str, Any] = {}
        self._asked: dict[str, Any] = {}
        self._ids = itertools.count(1)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            client = boto3.session.Session().client(
                service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
            )
            client.meta.events.register(f"before-parameter-build.{service}", self._remember)
            client.meta.events.register(f"before-call.{service}", self._answer)
            self._clients[service] = client
        return self._clients[service]

    def _remember(self, params: dict[str, Any], **_: object) -> None:
        self._asked = dict(params)

    def _answer(self, model: Any, **_: object) -> Answer:
        service = str(model.service_model.service_name)
        if model.name in self.fails:
            return refusal(self.fails[model.name])
        answer: dict[str, Any] | Answer = getattr(self, f"_{service}")(model.name, self._asked)
        if isinstance(answer, tuple):
            return answer
        report = validate_parameters(answer, model.output_shape)
        assert report is None
        return AWSResponse("", 200, {}, None), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def _athena(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        if name == "StartQueryExecution":
            key = f"query-{next(self._ids)}"
            self.queries[key] = ["QUEUED", "RUNNING", self.ends]
            head, _, body = asked["QueryString"].partition(" AS\n")
            if self.ends == "SUCCEEDED":
                self.views[head.removeprefix("CREATE OR REPLACE VIEW ")] = body
            self.changes.append(head)
            return {"QueryExecutionId": key}
        states = self.queries[asked["QueryExecutionId"]]
        state = states.pop(0) if len(states) > 1 else states[0]
        return {"QueryExecution": {"Status": {"State": state, "StateChangeReason": "line 3:1: no such column"}}}

    def _glue(self, name: str, asked: dict[str, Any]) -> dict[str, Any] | Answer:
        assert asked["DatabaseName"] == "radray"
        if asked["Name"] not in self.views:
            return refusal("EntityNotFoundException")
        if name == "DeleteTable":
            del self.views[asked["Name"]]
            self.changes.append(f"delete {asked['Name']}")
            return {}
        return {"Table": {"Name": asked["Name"], "TableType": self.kind_of(asked["Name"])}}

    def kind_of(self, name: str) -> str:
        return "EXTERNAL_TABLE" if self.views[name] == "a table" else "VIRTUAL_VIEW"

    def _quicksight(self, name: str, asked: dict[str, Any]) -> dict[str, Any] | Answer:
        if name == "ListTagsForResource":
            arn = asked["ResourceArn"]
            return {"Tags": self.tags[arn]} if arn in self.tags else refusal("ResourceNotFoundException")
        kind = next(k for k in ("DataSource", "DataSet", "Dashboard") if k in name)
        arn = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:{kind.lower()}/{asked[f'{kind}Id']}"
        if name == f"Create{kind}":
            if arn in self.assets:
                return refusal("ResourceExistsException")
            self._refer(asked)
            self.assets[arn], self.tags[arn], self.versions[arn] = asked, asked["Tags"], 1
            self.shown[arn] = 1
        elif arn not in self.assets:
            return refusal("ResourceNotFoundException")
        if name.startswith("Describe"):
            return self._described(kind, arn, asked)
        if not name.startswith("Create"):
            self.changes.append(f"{name} {arn.rpartition('/')[2]}")
        if name == f"Update{kind}":
            self._refer(asked)
            self.assets[arn] = {**self.assets[arn], **asked}
            self.versions[arn] += 1
        elif name == "UpdateDashboardPublishedVersion":
            self.shown[arn] = asked["VersionNumber"]
        elif name == f"Delete{kind}":
            for of in (self.assets, self.tags, self.versions, self.shown):
                del of[arn]
        elif name == f"Create{kind}":
            self.changes.append(f"{name} {arn.rpartition('/')[2]}")
        return (
            {"VersionArn": f"{arn}/version/{self.versions[arn]}"} if name == "UpdateDashboard" else {"RequestId": "r"}
        )

    def _refer(self, asked: dict[str, Any]) -> None:
        """Hold that what is asked for refers to what is there, as QuickSight would."""
        for entry in asked.get("PhysicalTableMap", {}).values():
            assert entry["RelationalTable"]["DataSourceArn"] in self.assets
            assert entry["RelationalTable"]["Name"] in self.views
        for entry in asked.get("Definition", {}).get("DataSetIdentifierDeclarations", []):
            assert entry["DataSetArn"] in self.assets

    def _described(self, kind: str, arn: str, asked: dict[str, Any]) -> dict[str, Any]:
        if kind == "Dashboard":
            version = asked.get("VersionNumber", 1)
            assert version <= self.versions[arn]
            return {kind: {"Arn": arn, "Version": {"VersionNumber": version, "Status": "CREATION_SUCCESSFUL"}}}
        return {kind: {"Arn": arn, **({"Status": "CREATION_SUCCESSFUL"} if kind == "DataSource" else {})}}


def refusal(code: str) -> Answer:
    answer = {"Error": {"Code": code, "Message": "secret words"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return AWSResponse("", 400, {}, None), answer
