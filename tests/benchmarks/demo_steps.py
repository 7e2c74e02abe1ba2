"""Time and peak memory of each step of the demo: ``python -m tests.benchmarks.demo_steps [key=value ...]``.

Memory is the sum of the proportional set sizes (PSS: shared pages counted once) of the demo's process and all that it
started, sampled every half second. Prints a table and, as the last line, JSON.
"""

import json
import subprocess
import sys
import threading
import time

import psutil

from tests.support.paths import ROOT

SAMPLE_S = 0.5


def memory_mb(root: psutil.Process) -> tuple[float, float]:
    """Return the memory of a process tree and of its largest process, MB."""
    sizes = []
    for process in [root, *root.children(recursive=True)]:
        try:
            sizes.append(process.memory_full_info().pss / 1e6)
        except psutil.Error:
            continue  # it ended meanwhile
    return sum(sizes), max(sizes, default=0.0)


def main() -> int:
    """Run the demo, watch it, and print what each step took."""
    command = [sys.executable, "-m", "jobs.demo", *sys.argv[1:]]
    steps: dict[str, dict[str, float]] = {}
    began = time.monotonic()
    marks = [("start", began)]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def follow() -> None:
        assert demo.stderr is not None
        for line in demo.stderr:
            sys.stderr.write(line)
            if line.rstrip().endswith("───"):
                marks.append((line.strip(" ─\n"), time.monotonic()))

    reader = threading.Thread(target=follow, daemon=True)
    reader.start()
    tree = psutil.Process(demo.pid)
    while demo.poll() is None:
        try:
            total, largest = memory_mb(tree)
        except psutil.Error:
            break
        step = steps.setdefault(marks[-1][0], {"seconds": 0.0, "peak_mb": 0.0, "largest_process_mb": 0.0})
        step["peak_mb"] = max(step["peak_mb"], total)
        step["largest_process_mb"] = max(step["largest_process_mb"], largest)
        time.sleep(max(0.0, SAMPLE_S - (time.monotonic() - began) % SAMPLE_S))
    reader.join()
    code = demo.wait()
    ended = time.monotonic()
    for (name, start), (_, stop) in zip(marks, [*marks[1:], ("end", ended)], strict=True):
        steps.setdefault(name, {"peak_mb": 0.0, "largest_process_mb": 0.0})["seconds"] = round(stop - start, 1)
    for name, step in steps.items():
        sys.stdout.write(f"{name:20} {step['seconds']:6.0f} s {step['peak_mb']:8.0f} MB peak\n")
    result = {"seconds": round(ended - began, 1), "exit_code": code, "steps": steps, "cpus": psutil.cpu_count()}
    sys.stdout.write(json.dumps(result) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
