"""One worker's training from model folder to last checkpoint: load, resume, train, save. No Ray."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from radray.settings.train import TrainSettings
from radray.training.checkpoints.store import Checkpoints, tensors_of
from radray.training.loop.examples import Examples
from radray.training.loop.loop import Ended, Log, train
from radray.training.loop.optimisers import build_optimiser, fill_state
from radray.training.loop.sharding import load_plain, spread
from radray.training.loop.state import State
from radray.training.loop.validation import Sample, score_sample


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to: why it ended, after which step, from which it resumed, and its speed here."""

    why: Ended
    steps: int
    resumed_from: int
    examples_per_second: float


def learn(
    init: Path,
    examples: Examples,
    validation: Examples,
    settings: TrainSettings,
    checkpoints: Checkpoints,
    *,
    log: Log,
    sample: Sample | None = None,
    told_to_stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train the model of `init` on this worker, going on from the newest whole checkpoint where there is one.

    All workers call it together. `sample` is what impressions are written for and scored; None: nothing. What had been
    logged before that checkpoint is logged again first, so that a listener hears the whole of it. When it returns, the
    last checkpoint is written. Raises what `load_plain`, `train` and `Checkpoints` raise, on every worker.
    """
    team = checkpoints.team
    learner = spread(team.agree(lambda: load_plain(init, settings, team.worker)), settings, team.worker)
    optimiser = build_optimiser(learner.plain, settings)
    fill_state(optimiser)
    state = checkpoints.restore(tensors_of(learner, optimiser))
    if state is None:
        optimiser.state.clear()
        state = State()
    resumed_from = state.step
    for values in state.logged:
        log(*values)
    ending = train(
        learner,
        optimiser,
        examples,
        validation,
        settings,
        state,
        log=log,
        save=lambda now: checkpoints.save(tensors_of(learner, optimiser), now),
        score=None if sample is None else lambda: score_sample(learner, sample, settings),
        told_to_stop=lambda: told_to_stop() or checkpoints.failed,
    )
    checkpoints.finish()
    return Outcome(ending.why, state.step, resumed_from, ending.examples_per_second)
