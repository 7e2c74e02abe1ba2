"""Requests fit AWS's own models; publishing twice is publishing once; removal takes only what it created."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from moto import mock_aws

from jobs import publish as job
from radray.analytics.publishing.policies import column_grants
from radray.analytics.publishing.publisher import Publisher, clients
from radray.analytics.publishing.requests import Request, assets, removable, view_requests
from radray.analytics.view_types import view_types
from radray.analytics.views import FOR_FEW, VIEWS, Choices, view_columns
from radray.errors import ConfigError, RadrayError
from radray.settings.loading import load_settings
from radray.settings.publish import PublishSettings
from tests.support.worlds.publish import ACCOUNT, FEW, GROUP, REGION, WHOLE, Cloud

CHOICES = Choices("model", "fine")


def all_requests() -> list[Request]:
    requests = [*view_requests(WHOLE, CHOICES), column_grants(f"arn:aws:iam::{ACCOUNT}:role/analysts")]
    for asset in assets(WHOLE, REGION):
        rights = [] if asset.rights is None else [asset.rights]
        requests += [asset.create, *asset.updates, *rights, asset.describe, asset.delete]
    return requests


def operation_of(request: Request) -> Any:
    model = botocore.session.get_session().get_service_model(request.service)
    name = next(n for n in model.operation_names if re.sub(r"(?<!^)(?=[A-Z])", "_", n).lower() == request.operation)
    return model.operation_model(name)


def misfits(value: Any, shape: Any, place: str = "") -> Iterator[str]:
    """Yield where `value` is not of its enum or does not match its pattern, which botocore does not look at."""
    if shape.type_name == "structure":
        for name, inner in value.items():
            yield from misfits(inner, shape.members[name], f"{place}.{name}")
    elif shape.type_name == "list":
        for inner in value:
            yield from misfits(inner, shape.member, f"{place}[]")
    elif shape.type_name == "map":
        for name, inner in value.items():
            yield from misfits(name, shape.key, f"{place} key")
            yield from misfits(inner, shape.value, f"{place}.{name}")
    elif shape.type_name == "string":
        pattern = shape.metadata.get("pattern")
        if shape.enum and value not in shape.enum:
            yield f"{place}: {value} is none of {shape.enum}"
        if pattern and not _matches(pattern, value):
            yield f"{place}: {value[:60]} is not {pattern}"
        limit = shape.metadata.get("max")
        if limit is not None and len(value) > limit:
            yield f"{place}: {len(value)} characters, {limit} are allowed"


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value, re.DOTALL) is not None
    except re.error:  # Java's own classes and code points
        return True


@pytest.mark.parametrize("request_", all_requests(), ids=lambda entry: entry.operation)
def test_requests_fit_the_models_of_the_services(request_: Request) -> None:
    shape = operation_of(request_).input_shape
    report = ParamValidator().validate(dict(request_.arguments), shape)
    assert not report.has_errors(), report.generate_report()
    assert list(misfits(dict(request_.arguments), shape)) == []


def test_the_check_does_find_what_is_wrong() -> None:
    (request,) = (entry for entry in all_requests() if entry.operation == "create_data_source")
    shape = operation_of(request).input_shape
    assert ParamValidator().validate({**request.arguments, "Colour": "red"}, shape).has_errors()
    assert list(misfits({**request.arguments, "Type": "ATHENE", "AwsAccountId": "12"}, shape)) != []


def test_data_sets_have_the_views_columns_and_text_is_for_readers_alone() -> None:
    assets_by_arn = {
        asset.create.arguments["DataSetId"]: asset
        for asset in assets(WHOLE, REGION)
        if "DataSetId" in asset.create.arguments
    }
    for asset in assets_by_arn.values():
        ((table,),) = (entry.values() for entry in asset.create.arguments["PhysicalTableMap"].values())
        assert [column["Name"] for column in table["InputColumns"]] == list(view_columns(table["Name"]))
        assert {column["Type"] for column in table["InputColumns"]} <= {
            "STRING",
            "INTEGER",
            "DECIMAL",
            "DATETIME",
            "BOOLEAN",
        }
        (rights,) = asset.create.arguments["Permissions"]
        assert rights["Principal"] == (FEW if table["Name"] in FOR_FEW else GROUP)
    without = assets(WHOLE.model_copy(update={"text_principal_arn": None}), REGION)
    sent = json.dumps([asset.create.arguments for asset in without])
    assert not any(
        f'"{name}"' in sent for name in ("side_by_side", "predictions_text", "findings", "production_prediction")
    )
    assert assets(PublishSettings(), REGION) == []


def test_the_dashboards_name_columns_that_are_there_and_each_field_once() -> None:
    for asset in assets(WHOLE, REGION):
        definition = asset.create.arguments.get("Definition")
        if definition is None:
            continue
        declared = {entry["Identifier"] for entry in definition["DataSetIdentifierDeclarations"]}
        columns = list(values_of(definition, "Column"))
        assert {column["DataSetIdentifier"] for column in columns} == declared
        for column in columns:
            assert column["ColumnName"] in view_columns(column["DataSetIdentifier"])
        for measure in values_of(definition, "NumericalMeasureField"):
            place = measure["Column"]
            assert view_types(place["DataSetIdentifier"])[place["ColumnName"]] in ("DOUBLE", "BIGINT")
        visuals = [visual for sheet in definition["Sheets"] for visual in sheet["Visuals"]]
        ids = [entry["VisualId"] for visual in visuals for entry in visual.values()]
        assert len(set(ids)) == len(ids)
        fields = list(values_of(definition, "FieldId"))
        assert len(set(fields)) == len(fields)
        assert {entry for listed in values_of(definition["FilterGroups"], "VisualIds") for entry in listed} <= set(ids)


def values_of(value: Any, key: str) -> Iterator[Any]:
    """Yield the values of `key`, anywhere in `value`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from values_of(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(inner, key)


def publisher(cloud: Cloud, settings: PublishSettings = WHOLE) -> Publisher:
    return Publisher(settings, REGION, cloud.client, pause_s=0)


def test_publishing_again_brings_what_is_published_up_to_date() -> None:
    cloud = Cloud()
    lines = list(publisher(cloud).publish(CHOICES))
    assert list(cloud.views) == list(VIEWS)
    assert len(cloud.assets) == 1 + 10 + 2
    assert lines[0] == f"athena: view {VIEWS[0]}"
    assert len(lines) == len(VIEWS) + 13
    first = {arn: dict(asset) for arn, asset in cloud.assets.items()}
    assert all(states == ["SUCCEEDED"] for states in cloud.queries.values())  # each was waited for

    del cloud.changes[:]
    again = list(publisher(cloud).publish(CHOICES))
    assert cloud.assets == first
    assert len(again) == len(lines)
    assert not any(change.startswith("CreateD") for change in cloud.changes)
    dashboards = [arn for arn in cloud.assets if ":dashboard/" in arn]
    assert {cloud.shown[arn] for arn in dashboards} == {2}
    assert sum(change.startswith("UpdateDataSetPermissions") for change in cloud.changes) == 10

    other = WHOLE.model_copy(update={"athena_workgroup": "nightly"})
    list(publisher(cloud, other).publish(CHOICES))
    (source,) = (asset for arn, asset in cloud.assets.items() if ":datasource/" in arn)
    assert source["DataSourceParameters"] == {"AthenaParameters": {"WorkGroup": "nightly"}}


def test_a_run_that_was_stopped_is_run_again() -> None:
    cloud = Cloud()
    lines = publisher(cloud).publish(CHOICES)
    for _ in range(len(VIEWS) + 3):
        next(lines)
    lines.close()  # type: ignore[attr-defined]
    assert len(cloud.assets) == 3
    list(publisher(cloud).publish(CHOICES))
    assert len(cloud.assets) == 13


def test_removal_takes_published_assets_and_nothing_else() -> None:
    cloud = Cloud()
    list(publisher(cloud).publish(CHOICES))
    theirs = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:dataset/their-own"
    cloud.assets[theirs], cloud.tags[theirs] = {}, []
    cloud.views |= {"reports": "a table", "their_view": "SELECT 1"}
    # whoever reads texts now: what others were given goes
    lines = list(publisher(cloud, WHOLE.model_copy(update={"text_principal_arn": None})).remove())
    assert list(cloud.assets) == [theirs]
    assert cloud.views == {"reports": "a table", "their_view": "SELECT 1"}
    assert len(lines) == 13 + len(VIEWS)
    assert list(publisher(cloud).remove()) == []
    assert {asset.arn for asset in removable(WHOLE, REGION)} == {asset.arn for asset in assets(WHOLE, REGION)}


def test_a_table_that_has_a_views_name_stays() -> None:
    cloud = Cloud()
    cloud.views["worklist"] = "a table"
    assert list(publisher(cloud).remove()) == []
    assert cloud.views == {"worklist": "a table"}


def test_what_is_not_ours_is_neither_changed_nor_removed() -> None:
    cloud = Cloud()
    list(publisher(cloud).publish(CHOICES))
    arn = next(arn for arn in cloud.assets if arn.endswith("dataset/radray-worklist"))
    cloud.tags[arn] = [{"Key": "team", "Value": "another"}]
    before = dict(cloud.assets[arn])
    with pytest.raises(ConfigError, match=r"radray-worklist exists and is not ours.*publish\.prefix"):
        list(publisher(cloud, WHOLE.model_copy(update={"import_mode": "SPICE"})).publish(CHOICES))
    assert cloud.assets[arn] == before
    list(publisher(cloud).remove())
    assert list(cloud.assets) == [arn]


def test_a_view_that_athena_refuses_stops_the_run_and_says_why() -> None:
    cloud = Cloud()
    cloud.ends = "FAILED"
    with pytest.raises(ConfigError, match="view reports_without_text: FAILED: line 3:1: no such column"):
        list(publisher(cloud).publish(CHOICES))
    assert cloud.assets == {}


def test_what_never_ends_is_given_up() -> None:
    cloud = Cloud()
    cloud.ends = "RUNNING"
    with pytest.raises(RadrayError, match=r"is (QUEUED|RUNNING) after publish\.timeout_s=0\.01"):
        list(publisher(cloud, WHOLE.model_copy(update={"timeout_s": 0.01})).publish(CHOICES))


@pytest.mark.parametrize("operation", ["StartQueryExecution", "CreateDataSet", "DescribeDashboard"])
def test_a_refusal_is_one_line_without_the_answers_own_words(operation: str) -> None:
    cloud = Cloud()
    cloud.fails[operation] = "AccessDeniedException"
    with pytest.raises(ConfigError, match=r"AccessDeniedException .*rights of the role") as caught:
        list(publisher(cloud).publish(CHOICES))
    assert "secret words" not in str(caught.value)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["publish", *words])
    return job.main()


def test_the_job_prints_the_requests_that_it_would_send(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    words = [
        *("warehouse.catalog=glue", "warehouse.uri=s3://bucket/some/prefix", f"publish.account_id={ACCOUNT}"),
        *(f"publish.principal_arn={GROUP}", f"publish.text_principal_arn={FEW}", "publish.candidate_model=fine"),
        "publish.athena_output=s3://results/athena/",
    ]
    assert run(monkeypatch, "--dry-run", *words) == 0
    lines = [line.removeprefix("# ") for line in capsys.readouterr().out.splitlines() if line.startswith("# ")]
    wanted = [*view_requests(WHOLE, CHOICES), *(asset.create for asset in assets(WHOLE, REGION))]
    assert lines[1 : len(wanted) + 1] == [request.describe() for request in wanted]
    policies = [json.loads(line.partition(": ")[2]) for line in lines if line.startswith("not sent, policy ")]
    assert "arn:aws:s3:::bucket/some/prefix/*" in json.dumps(policies[0])
    assert "${" not in json.dumps(policies[1:])
    assert run(monkeypatch, "--dry-run", *words, "publish.remove=true") == 0
    out = capsys.readouterr().out
    assert out.count("# quicksight delete_") == 13
    assert "create_" not in out


def test_a_local_catalog_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch) == 2
    assert "publish needs warehouse.catalog=glue" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="nobody could see the dashboard"):
        load_settings((), [f"publish.account_id={ACCOUNT}"])


def test_moto_takes_tables_views_and_what_it_knows_of_quicksight(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        assert run(monkeypatch, "warehouse.catalog=glue", f"warehouse.uri={tmp_path}/warehouse") == 0
        error = capsys.readouterr().err
        assert error.count("athena: view ") == len(VIEWS)
        tables = clients("us-east-1")("glue").get_tables(DatabaseName="radray")["TableList"]
        assert len(tables) == 9
        queries = clients("us-east-1")("athena").list_query_executions()["QueryExecutionIds"]
        assert len(queries) == len(VIEWS)
        quicksight = clients("us-east-1")("quicksight")
        for asset in assets(WHOLE, "us-east-1"):
            getattr(quicksight, asset.create.operation)(**asset.create.arguments)
