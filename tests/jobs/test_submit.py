"""`jobs.submit` without a cluster: the shipped files, the id, the refusals, the exit codes."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ray._private.runtime_env.packaging import create_package
from ray.job_submission import JobDetails, JobStatus, JobType

from jobs import submit
from radray.cluster.submission import exit_code, next_id, submission_id
from radray.errors import ConfigError, ConflictError
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from tests.support.paths import ROOT

NIGHT = ("date=2026-11-21", "source.dataset=hospital", "warehouse.uri=s3://bucket/radray", "warehouse.catalog=glue")


def settings(*words: str) -> Settings:
    return load_settings((), [*NIGHT, *words])


def ended(status: JobStatus, code: int | None) -> JobDetails:
    return JobDetails(
        type=JobType.SUBMISSION, submission_id="x", entrypoint="true", status=status, driver_exit_code=code
    )


def test_only_the_code_travels(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for file in (".rayignore", ".gitignore", "pyproject.toml"):
        (checkout / file).parent.mkdir(parents=True, exist_ok=True)
        (checkout / file).write_bytes((ROOT / file).read_bytes())
    code = {"jobs/generate.py", "jobs/configs/local.yaml", "radray/analytics/sql/x.sql", "radray/pages/templates/y"}
    stays = {
        *("night.zip", "reports/one.txt", "out/demo/x", ".git/config", ".venv/a.py", ".ci/run", "tests/test_x.py"),
        *("cluster.yaml", "README.md", "jobs/__pycache__/x.pyc", "jobsheet.csv", "radray.db"),
    }
    for file in code | stays:
        (checkout / file).parent.mkdir(parents=True, exist_ok=True)
        (checkout / file).write_text(file)
    create_package(str(checkout), tmp_path / "package.zip", include_gitignore=True)
    with zipfile.ZipFile(tmp_path / "package.zip") as package:
        shipped = {name for name in package.namelist() if not name.endswith("/")}
    assert shipped == code | {"pyproject.toml"}


def test_all_that_the_repository_has_of_its_code_travels(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone: there is no list of tracked files")
    listed = subprocess.run(
        ["git", "ls-files", "jobs", "radray", "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    create_package(str(ROOT), tmp_path / "package.zip", include_gitignore=True)
    with zipfile.ZipFile(tmp_path / "package.zip") as package:
        assert set(listed.stdout.split()) <= set(package.namelist())
    assert (tmp_path / "package.zip").stat().st_size < 5e6  # Ray refuses 512 MB


@pytest.mark.parametrize(
    ("job", "words", "expected"),
    [
        ("generate", ["model.uri=/mnt/radray/model/"], "generate-2026-11-21-hospital-model"),
        ("generate", ["model.uri=[/mnt/a/one, hf://google/flan-t5-xl]"], "generate-2026-11-21-hospital-one-flan-t5-xl"),
        ("prepare", ["date=1970-01-01"], "prepare-corpus-hospital"),
        ("finetune", ["model.out=/mnt/new model"], "finetune-2026-11-21-hospital-new-model"),
    ],
)
def test_the_id_says_night_dataset_and_model(job: str, words: list[str], expected: str) -> None:
    assert submission_id(job, settings(*words)) == expected


def test_a_night_is_submitted_once_at_a_time_and_again_when_it_has_ended() -> None:
    others = {"night-2": "RUNNING", "nightly": "RUNNING", "night-try2x": "RUNNING", "raysubmit_1": "PENDING"}
    assert next_id("night", others) == "night"
    assert next_id("night", {"night": "FAILED", **others}) == "night-try2"
    assert next_id("night", {"night": "SUCCEEDED", "night-try2": "STOPPED", **others}) == "night-try3"
    for status in ("PENDING", "RUNNING"):
        with pytest.raises(ConflictError, match=rf"^night-try2 is {status.lower()}: nothing was submitted"):
            next_id("night", {"night": "FAILED", "night-try2": status})


def test_the_command_names_the_files_that_are_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = f"{ROOT}/jobs/configs/local.yaml"
    words = ["--config", config, f"--config={config}", "date=2026-11-21", "cluster.wait=false", "model.uri=[/a, /b]"]
    shipped = "jobs/configs/local.yaml"
    expected = f"python -m jobs.generate --config {shipped} --config={shipped} date=2026-11-21 'model.uri=[/a, /b]'"
    assert submit.entrypoint("generate", words) == expected
    with pytest.raises(ConfigError, match=r"--config mine\.yaml: only what is in jobs/"):
        submit.entrypoint("generate", ["--config", "mine.yaml"])


@pytest.mark.parametrize(
    ("job", "word", "place"),
    [
        ("generate", "source.uri=night.zip", r"source\.uri=night\.zip"),
        ("generate", "model.uri=out/model", r"model\.uri=out/model"),
        ("prepare", "warehouse.uri=out/warehouse", r"warehouse\.uri=out/warehouse"),
        ("finetune", "model.out=model", r"model\.out=model"),
        ("evaluate", "evaluate.page=page.html", r"evaluate\.page=page\.html"),
    ],
)
def test_a_place_that_would_be_lost_is_refused(job: str, word: str, place: str) -> None:
    with pytest.raises(ConfigError, match=f"^{place}: relative to a folder of the cluster"):
        submit.refuse_lost_places(job, settings("model.out=/mnt/radray/model", word))


def test_places_that_all_nodes_see_are_taken() -> None:
    words = (
        "source.uri=s3://bucket/incoming",
        "model.uri=[/mnt/radray/model, hf://google/flan-t5-xl]",
        "split.file=~/a.csv",
    )
    submit.refuse_lost_places("generate", settings(*words))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        *((JobStatus.SUCCEEDED, 0, 0), (JobStatus.FAILED, 3, 3), (JobStatus.FAILED, 4, 4)),
        *((JobStatus.FAILED, -9, 137), (JobStatus.FAILED, None, 1), (JobStatus.STOPPED, None, 130)),
    ],
)
def test_the_exit_code_is_the_jobs_own(status: JobStatus, code: int | None, expected: int) -> None:
    lines: list[str] = []
    assert exit_code(ended(status, code), lines.append) == expected
    assert lines[0].startswith(f"x {status.value.lower()}")


def test_a_dry_run_says_id_and_command_and_needs_no_cluster(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*NIGHT, "model.uri=/mnt/model", "source.uri=s3://bucket/in", "source.format=auto", "--dry-run"]
    monkeypatch.setattr(sys, "argv", ["submit", "generate", *words])
    assert submit.main() == 0
    last = capsys.readouterr().out.partition("#\n")[0].splitlines()[-1]
    assert last.startswith("# submit generate-2026-11-21-hospital-model: python -m jobs.generate date=2026-11-21 ")
    assert "--dry-run" not in last


def test_json_is_for_the_jobs_that_end_with_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*NIGHT, "source.uri=s3://bucket/in", "source.format=auto", "--json", "--dry-run"]
    monkeypatch.setattr(sys, "argv", ["submit", "prepare", *words])
    assert submit.main() == 0
    assert " --json" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["submit", "maintain", *words])
    assert submit.main() == 2
    assert "unrecognized arguments: --json" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["demo"], ["date=2026-11-21"]])
def test_a_job_is_asked_for(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["submit", *words])
    assert submit.main() == 2
    assert "expected a job first, one of evaluate, finetune, generate" in capsys.readouterr().err


def test_no_job_server_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:1")
    monkeypatch.setattr(sys, "argv", ["submit", "prepare", *NIGHT, "source.uri=s3://bucket/in"])
    assert submit.main() == 2
    assert "error: no job server answers at http://127.0.0.1:1 (ConnectionError)" in capsys.readouterr().err
