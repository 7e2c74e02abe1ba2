"""The pipeline's own efficiency, with simulated accelerators: ``python -m tests.benchmarks.pipeline [actors ...]``.

For each number of actors (1, 4, 16, 64): efficiency = seconds that the accelerators computed / (actors x seconds from
the first block's start to the last block's end), with the real stages around them: files of `reports` read, page
checksums verified, blocks spread, every prediction scored by ROUGE with the stemmer, staged as Parquet. Every actor
gets BLOCKS blocks of BLOCK_ROWS reports. All actors are up before the first block; their start is printed apart.
``pipeline.py rows [1000000 ...]`` instead runs a whole night of so many reports without an impression of their own
(nothing to score: ROUGE would take ten minutes a million), on very fast accelerators, from the frozen input to the
commit, and prints the driver's peak memory for each part. ``pipeline.py killed [4000 ...]`` kills the driver of such a
night when half of it is staged, runs it again, and prints how many reports were begun twice: four actors at the stated
speed, blocks of 100. The last line is JSON.
"""

import gc
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import ray
from rich.console import Console

from radray.cluster.actors import ActorPlan
from radray.cluster.connection import ray_cluster
from radray.nights.dataset_splits import find_dataset_splits
from radray.nights.engine_choice import EngineChoice
from radray.nights.predictions_partition import freeze_partition
from radray.nights.predictions_run import COUNTED, LeftReports, resume
from radray.pipelines.generate import GenerationJob, stage_predictions
from radray.reports.splits import SplitCut
from radray.reports.synthetic.studies import make_studies
from radray.reports.text.cleaning import clean
from radray.schema.reports import REPORTS
from radray.settings.cluster import ClusterSettings
from radray.settings.generate import GenerateSettings, ScoreSettings
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.settings.warehouse import S3Settings
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import digest
from radray.tables.rows import to_arrow
from radray.tasks.registry import find_prompt
from tests.benchmarks.simulated import SimulatedImpressions, simulated_model
from tests.benchmarks.trained_model import say
from tests.support.worlds.nights import NO_GATES

BLOCKS, BLOCK_ROWS = 40, 64
DISTINCT = 2_000
NIGHT = "2026-11-21"
VERY_FAST = 1e6
KILLED_ACTORS, KILLED_BLOCK_ROWS = 4, 100


def synthetic_rows() -> list[dict[str, Any]]:
    """Return DISTINCT rows of `reports` from synthetic studies."""
    rows = []
    for study in islice(make_studies(DISTINCT, 7), DISTINCT):
        findings, _, impression = study.text.partition("FINDINGS:")[2].partition("IMPRESSION:")
        row: dict[str, Any] = dict.fromkeys(column.name for column in REPORTS.columns)
        row |= {"status": "ok", "split": "live", "split_key": study.subject_id, "study_id": study.study_id}
        row |= {"text_digest": digest(study.text), "findings": clean(findings), "reference": clean(impression)}
        row |= {"reference_raw": impression, "format": "mimic_zip", "source_uri": "a.zip", "source_member": study.path}
        row |= {"batch_date": None, "dataset": "hospital", "source_offset": 0, "source_digest": "00"}
        rows.append(row | {"unit_id": "", "run_key": "k", "run_id": "r"})
    return rows


def plan(actors: int) -> ActorPlan:
    """Return a plan of `actors` actors that reserve nothing: what they simulate is not here."""
    return ActorPlan(actors, cpus=0, gpus=0, memory=1, threads=1, nodes=1, cpus_kept=4)


def efficiency(folder: Path, actors: int) -> dict[str, Any]:
    """Run BLOCKS blocks an actor through the stages and return where their time went."""
    night = load_settings((), [f"date={NIGHT}"]).date
    rows = [row | {"batch_date": night} for row in synthetic_rows()]
    count = actors * BLOCKS * BLOCK_ROWS
    files = []
    for start in range(0, count, 10_000):
        part = [rows[i % DISTINCT] | {"unit_id": digest(i)[:32]} for i in range(start, min(count, start + 10_000))]
        files.append(f"{folder}/reports-{start:08d}.parquet")
        pq.write_table(to_arrow(part, REPORTS), files[-1], write_page_checksum=True, compression="zstd")
    journal = folder / "journal"
    journal.mkdir(exist_ok=True)
    constants = dict.fromkeys(("model_digest", "model_name", "prompt_id", "settings_digest", "engine", "run_id"), "x")
    constants |= {"task": "impression", "dataset": "hospital", "split": "live", "run_key": "k"}
    with ray_cluster(ClusterSettings()):
        ray.data.DataContext.get_current().wait_for_min_actors_s = 600
        began = time.time()
        job = GenerationJob(
            storage=Storage.of(S3Settings()),
            files=files,
            cut=SplitCut(0.0, 1),
            split="live",
            model=simulated_model(journal, 1.0),
            asked=find_prompt("background-findings-v1"),
            settings=GenerateSettings(block_rows=BLOCK_ROWS),
            score=ScoreSettings(),
            constants={**constants, "batch_date": night},
            staging=f"{folder}/staging",
        )
        stage_predictions(job, plan(actors), writer=SimulatedImpressions)
        ended = time.time()
    lines = [json.loads(line) for file in journal.glob("*.jsonl") for line in file.read_text().splitlines()]
    first, last = min(line[0] for line in lines), max(line[1] for line in lines)
    staged = sum(pq.read_metadata(file).num_rows for file in (folder / "staging").rglob("*.parquet"))
    if staged != count or sum(line[3] for line in lines) != count:
        raise RuntimeError(f"{count} reports went in and {staged} are staged")
    busy = sum(line[2] for line in lines)
    return {
        "actors": actors,
        "worked": sum(1 for file in journal.glob("*.jsonl") if file.stat().st_size),
        "reports": count,
        "efficiency": round(busy / (actors * (last - first)), 4),
        "inside_a_block": round(busy / sum(line[1] - line[0] for line in lines), 4),
        "wall_s": round(last - first, 1),
        "reports_per_s": round(count / (last - first), 1),
        "start_s": round(first - began, 1),
        "scored_and_written_after_s": round(ended - last, 1),
    }


def peak() -> float:
    """Return this process's peak memory in MB since the last call, and start anew."""
    gc.collect()
    match = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # man 5 proc
    return round(int(match[1]) / 1024, 0) if match else 0.0


def night_settings(folder: Path, block_rows: int) -> Settings:
    """Return the settings of the night in `folder`."""
    words = [f"warehouse.uri={folder}/warehouse", f"date={NIGHT}", "source.dataset=hospital"]
    words += NO_GATES  # one sentence for all
    return load_settings((), [*words, f"generate.block_rows={block_rows}"])


def put_night(folder: Path, count: int) -> None:
    """Put `count` reports without an impression of their own into a warehouse in `folder`, in files of 100,000."""
    settings = night_settings(folder, 1)
    warehouse = Warehouse(settings.warehouse)
    rows = [row | {"batch_date": settings.date, "reference": None, "reference_raw": None} for row in synthetic_rows()]
    for start in range(0, count, 100_000):
        part = [rows[i % DISTINCT] | {"unit_id": digest(i)[:32]} for i in range(start, min(count, start + 100_000))]
        append_rows(warehouse, REPORTS, to_arrow(part, REPORTS))


def make_night(
    folder: Path, count: int, times: float = VERY_FAST, actors: int = 2, block_rows: int = 2_000
) -> dict[str, Any]:
    """Make the night of `put_night` as jobs.generate does; return seconds and peak memory of this process by part."""
    settings = night_settings(folder, block_rows)
    journal = folder / "journal"
    journal.mkdir(exist_ok=True)
    figures: dict[str, Any] = {"reports": count, "mb": {"start": peak()}, "s": {}}

    def step(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        figures["s"][name] = round(time.perf_counter() - began, 1)
        figures["mb"][name] = peak()
        return result

    warehouse = Warehouse(settings.warehouse, must_exist=True)
    model = simulated_model(journal, times)
    (split,) = step("find datasets and splits", lambda: find_dataset_splits(warehouse, settings))
    asked = find_prompt("background-findings-v1")
    partition = step("pin and freeze", lambda: freeze_partition(warehouse, settings, split, model, asked))
    engine = EngineChoice("simulated", settings.generate, "a benchmark")
    run = partition.open([engine])
    if step("look whether it is there", run.is_committed):
        raise RuntimeError("the night is there already")
    with ray_cluster(settings.cluster), run.leased() as leased, leased.recorded(partition.row(engine)) as recorded:
        step("start Ray, take the lease", lambda: None)
        staged, copied = step("resume", lambda: resume(partition, engine, recorded))
        left = LeftReports(partition, engine, recorded, [*staged, *copied], Console(quiet=True))
        ready = step("stage", lambda: recorded.stage(lambda: left.write(plan(actors), SimulatedImpressions)))
        gate = partition.gate(say)
        committed = step("merge and commit", lambda: ready.commit(partition.input.unit_ids, gate, count_by=COUNTED))
        merged = committed.merged
    if merged.rows != count:
        raise RuntimeError(f"{count} reports went in and {merged.rows} came out")
    figures["peak_mb"] = max(figures["mb"].values())
    figures["total_s"] = round(sum(figures["s"].values()), 1)
    return figures


def killed(folder: Path, count: int) -> dict[str, Any]:
    """Kill the driver of a night when half of it is staged, run it again, and count what was begun twice."""
    staging = folder / "warehouse" / "_staging"
    command = [sys.executable, "-m", "tests.benchmarks.pipeline", "--slow-night", str(folder), str(count)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as driver:
        while (staged := rows_below(staging)) < count // 2:
            if driver.poll() is not None:
                raise RuntimeError("the driver ended before it was killed")
            time.sleep(0.1)
        driver.kill()
    if driver.returncode != -signal.SIGKILL:
        raise RuntimeError("the driver was not killed")
    in_process("slow-night", folder, count)
    begun = [int(line) for file in (folder / "journal").glob("*.begun") for line in file.read_text().splitlines()]
    return {
        "reports": count,
        "staged_when_killed": staged,
        "begun_twice": sum(begun) - count,
        "a_block_an_actor": KILLED_ACTORS * KILLED_BLOCK_ROWS,
    }


def rows_below(folder: Path) -> int:
    """Return the rows of the Parquet files below `folder` that are whole."""
    rows = 0
    for file in folder.rglob("*.parquet"):
        with suppress(OSError, pa.ArrowInvalid):  # it is being written
            rows += pq.read_metadata(file).num_rows
    return rows


def in_process(name: str, folder: Path, count: int) -> dict[str, Any]:
    """Do a part in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "tests.benchmarks.pipeline", f"--{name}", str(folder), str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}


def main() -> int:
    """Do what the command line asks for and print the figures."""
    words = sys.argv[1:]
    parts: dict[str, Callable[[Path, int], Any]] = {
        "--efficiency": efficiency,
        "--put-night": put_night,
        "--night": make_night,
        "--slow-night": partial(make_night, times=1.0, actors=KILLED_ACTORS, block_rows=KILLED_BLOCK_ROWS),
        "--killed": killed,
    }
    if words[:1] and words[0] in parts:
        say(json.dumps(parts[words[0]](Path(words[1]), int(words[2]))))
        return 0
    figures = []
    kinds = {"rows": ("night", [100_000, 1_000_000]), "killed": ("killed", [4_000])}
    nights = words[:1] and words[0] in kinds
    kind, counts = kinds[words[0]] if nights else ("efficiency", [1, 4, 16, 64])
    for count in [int(word) for word in words[bool(nights) :]] or counts:
        with tempfile.TemporaryDirectory(prefix="radray-pipeline-") as name:
            if nights:
                in_process("put-night", Path(name), count)
            figures.append(in_process(kind, Path(name), count))
        for key, value in figures[-1].items():
            say(f"{key:28} {value}")
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
