"""Training speed, radray's loop against Seq2SeqTrainer: ``python -m tests.benchmarks.training_speed [key=value ...]``.

``pip install accelerate`` first: transformers' trainer wants it, radray does not. Both train the same small T5 (from
the same files) for an epoch of the same reports, Open-i's where ``$RADRAY_DATA/openi`` (or the folder ``shared/data``
beside the checkout) has them, else made-up ones: 32 examples a step, AdamW, one rate that rises over 5 % of the steps
and falls in a line, float32, one process of one thread (two that wait for each other, on a machine that
does other work, are ten times slower), no Ray. radray: batches of like length, calls of at most
``train.micro_batch_tokens``, as its jobs train. Seq2SeqTrainer: its defaults (batches as they come, padded to their
longest), and once more with its own length grouping. Every run is a process of its own; the ways take turns, so that
other load on the machine affects all alike; a ratio is one round's, and the median of the rounds is reported. A run's
figure is over its steps but the first two (which make buffers), validation left out; val_loss, by radray's own
function, shows that all learnt alike. Overrides (``train.micro_batch_tokens=4096 model.tiny.d_model=128 ...``) are
radray's settings. Prints a table and, as the last line, JSON.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from radray.reports.formats import mimic
from radray.reports.formats import openi_csv as openi
from radray.reports.record.record import Record
from radray.reports.synthetic.studies import make_studies
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.tasks.registry import choose
from tests.benchmarks.trained_model import say
from tests.support.paths import openi_file

ROUNDS = 3
WARM_UP = 2
HELD_OUT = 128
WAYS = ("radray", "Seq2SeqTrainer", "Seq2SeqTrainer, group_by_length")
DEFAULTS = (
    *("model.tiny.vocab_size=2000", "model.tiny.d_model=128", "model.tiny.d_ff=256", "model.tiny.num_layers=2"),
    *("train.epochs=1", "train.batch_size=32", "train.micro_batch_tokens=4096", "train.learning_rate=1e-3"),
    *("train.max_input_tokens=256", "train.max_target_tokens=128", "train.threads_per_worker=1"),
)


def records() -> tuple[str, list[Record]]:
    """Return the name of the source, and those of its reports that have findings and a reference."""
    file = openi_file()
    if file.is_file():
        with file.open("rb") as opened:
            name, all_records = "Open-i", list(openi.read(opened))
    else:
        name = "made up"
        all_records = [mimic.read(study.text.encode(), study.path) for study in make_studies(1_400, 5)]
    return name, [record for record in all_records if record.findings and record.reference]


def texts(settings: Settings) -> tuple[str, list[str], list[str]]:
    """Return what the reports are, their prompts and their impressions."""
    name, usable = records()
    prompt = choose(settings.model, "tiny", "t5", {}).prompt
    return (
        name,
        [prompt.fill(record.findings or "", record.background) for record in usable],
        [record.reference or "" for record in usable],
    )


class Stamps:
    """When each step had its gradients, and how much of what the model was given is padding."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.tokens = self.places = 0

    def __call__(self) -> bool:
        """Note a step's time; for radray, which asks whether to stop: no."""
        self.times.append(time.perf_counter())
        return False

    def add(self, rows: list[int]) -> None:
        """Count a padded tensor whose `rows` are so long."""
        self.tokens += sum(rows)
        self.places += len(rows) * max(rows, default=0)


def with_radray(folder: Path, settings: Settings, train: Any, held_out: Any, stamps: Stamps) -> Any:
    """Train with radray's loop; return the model."""
    from radray.training.loop.examples import calls, epoch_batches
    from radray.training.loop.loop import train as run
    from radray.training.loop.optimisers import build_optimiser
    from radray.training.loop.sharding import Worker, load_plain, spread
    from radray.training.loop.state import State

    learner = spread(load_plain(folder, settings.train, Worker()), settings.train, Worker())
    optimiser = build_optimiser(learner.plain, settings.train)
    run(
        *(learner, optimiser, train, held_out, settings.train, State()),
        log=lambda *_: None,
        save=lambda _: None,
        should_stop=stamps,
    )
    # the batches are a function of seed and epoch: counted after the clock has stopped
    for batch in epoch_batches(train, settings.train.batch_size, seed=settings.train.seed, epoch=0):
        for rows in calls(train, batch, 0, 1, settings.train.micro_batch_tokens):
            for side in (train.inputs, train.targets):
                stamps.add([len(side[row]) for row in rows])
    return learner.plain


def with_trainer(folder: Path, settings: Settings, train: Any, stamps: Stamps, sampling: str) -> Any:
    """Train with transformers' Seq2SeqTrainer; return the model."""
    from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer, Seq2SeqTrainingArguments, TrainerCallback

    from radray.models.families.loading import load_tokenizer
    from radray.models.families.t5.loading import load_model

    class Watch(TrainerCallback):
        def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
            stamps()

    model, tokenizer = load_model(folder), load_tokenizer(folder)
    collate = DataCollatorForSeq2Seq(tokenizer, model=model)

    def counted(rows: list[dict[str, Any]]) -> Any:
        for name in ("input_ids", "labels"):
            stamps.add([len(row[name]) for row in rows])
        return collate(rows)

    chosen = settings.train
    trainer = Seq2SeqTrainer(
        model=model,
        args=Seq2SeqTrainingArguments(
            output_dir=str(folder / "trainer"),
            num_train_epochs=chosen.epochs,
            per_device_train_batch_size=chosen.batch_size,
            learning_rate=chosen.learning_rate,
            # below 1: a share of the steps
            warmup_steps=chosen.warmup_fraction,
            weight_decay=chosen.weight_decay,
            max_grad_norm=chosen.max_gradient_norm,
            train_sampling_strategy=sampling,
            seed=chosen.seed,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=[{"input_ids": i, "labels": t} for i, t in zip(train.inputs, train.targets, strict=True)],
        data_collator=counted,
        processing_class=tokenizer,
        callbacks=[Watch()],
    )
    trainer.train()
    return model


def child(way: str, folder: Path, overrides: list[str]) -> None:
    """Train in one way and print its figures."""
    import torch

    from radray.models.families.registry import open_family
    from radray.training.loop.loop import evaluate
    from radray.training.loop.sharding import Learner, Worker
    from tests.support.training.examples import tokenise

    settings = load_settings([], [*DEFAULTS, *overrides])
    torch.set_num_threads(settings.train.threads_per_worker)
    _, inputs, targets = texts(settings)
    # whole batches alone, so that all ways take as many steps of as many examples
    whole = (len(inputs) - HELD_OUT) // settings.train.batch_size * settings.train.batch_size
    family = open_family(folder)
    train, held_out = (
        tokenise(
            *(family, family.load_tokenizer(folder), inputs[part], targets[part]),
            max_input_tokens=settings.train.max_input_tokens,
            max_target_tokens=settings.train.max_target_tokens,
        )
        for part in (slice(whole), slice(-HELD_OUT, None))
    )
    stamps = Stamps()
    if way == "radray":
        model = with_radray(folder, settings, train, held_out, stamps)
    else:
        model = with_trainer(folder, settings, train, stamps, "group_by_length" if "group" in way else "random")
    times = stamps.times[WARM_UP:]
    steps = [after - before for before, after in pairwise(times)]
    with torch.no_grad():
        val_loss = evaluate(Learner(model, model, Worker()), held_out, settings.train.batch_size, 8_192)
    result = {
        "examples_per_s": settings.train.batch_size * len(steps) / (times[-1] - times[0]),
        "steps": len(stamps.times),
        "padding": 1 - stamps.tokens / stamps.places,
        "val_loss": val_loss,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "examples": len(train),
    }
    say(json.dumps(result))


def main() -> int:
    """Let the ways take turns and print their speeds."""
    from radray.models.families.t5.tiny import build_tiny

    overrides = sys.argv[1:]
    settings = load_settings([], [*DEFAULTS, *overrides])
    name, inputs, targets = texts(settings)
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        build_tiny([*inputs, *targets], folder, size=settings.model.tiny, seed=1)
        rounds = int(os.environ.get("ROUNDS", ROUNDS))
        for _ in range(rounds):
            for way in WAYS:
                command = [
                    sys.executable,
                    "-m",
                    "tests.benchmarks.training_speed",
                    "--child",
                    way,
                    str(folder),
                    *overrides,
                ]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                runs[way].append(json.loads(done.stdout.splitlines()[-1]))
                say(f"  {way:34} {runs[way][-1]['examples_per_s']:8.1f} examples/s")
    rates = {way: [run["examples_per_s"] for run in of_way] for way, of_way in runs.items()}
    times = {
        way: statistics.median(ours / theirs for ours, theirs in zip(rates["radray"], of_way, strict=True))
        for way, of_way in rates.items()
    }
    first = runs["radray"][0]
    say(
        f"T5 of {first['parameters']:,} parameters, {first['examples']:,} reports ({name}), {first['steps']} steps of"
        f" {settings.train.batch_size}, {settings.train.threads_per_worker} thread(s), {rounds} rounds"
    )
    for way, of_way in rates.items():
        run = runs[way][0]
        say(
            f"{way:34} {statistics.median(of_way):8.1f} examples/s ({min(of_way):.1f} to {max(of_way):.1f}), radray is"
            f" {times[way]:4.2f} times that; {run['padding']:.0%} padding, val_loss {run['val_loss']:.3f}"
        )
    say(
        json.dumps(
            {
                **{"reports": name, "examples": first["examples"], "parameters": first["parameters"], "rounds": rounds},
                "threads": settings.train.threads_per_worker,
                "examples_per_s": {way: round(statistics.median(of_way), 1) for way, of_way in rates.items()},
                "radray_times": {way: round(value, 3) for way, value in times.items()},
                "padding": {way: round(of_way[0]["padding"], 3) for way, of_way in runs.items()},
                "val_loss": {way: round(of_way[0]["val_loss"], 4) for way, of_way in runs.items()},
            }
        )
    )
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
    else:
        sys.exit(main())
