"""How impressions are written and scored while a model learns: settings alone, which every process can read."""

from dataclasses import dataclass, field

from radray.settings.generate import GenerateSettings

BY_TASK = "val_loss_"
"""What the name of a task's loss on its validation examples begins with, its id after that."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How impressions are generated and scored: as `jobs.generate` does it, but always the best of the beam.

    A consensus would hide what the model has learnt behind the training reports.
    """

    generate: GenerateSettings = field(default_factory=GenerateSettings)
    stemmer: bool = True
    normal_weight: float = 0.5
    """Weight of the normal reports' figure in the mean over both kinds, `evaluate.normal_weight`."""
