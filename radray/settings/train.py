"""Settings of fine-tuning: what is learnt, how it is spread over workers, and what survives a crash."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from radray.settings.section import Place, Section

_FP16 = (
    "fp16 is not offered: T5's feed-forward output overflows it, and the loss becomes nan; use bf16 on GPUs of"
    " compute capability 8.0 and later, fp32 on older ones"
)

IMPRESSION, INSTRUCTION = "impression", "instruction"
"""Tasks of `train.tasks` whose examples are not rows of the table `examples`: those of `reports`, and of a file."""
TaskName = Annotated[str, Field(pattern="^[a-z][a-z_]*$")]


class TrainSettings(Section):
    """Fine-tuning."""

    epochs: Annotated[int, Field(ge=1, le=1000)] = 3
    """Passes over the training reports."""
    max_steps: Annotated[int, Field(ge=1)] | None = None
    """Optimiser steps after which training stops; None: after all epochs."""
    max_hours: Annotated[float, Field(gt=0.0)] | None = None
    """Hours of training after which it ends with a checkpoint and the best model so far; None: no limit.

    The same job, run again, goes on from there."""
    method: Literal["full", "lora", "soft_prompt"] = "full"
    """What learns: every weight, low-rank updates of every linear layer, or vectors put before every input."""
    lora_rank: Annotated[int, Field(ge=1, le=256)] = 16
    """Rank of the updates of train.method=lora."""
    soft_prompt_tokens: Annotated[int, Field(ge=1, le=256)] = 20
    """Vectors that train.method=soft_prompt puts before every input, each as wide as the embedding of a token."""
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 32
    """Examples in an optimiser step, over all workers."""
    micro_batch_tokens: Annotated[int, Field(ge=1)] | None = None
    """Most tokens of inputs and targets, padding included, in one call of the model on a worker; None: a worker's part
    of a step is one call.

    A part is split into as many calls as that takes; an example that is longer is a call of its own."""
    optimiser: Literal["adamw", "adafactor"] = "adamw"
    """Optimiser; adamw: 8 bytes of state a parameter; adafactor: next to none, and rates relative to the size of the
    weights."""
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 1e-4
    """Learning rate at the end of the warm-up; it falls in a line to 0 at the last step."""
    warmup_fraction: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    """Share of the optimiser steps over which the learning rate rises in a line from 0."""
    weight_decay: Annotated[float, Field(ge=0.0, le=1.0)] = 0.01
    """Decay of weights a step, times the learning rate; gains and biases do not decay."""
    max_gradient_norm: Annotated[float, Field(gt=0.0)] = 1.0
    """Norm of all gradients above which they are scaled down to it."""
    max_input_tokens: Annotated[int, Field(ge=8, le=4096)] = 512
    """Longest prompt, in tokens; a longer one loses the training reports that it shows, and then its end."""
    max_target_tokens: Annotated[int, Field(ge=8, le=1024)] = 256
    """Longest target, in tokens; a longer one loses its end."""
    tasks: dict[TaskName, Annotated[float, Field(gt=0.0, le=100.0)] | None] = Field(default_factory=dict)
    """Tasks that a model learns, each with how often an epoch draws its examples, such as `{impression: 1, labels:
    0.5}`; {}: the impression alone, once.

    Of a fraction as many examples as that are drawn by train.seed, the same in each epoch; null: a task of a config
    file is not learnt. `jobs.prepare tasks=...` makes the examples; those of `instruction` are train.instructions."""
    instructions: Place | None = None
    """JSON lines of instruction, input and output that a model learns as the task `instruction`; None: none."""
    keep_masks: bool = False
    """Whether targets keep masks of de-identification (``___``), which a model learns to write."""
    keep_communications: bool = False
    """Whether targets keep sentences saying to whom a finding was communicated, which a model learns to invent."""
    examples: Annotated[int, Field(ge=1)] | None = None
    """Most training reports that each task is learnt from, drawn by `split.seed`; None: all.

    Instruction prompt tuning learns from 40."""
    abnormal_copies: Annotated[int, Field(ge=1, le=16)] = 1
    """Times that an epoch learns a report with an abnormal target; a normal one is learnt once.

    Normal reports are easy, and most: with them alone in the majority a model learns to pass abnormal ones off."""
    augment: Annotated[int, Field(ge=0, le=16)] = 0
    """Forms in other words that an epoch learns beside each copy of a report; 0: none.

    Sentences that stand by themselves are put in another order, sentences of normality say the same in other words, the
    background comes first; validation is never changed. The sentences are in
    radray/language/lexicon/words/normal_phrases.toml."""
    store_neighbours: bool = False
    """Whether the model folder gets the training reports, findings and impressions, of which `generate.consensus` takes
    the nearest; a model whose prompt shows exemplars has them anyhow."""
    rouge_every_epochs: Annotated[int, Field(ge=1)] | None = 1
    """Epochs between scorings of impressions written for a sample of the validation reports, as `generate` says, also
    scored at the end; None: never."""
    rouge_reports: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Reports in that sample, drawn by `split.seed`."""
    best_by: Literal["val_loss", "val_rouge1_abnormal", "val_rouge1_standardised", "last"] = "val_loss"
    """Figure that decides which weights are kept: the loss on validation reports, or ROUGE-1 on abnormal ones of the
    sample, or on both kinds; last: those of the last step.

    In val_rouge1_standardised both kinds are weighted by evaluate.normal_weight: normal reports are easy, and most.
    With `last` no report that is evaluated takes part."""
    early_stop_after: Annotated[int, Field(ge=1)] | None = None
    """Values of `train.best_by` in a row, no better than the best, after which training ends (val_loss has one an
    epoch); None: off."""
    log_every_steps: Annotated[int, Field(ge=1)] = 20
    """Optimiser steps between values of the training loss."""
    workers: Annotated[int, Field(ge=1, le=1024)] = 1
    """Processes that train, each on a GPU with train.use_gpu."""
    sharding: Literal["none", "ddp", "fsdp"] = "ddp"
    """How workers share the model; none: one worker; ddp: each holds all of it; fsdp: each holds its part of weights,
    gradients and optimiser.

    With fsdp the layers are gathered one by one."""
    precision: Literal["auto", "fp32", "bf16", "bf16_weights"] = "fp32"
    """Number format of training; bf16: computes in bfloat16 on float32 weights; bf16_weights: all is bfloat16, for half
    the memory; auto: bf16 where the processor has units for it, else fp32.

    With bf16 gradients and optimiser stay in float32; with bf16_weights updates below 1/256 of a weight are lost."""
    activation_checkpointing: bool = False
    """Whether activations within a layer are computed again on the way back instead of kept: a third more work, far
    less memory."""
    checkpoint_every_steps: Annotated[int, Field(ge=1)] | None = None
    """Optimiser steps between checkpoints; None: by time alone.

    There is one at each validation anyhow."""
    checkpoint_every_minutes: Annotated[float, Field(gt=0.0)] | None = 10.0
    """Minutes of training between checkpoints, the most that a crash may cost; None: by steps alone."""
    checkpoints_kept: Annotated[int, Field(ge=1, le=100)] = 2
    """Newest checkpoints that are kept, with the best; 2 so that one damaged file does not cost the run."""
    checkpoint_uri: Place | None = None
    """Folder or ``s3://`` prefix of checkpoints, seen by every node; None: beside `model.out`."""
    max_failures: Annotated[int, Field(ge=0, le=100)] = 3
    """Failures of workers after which training goes on from the last checkpoint; the next one ends the run."""
    tensorboard: Place | None = None
    """Folder in which each run writes TensorBoard event files into one of its own; None: none are written."""
    threads_per_worker: Annotated[int, Field(ge=1, le=256)] = 2
    """CPU threads that a worker computes with."""
    use_gpu: bool = False
    """Whether each worker trains on a GPU."""
    seed: Annotated[int, Field(ge=0)] = 13
    """Seed of the order of examples, of dropout and of new weights."""

    @field_validator("precision", mode="before")
    @classmethod
    def _no_fp16(cls, value: object) -> object:
        if value in ("fp16", "float16"):
            raise ValueError(_FP16)
        return value

    @property
    def weights(self) -> dict[str, float]:
        """How often an epoch draws the examples of each task that is learnt."""
        return {task: weight for task, weight in self.tasks.items() if weight is not None} or {IMPRESSION: 1.0}

    @property
    def reads_reports(self) -> bool:
        """Whether it learns from reports, and not from instructions alone."""
        return self.weights.keys() != {INSTRUCTION}

    @model_validator(mode="after")
    def _the_tasks_fit(self) -> "TrainSettings":
        if (INSTRUCTION in self.weights) != (self.instructions is not None):
            raise ValueError(
                "train.instructions and the task instruction in train.tasks go together:"
                " train.tasks='{instruction: 1}' train.instructions=FILE.jsonl"
            )
        if IMPRESSION not in self.weights:
            own = {"abnormal_copies": 1, "augment": 0, "store_neighbours": False}
            differ = [f"train.{name}" for name, default in own.items() if getattr(self, name) != default]
            differ += ["train.best_by"] if self.best_by.startswith("val_rouge1") else []
            if differ:
                raise ValueError(f"{differ[0]} is of impressions, which train.tasks does not name: leave it unset")
        return self

    @model_validator(mode="after")
    def _the_parts_fit(self) -> "TrainSettings":
        if self.sharding == "none" and self.workers > 1:
            raise ValueError("train.sharding=none is for one worker; use ddp or fsdp")
        if self.best_by.startswith("val_rouge1") and self.rouge_every_epochs is None:
            raise ValueError(f"train.best_by={self.best_by} needs train.rouge_every_epochs")
        if self.best_by == "last" and self.early_stop_after is not None:
            raise ValueError("train.best_by=last has no figure that train.early_stop_after could wait for")
        if self.sharding == "fsdp" and self.method == "soft_prompt":
            raise ValueError("train.method=soft_prompt trains a few vectors: use train.sharding=ddp")
        return self


Gib = Annotated[float, Field(gt=0.0)]


class NodeSettings(Section):
    """A node that fine-tuning runs on, as its maker describes it; None: not known, and nothing is refused for it.

    Memory is in GiB (2**30 bytes), speed in TFLOP/s.
    """

    name: Place = "this machine"
    """Name of the node; of `this machine` memory and disk are measured."""
    gpus: Annotated[int, Field(ge=0, le=64)] = 0
    """GPUs of the node."""
    gpu_memory_gib: Gib | None = None
    """Memory of one GPU, in GiB; None: not known."""
    gpu_compute_capability: Annotated[float, Field(ge=3.0, le=20.0)] | None = None
    """Compute capability of its GPUs: below 8.0 there is no bf16; None: not known.

    V100 has 7.0, A100 8.0, A10G 8.6, L40S 8.9, H100 and H200 9.0."""
    tflops: Annotated[float, Field(gt=0.0)] | None = None
    """Peak of one GPU (without GPUs: of one worker) in train.precision, dense, in TFLOP/s as its maker states it; None:
    time is not estimated."""
    utilisation: Annotated[float, Field(gt=0.0, le=1.0)] = 0.3
    """Share of the peak that a training reaches.

    The default is below the 0.46 that PaLM (Chowdhery et al. 2022, table 3) reached on long sequences; reports are
    short and micro-batches small."""
    gather_gb_per_s: Annotated[float, Field(gt=0.0)] | None = None
    """Rate at which each GPU gathers weights from the others (NCCL's bus bandwidth), in 10**9 bytes per second; None:
    as if it took no time.

    The profiles' values are orders of magnitude for such machines, not measured."""
    host_memory_gib: Gib | None = None
    """Memory of the node, in GiB; None: not known."""
    disk_gib: Gib | None = None
    """Free disk of the node, in GiB; None: not known."""


class CorpusSettings(Section):
    """What `jobs.finetune --dry-run` plans for, as it reads no table; a run plans with the reports it has."""

    reports: Annotated[int, Field(ge=1)] | None = None
    """Reports with findings and impression, validation included; None: time is not estimated.

    Of each task in train.tasks it counts one example a report, of instructions none."""
    input_tokens: Annotated[float, Field(gt=0.0)] = 160.0
    """Mean tokens of a prompt with background."""
    target_tokens: Annotated[float, Field(gt=0.0)] = 40.0
    """Mean tokens of an impression."""
    abnormal_fraction: Annotated[float, Field(ge=0.0, le=1.0)] = 0.28
    """Share of reports with an abnormal impression, which train.abnormal_copies repeats; Open-i's."""
