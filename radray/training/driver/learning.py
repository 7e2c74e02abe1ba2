"""One worker's training from the model folder to the last checkpoint: load, resume, train, save. No Ray."""

from collections.abc import Callable
from pathlib import Path

from radray.settings.train import TrainSettings
from radray.training.checkpoints.store import Checkpoints, tensors_of
from radray.training.driver.job import Outcome
from radray.training.loop.examples import Examples
from radray.training.loop.loop import Log, train
from radray.training.loop.optimisers import build_optimiser, fill_state
from radray.training.loop.sharding import load_plain, spread
from radray.training.loop.state import State
from radray.training.loop.validation import Sample, score_sample


def learn(
    init: Path,
    examples: Examples,
    validation: Examples,
    settings: TrainSettings,
    checkpoints: Checkpoints,
    *,
    log: Log,
    sample: Sample | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train the model in `init` on this worker, resuming from the newest whole checkpoint where there is one.

    All workers call it together. Impressions are generated and scored for `sample`; None: for nothing. Values logged
    before the checkpoint are logged again first, so that a listener gets all of them. When it returns, the last
    checkpoint is written. `should_stop` is called after each step, see `train`. Raises what `load_plain`, `train` and
    `Checkpoints` raise, on every worker.
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
        should_stop=lambda: should_stop() or checkpoints.failed,
    )
    checkpoints.finish()
    return Outcome(ending.why, state.step, resumed_from, ending.examples_per_second)
