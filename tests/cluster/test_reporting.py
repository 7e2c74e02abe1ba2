"""No library reports home: neither from a job, nor from a node, nor from a submission."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import ray.job_submission
import yaml

from jobs import cli
from radray.cluster.reporting import NO_REPORTS
from radray.cluster.submission import submit
from radray.settings.cluster import ClusterSettings
from tests.support.paths import ROOT


@pytest.fixture
def reporting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the environment ask for reports."""
    for name, value in NO_REPORTS.items():
        monkeypatch.setenv(name, "01"[value == "0"])


@pytest.mark.usefixtures("reporting")
def test_a_job_switches_reporting_off_before_it_works() -> None:
    seen: dict[str, str] = {}
    assert cli.exit_code(lambda: seen.update(os.environ)) == 0
    assert seen.items() >= NO_REPORTS.items()


@pytest.mark.slow
def test_no_job_imports_a_library_that_reports_before() -> None:
    jobs = sorted(path.stem for path in (ROOT / "jobs").glob("[a-z]*.py") if path.stem != "cli")
    code = f"import importlib, sys\nfor job in {jobs}: importlib.import_module(f'jobs.{{job}}')\n"
    code += "print(sorted({'ray', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_libraries_take_the_variables_for_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants
    from ray._common.usage import usage_lib

    for name, value in NO_REPORTS.items():
        monkeypatch.setenv(name, value)
    assert not usage_lib.usage_stats_enabled()
    try:
        assert importlib.reload(constants).HF_HUB_DISABLE_TELEMETRY
    finally:
        monkeypatch.undo()
        importlib.reload(constants)


def test_every_node_of_the_cluster_has_them() -> None:
    options = yaml.safe_load((ROOT / "cluster.yaml").read_text(encoding="utf-8"))["docker"]["run_options"]
    assert {f"--env {name}={value}" for name, value in NO_REPORTS.items()} <= set(options)


def test_a_submission_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []

    class Client:
        def __init__(self, address: str) -> None:
            pass

        def list_jobs(self) -> list[object]:
            return []

        def submit_job(self, **arguments: Any) -> None:
            sent.append(arguments)

    monkeypatch.setattr(ray.job_submission, "JobSubmissionClient", Client)
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:1")
    settings = ClusterSettings(wait=False)
    assert submit("night", "python -m jobs.generate", Path(), settings, principal="anna", report=lambda _: None) == 0
    assert sent[0]["runtime_env"]["env_vars"] == NO_REPORTS
    assert sent[0]["metadata"] == {"radray_principal": "anna"}
