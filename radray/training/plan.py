"""The plan of a fine-tuning before anything is loaded: memory, steps, hours, disk; and what cannot run, refused."""

import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from radray.errors import ConfigError
from radray.models.families.t5.memory import GIB, Step, StepMemory, standing_memory, step_memory
from radray.models.families.t5.shape import PUBLISHED, T5Shape, folder_shape
from radray.settings.root import Settings
from radray.settings.train import NodeSettings

RESERVED_GIB = 1.25
"""GPU memory that is not ours: about 0.5 GiB of CUDA context, NCCL's buffers, kernels' workspaces."""
FRAGMENTATION = 1.1
"""What torch's allocator holds beyond what is in use: blocks of other sizes than are asked for."""
FORWARD_PASSES = 3
"""A backward pass works twice as much as a forward one; with checkpointing there is one forward more."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What a fine-tuning will take. Bytes, unless the name says otherwise; None: not to be told."""

    parameters: int
    trainable: int
    memory: StepMemory
    device_bytes: int
    """Peak on one device, with reserve and fragmentation on a GPU."""
    micro_batch_rows: int
    micro_batches: int
    """Model calls a step on each worker, when every example is as long as it may be."""
    host_bytes: int
    """In the node's own memory: weights as they are loaded, checkpoint and export as they are written; without GPUs
    what the workers hold but for activations."""
    disk_bytes: int
    """Base model, checkpoints (those kept, the best, the one being written) and the export, twice while it is made."""
    steps: int | None
    tokens: float | None
    hours: float | None
    examples_per_second: float | None

    def lines(self) -> list[str]:
        """Return the plan in words, a line each."""
        held = ", ".join(f"{name} {size / GIB:.2f}" for name, size in self.memory.parts.items() if size)
        said = [
            f"{self.parameters:,} parameters, {self.trainable:,} of them learn",
            f"one device: {self.device_bytes / GIB:.1f} GiB at its peak ({self.memory.moment}: {held});"
            f" micro-batches of {self.micro_batch_rows} examples at full length, {self.micro_batches} a step",
            f"node: {self.host_bytes / GIB:.1f} GiB of memory, {self.disk_bytes / GIB:.1f} GiB of disk",
        ]
        if self.steps is not None and self.tokens is not None:
            time = "time not estimated: see node.tflops"
            if self.hours is not None and self.examples_per_second is not None:
                time = f"about {self.hours:.1f} hours at {self.examples_per_second:.1f} examples/s"
            said.append(f"{self.steps:,} steps, {self.tokens / 1e6:,.1f} million tokens; {time}")
        return said


def plan_training(
    settings: Settings,
    shape: T5Shape,
    *,
    examples: int | None = None,
    input_tokens: float | None = None,
    target_tokens: float | None = None,
) -> TrainingPlan:
    """Return the plan for a T5 of `shape` on the node of `settings`.

    `examples` for training and their mean lengths in tokens are those of `settings.corpus`, less validation, unless
    given. Memory is that of examples as long as `train.max_input_tokens` and `train.max_target_tokens` let them be.
    """
    train, node = settings.train, settings.node
    rows = math.ceil(train.batch_size / train.workers)
    longest = train.max_input_tokens + train.max_target_tokens
    at_once = rows if train.micro_batch_tokens is None else min(rows, max(1, train.micro_batch_tokens // longest))
    trainable = _trainable(settings, shape)
    step = Step(
        sharding=train.sharding if train.workers > 1 else "none",
        workers=train.workers,
        precision=train.precision,
        optimiser=train.optimiser,
        checkpointing=train.activation_checkpointing,
        rows=at_once,
        source=train.max_input_tokens,
        target=train.max_target_tokens,
        trainable=trainable / shape.parameters,
        calls=math.ceil(rows / at_once),
    )
    memory = step_memory(shape, step)
    stored = 2 if train.precision == "bf16_weights" else 4
    weights = stored * shape.parameters
    checkpoint = weights + (2 * stored * trainable if train.optimiser == "adamw" else 0)
    on_gpu = round(memory.total * FRAGMENTATION + RESERVED_GIB * GIB)
    # without GPUs the workers' memory is the node's; with them the host holds a copy of what is being written
    loaded = weights if train.sharding == "fsdp" else weights * train.workers
    # (activations left out without GPUs: few reports are as long as they may be, and memory is not torch's to refuse)
    standing = standing_memory(shape, step)
    host = max(loaded, checkpoint + weights) if train.use_gpu else standing * train.workers + weights
    if examples is None and settings.corpus.reports is not None:
        examples = round(settings.corpus.reports * (1 - settings.split.validation_fraction))
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
            calls = math.ceil(rows / at_once * (source + target) / longest)
            step_s = flops / (node.tflops * 1e12 * node.utilisation) + calls * _gather_s(settings, shape)
            speed = train.batch_size / step_s
            hours = seen / speed / 3600
    return TrainingPlan(
        parameters=shape.parameters,
        trainable=trainable,
        memory=memory,
        device_bytes=on_gpu if train.use_gpu else memory.total,
        micro_batch_rows=at_once,
        micro_batches=step.calls,
        host_bytes=host,
        disk_bytes=4 * shape.parameters + (train.checkpoints_kept + 2) * checkpoint + 2 * weights,
        steps=steps,
        tokens=tokens,
        hours=hours,
        examples_per_second=speed,
    )


def _gather_s(settings: Settings, shape: T5Shape) -> float:
    """Return the seconds in which a GPU gathers all layers twice and hands on their gradients, not overlapped."""
    train, rate = settings.train, settings.node.gather_gb_per_s
    if rate is None or train.workers == 1:
        return 0.0
    at_work = 4 if train.precision == "fp32" else 2
    # ddp sums gradients alone: a reduce-scatter and a gather
    values = 2 * at_work + 4 if train.sharding == "fsdp" else 8
    return values * shape.parameters * (1 - 1 / train.workers) / (rate * 1e9)


def with_this_machine(settings: Settings) -> Settings:
    """Return `settings` with the memory and disk of this machine, where it trains itself and nothing else is said."""
    node = settings.node
    if settings.cluster.address or os.environ.get("RAY_ADDRESS") or node.name != NodeSettings().name:
        return settings
    here = Path(settings.model.out).expanduser().resolve()
    here = next(folder for folder in (here, *here.parents) if folder.is_dir())
    found = {
        "host_memory_gib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB,
        "disk_gib": shutil.disk_usage(here).free / GIB,
    }
    known = {name: value for name, value in found.items() if getattr(node, name) is None}
    return settings.model_copy(update={"node": node.model_copy(update=known)})


def initial_shape(settings: Settings) -> T5Shape | None:
    """Return the shape of the model that training starts from, without loading it.

    None where it cannot be told before the model is here: a hub id that is not of the FLAN-T5 family, or another kind
    of model. Raises InputError for a folder whose weights cannot be read.
    """
    init = settings.model.init
    if init == "tiny":
        size = settings.model.tiny
        # the vocabulary may come out smaller: a bound
        return T5Shape(
            vocab_size=size.vocab_size,
            d_model=size.d_model,
            d_kv=max(8, size.d_model // size.num_heads),
            d_ff=size.d_ff,
            encoder_layers=size.num_layers,
            decoder_layers=size.num_layers,
            num_heads=size.num_heads,
            dropout=0.0,
        )
    folder = Path(init).expanduser()
    if not (folder / "config.json").is_file():
        return PUBLISHED.get(init)
    try:
        return folder_shape(folder)
    except ConfigError:
        return None


def refuse(settings: Settings, plan: TrainingPlan) -> None:
    """Raise ConfigError, with all reasons and their levers, when the node of `settings` cannot hold `plan`.

    What the settings do not say of the node (None) is not held against it.
    """
    train, node = settings.train, settings.node
    wrong = []
    if train.use_gpu and node.gpus and train.workers > node.gpus:
        wrong.append(f"train.workers={train.workers}, but {node.name} has {node.gpus} GPUs")
    if train.precision != "fp32" and (node.gpu_compute_capability or 8.0) < 8.0:
        wrong.append(
            f"train.precision={train.precision}: a GPU of compute capability {node.gpu_compute_capability} (V100: 7.0)"
            " has no bfloat16, and fp16 overflows in T5; use train.precision=fp32 with"
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
        wrong.append(
            f"a step needs {plan.device_bytes / GIB:.1f} GiB on each GPU, {node.name} has {node.gpu_memory_gib:g}:"
            f" use {' or '.join(levers)}"
        )
    if node.host_memory_gib is not None and plan.host_bytes > node.host_memory_gib * GIB:
        rest = "fewer train.workers, train.sharding=fsdp" if train.use_gpu else " or ".join(levers)
        wrong.append(
            f"the node's memory: {plan.host_bytes / GIB:.1f} GiB needed, {node.name} has {node.host_memory_gib:g}:"
            f" use {rest}"
        )
    if node.disk_gib is not None and plan.disk_bytes > node.disk_gib * GIB:
        wrong.append(
            f"the node's disk: {plan.disk_bytes / GIB:.1f} GiB needed, {node.name} has {node.disk_gib:g}: use a smaller"
            " train.checkpoints_kept, or train.checkpoint_uri on S3"
        )
    if wrong:
        raise ConfigError("this fine-tuning does not fit: " + "; ".join(wrong))


def _trainable(settings: Settings, shape: T5Shape) -> int:
    """Return how many parameters learn: all, the low-rank matrices of every linear layer, or the soft prompt."""
    train = settings.train
    if train.method == "full":
        return shape.parameters
    if train.method == "soft_prompt":
        return train.soft_prompt_tokens * shape.d_model
    attention = 4 * (shape.d_model + shape.inner)
    forward = (3 if shape.gated else 2) * (shape.d_model + shape.d_ff)
    return train.lora_rank * (
        shape.encoder_layers * (attention + forward) + shape.decoder_layers * (2 * attention + forward)
    )
