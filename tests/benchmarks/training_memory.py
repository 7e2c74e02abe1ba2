"""The plan's memory of a training step against what torch takes: ``python -m tests.benchmarks.training_memory [word]``.

Every example is as long as it may be. Two measures, each case in a process of its own:

- *allocated*: a T5 of 54 million parameters, or a Llama of 22, trains three steps in radray's loop; torch's profiler
  hears of every block that torch's CPU allocator gives and takes back, and the peak is that of their sum and of the
  weights. It is what a GPU's allocator would count. (The memory of the process is another matter: the C library keeps
  what is freed.)
- *counted*: the same step on fake tensors, which have shapes and no values, so that FLAN-T5 XL needs no memory, and
  with a process group that exchanges nothing, so that one process is one of eight of FSDP2; torch's MemTracker counts
  the storages that are alive. It does not see what is inside one operator.

Cases that both measure show whether to trust the second for shapes that only it can reach. Attention is torch's plain
one here, but for causal models on a GPU; a T5's fused kernel would keep less.

A T5's plan is computed by formulas. That of a causal model is itself a count on fake tensors, of few layers, extended
to all: here all are counted. `word`: only cases whose name has it. The last line is JSON.
"""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from radray.models.families.shapes import initial_shape
from radray.models.families.step import GIB
from radray.settings.loading import load_settings
from radray.settings.model import TinySettings
from radray.settings.root import Settings
from radray.training.plan import plan_training
from tests.benchmarks.trained_model import say
from tests.support.paths import ROOT

SIZE = TinySettings(vocab_size=4_000, d_model=512, d_ff=1024, num_layers=8, num_heads=8)
ALL = ["train.sharding=none", "train.batch_size=8", "train.max_input_tokens=256", "train.max_target_tokens=64"]
CHECKPOINTING, MICRO = "train.activation_checkpointing=true", "train.micro_batch_tokens=640"
SMALL = {
    "fp32 adamw": [],
    "fp32 adamw, checkpointing": [CHECKPOINTING],
    "fp32 adamw, micro-batches of 2": [MICRO],
    "fp32 adamw, checkpointing, micro-batches of 2": [CHECKPOINTING, MICRO],
    "fp32 adafactor": ["train.optimiser=adafactor"],
    "bf16 adamw": ["train.precision=bf16"],
    "bf16 adamw, checkpointing": ["train.precision=bf16", CHECKPOINTING],
    "bf16 weights, adamw": ["train.precision=bf16_weights"],
    "bf16 weights, adafactor, checkpointing": [
        *("train.precision=bf16_weights", "train.optimiser=adafactor", CHECKPOINTING)
    ],
    "fp32 adamw, lora": ["train.method=lora"],
    "fp32 adamw, soft prompt": ["train.method=soft_prompt"],
    "fp32 adamw, short and many": ["train.batch_size=64", "train.max_input_tokens=32", "train.max_target_tokens=16"],
    "fp32 adamw, long and few": ["train.batch_size=1", "train.max_input_tokens=512", "train.max_target_tokens=128"],
}
CAUSAL = [
    *("fp32 adamw", "fp32 adamw, checkpointing, micro-batches of 2", "fp32 adafactor", "bf16 adamw"),
    *("bf16 weights, adafactor, checkpointing", "fp32 adamw, lora", "fp32 adamw, soft prompt"),
]
LONE = ["train.sharding=none", "train.workers=1", "train.use_gpu=false", "train.micro_batch_tokens=null"]
XL: dict[str, tuple[str, list[str]]] = {
    **{name: (name, []) for name in ("p3.16xlarge", "g5.48xlarge", "g6e.48xlarge", "p4d.24xlarge", "p5.48xlarge")},
    "p3.16xlarge, adafactor": ("p3.16xlarge", ["train.optimiser=adafactor"]),
    "p3.16xlarge, no checkpointing": ("p3.16xlarge", ["train.activation_checkpointing=false"]),
    "flan-t5-xl-rehearsal": ("flan-t5-xl-rehearsal", []),
    "one device, fp32 adamw": ("p5.48xlarge", [*LONE, "train.precision=fp32", "train.batch_size=4"]),
    "one device, bf16 adamw": ("p5.48xlarge", [*LONE, "train.precision=bf16", "train.batch_size=4"]),
    "one device, bf16 weights, checkpointing": (
        "p5.48xlarge",
        [*LONE, "train.precision=bf16_weights", "train.batch_size=8", CHECKPOINTING],
    ),
}
PUBLISHED_CAUSAL: dict[str, tuple[str, list[str]]] = {
    "g5.48xlarge-qwen3-4b-lora": ("g5.48xlarge-qwen3-4b-lora", []),
    "p4d.24xlarge-phi-3-mini": ("p4d.24xlarge-phi-3-mini", []),
    "smollm2": ("smollm2", ["train.precision=bf16"]),
    "smollm2, soft prompt": ("smollm2", ["train.precision=bf16", "train.method=soft_prompt"]),
}


def child(measure: str, folder: str, config: str, overrides: list[str]) -> None:
    """Measure one case and print it."""
    settings = load_settings([config] if config else [], overrides)
    if measure == "allocated":
        from tests.support.training.allocated import allocated

        torch.set_num_threads(2)
        say(str(allocated(Path(folder), settings)))
    else:
        from tests.support.training.fake import counted

        model = settings.model.model_copy(update={"init": folder}) if folder else settings.model
        shape = initial_shape(model)
        assert shape is not None
        say(str(counted(shape, settings)))


def measured(measure: str, folder: str, config: str, overrides: list[str]) -> int:
    """Return the bytes of one case, measured in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.training_memory", "--child", measure, folder, config, *overrides]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.splitlines()[-1])


def main() -> int:
    """Run every case and print measured, planned and their ratio."""
    from radray.models.families.causal.tiny import build_tiny_causal
    from radray.models.families.t5.tiny import build_tiny

    word = sys.argv[1] if len(sys.argv) > 1 else ""
    figures: list[dict[str, Any]] = []

    def report(name: str, settings: Settings, sizes: dict[str, int]) -> None:
        shape = initial_shape(settings.model)
        assert shape is not None
        planned = plan_training(settings, shape).memory.total
        figures.append({"case": name, "planned_gib": round(planned / GIB, 3)})
        line = f"{name:62} planned {planned / GIB:7.3f} GiB"
        for measure, size in sizes.items():
            figures[-1] |= {f"{measure}_gib": round(size / GIB, 3), f"to_{measure}": round(planned / size, 3)}
            line += f", {measure} {size / GIB:7.3f} (plan is {planned / size:4.2f} of it)"
        say(line)

    texts = [f"word{i} lungs clear no effusion {i * 37}" for i in range(3000)]
    for family, build, names in (("T5", build_tiny, list(SMALL)), ("causal", build_tiny_causal, CAUSAL)):
        small = {name: SMALL[name] for name in names if word in f"small {family}, {name}"}
        with tempfile.TemporaryDirectory() as folder:
            if small:
                build(texts, Path(folder), size=SIZE, seed=1)
            for name, overrides in small.items():
                arguments = [*ALL, "train.max_steps=3", *overrides]
                sizes = {measure: measured(measure, folder, "", arguments) for measure in ("allocated", "counted")}
                report(f"small {family}, {name}", load_settings([], [f"model.init={folder}", *arguments]), sizes)
    published = {**{f"XL, {name}": case for name, case in XL.items()}, **PUBLISHED_CAUSAL}
    for name, (profile, overrides) in published.items():
        if word in name:
            config = str(ROOT / "jobs" / "configs" / f"{profile}.yaml")
            size = measured("counted", "", config, overrides)
            report(name, load_settings([config], overrides), {"counted": size})
    away = [abs(math.log(figure[key])) for figure in figures for key in figure if key.startswith("to_")]
    say(f"the furthest that the plan is from a measure: {math.exp(max(away)) - 1:.0%}")
    say(json.dumps({"torch": torch.__version__, "cases": figures}))
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])
    else:
        sys.exit(main())
