"""What exemplars and a consensus cost: ``python -m tests.benchmarks.exemplar_speed [MODEL ...] [--threads N]``.

Reports a second of `radray.pipelines.write_impressions`, the stage of a night, over 64 reports of Open-i with different
findings, in CTranslate2 (float32), nothing answered from repeats:

- plain: greedy search under the family's plain prompt,
- exemplars: greedy search, the impressions of the 3 nearest of the other reports in the prompt,
- beam: the same with a beam of 4, all of which are kept,
- consensus: that and the impressions of 10 neighbours, of which the most agreed one is written, by words and findings.

MODEL: a model folder, ``smollm2`` or ``tiny`` (a T5 of 3.4 million parameters, built here); both of these if none is
named. Neither is trained, so answers are cut at 16 tokens, the length of most impressions: an untrained model does not
end by itself. Each way is opened once; the ways take turns, in three rounds, after a first report that is not timed.
Printed: medians, and the ratios of the rounds to plain. The last line is JSON.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from radray.models.families.registry import family_name
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import MANIFEST, write_manifest
from radray.models.neighbours import carried, write_neighbours
from radray.pipelines.write_impressions import WriteImpressions
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings
from radray.tasks.registry import find_prompt
from tests.benchmarks.openi_folds import Report, as_row, read_reports
from tests.benchmarks.trained_model import say

MODELS = ("smollm2", "tiny")
PROMPTS = {"causal": ("sections-v1", "similar-sections-v1"), "t5": ("background-findings-v1", "similar-findings-v1")}
TINY = TinySettings(vocab_size=2000, d_model=192, d_ff=384, num_layers=3)
WAYS: dict[str, tuple[bool, dict[str, Any]]] = {
    "plain": (False, {}),
    "exemplars": (True, {}),
    "beam": (True, {"num_beams": 4, "num_return_sequences": 4}),
    "consensus": (
        True,
        {"num_beams": 4, "num_return_sequences": 4, "consensus": "both", "consensus_neighbours": 10},
    ),
}
"""Whether the prompt shows exemplars, and settings."""
REPORTS = 64
ROUNDS = 3


def with_neighbours(uri: str, reports: list[Report], folder: Path) -> ModelFolder:
    """Return a copy of the model in `folder` that carries the `reports` with it."""
    if uri == "tiny":
        build_tiny(
            [text for report in reports for text in (report.findings, report.reference)], folder, size=TINY, seed=1
        )
    else:
        # files of hundreds of megabytes are not copied where they can be linked
        shutil.copytree(open_model(uri).path, folder, copy_function=_link, ignore=shutil.ignore_patterns(MANIFEST))
    rows = [as_row(report, place) for place, report in enumerate(reports)]
    write_neighbours(carried(rows, (report.reference for report in reports)), folder)
    write_manifest(folder, uri, {})
    return open_model(str(folder))


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def measure(model: ModelFolder, batch: pa.Table, threads: int) -> dict[str, list[float]]:
    """Return the seconds of each round of each way."""
    prompts = PROMPTS[family_name(model.path)]
    base = {"engine": "ctranslate2", "num_beams": 1, "num_return_sequences": 1, "max_new_tokens": 16}
    alike = {"repeats_kept": 0, "threads_per_actor": threads}
    stages = {
        name: WriteImpressions(
            model,
            find_prompt(prompts[exemplars]),
            GenerateSettings(**base | alike | settings),  # type: ignore[arg-type]
        )
        for name, (exemplars, settings) in WAYS.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in stages}
    for stage in stages.values():
        stage(batch.slice(0, 1))
    for number in range(ROUNDS):
        for name, stage in stages.items():
            began = time.monotonic()
            stage(batch)
            seconds[name].append(time.monotonic() - began)
        say(f"  round {number + 1}: " + ", ".join(f"{name} {its[-1]:.1f} s" for name, its in seconds.items()))
    for stage in stages.values():
        stage.engine.close()
    return seconds


def main() -> int:
    """Measure, print, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    reports = list({report.key: report for report in read_reports()}.values())
    asked, others = reports[:REPORTS], reports[REPORTS:]
    rows = [as_row(report, 90_000 + place) for place, report in enumerate(asked)]
    batch = pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in WriteImpressions.reads]))
    figures: dict[str, Any] = {"threads": given.threads}
    for uri in given.models or MODELS:
        with tempfile.TemporaryDirectory() as temporary:
            say(f"{uri}:")
            seconds = measure(with_neighbours(uri, others, Path(temporary) / "model"), batch, given.threads)
        its = figures[uri] = {
            name: {
                "reports_per_s": round(REPORTS / statistics.median(of_way), 2),
                "of_plain": round(
                    statistics.median(plain / way for plain, way in zip(seconds["plain"], of_way, strict=True)), 3
                ),
            }
            for name, of_way in seconds.items()
        }
        for name, cell in its.items():
            say(f"  {name:12} {cell['reports_per_s']:8.2f} reports/s, {cell['of_plain']:.3f} of plain")
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
