"""The pipeline against a bare loop: ``tests/benchmarks/generate_speed.py [folder [reports [rounds [threads]]]]``.

The same trained small T5 (in `folder`, kept there), CTranslate2 float32, beam 4, n-best 2, answers 20,000 reports:
Open-i's, over and over, with answers from repeats off. By default one thread: with as many threads as the machine has
cores, reading, scoring and Ray itself take theirs from the engine. In turn, each in a process of its own:

- bare: a loop that gives the engine the same prompts in the same blocks, without Ray, without any other stage, at the
  niceness that Ray gives its workers;
- pipeline: the job's stages by Ray, with one actor of as many threads, on reports without an impression to be
  scored against;
- scored: the same on the reports as they are, with ROUGE and the stemmer.

Times run from the first block's start to the last block's end: models are loaded, and Ray is up. The pipeline's whole
time, with Ray's start, is printed beside it. Figures are medians over the rounds, ratios medians of those within a
round. Also printed: what scoring a report costs a core, and what repeats save on Open-i's reports, as a share of their
tokens. Prints a table and, as the last line, JSON.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from radray.cluster.actors import cluster_nodes, plan_actors
from radray.cluster.connection import ray_cluster
from radray.models.engines.opening import open_engine
from radray.models.folder import ModelFolder
from radray.models.footprint import engine_bytes
from radray.pipelines.generate import GenerationJob, stage_predictions
from radray.pipelines.score_predictions import ScorePredictions
from radray.pipelines.write_impressions import WriteImpressions
from radray.reports.splits import SplitCut
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.settings.cluster import ClusterSettings
from radray.settings.generate import GenerateSettings, ScoreSettings
from radray.settings.loading import load_settings
from radray.settings.warehouse import S3Settings
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tables.identity import digest
from radray.tasks.registry import Asked, find_prompt
from tests.benchmarks.trained_model import say, trained_model

PROMPT = "background-findings-v1"
RAY_NICENESS = 15
"""Default of Ray's setting worker_niceness."""
CONSTANTS = {
    **dict.fromkeys(("model_digest", "model_name", "settings_digest", "engine", "run_id", "run_key"), "benchmark"),
    **{"dataset": "openi", "split": "train", "prompt_id": PROMPT, "task": "impression"},
}


def settings_of(threads: int) -> GenerateSettings:
    """Return the defaults, with repeats off."""
    return GenerateSettings(engine="ctranslate2", repeats_kept=0, threads_per_actor=threads, actors=1)


class Journalled(WriteImpressions):
    """WriteImpressions that keeps when its blocks began and ended beside the model, which is known by the run id."""

    def __init__(
        self, model: ModelFolder, asked: Asked, settings: GenerateSettings, converted: str, run_id: str, *_: object
    ) -> None:
        """Load the model as WriteImpressions does."""
        super().__init__(model, asked, settings, None, run_id)
        self._journal = Path(converted) / f"{id(self)}-{time.time_ns()}.jsonl"

    def run(self, batch: pa.Table) -> pa.Table:
        """Return what WriteImpressions returns."""
        began = time.time()
        result = super().run(batch)
        with self._journal.open("a", encoding="ascii") as file:
            file.write(json.dumps([began, time.time()]) + "\n")
        return result


def openi(folder: Path) -> pa.Table:
    """Return the ok rows of `reports` in the warehouse of the trained model."""
    warehouse = Warehouse(load_settings((), [f"warehouse.uri={folder}/warehouse"]).warehouse, must_exist=True)
    return warehouse.read(REPORTS, None, {"status": "ok"}).sort_by([("source_offset", "ascending")])


def repeated(rows: pa.Table, count: int, *, references: bool) -> pa.Table:
    """Return `count` rows, `rows` over and over under ids of their own, of split train."""
    table = pa.concat_tables([rows] * -(-count // rows.num_rows)).slice(0, count)
    new = {
        "unit_id": pa.array([digest(i)[:32] for i in range(count)]),
        "split": pa.array(["train"] * count),
        "split_key": pa.array([f"p{i}" for i in range(count)]),
    }
    if not references:
        new |= {name: pa.nulls(count, pa.string()) for name in ("reference", "reference_raw")}
    for name, values in new.items():
        place = table.column_names.index(name)
        table = table.set_column(place, name, values.cast(table.schema.field(name).type))
    return table


def prompts_of(rows: pa.Table) -> list[str]:
    """Return the prompt of each row."""
    columns = (rows.column(name).to_pylist() for name in ("findings", "background"))
    return [
        find_prompt(PROMPT).prompt.fill(findings, background) for findings, background in zip(*columns, strict=True)
    ]


def bare(folder: Path, count: int, threads: int) -> dict[str, float]:
    """Answer by a loop over the engine, in blocks."""
    os.nice(RAY_NICENESS)
    model, _ = trained_model(folder)
    settings = settings_of(threads)
    engine = open_engine(model, settings)
    prompts = prompts_of(repeated(openi(folder), count, references=False))
    engine.generate(prompts[:64])
    size = settings.block_rows
    start = time.perf_counter()
    answered = sum(len(engine.generate(prompts[place : place + size])) for place in range(0, count, size))
    seconds = time.perf_counter() - start
    if answered != count:
        raise RuntimeError(f"{answered} of {count} reports were answered")
    return {"rate": count / seconds, "whole_s": seconds}


def pipeline(folder: Path, count: int, threads: int, *, references: bool) -> dict[str, float]:
    """Answer by the job's stages."""
    model, _ = trained_model(folder)
    settings = settings_of(threads)
    with tempfile.TemporaryDirectory(prefix="radray-speed-") as name:
        place = Path(name)
        rows = repeated(openi(folder), count, references=references)
        pq.write_table(rows, place / "reports.parquet", write_page_checksum=True, compression="zstd")
        (place / "journal").mkdir()
        began = time.time()
        with ray_cluster(ClusterSettings()):
            plan = plan_actors(cluster_nodes(), settings, engine_bytes(model.path, settings))
            job = GenerationJob(
                storage=Storage.of(S3Settings()),
                files=[str(place / "reports.parquet")],
                cut=SplitCut(0.0, 1),
                split="train",
                model=model,
                asked=find_prompt(PROMPT),
                settings=settings,
                score=ScoreSettings(),
                constants={**CONSTANTS, "batch_date": load_settings().date},
                staging=str(place / "staging"),
                converted=str(place / "journal"),
            )
            stage_predictions(job, plan, writer=Journalled)
            ended = time.time()
        lines = [json.loads(line) for file in (place / "journal").iterdir() for line in file.read_text().splitlines()]
        staged = pq.read_table(place / "staging", columns=["status"])
    if staged.num_rows != count:
        raise RuntimeError(f"{staged.num_rows} of {count} reports are staged")
    lines.sort()
    first, last = lines[0][0], max(line[1] for line in lines)
    return {
        "rate": count / (last - first),
        "whole_s": ended - began,
        "before_first_block_s": first - began,
        "after_last_block_s": ended - last,
        "between_blocks_s": sum(max(0.0, two[0] - line[1]) for line, two in pairwise(lines))
        if plan.actors == 1
        else 0.0,
        "actors": plan.actors,
    }


def apart(folder: Path, threads: int) -> dict[str, Any]:
    """Return what scoring costs and what repeats save on the reports as they are."""
    model, _ = trained_model(folder)
    rows = openi(folder)
    prompts = prompts_of(rows)
    times = Counter(prompts)
    settings = settings_of(threads)
    engine = open_engine(model, settings)
    answers = engine.generate(list(times))
    total, saved = Counter[str](), Counter[str]()
    for answer, number in zip(answers, times.values(), strict=True):
        for kind, tokens in (("input", answer.input_tokens), ("output", answer.output_tokens), ("reports", 1)):
            total[kind] += tokens * number
            saved[kind] += tokens * (number - 1)
    writer = WriteImpressions(model, find_prompt(PROMPT), settings)
    written = writer(rows)
    writer.engine.close()
    stage = ScorePredictions(ScoreSettings(), {**CONSTANTS, "batch_date": load_settings().date})
    start = time.process_time()
    scored = stage(written)
    seconds = time.process_time() - start
    start = time.process_time()
    stage(
        written.set_column(written.column_names.index("reference"), "reference", pa.nulls(rows.num_rows, pa.string()))
    )
    without = time.process_time() - start
    if scored.column_names != [column.name for column in PREDICTIONS.columns]:
        raise RuntimeError("rows are not of the schema")
    return {
        "reports": rows.num_rows,
        "distinct": len(times),
        "repeats_save": {kind: round(saved[kind] / total[kind], 4) for kind in total},
        "scoring_ms_a_report": round(seconds / rows.num_rows * 1000, 3),
        "row_without_reference_ms": round(without / rows.num_rows * 1000, 3),
    }


def main() -> int:
    """Run the ways in turn, each in a process of its own, and print their speeds."""
    words = sys.argv[1:]
    folder = Path(words[0] if words else "out/benchmarks").resolve()
    count, rounds, threads = (
        int(words[place]) if len(words) > place else default for place, default in ((1, 20_000), (2, 3), (3, 1))
    )
    ways: dict[str, Any] = {
        "bare": lambda: bare(folder, count, threads),
        "pipeline": lambda: pipeline(folder, count, threads, references=False),
        "scored": lambda: pipeline(folder, count, threads, references=True),
    }
    if len(words) > 4:
        say(json.dumps(apart(folder, threads) if words[4] == "apart" else ways[words[4]]()))
        return 0

    def in_process(way: str) -> Any:
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.generate_speed",
            str(folder),
            str(count),
            str(rounds),
            str(threads),
            way,
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    trained_model(folder)
    measured: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            measured[way].append(in_process(way))
            say(f"{way:10} { ({name: round(value, 1) for name, value in measured[way][-1].items()}) }")

    def ratio(way: str, other: str) -> float:
        pairs = zip(measured[way], measured[other], strict=True)
        return round(statistics.median(a["rate"] / b["rate"] for a, b in pairs), 3)

    figures = {
        "reports": count,
        "rounds": rounds,
        "threads": threads,
        "reports_per_s": {way: round(statistics.median(run["rate"] for run in measured[way]), 1) for way in ways},
        "pipeline_to_bare": ratio("pipeline", "bare"),
        "scored_to_bare": ratio("scored", "bare"),
        "whole_s": {way: round(statistics.median(run["whole_s"] for run in measured[way]), 1) for way in ways},
        "apart": in_process("apart"),
    }
    for name, value in figures.items():
        say(f"{name:24} {value}")
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
