"""cluster.yaml against the installed Ray's own loader, EC2's own description of a launch, and what it promises."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import ray
import yaml
from botocore.validate import ParamValidator
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[1]


def file() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "cluster.yaml").read_text(encoding="utf-8")))


GROUPS = sorted(file()["available_node_types"])


def test_ray_loads_it() -> None:
    prepared = prepare_config(file())
    validate_config(prepared)
    assert prepared["head_node_type"] == "head"
    groups = prepared["available_node_types"]
    assert groups["head"]["max_workers"] == 0
    assert sum(group["max_workers"] for group in groups.values()) == prepared["max_workers"]


def test_a_group_that_does_not_exist_is_refused() -> None:
    wrong = prepare_config(file() | {"head_node_type": "CANARY"})
    with pytest.raises(ValueError, match="head_node_type"):
        validate_config(wrong)


@pytest.mark.parametrize("group", GROUPS)
def test_ec2_knows_every_field_of_a_node(group: str) -> None:
    node = copy.deepcopy(file()["available_node_types"][group]["node_config"])
    # the launcher's own names: it takes one of the subnets and passes the groups on
    assert node.pop("SubnetIds")
    launch = node | {"MinCount": 1, "MaxCount": 1}
    shape = botocore.session.get_session().get_service_model("ec2").operation_model("RunInstances").input_shape
    assert ParamValidator().validate(launch, shape).generate_report() == ""
    assert "Httptokens" in ParamValidator().validate(launch | {"Httptokens": 1}, shape).generate_report()


@pytest.mark.parametrize("group", GROUPS)
def test_every_node_is_as_closed_as_it_can_be(group: str) -> None:
    node = file()["available_node_types"][group]["node_config"]
    assert node["MetadataOptions"]["HttpTokens"] == "required"
    assert all(device["Ebs"]["Encrypted"] for device in node["BlockDeviceMappings"])
    profile = "radray-head" if group == "head" else "radray-worker"
    assert node["IamInstanceProfile"]["Arn"].endswith(f":instance-profile/{profile}")
    assert file()["provider"]["use_internal_ips"] is True


def test_the_image_is_the_ray_that_radray_is_tested_with() -> None:
    docker = file()["docker"]
    for image in (docker["image"], docker["head_image"]):
        assert image.startswith(f"rayproject/ray:{ray.__version__}-py311-")
    with (ROOT / "pyproject.toml").open("rb") as opened:
        dependencies = tomllib.load(opened)["project"]["dependencies"]
    assert any(one.startswith("ray[") and ray.__version__.rsplit(".", 1)[0] in one for one in dependencies)


def test_only_what_was_asked_for_is_on_and_nothing_runs_before_it_is_needed() -> None:
    groups = file()["available_node_types"]
    assert groups["finetune-p3"]["node_config"]["InstanceType"] == "p3.16xlarge"
    assert {name for name, group in groups.items() if group.get("max_workers") == 0} == {
        "finetune-g5",
        "finetune-g6e",
        "finetune-p4d",
        "finetune-p5",
    }
    assert {group.get("min_workers", 0) for group in groups.values()} == {0}
    assert groups["inference-spot"]["node_config"]["InstanceMarketOptions"]["MarketType"] == "spot"
    assert "InstanceMarketOptions" not in groups["inference-on-demand"]["node_config"]
    assert groups["inference-spot"]["resources"] == groups["inference-on-demand"]["resources"]


def test_the_dashboard_is_on_loopback_and_the_cluster_asks_for_a_token() -> None:
    (start,) = (line for line in file()["head_start_ray_commands"] if "ray start" in line)
    assert "--dashboard-host=127.0.0.1" in start
    options = " ".join(file()["docker"]["run_options"])
    assert "RAY_AUTH_MODE=token" in options
    assert "~/.ray/auth_token" in file()["file_mounts"]
