"""The plan's memory of a training step against what a process takes: `python tests/benchmarks/training_memory.py`.

Each case trains a small T5 (54 million parameters) for three steps of examples that are all as long as they may be, in
a process of its own, without GPUs. The measure is the peak of its own memory (RssAnon, sampled every 2 ms: files that
are mapped are not counted), less what it held after another, tiny model had been trained and dropped.
"""

import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from radray.config import Tiny, load_settings
from radray.models.memory_plan import GIB, Step, step_memory
from radray.models.shape import folder_shape

SIZE = Tiny(vocab_size=4_000, d_model=512, d_ff=1024, num_layers=8, num_heads=8)
GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536"}
"""Has the C library give memory back as tensors are freed: what it would keep is not the training's."""
SOURCE, TARGET = 256, 64
CASES = {
    "fp32 adamw": ["train.batch_size=8"],
    "fp32 adamw, checkpointing": ["train.batch_size=8", "train.activation_checkpointing=true"],
    "fp32 adafactor": ["train.batch_size=8", "train.optimiser=adafactor"],
    "fp32 adamw, micro-batches of 2": ["train.batch_size=8", f"train.micro_batch_tokens={2 * (SOURCE + TARGET)}"],
    "bf16 weights, adafactor, checkpointing": [
        *("train.batch_size=8", "train.optimiser=adafactor", "train.precision=bf16_weights"),
        "train.activation_checkpointing=true",
    ],
    "fp32 adamw, lora": ["train.batch_size=8", "train.method=lora"],
}


def held() -> int:
    """Return what this process holds of its own now, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no RssAnon")


class Peak:
    """The most that this process held while the block ran."""

    def __enter__(self) -> "Peak":
        self.bytes, self._stop = 0, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def _sample(self) -> None:
        while not self._stop.wait(0.002):
            self.bytes = max(self.bytes, held())

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def child(folder: Path, overrides: list[str]) -> None:
    """Train three steps and print the peak over what there was before."""
    import torch

    from radray.training.examples import Examples
    from radray.training.loop import train
    from radray.training.optimisers import build_optimiser
    from radray.training.sharding import Worker, load_plain, spread
    from radray.training.state import State

    torch.set_num_threads(2)
    settings = load_settings([], ["train.sharding=none", "train.max_steps=3", *overrides]).train

    def run(model: Path) -> None:
        rows = [[5] * (SOURCE - 1) + [1]] * 24
        examples = Examples(rows, [[7] * (TARGET - 1) + [1]] * 24, 0, 0)
        few = Examples(rows[:1], [[7, 1]], 0, 0)
        learner = spread(load_plain(model, settings, Worker()), settings, Worker())
        optimiser = build_optimiser(learner.plain, settings)
        train(learner, optimiser, examples, few, settings, State(), log=lambda *_: None, save=lambda _: None)

    run(folder / "tiny")
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = held()
    with Peak() as peak:
        run(folder / "small")
    sys.stdout.write(json.dumps({"peak": peak.bytes - before}))


def main() -> None:
    """Run every case and print measured, planned and their ratio."""
    from radray.models.tiny import build_tiny

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        texts = [f"word{i} lungs clear no effusion {i * 37}" for i in range(3000)]
        build_tiny(texts, folder / "small", size=SIZE, seed=1)
        build_tiny(texts, folder / "tiny", size=Tiny(vocab_size=4_000, d_model=16, d_ff=16, num_layers=1), seed=1)
        shape = folder_shape(folder / "small")
        sys.stdout.write(f"{shape.parameters:,} parameters\n")
        for name, overrides in CASES.items():
            command = [sys.executable, __file__, "--child", temporary, *overrides]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | GIVEN_BACK)
            peak = json.loads(done.stdout)["peak"]
            settings = load_settings([], ["train.sharding=none", *overrides])
            train = settings.train
            rows = train.batch_size
            if train.micro_batch_tokens:
                rows = train.micro_batch_tokens // (SOURCE + TARGET)
            planned = step_memory(
                shape,
                Step(
                    *("none", 1, train.precision, train.optimiser, train.activation_checkpointing),
                    *(rows, SOURCE, TARGET),
                    trainable=0.02 if train.method == "lora" else 1.0,
                ),
            ).total
            line = f"{name:40} measured {peak / GIB:6.3f} GiB, planned {planned / GIB:6.3f}, ratio {planned / peak:.2f}"
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(Path(sys.argv[2]), sys.argv[3:])
    else:
        main()
