"""``python killed_job.py POINT MARKER key=value...``: jobs.generate, as `python -m` runs it, that dies at a point."""

import runpy
import sys
from pathlib import Path

from tests.support.faults.kill_points import JOB_POINTS, arm


def main() -> None:
    name, marker, *words = sys.argv[1:]
    (point,) = [candidate for candidate in JOB_POINTS if candidate.name == name]
    arm(point, Path(marker))
    sys.argv = ["jobs.generate", *words]
    runpy.run_module("jobs.generate", run_name="__main__")


if __name__ == "__main__":
    main()
