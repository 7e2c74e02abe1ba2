"""Runs the parts of `tests.benchmarks.gpu_check`, each in a process of its own and within its limit."""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from radray.storage.whole import write_whole
from tests.benchmarks.gpu.cublas import library_folders
from tests.support.paths import ROOT

PARTS = {"environment": 60, "t5": 200, "causal": 220, "transformers": 130, "ctranslate2": 110, "parity": 60}
"""Seconds that each part may take: of a loan of 15 minutes two are left for the start of the machine."""
CALLS = (("environment", "t5", "causal"), ("transformers", "ctranslate2", "parity"))
"""The parts of each of two commands, which may take ten minutes each."""

Command = Callable[[str, Path], list[str]]
"""The command of the part of a name, with the folder for what it writes beside its figures."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts; 0 where all of them came to their end, and none of their cases failed."""
    parser = argparse.ArgumentParser("gpu_check.py", description="Check a machine with one CUDA GPU.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the figures")
    parser.add_argument("--parts", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--small", action="store_true", help="tiny shapes on the CPU")
    chosen = parser.parse_args(arguments)
    names = chosen.parts.split(",")
    if unknown := sorted(set(names) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    out = chosen.out.resolve()
    out.mkdir(parents=True, exist_ok=True)

    def command(name: str, scratch: Path) -> list[str]:
        small = ["--small"] if chosen.small else []
        return [sys.executable, "-m", "tests.benchmarks.gpu.part", name, str(out), str(scratch), *small]

    ended = run_parts({name: PARTS[name] for name in PARTS if name in names}, out, command, small=chosen.small)
    return int(any(part["ended"] != "done" or part["failed_cases"] for part in ended.values()))


def run_parts(
    limits: Mapping[str, float], out: Path, command: Command, *, small: bool = False
) -> dict[str, dict[str, Any]]:
    """Run the parts of `limits`, one after another, each for as many seconds; return how each ended.

    ``done``, ``killed`` (its limit was over) or ``failed``; `failed_cases` are those that its figures say failed. The
    same is written to ``out/summary.json`` after each.
    """
    summary: dict[str, Any] = {"utc": datetime.now(UTC).isoformat(timespec="seconds"), **_state(), "parts": {}}
    for name, limit_s in limits.items():
        figures = out / f"{name}.json"
        figures.unlink(missing_ok=True)  # those of a run before are not this one's
        scratch = Path(tempfile.mkdtemp(prefix=f"gpu-check-{name}-"))
        try:
            environment, libraries = _environment(scratch, small)
            start = time.monotonic()
            ended = _run(command(name, scratch), environment, limit_s)
            seconds = round(time.monotonic() - start, 1)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        failed = _failed_cases(figures)
        summary["parts"][name] = {"ended": ended, "seconds": seconds, "limit_s": limit_s, "failed_cases": failed}
        summary["cublas"] = libraries
        write_whole(out / "summary.json", json.dumps(summary, indent=2).encode())
        sys.stdout.write(f"{name}: {ended} after {seconds} of {limit_s} s\n{_content(figures)}\n")
        sys.stdout.flush()
    parts: dict[str, dict[str, Any]] = summary["parts"]
    return parts


def _run(command: list[str], environment: dict[str, str], limit_s: float) -> str:
    """Run `command` and say how it ended; at `limit_s` it is killed, with all processes of its group."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        return "done" if process.wait(timeout=limit_s) == 0 else "failed"
    except subprocess.TimeoutExpired:
        return "killed"
    finally:
        # also what a part left behind when it ended: the next one is to have the device for itself
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(scratch: Path, small: bool) -> tuple[dict[str, str], str]:
    """Return the environment of a part, its cache and temporary files in `scratch`, and where its cuBLAS comes from."""
    folders, libraries = library_folders([Path(path) for path in sys.path if path], scratch / "cublas")
    environment = dict(os.environ)
    for variable, before in (("PYTHONPATH", [ROOT]), ("LD_LIBRARY_PATH", folders)):
        paths = [*map(str, before), *filter(None, [environment.get(variable)])]
        if paths:
            environment[variable] = os.pathsep.join(paths)
    if small:
        # a pool of threads in each of several processes costs more than such shapes
        environment |= {"OMP_NUM_THREADS": "1"}
    environment |= {"TMPDIR": str(scratch), "XDG_CACHE_HOME": str(scratch / "cache"), "HF_HUB_OFFLINE": "1"}
    return environment, libraries


def _state() -> dict[str, str | None]:
    """Return the commit that git names, if it is there, and a digest of the code that is measured."""
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
        commit: str | None = done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        commit = None
    digest = hashlib.sha256()
    for file in sorted([*(ROOT / "radray").rglob("*.py"), *(ROOT / "tests" / "benchmarks").rglob("*.py")]):
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return {"commit": commit, "code_sha256": digest.hexdigest()}


def _content(figures: Path) -> str:
    return figures.read_text(encoding="utf-8").strip() if figures.is_file() else "no figures"


def _failed_cases(figures: Path) -> list[str]:
    if not figures.is_file():
        return []
    return [case for case, content in json.loads(_content(figures)).items() if "failed" in content]
