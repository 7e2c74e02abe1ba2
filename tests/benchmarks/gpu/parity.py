"""GPU against CPU: the same small model learns the same, and writes the same. (`--small`: CPU against itself.)"""

from pathlib import Path

import torch

from radray.models.engines.engine import Generation
from radray.models.engines.transformers_beam import TransformersEngine
from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.family import Family
from radray.models.families.registry import open_family
from radray.models.families.t5.tiny import build_tiny
from radray.settings.generate import GenerateSettings
from radray.settings.loading import load_settings
from radray.settings.model import TinySettings
from radray.settings.root import Settings
from radray.training.loop.examples import Examples, cut_examples
from radray.training.loop.loop import train
from radray.training.loop.optimisers import build_optimiser
from radray.training.loop.sharding import Worker, load_plain, spread
from radray.training.loop.state import State
from tests.benchmarks.gpu.desk import Desk
from tests.benchmarks.gpu.generation import compare
from tests.benchmarks.gpu.shapes import TINY, report_texts

SIZE = TinySettings(vocab_size=2_000, d_model=128, d_ff=256, num_layers=2, num_heads=4)
REPORTS, STEPS = 64, 20
_TRAIN = [
    *("train.epochs=100", "train.batch_size=8", "train.learning_rate=1e-3", "train.precision=fp32"),
    *("train.workers=1", "train.sharding=none", "train.log_every_steps=1", "train.max_input_tokens=256"),
]


def measure(desk: Desk) -> None:
    """Record losses and hypotheses on both devices, of a T5 and of a causal model."""
    for name, build in (("t5", build_tiny), ("causal", build_tiny_causal)):
        texts = report_texts(8 if desk.small else REPORTS)
        folder = desk.scratch / name
        build(texts, folder, size=TINY if desk.small else SIZE, seed=1)
        devices = (torch.device("cpu"), desk.device)
        learnt = [desk.scratch / f"{name}-{place}" for place in range(len(devices))]
        losses = [_losses(folder, device, texts, out, desk) for device, out in zip(devices, learnt, strict=True)]
        apart = max(abs(left - right) / abs(left) for left, right in zip(*losses, strict=True))
        desk.record(name, {"devices": [str(device) for device in devices], "losses": losses})
        desk.record(name, {"largest_relative_difference": apart})
        # the same weights on both
        answers = [_written(learnt[0], device, texts, desk) for device in devices]
        desk.record(name, {"hypotheses": compare(*answers)})


def _losses(folder: Path, device: torch.device, texts: list[str], out: Path, desk: Desk) -> list[float]:
    """Return the loss of each step of a training on `device`, and write the model that it learns to `out`."""
    steps = 3 if desk.small else STEPS
    on = [f"train.max_steps={steps}", f"train.use_gpu={str(device.type == 'cuda').lower()}"]
    settings: Settings = load_settings([], [*_TRAIN, *on])
    family = open_family(folder)
    examples = _examples(family, folder, texts, settings)
    few = Examples(examples.inputs[:2], examples.targets[:2], 0, 0)
    worker = Worker(device=device)
    learner = spread(load_plain(folder, settings.train, worker), settings.train, worker)
    losses: list[float] = []

    def log(_step: int, _epoch: float, name: str, value: float) -> None:
        if name == "train_loss":
            losses.append(value)

    optimiser = build_optimiser(learner.plain, settings.train)
    train(learner, optimiser, examples, few, settings.train, State(), log=log, save=lambda _: None)
    family.save_model(learner.plain.to("cpu"), family.load_tokenizer(folder), out)  # type: ignore[arg-type]
    return losses


def _examples(family: Family, folder: Path, texts: list[str], settings: Settings) -> Examples:
    """Return examples that ask for the last sentence of each text."""
    tokenizer = family.load_tokenizer(folder)
    targets = [text.strip().rsplit("\n", 1)[-1].strip() for text in texts]
    return cut_examples(
        [prompt.ids for prompt in family.encode_prompts(tokenizer, texts, chat=False)],
        family.encode_targets(tokenizer, targets, chat=False),
        max_input_tokens=settings.train.max_input_tokens,
        max_target_tokens=settings.train.max_target_tokens,
    )


def _written(folder: Path, device: torch.device, texts: list[str], desk: Desk) -> list[Generation]:
    settings = GenerateSettings(
        engine="transformers",
        num_beams=4,
        num_return_sequences=4,
        max_new_tokens=4 if desk.small else 40,
        max_input_tokens=256,
        use_gpu=device.type == "cuda",
    )
    return TransformersEngine(folder, settings).generate(texts)
