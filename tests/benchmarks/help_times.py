"""CPU seconds that each job's --help takes in a process of its own, the best of three.

    python -m tests.benchmarks.help_times

The last line is JSON: seconds of user and system time by job. A mistake in the settings is measured likewise.
"""

import json
import resource
import subprocess
import sys

from jobs.__main__ import jobs
from tests.support.paths import ROOT

TRIES = 3


def cpu_seconds(words: list[str]) -> float:
    """Return the least CPU seconds of `TRIES` runs of the job's command line `words`, whatever its exit code."""
    seconds = []
    for _ in range(TRIES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return round(min(seconds), 2)


def main() -> None:
    help_s = {"jobs": cpu_seconds(["jobs"])} | {name: cpu_seconds([f"jobs.{name}", "--help"]) for name in jobs()}
    words = {"query": ["SELECT 1"], "submit": ["generate"]}
    mistakes_s = {name: cpu_seconds([f"jobs.{name}", *words.get(name, []), "train.epoch=3"]) for name in jobs()}
    for name, seconds in help_s.items():
        mistake = f", a mistake {mistakes_s[name]:5.2f} s" if name in mistakes_s else ""
        sys.stdout.write(f"{name:9} --help {seconds:5.2f} s{mistake}\n")
    sys.stdout.write(json.dumps({"help_cpu_s": help_s, "mistake_cpu_s": mistakes_s}) + "\n")


if __name__ == "__main__":
    main()
