"""The plan of a fine-tuning before anything is loaded: memory, disk, steps and hours; refused where it cannot run."""

import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from radray.errors import ConfigError
from radray.models.families.causal.memory import Build
from radray.models.families.shapes import Shape, initial_shape, step_memory
from radray.models.families.step import GIB, Step, StepMemory
from radray.settings.root import Settings
from radray.settings.train import IMPRESSION, INSTRUCTION, NodeSettings, TrainSettings

RESERVED_GIB = 1.25
"""GPU memory that is not the model's: about 0.5 GiB of CUDA context, NCCL's buffers, the kernels' workspaces."""
FRAGMENTATION = 1.1
"""Memory that torch's allocator holds over memory in use: its blocks have other sizes than those requested."""
FORWARD_PASSES = 3
"""A step in forward passes: a backward pass costs two; activation checkpointing adds one more."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What a fine-tuning will need, in bytes unless the name says otherwise; None: cannot be estimated."""

    parameters: int
    trainable: int
    """Parameters that learn."""
    memory: StepMemory
    """On one device, in the step of a global batch whose examples all have full length."""
    device_bytes: int
    """Peak on one device; on a GPU with reserve and fragmentation."""
    micro_batch_rows: int
    micro_batches: int
    """Model calls per step on each worker when every example has full length."""
    host_bytes: int
    """In the node's main memory: weights while they are loaded, checkpoint and export while they are written; without
    GPUs all that the workers hold except activations."""
    disk_bytes: int
    """Base model, checkpoints (those kept, the best, the one being written) and two copies of the export."""
    steps: int | None
    tokens: float | None
    hours: float | None
    examples_per_second: float | None

    def lines(self) -> list[str]:
        """Return the plan as lines for a person to read; the manifest and the card keep them."""
        held = ", ".join(f"{name} {size / GIB:.2f}" for name, size in self.memory.parts.items() if size)
        lines = [
            f"{self.parameters:,} parameters, {self.trainable:,} of them learn",
            f"one device: {self.device_bytes / GIB:.1f} GiB at its peak ({self.memory.moment}: {held});"
            f" micro-batches of {self.micro_batch_rows} examples at full length, {self.micro_batches} a step",
            f"node: {self.host_bytes / GIB:.1f} GiB of memory, {self.disk_bytes / GIB:.1f} GiB of disk",
        ]
        if self.steps is not None and self.tokens is not None:
            time = "time not estimated: see node.tflops"
            if self.hours is not None and self.examples_per_second is not None:
                time = f"about {self.hours:.1f} hours at {self.examples_per_second:.1f} examples/s"
            lines.append(f"{self.steps:,} steps, {self.tokens / 1e6:,.1f} million tokens; {time}")
        return lines


def plan_training(
    settings: Settings,
    shape: Shape,
    *,
    examples: int | None = None,
    input_tokens: float | None = None,
    target_tokens: float | None = None,
) -> TrainingPlan:
    """Return the plan of fine-tuning a model of `shape` on the node of `settings`.

    The number of training `examples` and their mean lengths in tokens default to those of `settings.corpus`, without
    the validation share; with neither there is no estimate of steps and time. Memory is that of examples as long as
    `train.max_input_tokens` and `train.max_target_tokens` allow.
    """
    train, node = settings.train, settings.node
    step, trainable = planned_step(settings, shape), shape.learning(train)

    def measure(build: Build) -> list[StepMemory]:
        from radray.training.fake_step import step_phases  # torch takes seconds, and not every shape needs it

        resolved = {"precision": step.precision, "sharding": step.sharding}
        return step_phases(build, train.model_copy(update=resolved), step)

    memory = step_memory(shape, step, measure)
    stored = 2 if train.precision == "bf16_weights" else 4
    weights = stored * shape.parameters
    checkpoint = weights + (2 * stored * trainable if train.optimiser == "adamw" else 0)
    on_gpu = round(memory.total * FRAGMENTATION + RESERVED_GIB * GIB)
    # without GPUs the workers' memory is the node's; with GPUs the host holds a copy of what is being written
    loaded = weights if train.sharding == "fsdp" else weights * train.workers
    # (without GPUs activations are left out: few reports have full length, and main memory is not torch's to refuse)
    standing = step.standing_memory(shape.parameters)
    host = max(loaded, checkpoint + weights) if train.use_gpu else standing * train.workers + weights
    if examples is None and settings.corpus.reports is not None:
        copies = (1 + settings.corpus.abnormal_fraction * (train.abnormal_copies - 1)) * (1 + train.augment)
        drawn = {task: times for task, times in train.weights.items() if task != INSTRUCTION}
        an_epoch = sum(times * (copies if task == IMPRESSION else 1) for task, times in drawn.items())
        reports = settings.corpus.reports * (1 - settings.split.validation_fraction)
        reports = reports if train.examples is None else min(reports, train.examples)
        examples = round(reports * an_epoch) or None
    steps = tokens = hours = speed = None
    if examples is not None:
        source = settings.corpus.input_tokens if input_tokens is None else input_tokens
        target = settings.corpus.target_tokens if target_tokens is None else target_tokens
        steps = train.epochs * math.ceil(examples / train.batch_size)
        steps = steps if train.max_steps is None else min(steps, train.max_steps)
        seen = min(steps * train.batch_size, train.epochs * examples)
        tokens = seen * (source + target)
        if node.tflops is not None:
            passes = FORWARD_PASSES + train.activation_checkpointing
            flops = passes * shape.flops(round(source), round(target)) * train.batch_size / train.workers
            calls = math.ceil(_rows(train) / step.rows * (source + target) / (step.source + step.target))
            step_s = flops / (node.tflops * 1e12 * node.utilisation) + calls * _gather_s(settings, shape)
            speed = train.batch_size / step_s
            hours = seen / speed / 3600
    return TrainingPlan(
        parameters=shape.parameters,
        trainable=trainable,
        memory=memory,
        device_bytes=on_gpu if train.use_gpu else memory.total,
        micro_batch_rows=step.rows,
        micro_batches=step.calls,
        host_bytes=host,
        disk_bytes=4 * shape.parameters + (train.checkpoints_kept + 2) * checkpoint + 2 * weights,
        steps=steps,
        tokens=tokens,
        hours=hours,
        examples_per_second=speed,
    )


def planned_step(settings: Settings, shape: Shape) -> Step:
    """Return the step that `settings` take on one worker when every example is as long as it may be."""
    train = settings.train
    rows, longest = _rows(train), train.max_input_tokens + train.max_target_tokens
    at_once = rows if train.micro_batch_tokens is None else min(rows, max(1, train.micro_batch_tokens // longest))
    return Step(
        sharding=train.sharding if train.workers > 1 else "none",
        workers=train.workers,
        # `auto` is resolved before, see `precision`; unresolved it counts as the dearer one
        precision="fp32" if train.precision == "auto" else train.precision,
        optimiser=train.optimiser,
        checkpointing=train.activation_checkpointing,
        rows=at_once,
        source=train.max_input_tokens,
        target=train.max_target_tokens,
        trainable=shape.learning(train) / shape.parameters,
        calls=math.ceil(rows / at_once),
    )


def _rows(train: TrainSettings) -> int:
    """Return the examples of a step on one worker."""
    return math.ceil(train.batch_size / train.workers)


def _gather_s(settings: Settings, shape: Shape) -> float:
    """Return the seconds of exchange in one model call: all layers gathered twice, gradients passed on, no overlap."""
    train, rate = settings.train, settings.node.gather_gb_per_s
    if rate is None or train.workers == 1:
        return 0.0
    at_work = 4 if train.precision == "fp32" else 2
    # ddp exchanges gradients only: a reduce-scatter and a gather
    values = 2 * at_work + 4 if train.sharding == "fsdp" else 8
    return values * shape.parameters * (1 - 1 / train.workers) / (rate * 1e9)


def with_this_machine(settings: Settings) -> Settings:
    """Return `settings` with this machine's memory and disk as the node's, if it trains and they are not set.

    As it is where a cluster does the work (`cluster.address`, RAY_ADDRESS) or a profile names another node.
    """
    node = settings.node
    if settings.cluster.address or os.environ.get("RAY_ADDRESS") or node.name != NodeSettings().name:
        return settings
    here = Path(settings.model.out).expanduser().resolve()
    here = next(folder for folder in (here, *here.parents) if folder.is_dir())
    measured = {
        "host_memory_gib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB,
        "disk_gib": shutil.disk_usage(here).free / GIB,
    }
    unset = {name: value for name, value in measured.items() if getattr(node, name) is None}
    return settings.model_copy(update={"node": node.model_copy(update=unset)})


def fitting_plan(settings: Settings, shape: Shape, *, examples: int | None = None) -> TrainingPlan:
    """Return `plan_training` of the arguments. Raises ConfigError where it does not fit the node or this machine."""
    plan = plan_training(settings, shape, examples=examples)
    refuse(with_this_machine(settings), plan)
    return plan


def describe_plan(settings: Settings) -> list[str]:
    """Return the lines of the plan as far as it is known without tables and without fetching a model.

    Raises ConfigError where it does not fit the node or this machine.
    """
    shape = initial_shape(settings.model)
    if shape is None:
        return [f"memory and time: unknown until {settings.model.init} is fetched"]
    return fitting_plan(settings, shape).lines()


def refuse(settings: Settings, plan: TrainingPlan) -> None:
    """Raise ConfigError, with every reason and the settings to change, when the node of `settings` cannot run `plan`.

    A limit of the node that is not set (None) is not checked.
    """
    train, node = settings.train, settings.node
    reasons = []
    if train.use_gpu and node.gpus and train.workers > node.gpus:
        reasons.append(f"train.workers={train.workers}, but {node.name} has {node.gpus} GPUs")
    if train.precision not in ("fp32", "auto") and (node.gpu_compute_capability or 8.0) < 8.0:
        reasons.append(
            f"train.precision={train.precision}: a GPU of compute capability {node.gpu_compute_capability} (V100: 7.0)"
            " has no bfloat16, and there is no fp16; use train.precision=fp32 with"
            " train.activation_checkpointing=true"
        )
    levers = [
        *(["train.sharding=fsdp"] if train.sharding != "fsdp" and train.workers > 1 else []),
        *([] if train.activation_checkpointing else ["train.activation_checkpointing=true"]),
        *(["a smaller train.micro_batch_tokens"] if plan.micro_batch_rows > 1 else []),
        *(["train.optimiser=adafactor"] if train.optimiser == "adamw" and train.method == "full" else []),
        *(["train.method=lora"] if train.method == "full" else []),
        "a smaller train.max_input_tokens",
    ]
    if train.use_gpu and node.gpu_memory_gib is not None and plan.device_bytes > node.gpu_memory_gib * GIB:
        reasons.append(
            f"a step needs {plan.device_bytes / GIB:.1f} GiB on each GPU, {node.name} has {node.gpu_memory_gib:g}:"
            f" use {' or '.join(levers)}"
        )
    if node.host_memory_gib is not None and plan.host_bytes > node.host_memory_gib * GIB:
        rest = "fewer train.workers, train.sharding=fsdp" if train.use_gpu else " or ".join(levers)
        reasons.append(
            f"the node's memory: {plan.host_bytes / GIB:.1f} GiB needed, {node.name} has {node.host_memory_gib:g}:"
            f" use {rest}"
        )
    if node.disk_gib is not None and plan.disk_bytes > node.disk_gib * GIB:
        reasons.append(
            f"the node's disk: {plan.disk_bytes / GIB:.1f} GiB needed, {node.name} has {node.disk_gib:g}: use a smaller"
            " train.checkpoints_kept, or train.checkpoint_uri on S3"
        )
    if reasons:
        raise ConfigError("this fine-tuning does not fit: " + "; ".join(reasons))
