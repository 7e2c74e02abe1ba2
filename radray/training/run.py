"""One fine-tuning as a run of the warehouse: its key, its row in `runs`, and what the manifest records of it."""

from functools import partial
from typing import Any

from radray.models.engines.engine import DECIDES
from radray.models.exemplars import FixedExemplar
from radray.models.families.registry import family_name
from radray.models.folder import ModelFolder
from radray.models.manifest import ERASED
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.settings.train import IMPRESSION
from radray.storage.files import Storage
from radray.tables.identity import new_run_id, run_key
from radray.tables.runs import RunRow
from radray.training.base_model import deliver
from radray.training.dataset import TrainingData
from radray.training.driver.job import FinetuneJob
from radray.training.lessons import Lessons
from radray.training.places import checkpoint_place, out_folder
from radray.training.plan import TrainingPlan
from radray.training.scoring import Scoring

PACE = frozenset(
    {"workers", "threads_per_worker", "use_gpu", "log_every_steps", "sharding", "micro_batch_tokens", "max_hours"}
    | {"activation_checkpointing", "checkpoint_every_steps", "checkpoint_every_minutes", "checkpoints_kept"}
    | {"checkpoint_uri", "max_failures", "tensorboard", "instructions"}
)
"""Settings of `train` that decide how fast the model learns and not what: a training resumes under other values.

Of a file of instructions its content decides, which is among the examples, and not where it is."""


def run_row(settings: Settings, data: TrainingData, base: ModelFolder) -> RunRow:
    """Return the row in `runs` of fine-tuning `base` on `data`.

    The key depends on the examples, the base model and the settings that decide what is learnt: all but PACE, and
    those of generation where ROUGE takes part. Where no reports are read the row is of no night.
    """
    decides = settings.train.model_dump(exclude=set(PACE))
    if settings.train.rouge_every_epochs is not None and IMPRESSION in settings.train.weights:
        generation = settings.generate.model_dump(include=set(DECIDES))
        decides["scoring"] = {"stemmer": settings.score.stemmer, **generation}
    if settings.train.best_by == "val_rouge1_standardised":
        decides["normal_weight"] = settings.evaluate.normal_weight
    data_digest = data.digest()
    return RunRow(
        run_id=new_run_id("finetune"),
        job="finetune",
        run_key=run_key("finetune", {"data": data_digest, "init": base.digest, "train": decides}),
        config=dump_settings(settings),
        about={
            **_night(settings),
            "model_name": out_folder(settings).name,
            "input_digest": data_digest,
            "base_digest": base.digest,
        },
    )


def finetune_job(
    settings: Settings,
    storage: Storage,
    data: TrainingData,
    base: ModelFolder,
    plan: TrainingPlan | None,
    row: RunRow,
    lessons: Lessons,
) -> FinetuneJob:
    """Return what `driver.trainer.finetune` is to do in the run of `row`: have the model learn the `lessons`."""
    fixed = () if lessons.impression is None else lessons.impression.fixed
    checkpoints, uploads = checkpoint_place(settings, storage, row.run_key)
    return FinetuneJob(
        train=data.train,
        validation=data.validation,
        init=base.path,
        out=out_folder(settings),
        settings=settings.train,
        checkpoints=checkpoints,
        uploads=uploads,
        base_name=settings.model.init,
        provenance=provenance(settings, data, base, plan, row, lessons),
        neighbours=data.neighbours,
        exemplars=tuple(its for its in fixed if isinstance(its, FixedExemplar)),
        chat=lessons.chat,
        scoring=Scoring(settings.generate, settings.score.stemmer, settings.evaluate.normal_weight),
        deliver=partial(deliver, out=settings.model.out, storage=storage),
    )


def provenance(
    settings: Settings, data: TrainingData, base: ModelFolder, plan: TrainingPlan | None, row: RunRow, lessons: Lessons
) -> dict[str, Any]:
    """Return what the manifest of the model records of how it was trained, as JSON values.

    The trainer adds ``metrics`` and ``versions``.
    """
    return {
        "plan": [] if plan is None else plan.lines(),
        "base": {"name": base.name, "uri": settings.model.init, "digest": base.digest, **_origin(base)},
        **{name: value and str(value) for name, value in _night(settings).items()},
        "data_digest": row.about["input_digest"],
        "examples": {
            "train": data.train_reports,
            "validation": data.validation_targets,
            "epoch": data.train.num_rows,
        },
        **lessons.provenance,
        **({"examples_by_task": data.tasks} if data.tasks else {}),
        **{name: value for name, value in base.manifest.provenance.items() if name == ERASED},
        "family": family_name(base.path),
        "run_id": row.run_id,
        "settings": settings.train.model_dump(mode="json"),
        "targets": {
            split: {
                "without masks": counts.masks,
                "without communications": counts.communications,
                "left out": counts.empty,
            }
            for split, counts in data.target_counts.items()
        },
        "split": {"seed": settings.split.seed, "validation_fraction": settings.split.validation_fraction},
    }


def _night(settings: Settings) -> dict[str, Any]:
    """Return the night and dataset whose reports are learnt from, as the row in `runs` has them; None: of none."""
    if not settings.train.reads_reports:
        return {"batch_date": None, "dataset": None}
    return {"batch_date": settings.date, "dataset": settings.source.dataset}


def _origin(base: ModelFolder) -> dict[str, Any]:
    """Return the licence and origin that the manifest of `base` has from a file that it was read from, if any."""
    origin = base.manifest.provenance.get("origin")
    return {} if origin is None else {"origin": origin}
