"""Engines on a real model: ``python -m tests.benchmarks.pretrained_engines FOLDER MODEL [reports [threads]]``.

FOLDER is that of `pretrained`, which has prepared the reports; MODEL is a model folder, or ``smollm2``. Held-out
reports of Open-i in order of unit_id, beam 4, n-best 2, nothing answered from repeats: transformers one a call and 16 a
call as they come, CTranslate2 in float32, bfloat16 and int8. The ways take turns, twice; slow ways do every fourth
report of the same. Printed: reports a second and processor-seconds a report; of bfloat16 and int8 how many best texts
are those of float32, and ROUGE against the radiologist's; and the parity run in float32 over 64 reports, all four
hypotheses of beam 4. The last line is JSON.
"""

import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2

from radray.evaluation.rouge import Scorer
from radray.models.engines.engine import Generation
from radray.models.engines.opening import open_engine
from radray.models.engines.parity import PARITY_PROMPTS, prove
from radray.models.families.registry import family_name
from radray.models.folder import open_model
from radray.settings.model import ModelSettings
from radray.tasks.registry import choose
from tests.benchmarks.pretrained import held_out, settings_of
from tests.benchmarks.trained_model import say

WAYS = {
    "transformers, one a call": ("transformers", "float32", 1, 4),
    "transformers, 16 a call": ("transformers", "float32", 16, 4),
    "ctranslate2 float32": ("ctranslate2", "float32", 1_000_000, 1),
    "ctranslate2 bfloat16": ("ctranslate2", "bfloat16", 1_000_000, 1),
    "ctranslate2 int8": ("ctranslate2", "int8", 1_000_000, 1),
}
ROUNDS = 2
METRICS = ("rouge1_f", "rouge2_f", "rougel_f")


def main() -> int:
    """Time the ways in turn and print what they write."""
    folder, uri = Path(sys.argv[1]), sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 64
    threads = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    settings = settings_of(folder, [f"generate.threads_per_actor={threads}", "generate.num_beams=4"])
    generate = settings.generate.model_copy(update={"num_return_sequences": 2})
    model = open_model(uri)
    asked = choose(ModelSettings(), model.name, family_name(model.path), model.manifest.provenance)
    everything = held_out(settings)[1]
    filled = [asked.prompt.fill(report.findings, report.background) for report in everything]
    reports, prompts = everything[:count], filled[:count]
    here = ctranslate2.get_supported_compute_types("cpu")
    ways = {name: way for name, way in WAYS.items() if way[0] == "transformers" or way[1] in here}
    for name in WAYS.keys() - ways.keys():
        say(f"  {name}: this processor has no such type in CTranslate2")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    processor: dict[str, list[float]] = {name: [] for name in ways}
    written: dict[str, list[Generation]] = {}
    for turn in range(ROUNDS):
        for name, (engine, compute_type, size, every) in ways.items():
            update = {"engine": engine, "compute_type": compute_type}
            opened = open_engine(model, generate.model_copy(update=update), chat=asked.prompt.chat)
            opened.generate(prompts[:2])
            chosen = prompts[turn % every :: every]
            start, used = time.perf_counter(), time.process_time()
            written[name] = [
                generation
                for place in range(0, len(chosen), size)
                for generation in opened.generate(chosen[place : place + size])
            ]
            seconds[name].append((time.perf_counter() - start) / len(chosen))
            processor[name].append((time.process_time() - used) / len(chosen))
            say(f"  {name:28} {seconds[name][-1]:.2f} s, {processor[name][-1]:.2f} processor-s a report")
    figures: dict[str, Any] = {"model": model.name, "reports": count, "threads": threads, "rounds": ROUNDS}
    figures["reports_per_s"] = {name: round(1 / statistics.median(of_way), 3) for name, of_way in seconds.items()}
    figures["processor_s"] = {name: round(statistics.median(of_way), 2) for name, of_way in processor.items()}
    fast = seconds["ctranslate2 float32"]
    figures["float32_times"] = {
        name: round(statistics.median(slow / fast for slow, fast in zip(of_way, fast, strict=True)), 2)
        for name, of_way in seconds.items()
    }
    figures["text"] = {}
    for name in [name for name, way in ways.items() if way[0] == "ctranslate2"]:
        pairs = zip(written[name], written["ctranslate2 float32"], strict=True)
        same = sum(mine.hypotheses[0].text == theirs.hypotheses[0].text for mine, theirs in pairs)
        figures["text"][name] = {"same_best": same, "of": count} | rouge(reports, written[name])
    four = generate.model_copy(update={"num_return_sequences": 4})
    record, _ = prove(model, four, filled[:PARITY_PROMPTS], chat=asked.prompt.chat)
    figures["parity"] = record.describe()
    for name, value in figures.items():
        say(f"{name}: {value}")
    say(json.dumps(figures))
    return 0


def rouge(reports: Sequence[Any], generations: Sequence[Generation]) -> dict[str, float]:
    """Return the mean F-measures of the best texts, x100."""
    scorer = Scorer(stemmer=True)
    scores = [
        scorer.score(report.reference, generation.hypotheses[0].text)
        for report, generation in zip(reports, generations, strict=True)
    ]
    return {metric: round(100 * statistics.fmean(score[metric] for score in scores), 2) for metric in METRICS}


if __name__ == "__main__":
    sys.exit(main())
