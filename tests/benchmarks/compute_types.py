"""What a compute type changes in what is written: ``python -m tests.benchmarks.compute_types [folder]``.

The small T5 trained on Open-i (in `folder`, kept there) writes for all of Open-i's findings with beam 4 in float32 by
transformers, which is the reference, and by every other engine and compute type that this machine knows. Printed for
each: the share of reports whose best text is the same, whose whole n-best of 2 is, and ROUGE-1, -2 and -L against the
radiologist's impression with its difference to the reference's and the half-width of its 95 % interval (paired, on all
reports and on those of validation, which the model was not trained on). The last line is JSON.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from radray.errors import ConfigError
from radray.evaluation.rouge import Scorer
from radray.models.engines.engine import Generation
from radray.models.engines.opening import open_engine
from radray.models.engines.parity import compare
from radray.reports.splits import SplitCut
from radray.settings.generate import GenerateSettings
from tests.benchmarks.generate_speed import openi, prompts_of
from tests.benchmarks.trained_model import say, trained_model

WAYS = (
    ("ctranslate2", "float32"),
    ("ctranslate2", "int8"),
    ("ctranslate2", "bfloat16"),
    ("transformers", "bfloat16"),
)
METRICS = ("rouge1_f", "rouge2_f", "rougel_f")


def main() -> int:
    """Write with each compute type and print how it differs."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/benchmarks").resolve()
    model, _ = trained_model(folder)
    rows = openi(folder)
    rows = rows.filter(pc.is_valid(rows.column("reference")))
    prompts, references = prompts_of(rows), rows.column("reference").to_pylist()
    cut = SplitCut(0.1, 13)
    held_out = [cut.split_of("train", key) == "validation" for key in rows.column("split_key").to_pylist()]
    scorer = Scorer(stemmer=True)

    def write(engine: str, compute_type: str) -> tuple[list[Generation], float]:
        settings = GenerateSettings(engine=engine, compute_type=compute_type, threads_per_actor=1)  # type: ignore[arg-type]
        opened = open_engine(model, settings)
        start = time.perf_counter()
        return opened.generate(prompts), time.perf_counter() - start

    def scores(generations: list[Generation]) -> list[dict[str, float]]:
        pairs = zip(references, generations, strict=True)
        return [scorer.score(reference, generation.hypotheses[0].text) for reference, generation in pairs]

    wanted, seconds = write("transformers", "float32")
    of_wanted = scores(wanted)
    figures: dict[str, Any] = {"reports": len(prompts), "validation": sum(held_out), "reference_s": round(seconds, 1)}
    for engine, compute_type in WAYS:
        name = f"{engine} {compute_type}"
        try:
            generations, seconds = write(engine, compute_type)
        except ConfigError as error:
            figures[name] = str(error)
            say(f"{name:24} {error}")
            continue
        comparison = compare(generations, wanted)
        of_type = scores(generations)
        figures[name] = {
            "same_best": comparison.equal_best / comparison.n,
            "same_n_best": comparison.equal / comparison.n,
        }
        figures[name]["seconds"] = round(seconds, 1)
        for part, kept in (("all", [True] * len(prompts)), ("validation", held_out)):
            for metric in METRICS:
                pairs = [(a[metric], b[metric]) for a, b, k in zip(of_type, of_wanted, kept, strict=True) if k]
                differences = [a - b for a, b in pairs]
                figures[name][f"{part} {metric}"] = {
                    "mean": round(100 * statistics.fmean(a for a, _ in pairs), 2),
                    "difference": round(100 * statistics.fmean(differences), 3),
                    "half_width": round(196 * statistics.stdev(differences) / len(differences) ** 0.5, 3),
                }
        say(f"{name:24} {figures[name]}")
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
