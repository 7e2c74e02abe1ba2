"""A training step without a value anywhere: what torch would hold of any model, sharded or not, counted.

Fake tensors have shapes and no memory, and a fake process group exchanges nothing: one process without GPUs is one of
the eight that train four billion parameters. torch's MemTracker counts the storages that are alive after each operator,
as a GPU's allocator would; what is inside one operator it does not see.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import distributed, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.testing._internal.distributed.fake_pg import FakeStore
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from radray.models.families.adapters import add_adapter
from radray.models.families.family import Family
from radray.models.families.registry import FAMILY_OF, named_family
from radray.models.families.step import Step, StepMemory
from radray.settings.train import TrainSettings
from radray.training.loop.examples import Examples
from radray.training.loop.optimisers import build_optimiser
from radray.training.loop.sharding import Worker, checkpoint_activations, mixed_precision, spread

_PARTS = {
    "Parameter": "weights",
    "Buffer": "weights",
    "Gradient": "gradients",
    "Optstate": "optimiser",
    "Activation": "activations",
}
"""Part of `StepMemory` of each kind that MemTracker tells apart; all else is temporary."""


def step_phases(build: Callable[[], PreTrainedModel], train: TrainSettings, step: Step) -> list[StepMemory]:
    """Return the most that is alive at once on one worker in each phase of `step`, of the model that `build` makes.

    The step is training's own: its loss, its optimiser, its adapters, its sharding, all by `train`. `build` is called
    where parameters have no storage, and makes them of the type that `train.precision` stores. Each example is as long
    as it may be.
    """
    group = fake_group(step.workers) if step.sharding == "fsdp" else nullcontext()
    rows = [[5] * step.source] * step.rows, [[7] * step.target] * step.rows
    examples = Examples(*rows, 0, 0)
    with torch.device("meta"):
        model = build()
        family = named_family(FAMILY_OF[model.config.model_type])
        family.prepare_learning(model, torch.device("cuda" if train.use_gpu else "cpu"))
        if step.checkpointing:
            checkpoint_activations(model)
        learnt = add_adapter(model, train, family)
    with group as mesh, FakeTensorMode():
        _give_storage(learnt)
        if mesh is not None:
            for module in (*family.blocks_of(model), model):
                fully_shard(module, mesh=mesh, mp_policy=mixed_precision(train), reshard_after_forward=True)
        learner = spread(learnt, train, Worker())
        optimiser = build_optimiser(learnt, train)
        learnt.train()
        tracker = _Tracker()

        def update() -> None:
            nn.utils.clip_grad_norm_(learner.learning().values(), train.max_gradient_norm)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

        # the first makes the optimiser's state, and finds out how each operator is sharded with tensors of its own
        for parameter in learner.learning().values():
            parameter.grad = torch.zeros_like(parameter)
        update()
        _mark_phases(model, family, tracker)
        tracker.track_external(learnt, optimiser)
        with tracker:
            # more calls than two hold no more than two
            for _ in range(min(step.calls, 2)):
                tracker.phase = "forward pass"
                loss = learner.loss_sum(examples, range(step.rows))
                tracker.phase = "output layer back"
                loss.backward()
                del loss
                tracker.reset_mod_stats()
            tracker.phase = "optimiser"
            update()
        own = sum(_own_bytes(parameter) for parameter in learnt.parameters())
    return [_memory(phase, peak, own) for phase, peak in tracker.peaks.items()]


@contextmanager
def fake_group(workers: int) -> Iterator[DeviceMesh]:
    """Act as the first of `workers` processes, none of which exists, for the length of the block."""
    distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=workers)
    try:
        yield init_device_mesh("cpu", (workers,))
    finally:
        distributed.destroy_process_group()


class _Tracker(MemTracker):
    """MemTracker that keeps the peak of each phase, and none of each module: it goes through all after every operator.

    (With FLAN-T5 XL those take minutes.)
    """

    def __init__(self) -> None:
        super().__init__()
        self.phase = ""
        self.peaks: dict[str, dict[str, int]] = {}

    def _update_peak_stats(self, peak_state: Any) -> None:
        for now in self._curr_mem_snap.values():
            if self.peaks.get(self.phase, {"Total": 0})["Total"] < now["Total"]:
                self.peaks[self.phase] = {str(getattr(kind, "value", kind)): size for kind, size in now.items()}

    def _track_module_params_and_buffers(self, module: nn.Module, install_grad_hooks: bool = True) -> Any:
        # MemTracker would listen for the gradients of frozen parameters too, which torch refuses
        for parameter in module.parameters():
            if not parameter.requires_grad and parameter not in self._param_to_grad_hook_handles:
                self._param_to_grad_hook_handles[parameter] = (_nothing(), _nothing())
        return super()._track_module_params_and_buffers(module, install_grad_hooks)


def _nothing() -> RemovableHandle:
    return RemovableHandle(OrderedDict())


def _mark_phases(model: PreTrainedModel, family: Family, tracker: _Tracker) -> None:
    """Have the way back through the two upper and the two lower layers be phases of their own.

    What holds most is different at either end: activations of all layers at the upper one, gradients at the lower.
    """
    blocks = family.blocks_of(model)
    last = len(blocks) - 1
    names = {
        0: "first layer back",
        1: "second layer back",
        last - 1: "last layer but one back",
        last: "last layer back",
    }

    def mark(block: nn.Module, name: str) -> None:
        def enter(_: torch.Tensor) -> None:
            tracker.phase = name

        def listen(_: nn.Module, __: Any, output: Any) -> None:
            hidden = output[0] if isinstance(output, tuple) else output
            if hidden.requires_grad:
                hidden.register_hook(enter)

        block.register_forward_hook(listen)

    for place, block in enumerate(blocks):
        mark(block, names.get(place, "layers between back"))


def _give_storage(model: nn.Module) -> None:
    """Give every parameter and buffer of `model` that has none a (fake) storage; what is one stays one."""
    fresh: dict[int, Any] = {}
    for part in model.modules():
        for held in (part._parameters, part._buffers):
            for name, tensor in held.items():
                if tensor is None or not tensor.is_meta:
                    continue
                if id(tensor) not in fresh:
                    value = torch.empty(tensor.shape, dtype=tensor.dtype)
                    if isinstance(tensor, nn.Parameter):
                        value = nn.Parameter(value, requires_grad=tensor.requires_grad)
                    fresh[id(tensor)] = value
                held[name] = fresh[id(tensor)]
    prompts: dict[str, torch.Tensor] = getattr(model, "prompt_tokens", {})  # PEFT's, which are no buffers
    for name, tokens in prompts.items():
        prompts[name] = torch.empty(tokens.shape, dtype=tokens.dtype)


def _own_bytes(parameter: torch.Tensor) -> int:
    return (parameter.to_local() if isinstance(parameter, DTensor) else parameter).nbytes


def _memory(phase: str, peak: dict[str, int], own: int) -> StepMemory:
    """Return `peak` by the names of `StepMemory`; weights beyond the worker's `own` are gathered ones."""
    parts = dict.fromkeys(("weights", "optimiser", "gradients", "gathered", "activations", "logits", "temporary"), 0)
    for kind, size in peak.items():
        if kind != "Total":
            parts[_PARTS.get(kind, "temporary")] += size
    gathered = max(0, peak.get("Parameter", 0) - own)
    return StepMemory(moment=phase, **parts | {"weights": parts["weights"] - gathered, "gathered": gathered})
