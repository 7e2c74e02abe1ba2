"""The policies name what is needed and no more; the columns that analysts are granted are those the views read."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import botocore.session
import duckdb
import pytest

from radray.analytics.publishing.policies import POLICIES, column_grants, granted_columns, policy, policy_values
from radray.analytics.publishing.publisher import Publisher
from radray.analytics.views import FOR_FEW, TEXT, VIEWS, Choices, duckdb_sql
from radray.schema.tables import TABLES
from radray.settings.loading import load_settings
from tests.support.worlds.publish import REGION, WHOLE, Cloud

ONLY_FOR_ALL = {"lakeformation:GetDataAccess"}
"""Actions that AWS defines for no narrower resource than ``*``."""
SERVICES = ("athena", "glue", "quicksight")


def statements(name: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = policy(name, {})["Statement"]
    return listed


def test_the_files_are_these() -> None:
    names = sorted(entry.name for entry in (files("radray.analytics.publishing") / "iam").iterdir())
    assert names == sorted(f"{name}.json" for name in POLICIES)


@pytest.mark.parametrize("name", POLICIES)
def test_actions_are_named_and_resources_are_too(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource", "Principal"} & statement.keys()
        for action in statement["Action"]:
            assert re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action)
        for resource in statement["Resource"]:
            if set(statement["Action"]) <= ONLY_FOR_ALL:
                assert resource == "*"
            elif resource.startswith("arn:aws:s3:::") and "/" in resource:
                assert re.fullmatch(r"arn:aws:s3:::\$\{(\w+_)?bucket\}/\$\{(\w+_)?prefix\}/(tables/)?\*", resource)
            else:
                assert "*" not in resource
                assert "?" not in resource
    sids = [statement["Sid"] for statement in statements(name)]
    assert len(set(sids)) == len(sids)


def test_listing_a_bucket_is_listing_a_prefix() -> None:
    for name in POLICIES:
        listing = [entry for entry in statements(name) if "s3:ListBucket" in entry["Action"]]
        assert bool(listing) == (name != "dashboards")
        for statement in listing:
            (bucket,) = statement["Resource"]
            place = bucket.removeprefix("arn:aws:s3:::${").removesuffix("bucket}")
            for entry in statement["Condition"]["StringLike"]["s3:prefix"]:
                assert re.fullmatch(rf"\$\{{{place}prefix\}}/(tables/\*|\*)?", entry)  # its own bucket's, to a slash


@pytest.mark.parametrize("name", POLICIES)
def test_actions_of_services_are_operations_of_theirs(name: str) -> None:
    session = botocore.session.get_session()
    known = {
        f"{service}:{entry}" for service in SERVICES for entry in session.get_service_model(service).operation_names
    }
    rights = {"quicksight:PassDataSource", "quicksight:PassDataSet"}  # rights that are no operations
    asked = {a for entry in statements(name) for a in entry["Action"] if a.split(":")[0] in SERVICES}
    assert asked - known - rights == set()


def test_the_policy_gives_what_publishing_needs_and_no_more() -> None:
    cloud, asked = Cloud(), set()

    def client(service: str) -> Any:
        boto = cloud.client(service)
        boto.meta.events.register(
            f"before-parameter-build.{service}",
            lambda model, **_: asked.add(f"{service}:{model.name}"),
            unique_id="seen",
        )
        return boto

    publisher = Publisher(WHOLE, REGION, client, pause_s=0)
    for _ in range(2):
        list(publisher.publish(Choices("model", "fine")))
    list(publisher.remove())
    given = {action for name in ("publish", "dashboards") for entry in statements(name) for action in entry["Action"]}
    assert asked <= given
    # tags and what is passed on are rights without a call of ours; tables are made by the catalog
    silent = {"quicksight:TagResource", "quicksight:PassDataSource", "quicksight:PassDataSet"}
    silent |= {f"glue:{entry}" for entry in ("GetDatabase", "CreateDatabase", "CreateTable", "UpdateTable")}
    assert {action for action in given if action.split(":")[0] in SERVICES} - asked == silent
    assets = set(resources("dashboards"))
    assert all(entry.startswith("arn:aws:quicksight") for entry in assets)
    values = {"region": REGION, "account": str(WHOLE.account_id), "quicksight_prefix": "radray"}
    named = {re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], entry) for entry in assets}
    list(publisher.publish(Choices("model", "fine")))
    assert named == set(cloud.assets)


def resources(name: str) -> Iterator[str]:
    for statement in statements(name):
        yield from statement["Resource"]


def tables_of(name: str) -> set[str]:
    return {entry.rpartition("/")[2] for entry in resources(name) if ":table/" in entry}


def test_each_role_sees_its_tables() -> None:
    assert tables_of("job") == set(TABLES)
    assert tables_of("publish") == {*TABLES, *VIEWS}
    assert tables_of("analyst") == {*TABLES, *VIEWS} - set(FOR_FEW)


def test_the_analyst_opens_no_object_of_the_warehouse_and_writes_no_table() -> None:
    for statement in statements("analyst"):
        assert "arn:aws:s3:::${bucket}" not in json.dumps(statement["Resource"])
        for action in statement["Action"]:
            assert not re.match(r"glue:(Create|Update|Delete)|lakeformation:(Grant|Batch)|quicksight", action)


def test_views_without_text_need_the_granted_columns_alone() -> None:
    with duckdb.connect() as connection:
        for schema in TABLES.values():
            connection.register(f"all_{schema.name}", schema.arrow().empty_table())
            columns = ", ".join(granted_columns()[schema.name])
            connection.execute(f"CREATE VIEW {schema.name} AS SELECT {columns} FROM all_{schema.name}")
        for name in VIEWS:
            if name in FOR_FEW:
                # a column that is not granted, or a view that is for few itself
                with pytest.raises((duckdb.BinderException, duckdb.CatalogException)):
                    connection.execute(f"CREATE VIEW {name} AS {duckdb_sql(name, Choices())}")
            else:
                connection.execute(f"CREATE VIEW {name} AS {duckdb_sql(name, Choices())}")
                assert connection.execute(f"SELECT * FROM {name}").description


def test_no_column_of_text_is_granted() -> None:
    entries = column_grants("arn:aws:iam::123456789012:role/analysts").arguments["Entries"]
    granted = {entry["Resource"]["TableWithColumns"]["Name"]: entry for entry in entries[1:]}
    assert granted.keys() == {*TABLES, *VIEWS} - set(FOR_FEW)
    for name, entry in granted.items():
        columns = set(entry["Resource"]["TableWithColumns"]["ColumnNames"])
        held = TEXT - {"impression_items"} if "predictions" in name else TEXT
        assert columns
        assert not columns & {*held, "subject_id", "split_key", "config"}
        assert entry["Permissions"] == ["SELECT"]


def test_settings_fill_the_policies() -> None:
    role = "arn:aws:iam::123456789012:role/glue"
    settings = load_settings(
        (),
        [
            *("warehouse.uri=s3://bucket/some/prefix/", "warehouse.catalog=glue", f"maintain.glue_role_arn={role}"),
            *("publish.account_id=123456789012", "publish.athena_output=s3://results/athena/"),
            "publish.principal_arn=arn:aws:quicksight:eu-central-1:123456789012:group/default/everybody",
            *(
                "source.uri=s3://feed/incoming/{date}",
                "model.out=s3://models/radray/t5",
                "train.checkpoint_uri=s3://c/k",
            ),
        ],
    )
    for name in POLICIES:
        text = json.dumps(policy(name, policy_values(settings)))
        assert "$" not in text
        assert ("arn:aws:s3:::bucket/some/prefix/*" in text) == (name == "job")
        assert ("arn:aws:s3:::bucket/some/prefix/tables/*" in text) == (name == "publish")
        for place in ("feed/incoming", "models/radray", "c/k"):
            assert (f"arn:aws:s3:::{place}/*" in text) == (name == "job")
        assert len("".join(text.split())) < 6_144  # AWS's limit of a managed policy, characters but for blanks
