"""A machine with one CUDA GPU, checked in a quarter of an hour: ``python tests/benchmarks/gpu_check.py --out FOLDER``.

Needs Python 3.11 or newer, torch, transformers, PyYAML and the wheels of `tests.benchmarks.gpu.wheels`; no Ray, no S3
library, no network. Each part is a process of its own, killed with all that it started when its limit is over, and
writes FOLDER/PART.json anew with every figure: what a part has measured stays, and one that fails or hangs costs no
other. FOLDER/summary.json says how each part ended, and of which state of the code. The parts, those of most worth
first, are PARTS in `tests.benchmarks.gpu.runner`; `--parts t5,causal` runs some of them. `--small` runs tiny shapes on
the CPU.

On a machine that is lent for minutes, without network, and takes commands of ten minutes at most, the wheels are
gathered before, and two commands run all parts there, in the checkout (OUT is a folder whose files come back, .whl one
that travels with the checkout)::

    python -m tests.benchmarks.gpu.wheels .whl

    export PYTHONPATH=/tmp/site
    python3 -m pip install -q --no-index --no-deps --upgrade --target /tmp/site .whl/*.whl || exit
    python3 tests/benchmarks/gpu_check.py --out "$OUT" --parts environment,t5,causal

    export PYTHONPATH=/tmp/site
    python3 -m pip install -q --no-index --no-deps --upgrade --target /tmp/site .whl/*.whl || exit
    python3 tests/benchmarks/gpu_check.py --out "$OUT" --parts transformers,ctranslate2,parity
"""

import sys
from pathlib import Path

# run as a file, Python looks for modules beside it alone
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.gpu.runner import main

if __name__ == "__main__":
    sys.exit(main())
