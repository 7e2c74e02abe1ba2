"""What the nodes and the schedule may do in AWS: named actions on named things, and only what cluster.yaml needs."""

import json
import re
from typing import Any

import botocore.session
import pytest
import yaml

from tests.support.paths import ROOT

FOLDER = ROOT / "jobs" / "configs" / "iam"
POLICIES = ("head", "schedule", "worker")


def statements(name: str) -> list[dict[str, Any]]:
    policy = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert policy["Version"] == "2012-10-17"
    return list(policy["Statement"])


def actions(name: str) -> set[str]:
    return {action for statement in statements(name) for action in statement["Action"]}


def test_the_files_are_these() -> None:
    # the bucket's own, which denies and is no role's, is held by tests/security/test_policies.py
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted((*POLICIES, "bucket"))


@pytest.mark.parametrize("name", POLICIES)
def test_actions_are_operations_of_aws_and_none_is_open(name: str) -> None:
    session = botocore.session.get_session()
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource", "Principal"} & statement.keys()
        for action in statement["Action"]:
            service, operation = action.split(":")
            if service not in ("iam", "s3"):  # rights there are no operations
                assert operation in session.get_service_model(service).operation_names, action
            assert "*" not in operation
        if "*" in statement["Resource"]:
            assert all(re.match(r"ec2:Describe", action) for action in statement["Action"])
    sids = [statement["Sid"] for statement in statements(name)]
    assert len(set(sids)) == len(sids)


def test_the_workers_reach_storage_alone() -> None:
    assert {action.split(":")[0] for action in actions("worker")} == {"s3"}
    written = {
        resource
        for statement in statements("worker")
        if {"s3:PutObject", "s3:DeleteObject"} & set(statement["Action"])
        for resource in statement["Resource"]
    }
    assert written == {
        "arn:aws:s3:::${bucket}/${prefix}/_staging/reports/*",
        "arn:aws:s3:::${bucket}/${prefix}/_staging/predictions/*",
        "arn:aws:s3:::${bucket}/${prefix}/_staging/examples/*",
        "arn:aws:s3:::${bucket}/${prefix}/_staging/answers/*",
        "arn:aws:s3:::${checkpoint_bucket}/${checkpoint_prefix}/*",
    }


def test_the_head_starts_and_ends_nodes_of_its_cluster_and_no_other() -> None:
    name = yaml.safe_load((ROOT / "cluster.yaml").read_text(encoding="utf-8"))["cluster_name"]
    by_action = {
        (action, resource): statement.get("Condition", {})
        for statement in statements("head")
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    instance = "arn:aws:ec2:${region}:${account}:instance/*"
    starting = by_action["ec2:RunInstances", instance]
    assert starting["StringEquals"]["aws:RequestTag/ray-cluster-name"] == name
    assert starting["StringEquals"]["ec2:MetadataHttpTokens"] == "required"
    assert starting["ArnEquals"]["ec2:InstanceProfile"].endswith(":instance-profile/radray-worker")
    ending = by_action["ec2:TerminateInstances", instance]
    assert ending["StringEquals"] == {"aws:ResourceTag/ray-cluster-name": name}
    volumes = by_action["ec2:RunInstances", "arn:aws:ec2:${region}:${account}:volume/*"]
    assert volumes == {"Bool": {"ec2:Encrypted": "true"}}
    passed = by_action["iam:PassRole", "arn:aws:iam::${account}:role/radray-worker"]
    assert passed == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    assert not {
        action for action in actions("head") if re.search(r"Delete|Stop|Authorize|Modify|Create(?!Tags)", action)
    }


def test_the_schedule_speaks_to_the_head_alone() -> None:
    sending = [statement for statement in statements("schedule") if "ssm:SendCommand" in statement["Action"]]
    (on_nodes,) = [statement for statement in sending if ":instance/" in statement["Resource"][0]]
    assert on_nodes["Condition"]["StringEquals"] == {
        "ssm:resourceTag/ray-cluster-name": "radray",
        "ssm:resourceTag/ray-node-type": "head",
    }
