"""The model folder of a checkpoint: the base model with the learnt parameters put in. One process, no GPU."""

from pathlib import Path

import torch

from radray.models.families.adapters import add_adapter, write_adapted
from radray.models.families.registry import open_family
from radray.settings.train import TrainSettings
from radray.training.checkpoints.store import Checkpoints
from radray.training.loop.sharding import Learner


def export_checkpoint(
    init: Path, base_name: str, settings: TrainSettings, checkpoints: Checkpoints, step: int, folder: Path
) -> None:
    """Write the model of the checkpoint of `step`, which must be on disk, to `folder` as `write_adapted` does.

    `init` is the folder that training started from and `base_name` the name by which PEFT may find it. Main memory
    holds one model. Raises InputError for a checkpoint of another model.
    """
    dtype = torch.bfloat16 if settings.precision == "bf16_weights" else torch.float32
    family = open_family(init)
    learnt = add_adapter(family.load_model(init, dtype=dtype), settings, family)
    learner = Learner(learnt, learnt, checkpoints.worker)
    checkpoints.load(step, {f"model.{name}": value.detach() for name, value in learner.learning().items()})
    write_adapted(learnt, family.load_tokenizer(init), settings, folder, base_name, family)
