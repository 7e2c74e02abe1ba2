"""A warehouse whose catalog is AWS Glue, and Glue's table optimizers.

Glue itself is moto here, and for the optimizers, which moto does not have, a few lines below: both know the form of
the calls and little else. moto does not check versions, so that what Glue answers two writers at once is not shown
here, nor is anything that Glue does on its own. Each request passes botocore's own check against its model of Glue.
"""

import datetime
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ParamValidationError
from botocore.validate import validate_parameters
from moto import mock_aws

from jobs import maintain as job
from radray.analytics.query import query
from radray.errors import ConfigError, ConflictError
from radray.schema.evaluations import EVALUATIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RunStatus
from radray.schema.tables import TABLES
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from radray.upkeep import glue
from radray.upkeep.erasure import erase
from radray.upkeep.maintenance import AT_ONCE, Ages, Kind, find_leftovers, maintain
from tests.support.worlds.tables import Night, units
from tests.upkeep.test_erasure import holding, prepared

ROLE = "arn:aws:iam::123456789012:role/radray-tables"
DAY = datetime.timedelta(days=1)
AGES = Ages(snapshots=7 * DAY, orphans=2.5 * DAY, longest_run=DAY)
GLUE = "warehouse.catalog=glue"


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put moto in place of AWS."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return opened(tmp_path)


def opened(tmp_path: Path) -> Warehouse:
    """Return the warehouse: its catalog in moto's Glue, its files on disk."""
    return Warehouse(WarehouseSettings(uri=str(tmp_path / "warehouse"), catalog="glue"))


class Optimizers:
    """The optimizers of a Glue: a client's three calls are answered here, once botocore has let them through."""

    def __init__(self) -> None:
        self.now: dict[tuple[str, str], dict[str, Any]] = {}
        self.changes: list[str] = []
        self.refused: str | None = None
        """Code of the error that every change is answered with."""

    def client(self, *_: object) -> Any:
        client = boto3.session.Session().client("glue", region_name="us-east-1")
        for operation in ("GetTableOptimizer", "CreateTableOptimizer", "UpdateTableOptimizer"):
            client.meta.events.register(f"before-call.glue.{operation}", self._answer)
        return client

    def _answer(self, model: Any, params: dict[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
        call = json.loads(params["body"])
        assert call["CatalogId"] == "123456789012"
        assert call["DatabaseName"] == "radray"
        key = (call["TableName"], call["Type"])
        if model.name == "GetTableOptimizer":
            if key not in self.now:
                return _refusal("EntityNotFoundException")
            optimizer = {"type": key[1], "configuration": self.now[key], "lastRun": {"eventType": "completed"}}
            answer = {"TableName": key[0], "TableOptimizer": optimizer}
            validate_parameters(answer, model.output_shape)
            return AWSResponse("", 200, {}, None), answer
        if self.refused is not None:
            return _refusal(self.refused)
        if (key in self.now) == (model.name == "CreateTableOptimizer"):
            return _refusal("AlreadyExistsException" if key in self.now else "EntityNotFoundException")
        self.changes.append(f"{model.name} {key[1]} of {key[0]}")
        # Glue fills in what the request leaves out
        self.now[key] = {**call["TableOptimizerConfiguration"], "vpcConfiguration": {"glueConnectionName": "none"}}
        return AWSResponse("", 200, {}, None), {}


def _refusal(code: str) -> tuple[AWSResponse, dict[str, Any]]:
    answer = {"Error": {"Code": code, "Message": "secret words"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return AWSResponse("", 400, {}, None), answer


@pytest.fixture
def optimizers(monkeypatch: pytest.MonkeyPatch) -> Optimizers:
    fake = Optimizers()
    monkeypatch.setattr(glue, "glue_client", fake.client)
    return fake


def committed(warehouse: Warehouse, key: str, ids: list[str]) -> None:
    night = Night(warehouse, key)
    night.stage(ids)
    with night.run.leased():
        night.finish(ids)


def test_nights_are_committed_replaced_and_read(warehouse: Warehouse, tmp_path: Path) -> None:
    committed(warehouse, "k1", ["1", "2"])
    assert units(warehouse) == [("1", "k1"), ("2", "k1")]
    committed(warehouse, "k2", ["2", "3"])
    other = opened(tmp_path)
    assert units(other) == [("2", "k2"), ("3", "k2")]
    assert query(other, "SELECT unit_id, run_key FROM reports ORDER BY 1").to_pylist() == [
        {"unit_id": "2", "run_key": "k2"},
        {"unit_id": "3", "run_key": "k2"},
    ]
    assert Night(other, "k2").run.is_committed()
    (table, *_) = boto3.client("glue", region_name="us-east-1").get_tables(DatabaseName="radray")["TableList"]
    assert table["Parameters"]["table_type"] == "ICEBERG"
    assert not list((tmp_path / "warehouse").glob("*.db"))


def test_every_table_gets_its_optimizers_once(warehouse: Warehouse, optimizers: Optimizers) -> None:
    for schema in TABLES.values():
        warehouse.load(schema)
    sent = glue.switch_on(warehouse, AGES, ROLE)
    assert sorted(optimizers.changes) == sorted(
        f"CreateTableOptimizer {type_} of {table}"
        for table in TABLES
        for type_ in ("compaction", "retention", "orphan_file_deletion")
        if type_ != "compaction" or table not in {"reports", "predictions", "examples", "answers"}
    )
    assert len(sent) == len(optimizers.changes) == 23
    assert glue.requests(warehouse, AGES, ROLE) == []
    assert glue.switch_on(warehouse, AGES, ROLE) == []
    assert len(optimizers.changes) == 23


def test_the_configuration_of_an_optimizer(warehouse: Warehouse, optimizers: Optimizers) -> None:
    warehouse.load(EVALUATIONS)
    glue.switch_on(warehouse, AGES, ROLE)
    configurations = {type_: {**value} for (table, type_), value in optimizers.now.items() if table == "evaluations"}
    for value in configurations.values():
        assert value.pop("roleArn") == ROLE
        assert value.pop("enabled") is True
        del value["vpcConfiguration"]
    assert configurations == {
        "compaction": {
            "compactionConfiguration": {"icebergConfiguration": {"strategy": "binpack", "minInputFiles": 20}}
        },
        "retention": {
            "retentionConfiguration": {
                "icebergConfiguration": {
                    "snapshotRetentionPeriodInDays": 7,
                    "numberOfSnapshotsToRetain": 100,
                    "cleanExpiredFiles": True,
                }
            }
        },
        "orphan_file_deletion": {
            "orphanFileDeletionConfiguration": {"icebergConfiguration": {"orphanFileRetentionPeriodInDays": 3}}
        },
    }


def test_only_what_is_not_as_wanted_is_changed(warehouse: Warehouse, optimizers: Optimizers) -> None:
    warehouse.load(REPORTS)
    glue.switch_on(warehouse, AGES, ROLE)
    del optimizers.changes[:]
    assert glue.requests(warehouse, Ages(8 * DAY, 2.5 * DAY, DAY), ROLE) != []
    assert optimizers.changes == []  # a look changes nothing
    glue.switch_on(warehouse, Ages(8 * DAY, 2.5 * DAY, DAY), ROLE)
    assert optimizers.changes == ["UpdateTableOptimizer retention of reports"]
    optimizers.now["reports", "orphan_file_deletion"]["enabled"] = False
    (request,) = glue.switch_on(warehouse, Ages(8 * DAY, 2.5 * DAY, DAY), ROLE)
    assert request.describe() == (
        "update_table_optimizer orphan_file_deletion of radray.reports: orphanFileRetentionPeriodInDays=3, role " + ROLE
    )
    assert optimizers.now["reports", "orphan_file_deletion"]["enabled"] is True


def test_botocore_refuses_what_glue_has_no_name_for(optimizers: Optimizers) -> None:
    place = {"CatalogId": "123456789012", "DatabaseName": "radray", "TableName": "reports", "Type": "retention"}
    wrong = {"roleArn": ROLE, "retentionConfiguration": {"icebergConfiguration": {"snapshotRetentionDays": 7}}}
    with pytest.raises(ParamValidationError, match="snapshotRetentionDays"):
        optimizers.client().create_table_optimizer(**place, TableOptimizerConfiguration=wrong)
    assert optimizers.now == {}


def test_a_refusal_is_one_line_that_names_the_lever(warehouse: Warehouse, optimizers: Optimizers) -> None:
    warehouse.load(REPORTS)
    optimizers.refused = "AccessDeniedException"
    with pytest.raises(
        ConfigError, match=r"Glue: AccessDeniedException .* of table reports: .*glue_role_arn"
    ) as caught:
        glue.switch_on(warehouse, AGES, ROLE)
    assert "secret words" not in str(caught.value)


def test_maintain_removes_what_glue_knows_nothing_of(warehouse: Warehouse) -> None:
    for key in ("k1", "k2"):
        committed(warehouse, key, [key])
    Night(warehouse, "crashed").stage(["3"])
    Night(warehouse, "dead").row.write(warehouse, RunStatus.RUNNING)
    assert {leftover.kind for leftover in maintain(warehouse, AT_ONCE)} == set(Kind)
    assert find_leftovers(warehouse, AT_ONCE) == []
    assert units(warehouse) == [("k2", "k2")]


def test_a_patient_is_erased(warehouse: Warehouse, tmp_path: Path) -> None:
    root = tmp_path / "warehouse"
    prepared(warehouse, "k1", ["p1", "1"])
    prepared(warehouse, "k2", ["p1", "1", "2", "p9"])
    assert holding(warehouse, root)
    erasure = erase(warehouse, "canary-77")
    assert erasure.rows == {"reports": 2}
    assert erasure.files_read == len([file for file in root.rglob("*") if file.is_file()])
    assert holding(warehouse, root) == {}
    assert units(warehouse) == [("1", "k2"), ("2", "k2")]
    # Glue's own entries, old versions of them too, hold places and columns alone
    client = boto3.client("glue", region_name="us-east-1")
    versions = client.get_table_versions(DatabaseName="radray", TableName="reports")["TableVersions"]
    assert versions
    assert "canary" not in json.dumps(versions, default=str).lower()
    running = Night(warehouse, "k3")
    running.row.write(warehouse, RunStatus.RUNNING)
    with pytest.raises(ConflictError, match="is running"):
        erase(warehouse, "canary-77")


def test_files_of_another_tool_are_nobodys(warehouse: Warehouse) -> None:
    """A compaction puts files of its own names in place of a night's."""
    committed(warehouse, "k1", ["1", "2"])
    table = warehouse.load(REPORTS)
    table.overwrite(table.scan().to_arrow())
    assert units(warehouse) == [("1", "k1"), ("2", "k1")]
    again = Night(warehouse, "k1")
    assert again.run.is_committed()
    assert warehouse.read(RUNS).num_rows == 1


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["maintain", f"warehouse.uri={tmp_path}/warehouse", GLUE, *words])
        return job.main()

    return run


def test_the_job_lists_the_requests_and_then_sends_them(
    warehouse: Warehouse, optimizers: Optimizers, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.load(REPORTS)
    role = f"maintain.glue_role_arn={ROLE}"
    assert command("--dry-run", role) == 0
    listed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("# glue: ")]
    assert [line.partition(":")[2].partition(" of ")[0] for line in listed] == [
        " create_table_optimizer orphan_file_deletion",
        " create_table_optimizer retention",
    ]
    assert optimizers.changes == []
    assert command(role) == 0
    errors = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("maintain: ") for line in errors[:2]] == [line.removeprefix("# ") for line in listed]
    assert len(optimizers.changes) == 2
    assert command(role) == 0  # the table audit is there now, with the entry of the run before
    assert all(".audit" in line for line in capsys.readouterr().err.splitlines()[:-1])
    assert len(optimizers.changes) == 5
    assert command(role) == 0
    assert capsys.readouterr().err.splitlines() == ["maintain: nothing is left over"]
    assert len(optimizers.changes) == 5


def test_without_a_role_the_job_says_what_to_set(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command() == 2
    assert "maintain.glue_role_arn is not set" in capsys.readouterr().err
