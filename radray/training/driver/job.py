"""What a fine-tuning is given, and what it returns. Ray's controller reads it too: no torch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from radray.models.exemplars import FixedExemplar
from radray.settings.train import TrainSettings
from radray.training.checkpoints.uploads import Uploads
from radray.training.scoring import Scoring

if TYPE_CHECKING:
    from radray.training.loop.loop import Ended


def keep_local(folder: Path) -> None:
    """Deliver the model in `folder` nowhere else."""


@dataclass(frozen=True, slots=True)
class FinetuneJob:
    """One fine-tuning: the base model, the examples, the settings, and where the results go."""

    train: pa.Table
    """String columns unit_id, input (the prompt) and target, none of them null, and where a report stands several times
    copy, a number that tells its rows apart; where other tasks than the impression are learnt, task."""
    validation: pa.Table
    """The same columns, target null where there is none, and optionally reference: where that is not null, impressions
    are generated during training and scored against it."""
    init: Path
    """Model folder that the training starts from."""
    out: Path
    """Model folder that is written: Hugging Face files, a card, the curves and a manifest. One that exists is replaced
    once the new one is whole."""
    settings: TrainSettings
    checkpoints: Path
    """Folder of this very training (same examples, base model and settings). A whole checkpoint in it is resumed from;
    it is removed at the end."""
    provenance: Mapping[str, Any]
    """What the manifest records of how the model came about, JSON values; metrics and versions are added to it."""
    uploads: Uploads | None = None
    """Where the checkpoints are uploaded to as well; None: nowhere."""
    base_name: str | None = None
    """The name by which an adapter finds its base model; None: the path `init`."""
    neighbours: pa.Table | None = None
    """The training reports that the model carries with it, as `models.neighbours` has them; None: it needs none."""
    exemplars: Sequence[FixedExemplar] = ()
    """The pairs that the prompt shows before every report, which the model carries with it."""
    chat: bool = False
    """Whether the inputs go through the chat template of the tokenizer in `init`."""
    scoring: Scoring = field(default_factory=Scoring)
    """How impressions are generated and scored during training."""
    deliver: Callable[[Path], None] = keep_local
    """Called with `out` before the checkpoints are removed: where it raises, the same job resumes at this point."""


@dataclass(frozen=True, slots=True)
class FinetuneResult:
    """The result of a fine-tuning."""

    best_val_loss: float
    """Mean loss per target token of the model that was kept."""
    best_epoch: float
    """Epochs done when that model was reached."""
    validation: dict[str, float]
    """All validation metrics of that model, by name."""
    steps: int
    """Optimiser steps in all."""
    resumed_from: int
    """How many of them earlier runs had done."""
    seconds: float
    """Wall time of Ray Train, the start of its workers included."""
    examples_per_second: float
    """Training examples over the time spent on them: without validation and saving."""
    ended: str
    """"done", "early_stop", or "max_hours" with the best model so far."""
    digest: str
    """Of the manifest in `out`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended."""

    why: Ended
    steps: int
    """Optimiser steps done, those before this run included."""
    resumed_from: int
    """The step of the checkpoint that it resumed from; 0: it started anew."""
    examples_per_second: float
    """Of this run, over all workers."""
