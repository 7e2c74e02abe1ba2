"""From submit to the first row and to the commit, on a cluster of processes: where a night's time goes.

``python -m tests.benchmarks.night_times [1000 20000]``: a head without CPUs and two
workers of three CPUs on this machine, S3 beside them, a small untrained T5, the engine chosen as in production. A night
of 100 reports comes first: it converts the model and proves the engine, once a model; what it took is reported too. For
each night: seconds since `python -m jobs.submit generate` was entered. The last line is JSON.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from tests.support.s3_server import running_s3
from tests.support.worlds.nights import NO_GATES, Nights, running_nights

WARM_UP = 100
LINES = {
    "submitted": "submit: generate-",
    "job begins": "Running entrypoint",
    "prepared": "units in:",
    "engine chosen": ": engine ",
    "planned": "plan: ",
    "committed": " resumed, ",
}
"""The words in the submitter's terminal that mark each moment."""


def night(world: Nights, date: str, reports: int) -> dict[str, float]:
    """Run a night of so many reports and return its moments, s since the command was entered."""
    world.arrive(date, reports)
    moments: dict[str, float] = {}
    began = time.monotonic()
    job = world.submitting("generate", *world.words(date))

    def listen(stream: object) -> None:
        for line in stream:  # type: ignore[attr-defined]
            for name, marker in LINES.items():
                if marker in line:
                    moments.setdefault(name, time.monotonic() - began)

    threads = [threading.Thread(target=listen, args=(stream,)) for stream in (job.stdout, job.stderr)]
    for thread in threads:
        thread.start()
    storage, root = world.warehouse.storage, world.warehouse.layout.root
    for name, table in (("first report staged", REPORTS.name), ("first row staged", PREDICTIONS.name)):
        while job.poll() is None and not storage.list_files(f"{root}/_staging/{table}", ".parquet"):
            if name == "first report staged" and "prepared" in moments:
                break
            time.sleep(0.05)
        moments.setdefault(name, time.monotonic() - began)
    code = job.wait()
    for thread in threads:
        thread.join()
    moments["ended"] = time.monotonic() - began
    if code:
        raise subprocess.CalledProcessError(code, "jobs.submit")
    world.whole(date, reports)
    return moments


def main() -> None:
    """Run the nights and say what they took."""
    counts = [int(word) for word in sys.argv[1:]] or [1_000, 20_000]
    results = []
    with tempfile.TemporaryDirectory(prefix="night-times-") as name:
        folder = Path(name)
        (folder / "s3").mkdir()
        (folder / "world").mkdir()
        words = ("generate.engine=auto", "generate.max_new_tokens=32", "generate.block_rows=200", *NO_GATES)
        with running_s3(folder / "s3") as s3, running_nights(folder / "world", s3, (3, 3), *words) as world:
            for place, reports in enumerate((WARM_UP, *counts)):
                moments = night(world, f"2026-11-{place + 1:02d}", reports)
                results.append({"reports": reports, **{key: round(value, 2) for key, value in moments.items()}})
                text = ", ".join(
                    f"{key} {value:.1f}" for key, value in sorted(moments.items(), key=lambda moment: moment[1])
                )
                sys.stdout.write(f"{reports:,} reports: {text}\n")
                sys.stdout.flush()
    sys.stdout.write(json.dumps(results) + "\n")


if __name__ == "__main__":
    main()
