"""A training step without a value anywhere: what torch would hold of any model, sharded or not, counted.

Fake tensors have shapes and no memory, and a fake process group exchanges nothing: one process without GPUs is one of
the eight of FLAN-T5 XL. torch's MemTracker counts the storages that are alive after each operator, as a GPU's allocator
would; what is inside one operator it does not see.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import distributed, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.testing._internal.distributed.fake_pg import FakeStore
from transformers import AutoModelForSeq2SeqLM, T5Config

from radray.models.families.adapters import add_adapter
from radray.models.families.t5.loading import blocks_of
from radray.models.families.t5.shape import T5Shape
from radray.settings.root import Settings
from radray.settings.train import TrainSettings
from radray.training.loop.examples import Examples
from radray.training.loop.optimisers import build_optimiser
from radray.training.loop.sharding import Worker, spread
from radray.training.plan import plan_training


class Tracker(MemTracker):
    """MemTracker without each module's own peak: it goes through all modules after every operator (XL: minutes)."""

    def _update_peak_stats(self, peak_state: Any) -> None:
        for device, now in self._curr_mem_snap.items():
            if self._peak_mem.get(device, 0) < now["Total"]:
                self._peak_mem[device], self._peak_mem_snap[device] = now["Total"], dict(now)


def counted(shape: T5Shape, settings: Settings) -> dict[str, int]:
    """Return the most bytes that are alive at once in a step, Total and by kind, on one worker of `settings`.

    Examples are as long as they may be, calls as `plan_training` has them.
    """
    chosen = settings.train
    plan = plan_training(settings, shape)
    rows, calls = plan.micro_batch_rows, plan.micro_batches
    inputs, targets = [[5] * chosen.max_input_tokens], [[7] * chosen.max_target_tokens]
    examples = Examples(inputs * rows, targets * rows, 0, 0)
    worker = Worker(workers=chosen.workers if chosen.sharding == "fsdp" else 1)
    group = nullcontext() if chosen.sharding != "fsdp" else fake_group(chosen.workers)
    with group as mesh, FakeTensorMode():
        model = add_adapter(untrained(shape, chosen, mesh), chosen)
        learner = spread(model, chosen, worker)
        optimiser = build_optimiser(learner.plain, chosen)
        learner.plain.train()

        def step(after_call: Callable[[], None]) -> None:
            # more calls than two hold no more than two
            for _ in range(min(calls, 2)):
                learner.loss_sum(examples, range(rows)).backward()
                after_call()
            nn.utils.clip_grad_norm_(learner.learning().values(), chosen.max_gradient_norm)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

        # the first makes the optimiser's state, and finds out how each operator is sharded with tensors of its own
        step(lambda: None)
        tracker = Tracker()
        tracker.track_external(learner.plain, optimiser)
        with tracker:
            step(tracker.reset_mod_stats)
    (snapshot,) = tracker.get_tracker_snapshot("peak").values()
    return {str(getattr(kind, "value", kind)): size for kind, size in snapshot.items()}


@contextmanager
def fake_group(workers: int) -> Iterator[DeviceMesh]:
    """Act as the first of `workers` processes, none of which exists, for the length of the block."""
    distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=workers)
    try:
        yield init_device_mesh("cpu", (workers,))
    finally:
        distributed.destroy_process_group()


def untrained(shape: T5Shape, chosen: TrainSettings, mesh: DeviceMesh | None) -> Any:
    """Return a T5 of `shape` as `load_plain` would give it; it reads folders, and here there are no values."""
    config = T5Config.from_dict(
        {
            **{"vocab_size": shape.vocab_size, "d_model": shape.d_model, "d_kv": shape.d_kv, "d_ff": shape.d_ff},
            **{"num_layers": shape.encoder_layers, "num_decoder_layers": shape.decoder_layers},
            **{"num_heads": shape.num_heads, "dropout_rate": shape.dropout, "decoder_start_token_id": 0},
            "feed_forward_proj": "gated-gelu" if shape.gated else "relu",
        }
    )
    dtype = torch.bfloat16 if chosen.precision == "bf16_weights" else torch.float32
    model = AutoModelForSeq2SeqLM.from_config(config, dtype=dtype)
    if not shape.tied:
        model.lm_head.weight = nn.Parameter(torch.empty_like(model.lm_head.weight))
    if mesh is not None:
        types: dict[str, Any] = {"bf16": {"param_dtype": torch.bfloat16}, "fp32": {}, "bf16_weights": {}}[
            chosen.precision
        ]
        if chosen.precision != "fp32":
            types["reduce_dtype"] = torch.float32
        for block in blocks_of(model):
            fully_shard(block, mesh=mesh, mp_policy=MixedPrecisionPolicy(**types), reshard_after_forward=True)
        fully_shard(model, mesh=mesh, mp_policy=MixedPrecisionPolicy(**types), reshard_after_forward=True)
    if chosen.activation_checkpointing:
        model.config.use_cache = False
        with warnings.catch_warnings():
            # a name that goes in transformers 6
            warnings.simplefilter("ignore", FutureWarning)
            model.gradient_checkpointing_enable({"use_reentrant": False})
    return model
