"""The most that torch allocates while a model trains: the sum of its allocator's blocks, heard by torch's profiler."""

from pathlib import Path

import torch

from radray.settings.root import Settings
from radray.training.loop.examples import Examples
from radray.training.loop.loop import train
from radray.training.loop.optimisers import build_optimiser
from radray.training.loop.sharding import Worker, load_plain, spread
from radray.training.loop.state import State


def allocated(folder: Path, settings: Settings) -> int:
    """Return the most that torch had allocated while the model of `folder` trained three steps."""
    chosen = settings.train
    inputs = [[5] * (chosen.max_input_tokens - 1) + [1]] * (3 * chosen.batch_size)
    targets = [[7] * (chosen.max_target_tokens - 1) + [1]] * len(inputs)
    # one is shorter: with nothing to hide the model makes no mask, which no real batch does without
    inputs[:: chosen.batch_size] = (
        [[5] * (chosen.max_input_tokens // 2) + [1]] * 3 if chosen.batch_size > 1 else inputs[:3]
    )
    examples, few = Examples(inputs, targets, 0, 0), Examples(inputs[:1], [[7, 1]], 0, 0)
    learner = spread(load_plain(folder, chosen, Worker()), chosen, Worker())
    optimiser = build_optimiser(learner.plain, chosen)
    held = peak = sum(parameter.nbytes for parameter in learner.plain.parameters())
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        train(learner, optimiser, examples, few, chosen, State(), log=lambda *_: None, save=lambda _: None)
    result = profile.profiler.kineto_results
    blocks = [event for event in result.events() if event.name() == "[memory]"]
    for block in sorted(blocks, key=lambda event: event.start_ns()):
        held += block.nbytes()
        peak = max(peak, held)
    return peak
