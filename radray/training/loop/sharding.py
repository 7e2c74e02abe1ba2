"""The model in training, on one worker or several: whole, replicated (DDP) or sharded (FSDP2)."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.nn.parallel import DistributedDataParallel
from transformers import PreTrainedModel

from radray.errors import ConfigError
from radray.models.batching import pad
from radray.models.families.adapters import add_adapter, add_lora, freeze_all_but_lora
from radray.models.families.family import Family
from radray.models.families.registry import FAMILY_OF, named_family, open_family
from radray.settings.train import TrainSettings
from radray.training.loop.examples import Examples

IGNORED = -100
"""Label of padding, which has no loss."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Rank of this process among `workers`, and the device of its model; `first_here`: the first on its machine."""

    rank: int = 0
    workers: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    first_here: bool = True


@dataclass(frozen=True, slots=True)
class Learner:
    """A model in training: `model` is called; `plain` is the same or the model it wraps, and holds the parameters.

    `autocast`: the type that calls compute in, where it is not the type of the weights.
    """

    model: nn.Module
    plain: nn.Module
    worker: Worker
    autocast: torch.dtype | None = None

    @property
    def family(self) -> Family:
        """The family of the model."""
        return named_family(FAMILY_OF[cast(Any, self.plain).config.model_type])

    def loss_sum(self, examples: Examples, batch: Sequence[int]) -> torch.Tensor:
        """Return the summed token losses of `batch`; for an empty one a zero that takes part in the exchange."""
        device, rows = self.worker.device, batch or (0,)
        inputs, targets = ([column[index] for index in rows] for column in (examples.inputs, examples.targets))
        labels = torch.tensor(pad(targets, IGNORED), device=device)
        with self.computing():
            logits = self.family.target_logits(self.model, self.plain, inputs, targets, device)
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        return loss if batch else loss * 0.0

    @contextmanager
    def accumulating(self, more: bool) -> Iterator[None]:
        """Return a context of one backward pass: gradients add up; with `more` calls to come, replicas exchange later.

        Shards (FSDP2) exchange each time: waiting would take the gradients of a whole model on each worker.
        """
        wait = more and isinstance(self.model, DistributedDataParallel)
        with cast(Any, self.model).no_sync() if wait else nullcontext():
            yield

    def learning(self) -> dict[str, nn.Parameter]:
        """Return the parameters that learn, by name; a shared parameter once."""
        return {name: parameter for name, parameter in self.plain.named_parameters() if parameter.requires_grad}

    def computing(self) -> Any:
        """Return the context for a call of the model."""
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(self.worker.device.type, dtype=self.autocast)


def load_plain(folder: Path, settings: TrainSettings, worker: Worker) -> nn.Module:
    """Return the model in `folder` on this worker's device, sharded with FSDP2, all that does not learn frozen.

    The workers exchange nothing here. Raises ConfigError for bf16 on a GPU without it, and InputError for a folder
    without such a model, or with another model's tokenizer.
    """
    if worker.device.type == "cuda" and settings.precision != "fp32":
        refuse_bf16(torch.cuda.get_device_capability(worker.device))
    dtype = torch.bfloat16 if settings.precision == "bf16_weights" else torch.float32
    family = open_family(folder)
    family.refuse_other_tokenizer(folder, family.load_tokenizer(folder))
    limits = {"max_input_tokens": settings.max_input_tokens, "max_target_tokens": settings.max_target_tokens}
    family.refuse_longer(folder, {f"train.{name}": tokens for name, tokens in limits.items()})
    if settings.sharding == "fsdp":
        return _load_sharded(folder, dtype, settings, worker)
    model = family.load_model(folder, dtype=dtype, device=worker.device)
    family.prepare_learning(model, worker.device)
    if settings.activation_checkpointing:
        checkpoint_activations(model)
    return add_adapter(model, settings, family)


def spread(plain: nn.Module, settings: TrainSettings, worker: Worker) -> Learner:
    """Return the model of `load_plain`, ready to be called and to exchange gradients. All workers call it together."""
    model = plain
    if worker.workers > 1 and settings.sharding == "ddp":
        on_gpu = worker.device.type == "cuda"
        model = DistributedDataParallel(
            plain, device_ids=[worker.device] if on_gpu else None, gradient_as_bucket_view=True
        )
    # FSDP2 computes in its policy's type
    autocast = torch.bfloat16 if settings.precision == "bf16" and settings.sharding != "fsdp" else None
    return Learner(model, plain, worker, autocast)


def refuse_bf16(capability: tuple[int, int]) -> None:
    """Raise ConfigError for a GPU of a compute capability below 8.0 (V100: 7.0), which has no bfloat16 units."""
    if capability < (8, 0):
        raise ConfigError(
            f"train.precision: this GPU's compute capability is {capability[0]}.{capability[1]}, and bf16 needs 8.0"
            " (A10G, A100 and later): use train.precision=fp32 with train.activation_checkpointing=true"
        )


def mixed_precision(settings: TrainSettings) -> MixedPrecisionPolicy:
    """Return the types that FSDP2 computes and exchanges in."""
    if settings.precision == "fp32":
        return MixedPrecisionPolicy()
    param_dtype = torch.bfloat16 if settings.precision == "bf16" else None
    return MixedPrecisionPolicy(param_dtype=param_dtype, reduce_dtype=torch.float32)


def checkpoint_activations(model: PreTrainedModel) -> None:
    """Have `model` compute the activations within each layer again on the way back."""
    model.config.use_cache = False
    with warnings.catch_warnings():
        # a name that goes in transformers 6
        warnings.simplefilter("ignore", FutureWarning)
        model.gradient_checkpointing_enable({"use_reentrant": False})


def _load_sharded(folder: Path, dtype: torch.dtype, settings: TrainSettings, worker: Worker) -> PreTrainedModel:
    family = open_family(folder)
    mesh = init_device_mesh(worker.device.type, (worker.workers,))
    policy = mixed_precision(settings)
    layers = 0

    def placed(module: nn.Module) -> None:
        nonlocal layers
        if settings.method == "lora" and isinstance(module, PreTrainedModel):
            freeze_all_but_lora(module)
        elif settings.method == "lora":
            add_lora(module, settings, layers, family)
        layers += 1
        # the root module is resharded too: outside a pass all parameters are in shards
        fully_shard(module, mesh=mesh, mp_policy=policy, reshard_after_forward=True)

    model = family.load_in_parts(folder, dtype=dtype, placed=placed)
    family.prepare_learning(model, worker.device)
    if settings.activation_checkpointing:
        checkpoint_activations(model)
    return model
