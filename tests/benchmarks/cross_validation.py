"""Cross-validation on Open-i, grouped by findings text: ``python -m tests.benchmarks.cross_validation [--help]``.

All reports with findings and impression of ``$RADRAY_DATA/openi`` in five folds that never share a findings text. In
each fold a small T5 is built from the text of the other four (``model.init=tiny``) and trained for ``--minutes`` with
radray's loop, a tenth of their texts held out to choose epochs and thresholds by; as many epochs as will fit by
the time of a dozen steps. Beside the three floors are shown:

- *model*: the beam's best,
- *model or neighbour*: the nearest training impression where the model's log-probability a token is below a threshold,
- *consensus*: of the beam's candidates and the impressions of the ten nearest reports the one that has most words in
  common with all the others, the share of the model's vote chosen like the threshold, and *neighbours' consensus*, the
  same without a model.

The options are the variants tried; each is a run. ROUGE with stemmer, cleaned references, x100, normal and
abnormal references apart, 95 % intervals and differences to the nearest neighbour by clusters of equal findings.
``--only 1`` runs the first fold alone. Prints a table and, as the last line, JSON. No report text is printed or kept.
"""

import argparse
import copy
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import GroupKFold
from torch import nn

from radray.evaluation.bootstrap import codes_of, intervals, resampled_means
from radray.evaluation.floors import best_constant, first_sentence
from radray.evaluation.rouge import Scorer
from radray.language.normality import is_normal
from radray.models.engines.opening import open_engine
from radray.models.families.registry import open_family
from radray.models.families.t5.saving import save_model
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import open_model
from radray.models.manifest import write_manifest
from radray.reports.formats import mimic
from radray.reports.formats import openi_csv as openi
from radray.reports.splits import is_validation
from radray.reports.synthetic.studies import make_studies
from radray.settings.generate import GenerateSettings
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.tasks.registry import find_prompt
from radray.training.loop.loop import train
from radray.training.loop.optimisers import build_optimiser
from radray.training.loop.sharding import Learner, Worker, load_plain, spread
from radray.training.loop.state import State
from tests.benchmarks.neighbours import Consensus, Neighbours, Report, report_of
from tests.benchmarks.trained_model import say
from tests.support.paths import openi_file
from tests.support.training.examples import tokenise

FLOORS = ("best constant", "first sentence", "nearest neighbour")
MODELS = ("model", "model or neighbour", "neighbours' consensus", "consensus")
METRICS = ("rouge1_f", "rouge2_f", "rougel_f")
TUNING = 0.1
NEAREST = 10
PACE_STEPS = 12
DEFAULTS = (
    *("train.learning_rate=1e-3", "train.batch_size=16", "train.max_input_tokens=384", "train.max_target_tokens=128"),
    *("train.threads_per_worker=2", "model.tiny.vocab_size=2000", "model.tiny.d_model=192", "model.tiny.d_ff=384"),
    "model.tiny.num_layers=3",
)


def reports() -> list[Report]:
    """Return all reports of Open-i with findings and impression, in the order of the file."""
    file = openi_file()
    if not file.is_file():
        raise SystemExit(f"{file} is not there: set RADRAY_DATA to the folder of the reports")
    with file.open("rb") as opened:
        return [report_of(record) for record in openi.read(opened) if record.findings and record.reference]


def inputs_of(asked: Sequence[Report], neighbours: Neighbours, given: argparse.Namespace) -> list[str]:
    """Return the prompts, with the impressions of the nearest reports at their end if `given` asks for it."""
    prompt = find_prompt(given.prompt).prompt
    filled = [prompt.fill(report.findings, report.background) for report in asked]
    if not given.neighbours:
        return filled
    near = neighbours.nearest(asked, given.neighbours)
    return [
        f"{text} Similar: {' Or: '.join(impression for impression, _ in impressions)}"
        for text, impressions in zip(filled, near, strict=True)
    ]


def learn(
    folder: Path, pairs: dict[str, tuple[list[str], list[str]]], settings: Settings, given: argparse.Namespace
) -> dict[str, Any]:
    """Train the model of `folder` in place for the time that is given; return epochs, steps and the least loss."""
    chosen = settings.train
    family = open_family(folder)
    tokenizer = family.load_tokenizer(folder)
    examples = {
        name: tokenise(
            *(family, tokenizer, *pair),
            max_input_tokens=chosen.max_input_tokens,
            max_target_tokens=chosen.max_target_tokens,
        )
        for name, pair in pairs.items()
    }
    plain = load_plain(folder, chosen, Worker())
    for module in plain.modules():
        if isinstance(module, nn.Dropout):
            module.p = given.dropout
        elif isinstance(getattr(module, "dropout", None), float):
            module.dropout = given.dropout

    def run(learner: Learner, name: str, epochs: int, steps: int | None, save: Callable[[State], None]) -> float:
        now = chosen.model_copy(update={"epochs": epochs, "max_steps": steps})
        return train(
            *(learner, build_optimiser(learner.plain, now), examples[name], examples["tuning"], now, State()),
            log=lambda *_: None,
            save=save,
        ).examples_per_second

    started = time.monotonic()
    if "synthetic" in pairs:
        run(spread(plain, chosen, Worker()), "synthetic", 1, None, lambda _: None)
    epochs = given.epochs
    if epochs is None:
        pace = run(spread(copy.deepcopy(plain), chosen, Worker()), "train", 1, PACE_STEPS, lambda _: None)
        # a pass over what tunes, a ninth as many, is a third of the work
        left = given.minutes * 60 - (time.monotonic() - started)
        epochs = max(1, int(left * pace / len(examples["train"]) / (1 + TUNING / 3)))
    kept: list[tuple[float, int, dict[str, torch.Tensor]]] = []

    def keep(state: State) -> None:
        if state.val_loss is not None:
            weights = {name: value.detach().clone() for name, value in plain.state_dict().items()}
            kept.append((state.val_loss, state.step, weights))
            kept.sort(key=lambda state: state[0] if given.keep == "loss" else -state[1])
            del kept[given.average :]

    run(spread(plain, chosen, Worker()), "train", epochs, None, keep)
    mean = {name: torch.stack([state[2][name] for state in kept]).mean(0) for name in kept[0][2]}
    plain.load_state_dict(mean)
    save_model(plain, tokenizer, folder)  # type: ignore[arg-type]
    return {
        "epochs": epochs,
        "seconds": round(time.monotonic() - started, 1),
        "parameters": sum(parameter.numel() for parameter in plain.parameters()),
        "val_loss": round(min(loss for loss, _, _ in kept), 4),
        "kept_steps": sorted(step for _, step, _ in kept),
    }


def fold(known: list[Report], asked: list[Report], settings: Settings, given: argparse.Namespace) -> dict[str, Any]:
    """Train on `known` and return the predictions of every system for `asked`, and what the training took."""
    neighbours = Neighbours(known)
    tuning = [report for report in known if is_validation(report.key, fraction=TUNING, seed=settings.train.seed)]
    rest = [report for report in known if not is_validation(report.key, fraction=TUNING, seed=settings.train.seed)]
    pairs = {
        name: (inputs_of(some, neighbours, given), [report.reference for report in some])
        for name, some in (("train", rest), ("tuning", tuning))
    }
    if given.synthetic:
        synthetic = [
            report_of(mimic.read(study.text.encode(), study.path)) for study in make_studies(given.synthetic, 5)
        ]
        pairs["synthetic"] = (inputs_of(synthetic, neighbours, given), [report.reference for report in synthetic])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        text = [line for pair in pairs.values() for side in pair for line in side]
        build_tiny(text, folder, size=settings.model.tiny, seed=settings.train.seed)
        took = learn(folder, pairs, settings, given)
        write_manifest(folder, "model", {})
        generate = GenerateSettings(
            engine="ctranslate2",
            num_beams=8,
            num_return_sequences=8,
            threads_per_actor=settings.train.threads_per_worker,
            max_input_tokens=settings.train.max_input_tokens,
        )
        engine = open_engine(open_model(str(folder)), generate)
        written = {
            name: engine.generate(inputs_of(some, neighbours, given))
            for name, some in (("tuning", tuning), ("asked", asked))
        }
    near = {name: neighbours.nearest(some, NEAREST) for name, some in (("tuning", tuning), ("asked", asked))}
    scorer = Scorer(stemmer=True)

    def score(texts: Sequence[str]) -> float:
        matched = zip(tuning, texts, strict=True)
        return statistics.fmean(scorer.score(report.reference, text)["rouge1_f"] for report, text in matched)

    def copied(name: str, threshold: float) -> list[str]:
        return [
            generation.hypotheses[0].text if (generation.logprob_per_token or 0.0) >= threshold else closest[0][0]
            for generation, closest in zip(written[name], near[name], strict=True)
        ]

    voted = {name: [Consensus(*pair) for pair in zip(near[name], written[name], strict=True)] for name in near}
    sure = np.quantile([generation.logprob_per_token or 0.0 for generation in written["tuning"]], np.linspace(0, 1, 21))
    threshold = max((-np.inf, *sure), key=lambda value: score(copied("tuning", value)))
    share = max(
        (0.0, 0.25, 0.5, 0.75, 1.0), key=lambda value: score([consensus.text(value) for consensus in voted["tuning"]])
    )
    took |= {"threshold": round(float(threshold), 3), "share_of_the_model": share, "tuning": len(tuning)}
    findings = [report.findings for report in asked]
    return {
        "took": took,
        "best constant": [best_constant([report.reference for report in known], stemmer=True)] * len(asked),
        "first sentence": [first_sentence(text) for text in findings],
        "nearest neighbour": neighbours.predict(findings),
        "model": [generation.hypotheses[0].text for generation in written["asked"]],
        "model or neighbour": copied("asked", threshold),
        "neighbours' consensus": [Consensus(impressions, None).text(0.0) for impressions in near["asked"]],
        "consensus": [consensus.text(share) for consensus in voted["asked"]],
    }


def figures_of(asked: list[Report], predictions: dict[str, list[str]]) -> dict[str, Any]:
    """Return mean, interval and difference to the nearest neighbour by stratum, system and metric, x100."""
    scorer = Scorer(stemmer=True)
    systems = list(predictions)
    scores = np.array(
        [
            [
                scorer.score(report.reference, predictions[system][place])[metric]
                for system in systems
                for metric in METRICS
            ]
            for place, report in enumerate(asked)
        ]
    ).reshape(len(asked), len(systems), len(METRICS))
    verdicts = [is_normal(report.reference) for report in asked]
    by_stratum: dict[str, Any] = {}
    for stratum, wanted in (("all", None), ("normal", True), ("abnormal", False)):
        rows = [place for place, verdict in enumerate(verdicts) if wanted is None or verdict is wanted]
        values = 100 * scores[rows]
        columns = np.concatenate([values, values - values[:, [systems.index("nearest neighbour")]]], axis=1)
        clusters = codes_of(np.array([asked[place].key for place in rows]))
        flat = columns.reshape(len(rows), -1)
        low, high = intervals(resampled_means(flat, clusters, 2_000, 13))
        figures = np.stack([flat.mean(0), low, high]).reshape(3, 2, len(systems), len(METRICS)).round(1)
        by_stratum[stratum] = {"reports": len(rows), "clusters": len(set(clusters))} | {
            system: {
                metric.removesuffix("_f"): figures[:, 0, place, column].tolist()
                for column, metric in enumerate(METRICS)
            }
            | {"rouge1_to_nearest": figures[:, 1, place, 0].tolist()}
            for place, system in enumerate(systems)
        }
    return by_stratum


def main() -> int:
    """Run the folds and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", type=int, help="the first so many folds alone")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training a fold")
    parser.add_argument("--epochs", type=int, help="in the place of minutes")
    parser.add_argument("--prompt", default="background-findings-v1", help="findings-v1: without background")
    parser.add_argument("--neighbours", type=int, default=0, help="nearest training impressions in the prompt")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--average", type=int, default=1, help="epochs whose weights are averaged")
    parser.add_argument(
        "--keep", choices=("loss", "last"), default="loss", help="epochs of the least loss, or the last"
    )
    parser.add_argument("--synthetic", type=int, default=0, help="made-up reports to train an epoch on first")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="train.* and model.tiny.*")
    given = parser.parse_intermixed_args()
    settings = load_settings([], [*DEFAULTS, *given.settings])
    torch.set_num_threads(settings.train.threads_per_worker)
    everything = reports()
    keys = [report.key for report in everything]
    asked: list[Report] = []
    predictions: dict[str, list[str]] = {system: [] for system in (*FLOORS, *MODELS)}
    took = []
    splits = list(GroupKFold(given.folds, shuffle=True, random_state=13).split(keys, groups=keys))[: given.only]
    for number, (known_places, asked_places) in enumerate(splits, start=1):
        here = [everything[place] for place in asked_places]
        began = time.monotonic()
        result = fold([everything[place] for place in known_places], here, settings, given)
        took.append({**result["took"], "fold_seconds": round(time.monotonic() - began, 1)})
        say(f"fold {number}: {len(here)} reports, {json.dumps(took[-1])}")
        asked += here
        for system, texts in predictions.items():
            texts += result[system]
    figures = figures_of(asked, predictions)
    for stratum, values in figures.items():
        say(f"{stratum}: {values['reports']:,} reports of {values['clusters']:,} findings texts")
        for system in predictions:
            its = values[system]
            mean, low, high = its["rouge1"]
            more = its["rouge1_to_nearest"]
            say(
                f"  {system:24} ROUGE-1 {mean:5.1f} [{low:5.1f}, {high:5.1f}]  ROUGE-2 {its['rouge2'][0]:5.1f}  ROUGE-L"
                f" {its['rougel'][0]:5.1f}  to the nearest neighbour {more[0]:+5.1f} [{more[1]:+5.1f}, {more[2]:+5.1f}]"
            )
    options = {name: value for name, value in vars(given).items() if value is not None}
    say(json.dumps({"options": options, "folds": len(splits), "took": took, "figures": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
