"""cluster.yaml against the installed Ray's own loader, EC2's own description of a launch, and its own promises."""

import copy
import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import ray
import yaml
from botocore.validate import ParamValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ray.autoscaler._private.util import prepare_config, validate_config

from jobs.submit import refuse_lost_places
from radray.cluster.scaling import missing
from radray.settings.loading import load_settings
from tests.support.locks import CLUSTER, CLUSTER_TORCH, pins_here
from tests.support.paths import ROOT


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
    of_groups = [group["docker"]["worker_image"] for group in nodes().values() if "docker" in group]
    for image in (docker["image"], docker["head_image"], *of_groups):
        assert re.fullmatch(rf"rayproject/ray:{ray.__version__}-py311-(cpu|gpu)@sha256:\S+", image)
    with (ROOT / "pyproject.toml").open("rb") as opened:
        dependencies = tomllib.load(opened)["project"]["dependencies"]
    assert any(
        dependency.startswith("ray[") and ray.__version__.rsplit(".", 1)[0] in dependency for dependency in dependencies
    )


def test_only_what_was_asked_for_is_on_and_nothing_runs_early() -> None:
    groups = file()["available_node_types"]
    assert groups["finetune-p3"]["node_config"]["InstanceType"] == "p3.16xlarge"
    assert {name for name, group in groups.items() if group.get("max_workers") == 0} == {
        "finetune-g5",
        "finetune-g6e",
        "finetune-p4d",
        "finetune-p5",
        "finetune-p5en",
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


def test_what_nodes_send_one_another_is_encrypted_with_their_own_keys() -> None:
    options = dict(re.findall(r"--env (RAY_\w*TLS\w*)=(\S+)", " ".join(file()["docker"]["run_options"])))
    folder = "/run/radray"  # of memory
    assert options == {
        "RAY_USE_TLS": "1",
        "RAY_TLS_SERVER_CERT": f"{folder}/node.crt",
        "RAY_TLS_SERVER_KEY": f"{folder}/node.key",
        "RAY_TLS_CA_CERT": f"{folder}/ca.crt",
    }
    assert {"~/.ray/tls/ca.crt", "~/.ray/tls/ca.key"} <= file()["file_mounts"].keys()
    prepared = prepare_config(file())
    makes = "bash ~/radray/jobs/configs/cluster/certificates.sh node ~/.ray/tls /run/radray $(hostname -I)"
    assert prepared["head_setup_commands"].count(makes) == 1
    # the authority's key stays on the head, which hands it to the next worker, and on no worker
    removes = "rm ~/.ray/tls/ca.key"
    assert removes not in prepared["head_setup_commands"]
    of_groups = [group.get("worker_setup_commands") for group in prepared["available_node_types"].values()]
    for commands in (prepared["worker_setup_commands"], *filter(None, of_groups)):
        assert commands.count(makes) == 1
        assert commands[-1] == removes


def test_a_group_with_a_list_of_its_own_installs_what_every_node_does() -> None:
    # Ray puts a group's worker_setup_commands in place of setup_commands
    common = file()["setup_commands"] + file()["worker_setup_commands"]
    own = {name: group["worker_setup_commands"] for name, group in nodes().items() if "worker_setup_commands" in group}
    assert set(own) == {"finetune-p3"}
    commands = own["finetune-p3"]
    (torch,) = (command for command in common if command.endswith(CLUSTER_TORCH.name))
    (other_torch,) = (command for command in commands if "whl/cu126" in command)
    # the same commands in the same order, but that the V100's torch replaces the other
    assert commands == [other_torch if command == torch else command for command in common]
    assert common.index(torch) < next(i for i, command in enumerate(common) if command.endswith(CLUSTER.name))


def nodes() -> dict[str, Any]:
    return dict(file()["available_node_types"])


def test_what_is_mounted_is_there_and_is_what_a_job_ships() -> None:
    mounts = file()["file_mounts"]
    own = {target: source for target, source in mounts.items() if not source.startswith("~")}
    assert all((ROOT / source).exists() for source in own.values())
    assert {target.removeprefix("~/radray/") for target in own} == {"jobs", "radray", "pyproject.toml", ".rayignore"}
    install = " ".join(file()["setup_commands"])
    named = [ROOT / name for name in re.findall(r"--require-hashes -r ~/radray/(\S+)", install)]
    assert named == [CLUSTER_TORCH, CLUSTER]
    assert all(path.is_file() for path in named)
    assert install.count("pip install") == len(named)


def pins() -> dict[str, Requirement]:
    """Return the requirements that a node installs, of both files."""
    both = pins_here(CLUSTER_TORCH) | pins_here(CLUSTER)
    return {name: pin.requirement for name, pin in both.items()}


def test_every_library_is_pinned_within_what_radray_asks_for() -> None:
    with (ROOT / "pyproject.toml").open("rb") as opened:
        asked = [Requirement(line) for line in tomllib.load(opened)["project"]["dependencies"]]
    pinned = pins()
    for pin in pinned.values():
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
    for requirement in asked:
        pin = pinned[canonicalize_name(requirement.name)]
        (specifier,) = pin.specifier
        assert requirement.specifier.contains(specifier.version), requirement.name
        assert requirement.extras <= pin.extras or requirement.name != "ray"
    (ray_pin,) = pinned["ray"].specifier
    assert ray_pin.version == ray.__version__
    (torch_pin,) = pinned["torch"].specifier
    assert any(f"torch=={torch_pin.version} " in command for command in nodes()["finetune-p3"]["worker_setup_commands"])


def test_cuda_is_of_one_torch_alone() -> None:
    # PyPI's torch and the V100's bring CUDA's libraries in packages of other names with files of the same
    assert not [name for name in pins_here(CLUSTER) if name == "torch" or name.startswith(("nvidia-", "cuda-"))]
    assert [name for name in pins_here(CLUSTER_TORCH) if name.startswith("nvidia-")]


def test_models_are_in_a_folder_that_every_node_mounts() -> None:
    (mount,) = (line for line in file()["initialization_commands"] if " /mnt/radray" in line)
    assert "mount -t efs -o tls," in mount
    assert "-v /mnt/radray:/mnt/radray" in file()["docker"]["run_options"]
    nightly = load_settings([str(ROOT / "jobs/configs/cluster/nightly.yaml")], ["date=2026-11-21"])
    assert all(uri.startswith("/mnt/radray/") for uri in nightly.model.uri)
    refuse_lost_places("generate", nightly)


def test_the_nodes_that_the_night_asks_for_are_those_of_the_file() -> None:
    asked = load_settings([str(ROOT / "jobs/configs/cluster/nightly.yaml")], []).cluster.ask
    nodes_at_most = [
        {name: float(amount) for name, amount in group["resources"].items()}
        for group in nodes().values()
        for _ in range(group.get("max_workers", 0))
    ]
    assert missing(asked, nodes_at_most) == []
    without = [{key: n for key, n in node.items() if key != "inference"} for node in nodes_at_most]
    assert len(missing(asked, without)) == 4


@pytest.mark.parametrize("job", ["prepare", "generate", "evaluate", "maintain"])
def test_the_nightly_settings_are_taken_by_its_jobs(
    job: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = f"{ROOT}/jobs/configs/cluster/nightly.yaml"
    monkeypatch.setattr(sys, "argv", [job, "--config", config, "date=2026-11-21", "--dry-run"])
    assert importlib.import_module(f"jobs.{job}").main() == 0, capsys.readouterr().err


def test_the_launcher_takes_it_until_it_asks_aws(tmp_path: Path) -> None:
    # `ray up` as an operator without an account has it: read, validated, resolved, and stopped at the first call
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RAY_"))},
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("made-up")
    authority = ["bash", "jobs/configs/cluster/certificates.sh", "authority", str(tmp_path / ".ray" / "tls")]
    subprocess.run(authority, cwd=ROOT, check=True)
    flags = ["--yes", "--no-config-cache", "--log-style=record", "--log-color=false"]
    command = [str(Path(sys.executable).with_name("ray")), "up", *flags, "cluster.yaml"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0
    printed = done.stdout + done.stderr
    assert "Cluster: radray" in printed
    assert "NoCredentialsError" in printed, printed[-2000:]
