"""The model that a fine-tuning starts from, and the upload of the model that it ends with."""

from pathlib import Path

import pyarrow as pa

from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.models.store import open_stored, put_model
from radray.settings.root import Settings
from radray.storage.files import Storage, is_s3
from radray.training.places import untrained_folder
from radray.training.plan import TrainingPlan, fitting_plan, initial_shape


def planned_model(settings: Settings, storage: Storage, train: pa.Table) -> tuple[ModelFolder, TrainingPlan | None]:
    """Return the model to start from and the plan of training it on `train`; no plan for a model other than a T5.

    The plan is computed once: before the model is fetched where its shape is already known, so that what does not fit
    costs no download, and otherwise after. Raises ConfigError for a training that does not fit the node, and
    InputError for a model that cannot be opened.
    """
    # the vocabulary of a tiny model is known only once it is built
    shape = None if settings.model.init == "tiny" else initial_shape(settings.model)
    plan = None if shape is None else fitting_plan(settings, shape, examples=train.num_rows)
    model = initial_model(settings, storage, train)
    if shape is None:
        shape = initial_shape(settings.model.model_copy(update={"init": str(model.path)}))
        plan = None if shape is None else fitting_plan(settings, shape, examples=train.num_rows)
    return model, plan


def initial_model(settings: Settings, storage: Storage, train: pa.Table) -> ModelFolder:
    """Return the model to start from; ``model.init=tiny`` is built from the text of `train`, beside `model.out`.

    Raises InputError for a model that cannot be opened, or training text without a word to build a tiny one from.
    """
    if settings.model.init != "tiny":
        return open_stored(settings.model.init, storage)
    folder = untrained_folder(settings)
    texts = train.column("input").to_pylist() + train.column("target").to_pylist()
    build_tiny(texts, folder, size=settings.model.tiny, seed=settings.train.seed)
    write_manifest(
        folder,
        folder.name,
        {"base": {"name": "tiny"}, "prompt_id": settings.model.prompt, "settings": settings.model.tiny.model_dump()},
    )
    return open_model(str(folder))


def deliver(folder: Path, out: str, storage: Storage) -> None:
    """Upload the model in `folder` to `out` where that is on S3, else do nothing. Raises RadrayError."""
    if is_s3(out):
        put_model(folder, out, storage)
