"""Reports a second of each engine on real findings: ``python -m tests.benchmarks.engines [folder [threads]]``.

A small T5 trained on Open-i (in `folder`, kept there for the next time), beam 4, n-best 2, all findings, nothing
answered from repeats. The ways take turns, so that other load on the machine affects all alike; figures are medians
over the rounds, ratios are medians of the ratios within a round. More threads (1) than the machine has idle cores cost
transformers most: its threads wait for each other. Prints a table and, as the last line, JSON.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from radray.models.engines.opening import open_engine
from radray.models.families.t5.loading import load_model
from radray.settings.generate import GenerateSettings
from tests.benchmarks.trained_model import say, trained_model

ROUNDS = 3


def in_calls(generate: Callable[[list[str]], object], prompts: list[str], size: int) -> None:
    """Generate for `prompts` in calls of `size`, in the order in which they come."""
    for start in range(0, len(prompts), size):
        generate(prompts[start : start + size])


def main() -> int:
    """Time the ways in turn and print their speeds."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/benchmarks").resolve()
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    settings = GenerateSettings(num_beams=4, num_return_sequences=2, max_new_tokens=128, threads_per_actor=threads)
    model, prompts = trained_model(folder)
    reference, float32, int8 = (
        open_engine(model, settings.model_copy(update=update)).generate
        for update in (
            {"engine": "transformers"},
            {"engine": "ctranslate2"},
            {"engine": "ctranslate2", "compute_type": "int8"},
        )
    )
    # way: what, reports a call, every how manieth report (slow ways do fewer, of the same lengths on average)
    ways = {
        "transformers, one a call": (reference, 1, 24),
        "transformers, 16 a call as they come": (reference, 16, 6),
        "transformers, sorted": (reference, 1_000_000, 3),
        "ctranslate2 float32": (float32, 1_000_000, 1),
        "ctranslate2 int8": (int8, 1_000_000, 1),
    }
    for generate, _, _ in ways.values():
        generate(prompts[:16])
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        for name, (generate, size, every) in ways.items():
            chosen = prompts[turn % every :: every]
            start = time.perf_counter()
            in_calls(generate, chosen, size)
            rates[name].append(len(chosen) / (time.perf_counter() - start))
    fast = rates["ctranslate2 float32"]
    figures: dict[str, Any] = {
        "model": f"T5, {sum(p.numel() for p in load_model(model.path).parameters()):,} parameters",
        "reports": len(prompts),
        "distinct": len(set(prompts)),
        "rounds": ROUNDS,
        "threads": threads,
        "reports_per_s": {name: round(statistics.median(values), 1) for name, values in rates.items()},
        "float32_times": {
            name: round(statistics.median(f / v for f, v in zip(fast, values, strict=True)), 2)
            for name, values in rates.items()
        },
    }
    say(f"{figures['model']}, {len(prompts):,} findings of Open-i, beam 4, {threads} thread(s), {ROUNDS} rounds")
    for name, values in rates.items():
        spread = f"{min(values):8.1f} to {max(values):8.1f}"
        say(
            f"{name:38} {statistics.median(values):8.1f} reports/s ({spread}), float32 is"
            f" {figures['float32_times'][name]:5.2f} times that"
        )
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
