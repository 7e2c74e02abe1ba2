"""One part of the GPU check, in this process: ``python -m tests.benchmarks.gpu.part NAME OUT SCRATCH [--small]``."""

import sys
from pathlib import Path

from tests.benchmarks.gpu.desk import Desk


def main() -> int:
    """Do the part `NAME` and write its figures to ``OUT/NAME.json``."""
    name, out, scratch = sys.argv[1:4]
    desk = Desk(name, Path(out), Path(scratch), "--small" in sys.argv[4:])
    # each imports what it needs: where one library is missing the other parts run
    if name == "environment":
        from tests.benchmarks.gpu import ceilings

        ceilings.measure(desk)
    elif name in ("t5", "causal"):
        from tests.benchmarks.gpu import training

        training.measure(desk, name)
    elif name in ("transformers", "ctranslate2"):
        from tests.benchmarks.gpu import generation

        {"transformers": generation.measure_transformers, "ctranslate2": generation.measure_ctranslate2}[name](desk)
    else:
        from tests.benchmarks.gpu import parity

        parity.measure(desk)
    return 0


if __name__ == "__main__":
    sys.exit(main())
