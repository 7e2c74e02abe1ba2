"""Fine-tuning at true size: the memory of a step against the plan's figure, and examples a second against the ceiling.

Each case is one model with random weights in radray's own loop, on one GPU. Memory is that of two steps of two model
calls whose examples are as long as may be; speed that of STEPS steps at 160 input and 40 target tokens on average, the
first WARM_UP of them not counted.
"""

import json
import time
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast

import torch

from radray.models.families.adapters import add_adapter
from radray.models.families.registry import named_family
from radray.models.families.shapes import Shape
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.training.loop.examples import Examples
from radray.training.loop.loop import train
from radray.training.loop.optimisers import build_optimiser
from radray.training.loop.sharding import Learner, Worker, checkpoint_activations, spread
from radray.training.loop.state import State
from radray.training.plan import FORWARD_PASSES, plan_training
from tests.benchmarks.gpu.desk import Desk
from tests.benchmarks.gpu.shapes import random_model, shape_of

CASES = {
    "fp32, checkpointing": ["train.precision=fp32", "train.activation_checkpointing=true"],
    "bf16, AdamW": ["train.precision=bf16"],
    "bf16 weights, Adafactor": ["train.precision=bf16_weights", "train.optimiser=adafactor"],
    "bf16, LoRA": ["train.precision=bf16", "train.method=lora"],
}
LONGEST = ["train.max_input_tokens=512", "train.max_target_tokens=256"]
MEMORY = ["train.batch_size=8", "train.micro_batch_tokens=3072", "train.max_steps=2"]
"""Two calls of 4 examples of full length a step: gradients of the first stand while the second is computed."""
STEPS, WARM_UP, RECORD_EVERY = 20, 3, 5
"""Steps; how many of them the speed leaves out; after how many it is written: each time would slow them."""
SPEED = ["train.batch_size=32", "train.micro_batch_tokens=8192", f"train.max_steps={STEPS}"]
INPUT_TOKENS, TARGET_TOKENS = 160, 40
SMALL_LONGEST = ["train.max_input_tokens=32", "train.max_target_tokens=16"]
SMALL_MEMORY = ["train.batch_size=4", "train.micro_batch_tokens=96", "train.max_steps=2"]
SMALL_SPEED = ["train.batch_size=4", "train.micro_batch_tokens=192", f"train.max_steps={WARM_UP + 3}"]
PUBLISHED_EXAMPLES, PUBLISHED_EPOCHS = 91_544, 3


def measure(desk: Desk, family: str) -> None:
    """Record each case of `family`, t5 or causal; one that fails is recorded and costs no other."""
    shape = shape_of(family, small=desk.small)
    for case, overrides in CASES.items():
        desk.attempt(case, partial(_measure_case, desk, family, shape, case, overrides))


def _measure_case(desk: Desk, family: str, shape: Shape, case: str, overrides: list[str]) -> None:
    longest, memory, speed = (SMALL_LONGEST, SMALL_MEMORY, SMALL_SPEED) if desk.small else (LONGEST, MEMORY, SPEED)
    on = [f"train.use_gpu={str(not desk.small).lower()}", "train.workers=1", "train.sharding=none"]
    fixed = [*on, "train.epochs=1", "train.log_every_steps=1", *longest, *overrides]
    full, usual = load_settings([], [*fixed, *memory]), load_settings([], [*fixed, *speed])
    plan = plan_training(full, shape)
    desk.record(case, {"settings": overrides, "parameters": shape.parameters, "planned_bytes": plan.memory.total})
    desk.record(case, {"planned_device_bytes": plan.device_bytes})
    learner = _learner(family, shape, full, desk.device)
    optimiser = build_optimiser(learner.plain, full.train)
    if desk.device.type == "cuda":
        # what making the model took is not a step's
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    _train(learner, optimiser, _longest_examples(full), full, None)
    if desk.device.type == "cuda":
        taken = torch.cuda.max_memory_allocated()
        desk.record(case, {"peak_bytes": taken, "planned_to_peak": round(plan.memory.total / taken, 3)})
        desk.record(case, {"reserved_bytes": torch.cuda.max_memory_reserved(), "device_bytes": desk.used_bytes()})
    _measure_speed(desk, learner, optimiser, shape, case, usual)


def _measure_speed(
    desk: Desk, learner: Learner, optimiser: torch.optim.Optimizer, shape: Shape, case: str, settings: Settings
) -> None:
    """Record the speed on the way, so that a part that is stopped leaves that of the steps before."""
    chosen = settings.train
    source, target = (chosen.max_input_tokens // 2, chosen.max_target_tokens // 2)
    if not desk.small:
        source, target = INPUT_TOKENS, TARGET_TOKENS
    passes = FORWARD_PASSES + chosen.activation_checkpointing
    flops = passes * shape.flops(source, target)
    ceiling = _ceiling(desk.out, chosen.precision)
    times: list[float] = []

    def log(step: int, _epoch: float, name: str, value: float) -> None:
        if name != "train_loss":
            return
        # the loss came back from the device: what was asked for before it is done
        times.append(time.perf_counter())
        counted = times[WARM_UP - 1 :]
        if step % RECORD_EVERY and step != chosen.max_steps:
            return
        rate = chosen.batch_size * (len(counted) - 1) / (counted[-1] - counted[0])
        hours = PUBLISHED_EXAMPLES * PUBLISHED_EPOCHS / rate / 3600
        figures: dict[str, Any] = {
            "steps": step,
            "train_loss": value,
            "examples_per_second": float(f"{rate:.4g}"),
            "tflops": float(f"{rate * flops / 1e12:.4g}"),
            "share_of_matrix_rate": None if ceiling is None else float(f"{rate * flops / 1e12 / ceiling:.3g}"),
            "published_run_hours_1_gpu": float(f"{hours:.4g}"),
            "published_run_hours_8_gpus_if_exchange_took_no_time": float(f"{hours / 8:.4g}"),
        }
        desk.record(case, figures)

    count = chosen.batch_size * (STEPS if chosen.max_steps is None else chosen.max_steps)
    _train(learner, optimiser, _random_examples(learner, count, source, target), settings, log)


def _learner(family: str, shape: Shape, settings: Settings, device: torch.device) -> Learner:
    """Return what `load_plain` and `spread` would give for a folder with these weights."""
    chosen, kind = settings.train, named_family(family)
    dtype = torch.bfloat16 if chosen.precision == "bf16_weights" else torch.float32
    model = random_model(shape, dtype, device)
    kind.prepare_learning(model, device)
    if chosen.activation_checkpointing:
        checkpoint_activations(model)
    return spread(add_adapter(model, chosen, kind), chosen, Worker(device=device))


def _train(
    learner: Learner, optimiser: torch.optim.Optimizer, examples: Examples, settings: Settings, log: Any
) -> None:
    few = Examples(examples.inputs[:1], examples.targets[:1], 0, 0)
    noted = log or (lambda *_: None)
    train(learner, optimiser, examples, few, settings.train, State(), log=noted, save=lambda _: None)


def _longest_examples(settings: Settings) -> Examples:
    chosen = settings.train
    inputs = [[5] * (chosen.max_input_tokens - 1) + [1]] * (2 * chosen.batch_size)
    targets = [[7] * (chosen.max_target_tokens - 1) + [1]] * len(inputs)
    # one is shorter: with nothing to hide the model makes no mask, which no real batch does without
    inputs[:: chosen.batch_size] = [[5] * (chosen.max_input_tokens // 2) + [1]] * 2
    return Examples(inputs, targets, 0, 0)


def _random_examples(learner: Learner, count: int, source: int, target: int) -> Examples:
    """Return `count` examples of random tokens, a tenth longer or shorter than the mean lengths."""
    draw = Random(3)
    vocabulary = int(cast(Any, learner.plain).config.vocab_size)

    def rows(mean: int) -> list[list[int]]:
        lengths = [mean + draw.randint(-(mean // 10), mean // 10) for _ in range(count)]
        return [[*(draw.randrange(3, vocabulary) for _ in range(length - 1)), 1] for length in lengths]

    return Examples(rows(source), rows(target), 0, 0)


def _ceiling(out: Path, precision: str) -> float | None:
    """Return the matrix rate that the part `environment` measured; None where it did not come to it."""
    file = out / "environment.json"
    if not file.is_file():
        return None
    ceilings = json.loads(file.read_text(encoding="utf-8")).get("ceilings", {})
    rate: float | None = ceilings.get(f"matrix_{'fp32' if precision == 'fp32' else 'bf16'}_tflops")
    return rate
