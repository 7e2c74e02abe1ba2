"""Every job's command line: dry runs of every config, one line and an exit code for what is wrong."""

import csv
import importlib
import io
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jobs import cli
from radray.errors import AuditError, ConflictError, InputError
from radray.messages import file_name
from radray.models.families.shapes import Shape
from radray.settings.loading import dump_changed, dump_settings, load_settings
from radray.settings.root import Settings
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tasks.registry import find_prompt
from radray.training import plan
from radray.training.base_model import initial_model
from radray.training.dataset import TrainingData
from radray.training.lessons import Lessons
from radray.training.plan import TrainingPlan, plan_training
from tests.support.paths import ROOT

CONFIGS = sorted((ROOT / "jobs" / "configs").glob("*.yaml"))
JOBS = sorted(p.stem for p in (ROOT / "jobs").glob("*.py") if p.stem not in ("__init__", "__main__", "cli", "submit"))
SOURCE = ["source.format=openi_csv", "source.uri=reports.csv", "source.dataset=hospital"]


@pytest.fixture
def run_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a job's command in a folder of its own, in this process, and return its exit code."""
    monkeypatch.chdir(tmp_path)

    def run(job: str, *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", [job, *arguments])
        return importlib.import_module(f"jobs.{job}").main()

    return run


@pytest.fixture(scope="module", autouse=True)
def planned_once() -> Iterator[None]:
    """Plan the training of the same settings once: a causal model's step is measured, which takes 4 s."""
    plans: dict[str, TrainingPlan] = {}

    def planned(settings: Settings, shape: Shape, **known: Any) -> TrainingPlan:
        key = repr((settings, shape, known))
        if key not in plans:
            plans[key] = plan_training(settings, shape, **known)
        return plans[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "plan_training", planned)
        yield


def test_the_jobs_are_these() -> None:
    assert JOBS == ["demo", "evaluate", "finetune", "generate", "maintain", "prepare", "publish", "query"]
    nodes = ["g5.48xlarge", "g6e.48xlarge", "local", "p3.16xlarge", "p4d.24xlarge", "p5.48xlarge", "p5en.48xlarge"]
    models = ["flan-t5-xl-rehearsal", "g5.48xlarge-qwen3-4b-lora", "p4d.24xlarge-phi-3-mini"]
    models += ["smollm2", "smollm2-exemplars", "smollm2-tasks"]
    methods = ["instruction-prompt-tuning"]
    assert sorted(config.stem for config in CONFIGS) == sorted([*models, *nodes, *methods])


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
@pytest.mark.parametrize("job", JOBS)
def test_dry_run_prints_settings_and_plan_and_touches_nothing(
    job: str, config: Path, tmp_path: Path, run_job: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    sql = ["SELECT 1"] if job == "query" else []
    assert run_job(job, *sql, "--config", str(config), "--dry-run", *SOURCE) == 0
    out = capsys.readouterr().out
    described, _, changed = out.partition("#\n# settings that differ from the defaults (--dry-run --all prints all):\n")
    assert described.startswith("# ")
    assert all(line.startswith("# ") for line in described.splitlines())
    given = load_settings([str(config)], SOURCE)
    assert changed == dump_changed(given)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "again.yaml").write_text(out)
    assert load_settings([str(tmp_path / "again.yaml")]) == given
    assert run_job(job, *sql, "--config", "again.yaml", "--dry-run") == 0
    assert capsys.readouterr().out == out


def test_a_dry_run_prints_all_settings_on_request(
    tmp_path: Path, run_job: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_job("prepare", "--dry-run", "--all", *SOURCE) == 0
    out = capsys.readouterr().out
    described, _, settings = out.partition("#\n# all settings:\n")
    assert described.startswith("# read reports.csv as openi_csv\n# write ")
    given = load_settings([str(cli.LOCAL_CONFIG)], SOURCE)
    assert settings == dump_settings(given)
    (tmp_path / "again.yaml").write_text(out)
    assert load_settings([str(tmp_path / "again.yaml")]) == given


NIGHTLY = ("generate", "prepare")
"""Jobs that end with a line for monitors, on standard output."""


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("setting", ["train.epoch=3", "train.epochs=0", "date=yesterday"])
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    job: str, setting: str, run_job: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    sql = ["SELECT 1"] if job == "query" else []
    assert run_job(job, *sql, setting) == 2
    captured = capsys.readouterr()
    if job in NIGHTLY:
        assert json.loads(captured.out)["exit_code"] == 2
        assert captured.out.count("\n") == 1
    else:
        assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("job", "arguments", "says"),
    [
        ("prepare", [], "source.format is not set"),
        ("prepare", ["source.format=openi_csv", "source.uri=x"], "source.dataset is not set"),
        ("generate", ["model.uri=[]"], "model.uri is not set"),
        ("generate", ["model.prompt=none"], "model.prompt: unknown prompt"),
        ("evaluate", ["evaluate.published=nothing.json"], "evaluate.published=nothing.json: no such file"),
        ("finetune", ["model.out=."], "is not a model folder; it would be replaced"),
        ("generate", ["model.uri=a,b"], "several models are written as a list"),
        ("prepare", ["source.uri="], "source.uri: String should have at least 1 character"),
        ("maintain", ["warehouse.catalog=glue"], "Glue's table optimizers"),
        ("maintain", ["maintain.orphans_older_than_days=0.5"], "must not be less than maintain.longest_run_hours"),
        ("query", ["out=csv"], "expected one SQL"),
        ("query", ["SELECT", "1"], "expected one SQL"),
        ("query", ["SELECT 1", "out=parquet"], "out=parquet needs out_file"),
        ("query", ["SELECT 1", "out_file=x"], "out_file needs out=csv"),
        ("query", ["SELECT 1", "params._b=x"], "params"),
        ("publish", [], "publish needs warehouse.catalog=glue"),
    ],
)
def test_settings_that_do_not_serve_are_exit_code_2(
    job: str,
    arguments: list[str],
    says: str,
    tmp_path: Path,
    run_job: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "of the user").touch()
    assert run_job(job, *arguments) == 2
    assert (tmp_path / "of the user").exists()
    assert says in capsys.readouterr().err


FINDINGS_CSV = "uid,indication,comparison,findings,impression\n"


@pytest.mark.parametrize(
    ("files", "arguments", "says"),
    [
        ({}, ["source.format=openi_csv", "source.uri=gone.csv"], "no such file or folder"),
        ({"empty/.keep": ""}, ["source.format=mimic_folder", "source.uri=empty"], "the folder holds no file"),
        ({"a.csv": "uid,text\n1,x\n"}, ["source.format=openi_csv", "source.uri=a.csv"], "findings"),
        (
            {"a.zip": "no zip"},
            ["source.format=mimic_zip", "source.uri=a.zip"],
            "none of 1 files is an archive, or",
        ),
        (
            {"f/notes.txt": "x"},
            ["source.format=mimic_folder", "source.uri=f"],
            "none of 1 files is",
        ),
        ({"a.json": "3"}, ["source.format=mediqa_json", "source.uri=a.json"], "JSON"),
        (
            {"a.csv": FINDINGS_CSV, "s.csv": "study_id,split\n1,holdout\n"},
            ["source.format=openi_csv", "source.uri=a.csv", "split.file=s.csv"],
            "split file, line 2",
        ),
        (
            {"a.csv": FINDINGS_CSV},
            ["source.format=openi_csv", "source.uri=a.csv", "split.file=gone.csv"],
            "gone.csv: cannot be opened",
        ),
    ],
)
def test_input_that_cannot_be_used_is_one_line_and_exit_code_3(
    files: dict[str, str],
    arguments: list[str],
    says: str,
    tmp_path: Path,
    run_job: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert run_job("prepare", "source.dataset=hospital", *arguments) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert says in error
    source = next(value for value in arguments if value.startswith("source.uri=")).removeprefix("source.uri=")
    places = (source, file_name(source), "s.csv", "gone.csv", "the folder")
    assert any(place in error for place in places)
    assert source in ("f", "empty") or f"/{source}" not in error  # a file's own name is never shown
    assert {folder.name for folder in tmp_path.glob("out/warehouse/data/*")} <= {"audit"}  # that it failed


@pytest.mark.parametrize(
    ("job", "arguments", "says"),
    [
        ("finetune", [], "there is no warehouse here"),
        ("generate", ["model.uri=./nothing"], "there is no such folder"),
        ("generate", [], "model out/model: there is no such folder: run jobs.finetune"),
        ("generate", ["model.uri=away.gguf"], "model away.gguf: there is no such file; name another, or smollm2"),
        ("generate", ["model.uri=smollm2"], "model smollm2: the wheel that holds it is not installed: pip install"),
        ("evaluate", [], "there is no warehouse here"),
        ("query", ["SELECT 1"], "there is no warehouse here"),
        ("maintain", [], "there is no warehouse here"),
    ],
)
def test_a_job_without_what_it_works_on_is_exit_code_3(
    job: str,
    arguments: list[str],
    says: str,
    run_job: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("radray.models.gguf._PACKAGE", "no_such_wheel")
    assert run_job(job, *arguments) == 3
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("init", ["away.gguf", "smollm2"])
def test_a_model_to_start_from_that_is_not_there_is_exit_code_3(init: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radray.models.gguf._PACKAGE", "no_such_wheel")
    settings = load_settings([], [f"model.init={init}"])
    data = TrainingData(pa.table({}), pa.table({}), {})
    with pytest.raises(InputError, match=f"model {init}: .*(name another|pip install)") as raised:
        initial_model(settings, Storage.of(settings.warehouse.s3), data, Lessons(find_prompt("sections-v1")))
    assert raised.value.exit_code == 3


@pytest.mark.parametrize(("error", "code"), [(InputError, 3), (AuditError, 3), (ConflictError, 4)])
def test_own_errors_end_with_their_code_even_when_a_library_wraps_them(error: type[Exception], code: int) -> None:
    def wrapped() -> None:
        try:
            raise error("what was wrong")
        except error as cause:
            raise RuntimeError("a library's words") from cause

    assert cli.exit_code(wrapped) == code


HEAVY = {"torch", "ray", "transformers", "pyarrow", "pyiceberg", "duckdb", "boto3", "sklearn", "pandas"}
IN_A_TERMINAL = """
import sys
from jobs.__main__ import main
sys.stdout.isatty = lambda: True
sys.argv[0] = "radray"
try:
    code = main()
except SystemExit as stop:
    code = stop.code or 0
print(code, sorted(HEAVY & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("job", [*JOBS, "submit"])
def test_help_lists_the_settings_of_a_job_and_imports_nothing_heavy(job: str, tmp_path: Path) -> None:
    code = IN_A_TERMINAL.replace("HEAVY", repr(HEAVY))
    command = [sys.executable, "-c", code, job, "--help"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == "0 []\n"
    assert done.stdout.startswith(f"usage: radray {job} ")
    assert re.search(r"\n  warehouse\.uri=|\n  demo\.out=|\n  cluster\.wait=", done.stdout)
    assert "\n      Folder or `s3://` prefix" in done.stdout or job in ("demo", "submit")


def test_a_mistake_in_a_terminal_is_one_sentence_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = IN_A_TERMINAL.replace("HEAVY", repr(HEAVY))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for job, mistake in itertools.product(("prepare", "generate", "finetune", "query"), ("train.epoch=3", "--no-such")):
        command = [sys.executable, "-c", code, job, *(["SELECT 1"] if job == "query" else []), mistake]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert done.stderr.endswith("\n2 []\n")
        assert done.stderr.count("\n") == 2


def test_the_line_for_monitors_is_printed_in_a_terminal_when_asked_for(
    run_job: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run_job("prepare", "date=yesterday") == 2
    assert capsys.readouterr().out == ""
    assert run_job("prepare", "date=yesterday", "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"] == "ConfigError"


def test_the_jobs_are_listed_with_a_line_each(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jobs"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  (\w+) +\S.*[.:]$", done.stdout, re.MULTILINE)
    assert sorted(listed) == sorted([*JOBS, "submit"])
    wrong = subprocess.run([*command, "prepair"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("error: no job is called prepair; there are demo, prepare, ")


def test_an_unexpected_error_is_exit_code_1_and_its_message_is_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        int("CANARY findings")

    assert cli.exit_code(command) == 1
    error = capsys.readouterr().err
    assert "unexpected ValueError" in error
    assert "CANARY" not in error


def test_query_prints_csv_and_json(
    tmp_path: Path, run_job: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Warehouse(load_settings((), [f"warehouse.uri={tmp_path}/out/warehouse"]).warehouse)
    sql = "SELECT 1 AS n, 'a, \"b\"' AS text, NULL AS nothing, [1, 2] AS list"
    assert run_job("query", sql, "out=csv") == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row == {"n": "1", "text": 'a, "b"', "nothing": "", "list": "[1, 2]"}
    assert run_job("query", sql, "out=json") == 0
    assert json.loads(capsys.readouterr().out) == [{"n": 1, "text": 'a, "b"', "nothing": None, "list": [1, 2]}]
    assert run_job("query", "SELECT count(*) AS runs FROM runs") == 0
    assert "runs" in capsys.readouterr().out
