"""An overnight in small: nights in a row on one long-lived cluster, with faults at random from a seed.

``python -m tests.benchmarks.soak [nights=60] [seed=1] [log=soak.jsonl]``. Each night
is submitted by `jobs.submit` until it ends with 0 (three times at most) and must be whole: every report a row, one
commit, nothing staged. Memory (USS) and open files are of the head's processes, which live from the first night to the
last, taken when no job runs. At the end: the slope over the nights from the 20th on (from the first, where there are
fewer than 30), with its 95 % interval. The last line is JSON.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
from scipy import stats

from radray.schema.predictions import PREDICTIONS
from tests.support.faults.gate import Gate, running_gate
from tests.support.s3_server import S3Server, running_s3
from tests.support.worlds.cluster import Node
from tests.support.worlds.nights import SLOW, Nights, running_nights

FIRST = date(2026, 1, 1)
TRIES = 3
SETTLED = 20
"""The night from which a slope is taken: caches, pools and the catalog's first metadata are filled by then."""
PATIENCE_S = 240


def nothing(world: Nights, gate: Gate, draw: random.Random) -> str:
    """Leave the night alone."""
    return "nothing"


def worker_killed(world: Nights, gate: Gate, draw: random.Random) -> str:
    """Take a machine away, and give another."""
    world.cluster.kill(draw.choice(world.cluster.workers))
    world.cluster.add_worker()
    return "worker killed"


def driver_killed(world: Nights, gate: Gate, draw: random.Random) -> str:
    """Kill the job's driver: the night is submitted again."""
    world.cluster.driver("jobs.generate").kill()
    return "driver killed"


def engine_killed(world: Nights, gate: Gate, draw: random.Random) -> str:
    """Kill the process of an engine."""
    engines = [process for worker in world.cluster.workers for process in worker.named("engines.isolation.child")]
    if not engines:
        return "no engine to kill"
    with suppress(psutil.NoSuchProcess):
        draw.choice(engines).kill()
    return "engine killed"


def store_down(world: Nights, gate: Gate, draw: random.Random) -> str:
    """Take S3 away for some seconds."""
    gate.shut_for(draw.uniform(2, 10))
    return "S3 down"


def submitted_twice(world: Nights, gate: Gate, draw: random.Random) -> str:
    """Let the schedule fire again while the night runs."""
    night = world.cluster.driver("jobs.generate").cmdline()
    words = night[night.index("jobs.generate") + 1 :]
    done = world.submit("generate", *words)
    return f"submitted twice, the second ended with {done.returncode}"


FAULTS: list[Callable[[Nights, Gate, random.Random], str]] = [
    *(nothing, nothing, worker_killed, driver_killed, engine_killed, store_down, submitted_twice)
]


def night(world: Nights, gate: Gate, number: int, draw: random.Random) -> dict[str, Any]:
    """Run one night with a fault, check that it is whole, and return its figures."""
    day, reports = str(FIRST + timedelta(days=number)), draw.randint(20, 60)
    world.arrive(day, reports, seed=number)
    fault, began, description, codes = draw.choice(FAULTS), time.monotonic(), "", []
    for attempt in range(TRIES):
        job = world.submitting("generate", *world.words(day, *SLOW))
        if attempt == 0:
            place = f"{world.warehouse.layout.root}/_staging/{PREDICTIONS.name}"
            while job.poll() is None and not world.warehouse.storage.list_files(place, ".parquet"):
                time.sleep(0.05)
            description = fault(world, gate, draw) if job.poll() is None else "too late for a fault"
        out, err = job.communicate(timeout=PATIENCE_S)
        codes.append(job.returncode)
        if job.returncode == 0:
            break
    else:
        raise subprocess.CalledProcessError(codes[-1], "jobs.submit", out, err)
    world.whole(day, reports, seed=number)
    seconds = round(time.monotonic() - began, 1)
    return {"night": number + 1, "reports": reports, "fault": description, "codes": codes, "seconds": seconds}


def weight(head: Node) -> dict[str, Any]:
    """Return memory, MB, and open files of the head's processes, in all and by name."""
    memory: dict[str, float] = {}
    files = 0
    for process in head.tree():
        with suppress(psutil.Error):
            # a submitted job's supervisor and its like come and go
            if "ray::" in " ".join(process.cmdline()):
                continue
            memory[process.name()] = memory.get(process.name(), 0.0) + process.memory_full_info().uss / 1e6
            files += process.num_fds()
    by_name = {name: round(value, 1) for name, value in sorted(memory.items())}
    return {"memory_mb": round(sum(memory.values()), 1), "open_files": files, "by_name": by_name}


def slope(rows: list[dict[str, Any]], name: str) -> dict[str, float]:
    """Return the slope of `name` a night with its 95 % interval, and the level it starts from."""
    settled = [row for row in rows if row["night"] >= SETTLED] if len(rows) >= 30 else rows
    fit = stats.linregress([row["night"] for row in settled], [row[name] for row in settled])
    half = float(stats.t.ppf(0.975, len(settled) - 2) * fit.stderr) if len(settled) > 2 else float("nan")
    return {"a_night": fit.slope, "low": fit.slope - half, "high": fit.slope + half, "from": settled[0][name]}


def main() -> None:
    """Run the nights and print their outcomes."""
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    nights, seed = int(given.get("nights", 60)), int(given.get("seed", 1))
    draw, rows = random.Random(seed), []
    with tempfile.TemporaryDirectory(prefix="soak-") as name, Path(given.get("log", "soak.jsonl")).open("a") as log:
        folder = Path(name)
        (folder / "s3").mkdir()
        (folder / "world").mkdir()
        with (
            running_s3(folder / "s3") as server,
            running_gate(server.endpoint) as gate,
            running_nights(folder / "world", S3Server(gate.endpoint)) as world,
        ):
            for number in range(nights):
                row = night(world, gate, number, draw) | weight(world.cluster.head)
                rows.append(row)
                log.write(json.dumps(row) + "\n")
                log.flush()
                sys.stdout.write(f"{row}\n")
                sys.stdout.flush()
            # to the end every night is as it was
            for row in rows:
                world.whole(str(FIRST + timedelta(days=row["night"] - 1)), row["reports"], seed=row["night"] - 1)
    slopes = {key: slope(rows, key) for key in ("memory_mb", "open_files", "seconds")}
    faults: dict[str, int] = {}
    for row in rows:
        faults[row["fault"]] = faults.get(row["fault"], 0) + 1
    sys.stdout.write(json.dumps({"nights": len(rows), "seed": seed, "faults": faults, "slopes": slopes}) + "\n")


if __name__ == "__main__":
    main()
