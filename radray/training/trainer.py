"""Fine-tuning as the driver sees it: data in, progress as it comes, the best checkpoint as a model folder."""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
import ray.data
import ray.train
import ray.train.torch
from ray.train import CheckpointConfig, DataConfig, FailureConfig, RunConfig, ScalingConfig
from ray.train.v2.api.config import LoggingConfig
from ray.train.v2.api.exceptions import TrainingFailedError

from radray.config import Train
from radray.errors import InputError, RadrayError
from radray.training.output import publish
from radray.training.progress import Metric, MetricStream
from radray.training.worker import run_worker

_VERSIONED = ("radray", "ray", "tokenizers", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class FinetuneResult:
    """What a fine-tuning came to.

    best_val_loss: mean loss a target token of the model that was kept; best_epoch: epochs done then; steps:
    optimiser steps done in all; seconds: wall time of Ray Train, start of workers included; examples_per_second:
    training examples over the time between them; digest: of the manifest in `out`.
    """

    best_val_loss: float
    best_epoch: float
    steps: int
    seconds: float
    examples_per_second: float
    digest: str


def finetune(
    *,
    train: pa.Table,
    validation: pa.Table,
    init: Path,
    out: Path,
    settings: Train,
    storage: Path,
    run_name: str,
    made: Mapping[str, Any],
    on_metric: Callable[[Metric], None],
) -> FinetuneResult:
    """Fine-tune the model folder `init` on `train`, keep the epoch with the least loss on `validation` in `out`.

    Ray is initialised by the caller. Both tables have string columns unit_id, input and target. Checkpoints go
    below ``storage/run_name`` (the two best, removed at the end); a `run_name` that was used before would be
    resumed by Ray, so give each run its own. `on_metric` hears of values as they come, from a thread, see
    `Metric`. `out` is a Hugging Face folder whose manifest holds `made`, the metrics and the versions; a folder
    that is there already is replaced once the new one is whole. Raises InputError for an empty table and
    RadrayError when training fails.
    """
    for name, table in (("training", train), ("validation", validation)):
        if table.num_rows == 0:
            raise InputError(
                f"fine-tuning: no {name} examples (reports with findings and impression); see"
                " split.validation_fraction and the split of the reports"
            )
    # the controller looks for reports this often and a worker waits for it: 2 s (the default) is longer than an
    # epoch of a small model
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.25")
    started = time.monotonic()
    with MetricStream(on_metric) as stream:
        trainer = ray.train.torch.TorchTrainer(
            run_worker,
            train_loop_config={"init": str(init.resolve()), "settings": settings, "box": stream.box},
            scaling_config=ScalingConfig(num_workers=settings.workers, use_gpu=settings.use_gpu),
            run_config=_run_config(storage, run_name),
            datasets={
                name: ray.data.from_arrow(table.select(["unit_id", "input", "target"]))
                for name, table in (("train", train), ("validation", validation))
            },
            # every worker sees all examples and takes its part of each global batch, see `loop.train`: which
            # examples meet in a step, and so the model, does not hang on the number of workers
            dataset_config=DataConfig(datasets_to_split=[]),
        )
        try:
            result = trainer.fit()
        except TrainingFailedError as error:
            raise _cause(error) from None
    seconds = time.monotonic() - started
    if not result.best_checkpoints:
        raise RadrayError("fine-tuning: Ray Train ended without a checkpoint")
    checkpoint, best = min(result.best_checkpoints, key=lambda pair: (pair[1]["val_loss"], pair[1]["step"]))
    found = FinetuneResult(
        best_val_loss=float(best["val_loss"]),
        best_epoch=float(best["epoch"]),
        steps=int(result.metrics["step"]),
        seconds=round(seconds, 3),
        examples_per_second=round(float(result.return_value), 3),
        digest="",
    )
    metrics = {name: value for name, value in asdict(found).items() if name != "digest"}
    versions = {package: _version(package) for package in _VERSIONED}
    with checkpoint.as_directory() as folder:
        digest = publish(Path(folder), out, {**made, "metrics": metrics, "versions": versions})
    shutil.rmtree(storage / run_name, ignore_errors=True)
    return replace(found, digest=digest)


def _run_config(storage: Path, run_name: str) -> RunConfig:
    return RunConfig(
        name=run_name,
        storage_path=str(storage.resolve()),
        # no retries: checkpoints hold no optimiser state, so a retry would train on with another schedule; and
        # what fails here (a loss that is not finite, memory, a model that cannot be read) fails again. Run the
        # job again instead
        failure_config=FailureConfig(max_failures=0, controller_failure_limit=0, max_preemption_failures=0),
        checkpoint_config=CheckpointConfig(
            num_to_keep=2, checkpoint_score_attribute="val_loss", checkpoint_score_order="min"
        ),
        logging_config=LoggingConfig(log_level="ERROR"),
    )


def _cause(error: TrainingFailedError) -> RadrayError:
    """Return the error that a worker raised on purpose, else one that names the class and place of what happened.

    Messages of other exceptions are left out: a library may have put text of a report into them.
    """
    for rank, failure in sorted(getattr(error, "worker_failures", {}).items()):
        cause = getattr(failure, "_base_exc", failure)
        cause = getattr(cause, "cause", None) or cause
        if isinstance(cause, RadrayError):
            return cause
        return RadrayError(f"fine-tuning failed on worker {rank} with {type(cause).__name__}; see Ray's worker logs")
    return RadrayError(f"fine-tuning failed with {type(error).__name__}; see Ray's logs")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed as a package"
