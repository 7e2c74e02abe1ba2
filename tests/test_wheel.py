"""The wheel: every file that jobs and radray have in the repository is in it, and jobs run from it alone."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGES = ("jobs/", "radray/")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
PRINCIPAL = "arn:aws:quicksight:us-east-1:123456789012:user/default/ada"


def sources() -> list[str]:
    """Return the repository's files, those that are not committed yet too."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone: there is no list of its files")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for path in listed if (ROOT / path).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of a copy with the setuptools that is here: nothing is fetched, nothing left in the checkout."""
    checkout, built = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for path in sources():
        if path.startswith(PACKAGES) or "/" not in path:
            (checkout / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, checkout / path)
    command = [sys.executable, "-c", BUILD, str(built)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (file,) = built.glob("*.whl")
    return file


def test_every_file_of_jobs_and_radray_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {path for path in sources() if path.startswith(PACKAGES)}
    assert expected - names == set()
    assert names - expected == set()
    assert {"radray/py.typed", "jobs/configs/schedules/airflow_dag.py", "jobs/configs/kubernetes/Dockerfile"} <= names


def test_the_console_script_is_the_jobs_own(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (scripts,) = (name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt"))
        assert archive.read(scripts).decode().split() == ["[console_scripts]", "radray", "=", "jobs.__main__:main"]
        assert "jobs/__main__.py" in archive.namelist()


def test_the_console_script_lists_the_jobs_and_runs_one(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = [sys.executable, "-c", "import sys; sys.argv[0] = 'radray'; from jobs.__main__ import main; sys.exit(main())"]
    listed, wrong, query = (
        subprocess.run([*run, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        for words in ([], ["generat"], ["query", "SELECT 1", "--dry-run"])
    )
    assert listed.returncode == 0, listed.stderr
    for job in (ROOT / "jobs").glob("[a-z]*.py"):
        if job.stem != "cli":
            assert any(line.strip().startswith(f"{job.stem} ") for line in listed.stdout.splitlines()), job.stem
    assert wrong.returncode == 2
    assert "generat" in wrong.stderr
    assert query.returncode == 0, query.stderr
    assert "SELECT 1" in query.stdout


@pytest.mark.parametrize(
    ("job", "options"),
    [
        ("query", ["SELECT 1"]),
        ("publish", ["publish.account_id=123456789012", f"publish.principal_arn={PRINCIPAL}"]),
        ("finetune", ["source.dataset=corpus"]),
    ],
)
def test_jobs_run_from_the_wheel_in_an_empty_folder(job: str, options: list[str], wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    config = site / "jobs" / "configs" / "p3.16xlarge.yaml"
    run = f"import runpy, sys, jobs, radray; print(jobs.__file__, radray.__file__); runpy.run_module('jobs.{job}', "
    command = [sys.executable, "-c", f"{run}run_name='__main__')", *options, "--config", str(config), "--dry-run"]
    environment = os.environ | {"PYTHONPATH": str(site)}
    done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{site / 'jobs' / '__init__.py'} {site / 'radray' / '__init__.py'}"
    assert len(done.stdout.splitlines()) > 2
    assert list(empty.iterdir()) == []
