"""FLAN-T5 XL's true size through `jobs.finetune`: ``python -m tests.benchmarks.rehearsal FOLDER [--shape tiny]``.

A T5 of FLAN-T5 XL's configuration (2,849,757,184 parameters, output layer of its own) with random weights and a
tokenizer of 32,000 pieces is written to FOLDER, a few made-up reports are prepared, and the job runs twice with
jobs/configs/flan-t5-xl-rehearsal.yaml, by itself and with Ray, as on a cluster: once with a time limit that ends it
after the first optimiser step with a checkpoint and an export, and again, a new process, from that checkpoint through
the second step to the export. It needs 40 GB of disk and 16 GB of memory free, and removes all its files at the
end. ``--shape tiny`` does the same with a T5 of a million parameters, to try the script.

Times come from what is seen on disk, four times a second; a step's from the table `training_metrics`. Resuming is what
the second run needs longer than the first until its checkpoint begins. Memory is that of the job and all processes that
it starts (PSS: shared pages counted once), every two seconds, in all, and without pages of files that are mapped, which
the kernel takes back when it needs them. A run that leaves the machine less than LEFT bytes, or takes longer than
LIMIT_S, is killed, and that is printed. Prints each part and, as the last line, JSON.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pyarrow.compute as pc
from safetensors import safe_open

from radray.models.families.loading import load_tokenizer
from radray.models.families.t5.saving import save_model
from radray.models.families.t5.shape import folder_shape
from radray.models.families.t5.tiny import build_tiny
from radray.models.manifest import MANIFEST, read_manifest
from radray.reports.synthetic.studies import make_studies, write_zip
from radray.schema.runs import TRAINING_METRICS
from radray.settings.loading import load_settings
from radray.settings.model import TinySettings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.training.plan import plan_training
from tests.benchmarks.flan_t5_xl import XL, prompts, random_t5
from tests.benchmarks.trained_model import say
from tests.support.paths import ROOT

CONFIG = ROOT / "jobs" / "configs" / "flan-t5-xl-rehearsal.yaml"
SHAPES: dict[str, dict[str, Any]] = {
    # https://huggingface.co/google/flan-t5-xl/blob/main/config.json
    "xl": {**XL, "dropout_rate": 0.1},
    "tiny": {**XL, "dropout_rate": 0.1, "vocab_size": 2_000, "d_model": 64, "d_ff": 128, "num_heads": 4}
    | {"num_layers": 4, "num_decoder_layers": 4, "d_kv": 16},
}
NEEDED = {"xl": (40e9, 16e9), "tiny": (1e8, 2e9)}
"""Disk and memory that must be free, bytes."""
LEFT = 1_000_000_000
LIMIT_S = 540
STUDIES = 16
POLL_S = 0.25
MEMORY_S = 2.0
"""A process of 10 GB takes the kernel 0.1 s to add up."""


def build(folder: Path, shape: str) -> None:
    """Write the model: random weights, and a tokenizer with as many pieces as training wants (9 of 10 rows)."""
    config = SHAPES[shape]
    draw = Random(1)
    # made-up words: the reports alone have not so many pieces
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(4, 9))) for _ in range(60_000)]
    texts = prompts(STUDIES) + [" ".join(words[start : start + 100]) for start in range(0, len(words), 100)]
    pieces = min(config["vocab_size"], 32_000)
    beside = folder.with_name(f"{folder.name}-tokenizer")
    build_tiny(texts, beside, size=TinySettings(vocab_size=pieces, d_model=16, d_ff=16, num_layers=1), seed=1)
    save_model(random_t5(config), load_tokenizer(beside), folder)
    shutil.rmtree(beside)


class Seen:
    """What was seen of a running job: when what appeared on disk, s from its start, and the memory it took at most."""

    def __init__(self, settings: Settings) -> None:
        self.out = Path(settings.model.out)
        self.at: dict[str, float] = {}
        self.memory = self.memory_without_files = self.largest = self.disk = self.checkpoint = 0
        self.least_left = psutil.virtual_memory().available
        self._began = self._added_up = time.monotonic()
        self._there = set(self._steps())

    def look(self, job: psutil.Process) -> None:
        """Look once."""
        now = time.monotonic() - self._began
        for name, folder in self._steps().items():
            if name not in self._there:
                self.at.setdefault("checkpoint begins", now)
                if (folder / MANIFEST).is_file() and "checkpoint whole" not in self.at:
                    self.at["checkpoint whole"] = now
                    self.checkpoint = size_of(folder)
        if any(self._trainings("*/.export")):
            self.at.setdefault("export begins", now)
        if any(self.out.parent.glob(f".{self.out.name}.new-*")):
            self.at.setdefault("export is copied and hashed", now)
        self.least_left = min(self.least_left, psutil.virtual_memory().available)
        if time.monotonic() - self._added_up < MEMORY_S:
            return
        self._added_up = time.monotonic()
        sizes = [memory_of(process) for process in [job, *job.children(recursive=True)]]
        self.memory = max(self.memory, sum(size for size, _ in sizes))
        self.memory_without_files = max(self.memory_without_files, sum(size - files for size, files in sizes))
        self.largest = max(self.largest, max((size for size, _ in sizes), default=0))
        self.disk = max(self.disk, size_of(self.out.parent))

    def seconds(self) -> float:
        """Return the time since the start."""
        return time.monotonic() - self._began

    def figures(self) -> dict[str, Any]:
        """Return all of it in words, times in seconds, sizes in 10**9 bytes."""
        return {
            "at_s": {name: round(value, 1) for name, value in self.at.items()},
            "checkpoint_s": round(self.at.get("checkpoint whole", 0.0) - self.at.get("checkpoint begins", 0.0), 1),
            "checkpoint_gb": round(self.checkpoint / 1e9, 3),
            "peak_memory_gb": round(self.memory / 1e9, 2),
            "peak_memory_without_mapped_files_gb": round(self.memory_without_files / 1e9, 2),
            "largest_process_gb": round(self.largest / 1e9, 2),
            "least_memory_left_gb": round(self.least_left / 1e9, 2),
            "peak_disk_gb": round(self.disk / 1e9, 2),
        }

    def _trainings(self, pattern: str) -> list[Path]:
        return sorted(self.out.with_name(f"{self.out.name}-checkpoints").glob(pattern))

    def _steps(self) -> dict[str, Path]:
        return {path.name: path for path in self._trainings("*/step-*")}


def memory_of(process: psutil.Process) -> tuple[int, int]:
    """Return the memory of a process in bytes, and how much of it is pages of files."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0, 0  # it ended meanwhile
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss")}
    return sizes.get("Pss", 0), sizes.get("Pss_File", 0)


def size_of(folder: Path) -> int:
    """Return the bytes of all files below `folder`."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it was removed meanwhile
                total += (Path(place) / name).stat().st_size
    return total


def run_job(name: str, settings: Settings, arguments: list[str]) -> dict[str, Any]:
    """Run a job, watch it, and return its figures; a job past its limits is killed."""
    seen, killed = Seen(settings), ""
    command = [sys.executable, "-m", f"jobs.{name}", "--config", str(CONFIG), *arguments]
    with subprocess.Popen(command, cwd=ROOT) as job:
        tree = psutil.Process(job.pid)
        while job.poll() is None:
            began = time.monotonic()
            with suppress(psutil.Error, OSError):  # a process or a folder that ended meanwhile
                seen.look(tree)
            if seen.least_left < LEFT or seen.seconds() > LIMIT_S:
                killed = f"less than {LEFT / 1e9} GB left" if seen.least_left < LEFT else f"longer than {LIMIT_S} s"
                for process in [*tree.children(recursive=True), tree]:
                    process.kill()
            time.sleep(max(0.0, POLL_S - (time.monotonic() - began)))
    seconds = seen.seconds()
    figures = {"exit_code": job.returncode, "seconds": round(seconds, 1), **({"killed": killed} if killed else {})}
    if name == "finetune":
        figures |= seen.figures()
        if "export begins" in seen.at:
            figures["export_s"] = round(seconds - seen.at["export begins"], 1)
    return figures


def what_was_learnt(settings: Settings, init: Path, out: Path) -> dict[str, Any]:
    """Return the figures of the second run's steps, and facts of the exported folder."""
    metrics = Warehouse(settings.warehouse, must_exist=True).read(TRAINING_METRICS)
    manifest = read_manifest(out)
    mine = metrics.filter(pc.equal(metrics.column("run_id"), manifest.provenance["run_id"])).to_pylist()
    values = {(row["name"], row["step"]): row["value"] for row in mine}
    changed, parameters, rows = 0, 0, {}
    for folder in (init, out):
        for file in sorted(folder.glob("*.safetensors")):
            with safe_open(file, framework="pt") as weights:
                if folder == out:
                    parameters += sum(math.prod(weights.get_slice(key).get_shape()) for key in weights.keys())  # noqa: SIM118
                for key in ("lm_head.weight", "shared.weight", "encoder.block.0.layer.0.SelfAttention.q.weight"):
                    if key in weights.keys():  # noqa: SIM118 (a safetensors file is no mapping)
                        rows[folder.name, key] = weights.get_slice(key)[:64]
    for key in {key for _, key in rows}:
        changed += bool((rows[init.name, key] != rows[out.name, key]).any())
    return {
        "step_s": {
            step: round(settings.train.batch_size / value, 1)
            for (name, step), value in sorted(values.items())
            if name == "examples_per_second"
        },
        "train_loss": {step: round(v, 3) for (name, step), v in sorted(values.items()) if name == "train_loss"},
        "val_loss": {step: round(v, 3) for (name, step), v in sorted(values.items()) if name == "val_loss"},
        "steps": manifest.provenance["metrics"]["steps"],
        "resumed_from": manifest.provenance["metrics"]["resumed_from"],
        "parameters": parameters,
        "dtype": str(rows[out.name, "lm_head.weight"].dtype),
        "tensors_looked_at_that_changed": f"{changed} of {len({key for _, key in rows})}",
        "output_layer_of_its_own": bool((rows[out.name, "lm_head.weight"] != rows[out.name, "shared.weight"]).any()),
        "export_gb": round(size_of(out) / 1e9, 3),
    }


def rehearse(root: Path, shape: str) -> dict[str, Any]:
    """Do all of it below `root`; return the figures."""
    init = root / "init"
    arguments = [f"warehouse.uri={root}/warehouse", f"source.uri={root}/reports.zip", f"model.init={init}"]
    arguments += [f"model.out={root}/model", f"model.uri={root}/model"]
    settings = load_settings([str(CONFIG)], arguments)
    figures: dict[str, Any] = {"shape": shape, "cpus": psutil.cpu_count()}

    def report(part: str, values: dict[str, Any]) -> None:
        figures[part] = values
        say(f"{part:10} {json.dumps(values)}")

    began = time.monotonic()
    # in a process of its own: what it holds is given back
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.rehearsal", str(root), "--shape", shape, "--build"], check=True
    )
    report("build", {"seconds": round(time.monotonic() - began, 1), "gb": round(size_of(init) / 1e9, 3)})
    plan = plan_training(settings, folder_shape(init))
    report("plan", {"lines": plan.lines(), "device_gb": round(plan.device_bytes / 1e9, 2)})
    with (root / "reports.zip").open("wb") as file:
        write_zip(make_studies(STUDIES, 5), file)
    report("prepare", run_job("prepare", settings, arguments))
    # over before it began: a step is taken, a checkpoint written, and the best model so far exported
    report("first", run_job("finetune", settings, [*arguments, "train.max_hours=1e-6"]))
    shutil.rmtree(root / "model", ignore_errors=True)
    report("second", run_job("finetune", settings, arguments))
    if figures["second"]["exit_code"] == 0:
        report("learnt", what_was_learnt(settings, init, root / "model"))
        starts = [figures[name]["at_s"].get("checkpoint begins", 0.0) for name in ("first", "second")]
        report("resume", {"seconds_longer_to_the_checkpoint": round(starts[1] - starts[0], 1)})
    return figures


def main() -> int:
    """Rehearse, print, and remove what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="xl")
    parser.add_argument("--build", action="store_true", help="build the model in FOLDER and nothing else")
    given = parser.parse_args()
    root = given.folder.resolve()
    if given.build:
        build(root / "init", given.shape)
        return 0
    root.mkdir(parents=True)
    try:
        disk, memory = NEEDED[given.shape]
        free, available = shutil.disk_usage(root).free, psutil.virtual_memory().available
        if free < disk or available < memory:
            raise SystemExit(
                f"{free / 1e9:.0f} GB of disk and {available / 1e9:.0f} GB of memory are free; {disk / 1e9:.0f} and"
                f" {memory / 1e9:.0f} are needed"
            )
        figures = rehearse(root, given.shape)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    say(json.dumps(figures))
    learnt = figures.get("learnt", {})
    return 0 if (learnt.get("steps"), learnt.get("resumed_from")) == (2, 1) else 1


if __name__ == "__main__":
    sys.exit(main())
