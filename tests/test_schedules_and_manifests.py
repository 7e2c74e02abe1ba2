"""Schedules and RayJobs as files: read by what can read them here, and naming commands and settings that there are."""

import ast
import datetime
import ipaddress
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import ray
import yaml
from botocore.validate import ParamValidator
from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr

from jobs import generate, submit
from radray.cluster.reporting import NO_REPORTS
from radray.cluster.scaling import missing
from radray.cluster.submission import submission_id
from radray.settings.loading import load_settings
from tests.support.paths import ROOT

CONFIGS = ROOT / "jobs" / "configs"
NAMESPACE = CONFIGS / "kubernetes" / "namespace.yaml"
MANIFESTS = sorted(set((CONFIGS / "kubernetes").glob("*.yaml")) - {NAMESPACE})
SCHEDULED = datetime.datetime(2026, 11, 22, 2, tzinfo=datetime.UTC)

JOB_FIELDS = {
    *("jobId", "entrypoint", "submissionMode", "backoffLimit", "activeDeadlineSeconds", "rayClusterSpec"),
    *("shutdownAfterJobFinishes", "ttlSecondsAfterFinished"),
}
"""What we use of KubeRay's RayJobSpec (ray-operator/apis/ray/v1/rayjob_types.go); its CRD is too large to keep here."""


def read(file: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def job_spec(manifest: dict[str, Any]) -> dict[str, Any]:
    spec = manifest["spec"]
    return dict(spec["jobTemplate"] if manifest["kind"] == "RayCronJob" else spec)


def dry_run(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run what a schedule runs, as a dry run in this process, and return the line that says what would be submitted."""
    words = shlex.split(command)
    place = words.index("-m")
    job, main = {"jobs.submit": ("submit", submit.main), "jobs.generate": ("generate", generate.main)}[words[place + 1]]
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", [job, *words[place + 2 :], "--dry-run"])
    assert main() == 0, capsys.readouterr().err
    return capsys.readouterr().out.partition("#\n")[0].splitlines()[-1]


def shell(command: str) -> str:
    """Return `command` with its ``$(date ...)`` as the shell makes it."""
    return re.sub(
        r"\"?\$\((date [^)]*)\)\"?",
        lambda match: subprocess.run(["sh", "-c", match[1]], capture_output=True, text=True, check=True).stdout.strip(),
        command,
    )


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda path: path.stem)
def test_ray_reads_the_cluster_of_a_manifest(file: Path) -> None:
    manifest = read(file)
    assert manifest["apiVersion"] == "ray.io/v1"
    assert manifest["kind"] == ("RayCronJob" if file.stem == "nightly" else "RayJob")
    spec = job_spec(manifest)
    assert set(spec) <= JOB_FIELDS
    cluster = {"metadata": {"name": "x", "namespace": "y"}, "spec": spec["rayClusterSpec"]}
    derived = _derive_autoscaling_config_from_ray_cr(cluster)
    groups = derived["available_node_types"]
    head = groups.pop("headgroup")
    assert head["resources"]["CPU"] == 0
    assert {group["min_workers"] for group in groups.values()} == {0}
    # the job asks for nodes that the manifest has
    (config,) = re.findall(r"--config (\S+)", spec["entrypoint"])
    words = [word for word in shlex.split(shell(spec["entrypoint"])) if re.match(r"[a-z_.]+=", word)]
    asked = load_settings([str(ROOT / config)], words).cluster.ask
    assert asked
    most = [
        {name: float(amount) for name, amount in group["resources"].items()}
        for group in groups.values()
        for _ in range(group["max_workers"])
    ]
    assert missing(asked, most) == []


def pods(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return (account, pod) of the head and of each group of workers."""
    spec = job_spec(read(file))["rayClusterSpec"]
    workers = [("radray-worker", group["template"]["spec"]) for group in spec["workerGroupSpecs"]]
    return [("radray-head", spec["headGroupSpec"]["template"]["spec"]), *workers]


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda path: path.stem)
def test_pods_are_as_closed_as_kubernetes_strictest_standard(file: Path) -> None:
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a root that nobody writes
    manifest = read(file)
    spec = job_spec(manifest)["rayClusterSpec"]
    assert manifest["metadata"]["namespace"] == "radray"
    assert spec["rayVersion"] == ray.__version__
    assert spec["authOptions"] == {"mode": "token"}
    closed = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["autoscalerOptions"]["securityContext"] == closed
    for account, pod in pods(file):
        assert pod["serviceAccountName"] == account
        assert pod["automountServiceAccountToken"] is (account == "radray-head")  # the autoscaler's
        assert pod["securityContext"] == {
            **{"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 100, "fsGroup": 100},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        for volume in pod["volumes"]:
            assert volume.keys() - {"name"} <= {"persistentVolumeClaim", "secret", "emptyDir"}
        for container in (*pod["initContainers"], *pod["containers"]):
            assert container["securityContext"] == closed
            assert "@sha256:" in container["image"]
            assert container["resources"]["limits"] == container["resources"]["requests"]
            mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            assert mounted.keys() <= {volume["name"] for volume in pod["volumes"]}
        assert mounted.items() >= {"models": "/mnt/radray", "temporary": "/tmp"}.items()


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda path: path.stem)
def test_pods_encrypt_with_their_own_certificate_and_report_nothing(file: Path) -> None:
    options = job_spec(read(file))["rayClusterSpec"]["autoscalerOptions"]
    for _, pod in pods(file):
        (making,), (container,) = pod["initContainers"], pod["containers"]
        assert options["env"] == container["env"]
        variables = {entry["name"]: entry["value"] for entry in container["env"]}
        assert variables.items() >= NO_REPORTS.items()
        assert variables["RAY_USE_TLS"] == "1"
        for mount in (*options["volumeMounts"], *container["volumeMounts"]):
            assert mount["name"] != "authority"  # its key signs: no process of Ray's sees it
            assert mount["name"] != "certificates" or mount == {
                **{"name": "certificates", "mountPath": "/run/radray", "readOnly": True}
            }
        (line,) = making["args"]
        program, *words = shlex.split(line)
        assert (ROOT / program.removeprefix("/opt/radray/")).is_file()
        assert words == ["node", "/run/authority", "/run/radray", "$POD_IP", "${FQ_RAY_IP:-}"]
        files = {"SERVER_CERT": "node.crt", "SERVER_KEY": "node.key", "CA_CERT": "ca.crt"}
        assert {name: variables[f"RAY_TLS_{name}"] for name in files} == {
            name: f"/run/radray/{file_name}" for name, file_name in files.items()
        }


def test_the_namespace_allows_named_traffic_alone() -> None:
    things = list(yaml.safe_load_all(NAMESPACE.read_text(encoding="utf-8")))
    namespace = next(thing for thing in things if thing["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    accounts = {thing["metadata"]["name"]: thing for thing in things if thing["kind"] == "ServiceAccount"}
    assert accounts.keys() == {account for file in MANIFESTS for account, _ in pods(file)}
    assert all(account["automountServiceAccountToken"] is False for account in accounts.values())
    rules = {thing["metadata"]["name"]: thing["spec"] for thing in things if thing["kind"] == "NetworkPolicy"}
    assert all(thing["metadata"]["namespace"] == "radray" for thing in things if thing["kind"] != "Namespace")
    assert rules["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for rule in rules.values():
        for way in (*rule.get("ingress", []), *rule.get("egress", [])):
            peers = way.get("from") or way.get("to")
            assert peers  # an empty list is everybody
            for peer in peers:
                own = peer.get("podSelector", {}).get("matchLabels") == {"ray.io/is-ray-node": "yes"}
                assert own or way["ports"]
                if "ipBlock" in peer:
                    network = ipaddress.ip_network(peer["ipBlock"]["cidr"])
                    assert network.is_private
                    assert ipaddress.ip_address("169.254.169.254") not in network
                    assert [port["port"] for port in way["ports"]] == [443]
    (sender,) = rules["operator"]["ingress"]
    assert sender["ports"] == [{"protocol": "TCP", "port": 8265}]


def test_a_manifests_job_has_the_id_that_a_submission_would_have() -> None:
    spec = job_spec(read(CONFIGS / "kubernetes" / "generate.yaml"))
    words = [word for word in shlex.split(spec["entrypoint"]) if "=" in word]
    settings = load_settings([str(CONFIGS / "cluster" / "nightly.yaml")], words)
    assert spec["jobId"] == submission_id("generate", settings)


def test_the_image_has_what_a_job_ships() -> None:
    lines = (CONFIGS / "kubernetes" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {source for line in lines if line.startswith("COPY") for source in line.split()[2:-1]}
    assert all((ROOT / source).exists() for source in copied)
    assert {"jobs", "radray", "pyproject.toml"} <= copied
    assert f"FROM rayproject/ray:{ray.__version__}-py311-gpu@sha256:REPLACE" in lines


def test_eventbridge_knows_every_field_and_so_does_session_manager(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule = read(CONFIGS / "schedules" / "eventbridge.yaml")
    session = botocore.session.get_session()
    shape = session.get_service_model("scheduler").operation_model("CreateSchedule").input_shape
    assert ParamValidator().validate(schedule, shape).generate_report() == ""
    assert ParamValidator().validate(schedule | {"Zone": 1}, shape).generate_report() != ""
    assert schedule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    sent = json.loads(schedule["Target"]["Input"])
    shape = session.get_service_model("ssm").operation_model("SendCommand").input_shape
    assert ParamValidator().validate(sent, shape).generate_report() == ""
    (command,) = sent["Parameters"]["commands"]
    inner = shlex.split(command)[-1].replace("<aws.scheduler.scheduled-time>", SCHEDULED.isoformat()[:19] + "Z")
    line = dry_run(shell(inner.partition("&&")[2]), monkeypatch, capsys)
    assert line.startswith("# submit generate-2026-11-21-hospital-flan-t5-xl: ")


def test_the_crontab_submits_the_day_that_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (CONFIGS / "schedules" / "crontab").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"[0-9]", line)]
    times = [line.split(maxsplit=5)[:5] for line in lines]
    assert times == [["0", "2,4", "*", "*", "*"], ["0", "6", "*", "*", "0"]]
    for line, job in zip(lines, ("generate", "maintain"), strict=True):
        # a % ends a command of cron's, unless it is escaped
        assert re.findall(r"(?<!\\)%", line) == []
        command = line.split(maxsplit=5)[5].replace("\\%", "%").partition("&&")[2].partition(">>")[0]
        yesterday = str(datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1))
        expected = f"generate-{yesterday}-hospital-flan-t5-xl" if job == "generate" else "maintain-corpus-hospital"
        assert f"# submit {expected}: " in dry_run(shell(command), monkeypatch, capsys)


def test_the_dag_is_python_of_airflows_own_operators_alone() -> None:
    # Airflow is not installed here: what it would make of it is not tested
    tree = ast.parse((CONFIGS / "schedules" / "airflow_dag.py").read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {str(module).split(".")[0] for module in modules} == {"airflow", "datetime"}
    operators = {
        node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert operators == {"DAG", "BashOperator", "CronTriggerTimetable", "datetime", "timedelta"}
