"""The model that a fine-tuning starts from, what it is to learn, and the upload of the model that it ends with."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from radray.errors import ConfigError
from radray.language.exemplar_marks import without_exemplars
from radray.models.exemplars import fixed_exemplars
from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.registry import family_name
from radray.models.families.shapes import initial_shape, published_shape
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.models.neighbours import write_neighbours
from radray.models.store import open_stored, put_model, refuse_other
from radray.settings.root import Settings
from radray.storage.files import Storage, is_s3
from radray.training.dataset import TrainingData
from radray.training.lessons import Lessons, choose_lessons
from radray.training.places import untrained_folder
from radray.training.plan import TrainingPlan, fitting_plan

_TINY = {"tiny": ("t5", build_tiny), "tiny-causal": ("causal", build_tiny_causal)}
"""Family and builder of the models that are built from the training text, by `model.init`."""


def lessons_of_base(settings: Settings, storage: Storage) -> Lessons:
    """Return what the model to start from is to learn: each task as it was trained for it, else as the settings say.

    Raises ConfigError as `choose_lessons` and `fixed_exemplars`, and for the digest of a model that is built;
    InputError for a model that cannot be opened.
    """
    init = settings.model.init
    if settings.model.digest and init in _TINY:
        raise ConfigError(
            f"model.digest pins a model that is opened, and model.init={init} is built anew: leave it unset"
        )
    # others made a published model, so no manifest says more: it is not fetched for its family alone
    shape = published_shape(init)
    if init in _TINY or shape is not None:
        family = _TINY[init][0] if shape is None else shape.family
        return _showing(choose_lessons(settings, init, family, {}), settings, storage, init)
    # `initial_model` compares the files of a folder with their manifest; here its manifest is read alone
    model = open_stored(init, storage) if is_s3(init) else open_model(init, verify=False)
    trained = model.manifest.provenance
    lessons = choose_lessons(settings, model.name, family_name(model.path), trained)
    return _showing(lessons, settings, storage, model.name, trained, model.path)


def _showing(
    lessons: Lessons,
    settings: Settings,
    storage: Storage,
    name: str,
    trained: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> Lessons:
    """Return `lessons` with the exemplars that the impression's prompt shows, of the model in `folder` or a file."""
    if lessons.impression is None:
        return lessons
    fixed = fixed_exemplars(settings.model.exemplars_file, storage, folder)
    return replace(lessons, impression=lessons.impression.showing(fixed, name, trained or {}))


def planned_model(
    settings: Settings, storage: Storage, data: TrainingData, lessons: Lessons
) -> tuple[ModelFolder, TrainingPlan | None]:
    """Return the model to start from, and the plan of training it on `data`; None: no plan is known.

    The plan is computed once: before the model is fetched where its shape is already known, so that what does not fit
    costs no download, and otherwise after. Raises ConfigError for a training that does not fit the node, and
    InputError for a model that cannot be opened.
    """
    # the vocabulary of a tiny model is known only once it is built
    shape = None if settings.model.init in _TINY else initial_shape(settings.model)
    plan = None if shape is None else fitting_plan(settings, shape, examples=data.train.num_rows)
    model = initial_model(settings, storage, data, lessons)
    if shape is None:
        shape = initial_shape(settings.model.model_copy(update={"init": str(model.path)}))
        plan = None if shape is None else fitting_plan(settings, shape, examples=data.train.num_rows)
    return model, plan


def initial_model(settings: Settings, storage: Storage, data: TrainingData, lessons: Lessons) -> ModelFolder:
    """Return the model to start from; ``tiny`` and ``tiny-causal`` are built from `data`, beside `model.out`.

    Raises InputError for a model that cannot be opened, or training text without a word to build a tiny one from;
    ConfigError for another model than `model.digest` pins.
    """
    if settings.model.init not in _TINY:
        model = open_stored(settings.model.init, storage)
        for digest in settings.model.digest:
            refuse_other(model, digest)
        family_name(model.path)
        return model
    family, build = _TINY[settings.model.init]
    folder = untrained_folder(settings)
    # without the exemplars of a prompt: they are texts of other patients
    texts = [without_exemplars(text) for text in data.train.column("input").to_pylist()]
    texts += data.train.column("target").to_pylist()
    build(texts, folder, size=settings.model.tiny, seed=settings.train.seed, patients=data.patients * 2)
    if data.neighbours is not None:
        write_neighbours(data.neighbours, folder)
    about = {"base": {"name": settings.model.init}, "family": family, "settings": settings.model.tiny.model_dump()}
    write_manifest(folder, folder.name, {**about, **lessons.provenance})
    return open_model(str(folder))


def deliver(folder: Path, out: str, storage: Storage) -> None:
    """Upload the model in `folder` to `out` where that is on S3, else do nothing. Raises RadrayError."""
    if is_s3(out):
        put_model(folder, out, storage)
