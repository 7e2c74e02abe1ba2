"""SmolLM2's training speed, radray's loop against transformers' Trainer: ``python -m tests.benchmarks.pretrained_speed
FOLDER [steps [threads]]``.

FOLDER is that of `pretrained`, which has prepared the reports. Both train the same weights on the same reports in steps
of 16, AdamW on float32 weights, computing in the type that ``train.precision=auto`` has here; radray as the config
smollm2.yaml says (batches of like length, calls of at most `train.micro_batch_tokens`, the logits of targets alone),
Trainer with its defaults (batches as they come, padded to their longest, prompts masked in the labels), and once more
with its own length grouping. Every run is a process of its own; the ways take turns, twice; a run's figure is over its
steps but the first two. Prints examples a second, ratios, peak memory and, as the last line, JSON.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from radray.models.families.registry import open_family
from radray.models.folder import open_model
from radray.tables.catalog import Warehouse
from radray.tasks.registry import find_prompt
from radray.training.dataset import read_examples
from radray.training.driver.trainer import WORKER_ENVIRONMENT
from radray.training.lessons import Lessons
from radray.training.loop.examples import Examples
from tests.benchmarks.pretrained import examples_of, settings_of
from tests.benchmarks.trained_model import say
from tests.support.paths import ROOT

WAYS = ("radray", "Trainer", "Trainer, group_by_length")
ROUNDS, WARM_UP = 2, 2


def with_radray(base: Path, settings: Any, examples: Examples, held_out: Examples, stamps: list[float]) -> None:
    """Train with radray's loop."""
    from radray.training.loop.loop import train
    from radray.training.loop.optimisers import build_optimiser
    from radray.training.loop.sharding import Worker, load_plain, spread
    from radray.training.loop.state import State

    def stamp() -> bool:
        stamps.append(time.perf_counter())
        return False

    learner = spread(load_plain(base, settings.train, Worker()), settings.train, Worker())
    optimiser = build_optimiser(learner.plain, settings.train)
    train(
        *(learner, optimiser, examples, held_out, settings.train, State()),
        log=lambda *_: None,
        save=lambda _: None,
        should_stop=stamp,
    )


def with_trainer(base: Path, settings: Any, examples: Examples, stamps: list[float], sampling: str) -> None:
    """Train with transformers' Trainer: one sequence of prompt and target, padded at its end, the prompt masked."""
    from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments

    class Watch(TrainerCallback):
        def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
            stamps.append(time.perf_counter())

    tokenizer = open_family(base).load_tokenizer(base)
    rows = [
        {"input_ids": prompt + target, "labels": [-100] * len(prompt) + target}
        for prompt, target in zip(examples.inputs, examples.targets, strict=True)
    ]

    def collate(batch: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        width = max(len(row["input_ids"]) for row in batch)
        padding = {"input_ids": tokenizer.pad_token_id, "labels": -100}
        padded = {
            name: torch.tensor([row[name] + [value] * (width - len(row[name])) for row in batch])
            for name, value in padding.items()
        }
        masks = [[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in batch]
        return {**padded, "attention_mask": torch.tensor(masks)}

    chosen = settings.train
    with tempfile.TemporaryDirectory() as temporary:
        trainer = Trainer(
            model=AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
            args=TrainingArguments(
                output_dir=temporary,
                max_steps=chosen.max_steps,
                per_device_train_batch_size=chosen.batch_size,
                learning_rate=chosen.learning_rate,
                bf16=chosen.precision == "bf16",
                train_sampling_strategy=sampling,
                use_cpu=True,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            train_dataset=rows,
            data_collator=collate,
            callbacks=[Watch()],
        )
        trainer.train()


def child(way: str, folder: Path, steps: int, threads: int) -> None:
    """Train in one way and print its figures."""
    settings = settings_of(folder, [f"train.max_steps={steps}", f"train.threads_per_worker={threads}"])
    torch.set_num_threads(threads)
    asked = find_prompt("sections-v1")
    base = open_model("smollm2", verify=False).path
    data = read_examples(Warehouse(settings.warehouse), settings, lambda: Lessons(asked))
    examples = examples_of(data, base, settings, chat=False)
    held_out = Examples(examples["validation"].inputs[:2], examples["validation"].targets[:2], 0, 0)
    stamps: list[float] = []
    if way == "radray":
        with_radray(base, settings, examples["train"], held_out, stamps)
    else:
        sampling = "group_by_length" if "group" in way else "random"
        with_trainer(base, settings, examples["train"], stamps, sampling)
    seconds = stamps[-1] - stamps[WARM_UP]
    figures = {
        "examples_per_s": settings.train.batch_size * (len(stamps) - 1 - WARM_UP) / seconds,
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "precision": settings.train.precision,
    }
    say(json.dumps(figures))


def main() -> int:
    """Let the ways take turns and print their speeds."""
    folder = Path(sys.argv[1])
    steps, threads = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((2, 24), (3, 2)))
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in WAYS:
            arguments = ["--child", way, str(folder), str(steps), str(threads)]
            command = [sys.executable, "-m", "tests.benchmarks.pretrained_speed", *arguments]
            environment = os.environ | (WORKER_ENVIRONMENT if way == "radray" else {})
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env=environment)
            runs[way].append(json.loads(done.stdout.splitlines()[-1]))
            say(f"  {way:28} {runs[way][-1]}")
    rates = {way: [run["examples_per_s"] for run in of_way] for way, of_way in runs.items()}
    times = {
        way: round(statistics.median(ours / theirs for ours, theirs in zip(rates["radray"], of_way, strict=True)), 2)
        for way, of_way in rates.items()
    }
    for way, of_way in rates.items():
        say(f"{way:28} {statistics.median(of_way):.2f} examples/s, radray is {times[way]} times that")
    say(json.dumps({"steps": steps, "threads": threads, "runs": runs, "radray_times": times}))
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        sys.exit(main())
