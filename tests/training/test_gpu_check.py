"""The GPU check on tiny shapes and the CPU: every part runs, without Ray and S3, and one that hangs costs no other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.benchmarks.gpu.cublas import library_folders
from tests.benchmarks.gpu.runner import CALLS, PARTS, run_parts
from tests.benchmarks.gpu.wheels import NAMES, pinned
from tests.support.paths import ROOT

ABSENT = ("ray", "pyiceberg", "boto3", "botocore", "duckdb", "smart_open")
_CASES = {"fp32, checkpointing", "bf16, AdamW", "bf16 weights, Adafactor", "bf16, LoRA"}


@pytest.mark.slow
def test_every_part_runs_small_without_ray_and_s3(tmp_path: Path) -> None:
    # Python runs it in every process of the check
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({ABSENT}))\n")
    command = [sys.executable, "tests/benchmarks/gpu_check.py", "--small", "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    refused = subprocess.run([sys.executable, "-c", "import ray"], env=environment, capture_output=True, check=False)
    assert b"ModuleNotFoundError" in refused.stderr
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    figures = {file.stem: json.loads(file.read_text()) for file in (tmp_path / "out").glob("*.json")}
    assert set(figures) == {"summary", *PARTS}
    assert {name: part["ended"] for name, part in figures["summary"]["parts"].items()} == dict.fromkeys(PARTS, "done")
    assert figures["environment"]["ceilings"]["matrix_bf16_tflops"] > 0
    for family in ("t5", "causal"):
        assert set(figures[family]) == _CASES
        for case in figures[family].values():
            assert case["planned_bytes"] > 4 * case["parameters"]
            assert case["examples_per_second"] > 0
            assert case["share_of_matrix_rate"] > 0
        assert figures["parity"][family]["hypotheses"] == {"compared": 8, "best_equal": 8, "all_equal": 8}
        assert figures["parity"][family]["largest_relative_difference"] == 0
    for case in ("bfloat16", "float32", "causal, bfloat16"):
        assert figures["transformers"][case]["batch_tokens=16384"]["reports_per_second"] > 0
    assert figures["ctranslate2"]["float32"]["all_equal"] == 4


def test_a_part_that_hangs_is_killed_and_the_others_stand(tmp_path: Path) -> None:
    hangs = (
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(tmp_path)!r}, 'second.json').write_text('{{\"case\": {{\"child\": %d}}}}' % child.pid)\n"
        "time.sleep(600)\n"
    )
    fails = (
        f"import pathlib; pathlib.Path({str(tmp_path)!r}, 'third.json').write_text('{{\"case\": {{\"failed\": 1}}}}')"
    )
    codes = {
        "first": f"import pathlib; pathlib.Path({str(tmp_path)!r}, 'first.json').write_text('{{\"case\": {{}}}}')",
        "second": hangs,
        "third": f"{fails}; raise SystemExit(3)",
        "fourth": "pass",
    }
    (tmp_path / "fourth.json").write_text('{"of a run before": {}}')
    limits = {"first": 60.0, "second": 5.0, "third": 60.0, "fourth": 60.0}
    ended = run_parts(limits, tmp_path, lambda name, _: [sys.executable, "-c", codes[name]])
    assert {name: part["ended"] for name, part in ended.items()} == {
        **{"first": "done", "second": "killed"},
        **{"third": "failed", "fourth": "done"},
    }
    assert {name: part["failed_cases"] for name, part in ended.items() if part["failed_cases"]} == {"third": ["case"]}
    child = json.loads((tmp_path / "second.json").read_text())["case"]["child"]
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert (tmp_path / "first.json").is_file()
    assert not (tmp_path / "fourth.json").exists()
    assert json.loads((tmp_path / "summary.json").read_text())["parts"] == ended


def test_two_commands_of_ten_minutes_hold_every_part() -> None:
    assert [name for call in CALLS for name in call] == list(PARTS)
    assert all(sum(PARTS[name] for name in call) < 10 * 60 for call in CALLS)
    # of a quarter of an hour
    assert sum(PARTS.values()) <= (15 - 2) * 60
    page = (ROOT / "tests" / "benchmarks" / "gpu_check.py").read_text(encoding="utf-8")
    for call in CALLS:
        assert f"--parts {','.join(call)}\n" in page


def test_cublas_of_cuda_13_gets_the_name_that_is_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "site" / "nvidia" / "cu13" / "lib"
    folder.mkdir(parents=True)
    assert library_folders([tmp_path / "site"], tmp_path / "links")[0] == []
    for name in ("libcublas.so.13", "libcublasLt.so.13"):
        (folder / name).write_text(name)
    folders, _ = library_folders([tmp_path / "site"], tmp_path / "links")
    assert folders == [tmp_path / "links", folder]
    assert (tmp_path / "links" / "libcublas.so.12").read_text() == "libcublas.so.13"
    assert (tmp_path / "links" / "libcublasLt.so.12").read_text() == "libcublasLt.so.13"
    (folder / "libcublas.so.12").write_text("12")
    assert library_folders([tmp_path / "site"], tmp_path / "other")[0] == [folder]


def test_the_wheels_are_those_of_the_lock() -> None:
    assert [wheel.partition("==")[0] for wheel in pinned(NAMES)] == list(NAMES)
    with pytest.raises(LookupError):
        pinned(("no-such-wheel",))
