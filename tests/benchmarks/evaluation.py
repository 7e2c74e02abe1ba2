"""What an evaluation costs: a made-up warehouse of many reports under three models, time by part and peak memory.

``python -m tests.benchmarks.evaluation [REPORTS]`` (default 20,000 evaluated reports, half as many for training).

On real reports, after `prepare`, `finetune` and `generate` as README has them::

    python -m jobs.evaluate source.dataset=openi split=validation evaluate.models='[model-untrained, model]' \\
        evaluate.pretrained=model-untrained evaluate.published=published.json evaluate.csv=out/evaluation
"""

import io
import resource
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from jobs.evaluate import evaluate
from tests.support.worlds.evaluate import make_world


def main() -> None:
    """Make the warehouse, evaluate it, and write what that took to standard output."""
    reports = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder), {"made": reports * 3 // 2})
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started, cpu = time.perf_counter(), time.process_time()
        figures, differences = evaluate(world.settings(), Console(file=io.StringIO()))
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(
        f"{reports:,} reports, 3 models, 3 floors, 2,000 resamples: {wall:.0f} s ({cpu:.0f} s CPU),"
        f" {len(figures):,} evaluations, {len(differences):,} comparisons, peak {peak / 1e6:.1f} GB"
        f" ({before / 1e6:.1f} GB before)\n"
    )


if __name__ == "__main__":
    main()
