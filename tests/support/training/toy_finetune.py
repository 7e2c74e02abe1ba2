"""Fine-tuning a toy model through Ray: the tables, the settings, and, as a program, a driver that can be killed."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import ray

from radray.errors import RadrayError
from radray.settings.generate import GenerateSettings
from radray.settings.train import TrainSettings
from radray.training.driver.job import FinetuneJob, FinetuneResult
from radray.training.driver.trainer import finetune
from radray.training.progress import Metric
from radray.training.scoring import Scoring

CANARY = "Qanarybird"
SETTINGS = TrainSettings(
    epochs=4,
    batch_size=8,
    learning_rate=5e-3,
    log_every_steps=5,
    threads_per_worker=1,
    max_input_tokens=32,
    rouge_every_epochs=2,
    seed=4,
)
"""40 steps, 10 an epoch."""
SCORING = Scoring(GenerateSettings(num_beams=2, max_new_tokens=8))
DRILL = SETTINGS.model_copy(update={"epochs": 40, "checkpoint_every_steps": 1, "rouge_every_epochs": 20})
"""400 steps with a checkpoint after each: a driver that is killed at the tenth leaves work to do, whatever of its
workers outlives it by some seconds."""
DRILL_STEPS = 400


@dataclass
class Run:
    """A finished fine-tuning, and what was heard while it ran."""

    result: FinetuneResult
    out: Path
    metrics: list[Metric]
    notes: list[str]


def table(pairs: tuple[list[str], list[str]]) -> pa.Table:
    inputs, targets = pairs
    return pa.table(
        {
            "unit_id": [f"unit-{index:03}" for index in range(len(inputs))],
            # a word of its own in every text, which must be found nowhere but in the data
            "input": [_with_canary(text, index) for index, text in enumerate(inputs)],
            "target": targets,
        }
    )


def _with_canary(text: str, index: int) -> str:
    findings, line, cue = text.partition("\n")
    return f"{findings} {CANARY}{index} is seen.{line}{cue}"


def wrong(pairs: tuple[list[str], list[str]]) -> pa.Table:
    """Targets that belong to other inputs: the loss on them falls while the language is learnt, and then rises.

    The first ten are scored against impressions with the word in them, of which three are normal.
    """
    inputs, targets = pairs
    shifted = table((inputs, targets[1:] + targets[:1]))
    references = [f"No {CANARY}{n}." if n < 3 else f"{targets[n]} {CANARY}{n}." for n in range(10)]
    return shifted.append_column("reference", pa.array(references + [None] * (len(inputs) - 10), pa.string()))


def start_ray() -> Path:
    """Start Ray as small as it can be; return the folder of its logs."""
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    context = ray.init(address="local", num_cpus=4, object_store_memory=200_000_000, **quiet)
    return Path(context.address_info["session_dir"]) / "logs"


def main(model: str, data: str, root: str) -> int:
    """Fine-tune with a checkpoint after each step and print each step that is reported; the program of a driver."""
    import pickle

    pairs = pickle.loads(Path(data).read_bytes())
    start_ray()

    def on_metric(metric: Metric) -> None:
        if metric.name == "train_loss":
            print("step", metric.step, flush=True)  # noqa: T201

    try:
        job = FinetuneJob(
            train=table(pairs["train"]),
            validation=wrong(pairs["validation"]),
            init=Path(model),
            out=Path(root) / "model",
            settings=DRILL,
            checkpoints=Path(root) / "checkpoints",
            provenance={},
            scoring=SCORING,
        )
        result = finetune(job, on_metric, lambda line: print("note", line, flush=True))  # noqa: T201
    except RadrayError as error:
        print("error", error, flush=True)  # noqa: T201
        return error.exit_code
    print("resumed from", result.resumed_from, flush=True)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
