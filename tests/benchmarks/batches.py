"""Reports a second of CTranslate2 by batch and block: ``tests/benchmarks/batches.py [folder [threads [rounds]]]``.

The small T5 trained on Open-i (in `folder`, kept there), float32, beam 4, n-best 2, all findings in the order of
the file, in blocks as an actor gets them, nothing answered from repeats. The settings take turns, so that other load on
the machine affects all alike; ratios to the first, the defaults, are medians of those within a round. The last line is
JSON.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from radray.models.engines.opening import open_engine
from radray.settings.generate import GenerateSettings
from tests.benchmarks.trained_model import say, trained_model

WAYS = [
    (GenerateSettings().batch_size, GenerateSettings().batch_tokens, GenerateSettings().block_rows),
    *((size, 65_536, 200) for size in (8, 16, 64, 128)),
    *((32, tokens, 200) for tokens in (2_048, 4_096)),
    *((size, 16_384, 500) for size in (32, 64)),
]
"""Reports a call at most, tokens a call at most, reports a block."""


def main() -> int:
    """Time the settings in turn and print their speeds."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/benchmarks").resolve()
    threads, rounds = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((2, 2), (3, 3)))
    model, prompts = trained_model(folder)
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        for size, tokens, block in WAYS:
            settings = GenerateSettings(
                engine="ctranslate2", batch_size=size, batch_tokens=tokens, threads_per_actor=threads
            )
            engine = open_engine(model, settings)
            engine.generate(prompts[:32])
            start = time.perf_counter()
            for place in range(0, len(prompts), block):
                engine.generate(prompts[place : place + block])
            name = f"{size} reports, {tokens} tokens, blocks of {block}"
            rates.setdefault(name, []).append(len(prompts) / (time.perf_counter() - start))
    first = next(iter(rates.values()))
    figures = {
        name: {
            "reports_per_s": round(statistics.median(values), 1),
            "to_defaults": round(statistics.median(v / f for v, f in zip(values, first, strict=True)), 3),
        }
        for name, values in rates.items()
    }
    for name, speed in figures.items():
        say(f"{name:44} {speed['reports_per_s']:8.1f} reports/s, {speed['to_defaults']:.3f} of the defaults")
    say(json.dumps({"threads": threads, "rounds": rounds, "reports": len(prompts), "ways": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
