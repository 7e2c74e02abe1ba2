"""Fine-tuning as the driver sees it: data in, progress as it comes, the best checkpoint as a model folder."""

import fcntl
import math
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
import ray.data
import ray.train
import ray.train.torch
from ray.train import DataConfig, FailureConfig, RunConfig, ScalingConfig
from ray.train.v2.api.config import LoggingConfig
from ray.train.v2.api.exceptions import TrainingFailedError
from safetensors import SafetensorError

from radray.errors import ConflictError, InputError, RadrayError
from radray.language.normality import is_normal
from radray.settings.train import TrainSettings
from radray.training.checkpoints.files import steps_in
from radray.training.checkpoints.store import Checkpoints
from radray.training.checkpoints.uploads import Uploads
from radray.training.delivery.card import write_card
from radray.training.delivery.export import export_checkpoint
from radray.training.delivery.folder import publish
from radray.training.driver.learning import Outcome
from radray.training.driver.stopping import sigterm_kept
from radray.training.driver.worker import run_worker
from radray.training.loop.sharding import Worker
from radray.training.loop.team import Team
from radray.training.loop.validation import Scoring
from radray.training.progress import Metric, MetricStream

_VERSIONED = ("radray", "ray", "tokenizers", "torch", "transformers")
_RAY, _EXPORT = ".ray", ".export"
"""Folders beside the checkpoints: what Ray Train writes, and the model as it is made."""
_PREEMPTIONS = 30


@dataclass(frozen=True, slots=True)
class FinetuneResult:
    """What a fine-tuning came to.

    best_val_loss: mean loss a target token of the model that was kept; best_epoch: epochs done then; validation: what
    else was taken of that model; steps: optimiser steps done in all, resumed_from: of these, by runs before this one;
    seconds: wall time of Ray Train, start of workers included; examples_per_second: training examples over the time
    between them; ended: "done", "early_stop", or "max_hours" with the best model so far; digest: of the manifest in
    `out`.
    """

    best_val_loss: float
    best_epoch: float
    validation: dict[str, float]
    steps: int
    resumed_from: int
    seconds: float
    examples_per_second: float
    ended: str
    digest: str


def finetune(
    *,
    train: pa.Table,
    validation: pa.Table,
    init: Path,
    out: Path,
    settings: TrainSettings,
    folder: Path,
    made: Mapping[str, Any],
    on_metric: Callable[[Metric], None],
    on_note: Callable[[str], None] = lambda line: None,
    uploads: Uploads | None = None,
    base_name: str | None = None,
    scoring: Scoring | None = None,
    deliver: Callable[[Path], None] = lambda folder: None,
) -> FinetuneResult:
    """Fine-tune the model folder `init` on `train`, keep what is best by `settings.best_by` in `out`.

    Ray is initialised by the caller. Both tables have string columns unit_id, input and target; `validation` may have
    nulls in target, and a column reference: of the rows where that is not null impressions are written by `scoring` and
    scored against it. `folder` belongs to this very training (same examples, base and settings): checkpoints are in it
    (and in `uploads`), and where it holds one that is whole, training goes on from there; it is removed when all is
    done. `on_metric` hears of each value once, as it comes, `on_note` of lines to be read, both from a thread. `out` is
    a Hugging Face folder with a card and the curves, whose manifest holds `made`, the metrics and the versions; a
    folder that is there already is replaced once the new one is whole. `deliver` is called with it before checkpoints
    are removed: where it fails, the same job goes on there. An adapter in it names its base model `base_name` (None:
    the path). Raises InputError for an empty table, or a sample without what `settings.best_by` looks at; ConflictError
    while another process trains in `folder`; and RadrayError when training fails or was told to stop by SIGTERM, after
    a last checkpoint.
    """
    if "reference" not in validation.column_names:
        validation = validation.append_column("reference", pa.nulls(validation.num_rows, pa.string()))
    _refuse_empty(train, validation, settings)
    # the controller looks for reports this often and a worker waits for it: 2 s (the default) is longer than an
    # epoch of a small model
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.25")
    folder = folder.resolve()
    with held_alone(folder):
        for other in sorted(folder.parent.iterdir()):
            if other != folder and other.is_dir() and steps_in(other):
                size = sum(file.stat().st_size for file in other.rglob("*") if file.is_file()) / 1e9
                on_note(f"{other} holds checkpoints of another training, {size:,.1f} GB: remove it if that is over")
        started = time.monotonic()
        heard: dict[tuple[str, int], Metric] = {}

        def hear(metric: Metric) -> None:
            # workers that were started again say what was before once more
            if (metric.name, metric.step) not in heard:
                heard[metric.name, metric.step] = metric
                on_metric(metric)

        with sigterm_kept() as stop, MetricStream(hear, on_note, stop) as stream:
            trainer = ray.train.torch.TorchTrainer(
                run_worker,
                train_loop_config={
                    "init": str(init.resolve()),
                    "settings": settings,
                    "box": stream.box,
                    "checkpoints": str(folder),
                    "uploads": uploads,
                    "scoring": scoring or Scoring(),
                },
                scaling_config=ScalingConfig(num_workers=settings.workers, use_gpu=settings.use_gpu),
                run_config=_run_config(folder / _RAY, settings),
                datasets={
                    "train": ray.data.from_arrow(train.select(["unit_id", "input", "target"])),
                    "validation": ray.data.from_arrow(validation.select(["unit_id", "input", "target", "reference"])),
                },
                # every worker sees all examples and takes its part of each global batch, see `loop.train`: which
                # examples meet in a step, and so the model, does not hang on the number of workers
                dataset_config=DataConfig(datasets_to_split=[]),
            )
            try:
                outcome: Outcome | RadrayError = trainer.fit().return_value
            except TrainingFailedError as error:
                raise _cause(error) from None
            finally:
                shutil.rmtree(folder / _RAY, ignore_errors=True)
        seconds = time.monotonic() - started
        if isinstance(outcome, RadrayError):
            raise outcome
        if outcome.why == "stopped":
            raise RadrayError(
                f"fine-tuning was told to stop (SIGTERM) and did after step {outcome.steps}; its checkpoint is in"
                f" {folder}: run the same job again to go on"
            )
        checkpoints = Checkpoints(folder, Team(Worker()), kept=settings.checkpoints_kept, note=on_note, uploads=uploads)
        best = checkpoints.best()
        if best is None:
            raise RadrayError(f"fine-tuning: no checkpoint in {folder} is whole and has a {settings.best_by}")
        step, state = best
        found = FinetuneResult(
            best_val_loss=float(state.val_loss or 0.0),
            best_epoch=step / math.ceil(train.num_rows / settings.batch_size),
            validation={
                name: metric.value for (name, at), metric in heard.items() if at == step and name.startswith("val_")
            },
            steps=outcome.steps,
            resumed_from=outcome.resumed_from,
            seconds=round(seconds, 3),
            examples_per_second=round(outcome.examples_per_second, 3),
            ended=outcome.why,
            digest="",
        )
        export = folder / _EXPORT
        shutil.rmtree(export, ignore_errors=True)
        metrics = {name: value for name, value in asdict(found).items() if name != "digest"}
        versions = {package: _version(package) for package in _VERSIONED}
        made = {**made, "metrics": metrics, "versions": versions}
        # charts take half a second to import, which a job that trains nothing need not
        from radray.training.delivery.curves import write_curves

        try:
            export_checkpoint(init, base_name or str(init), settings, checkpoints, step, export)
            write_curves(export, heard.values())
            write_card(export, out.name, made)
            digest = publish(export, out, made)
        except (OSError, SafetensorError) as error:
            said = getattr(error, "strerror", None) or type(error).__name__
            free = shutil.disk_usage(folder).free >> 20
            raise RadrayError(
                f"fine-tuning: the model cannot be written to {out}: {said}; make room ({free:,} MB are free) and run"
                " the same job again: its checkpoints are whole"
            ) from None
        finally:
            shutil.rmtree(export, ignore_errors=True)
        deliver(out)
        if outcome.why != "max_hours":
            shutil.rmtree(folder, ignore_errors=True)
            if uploads is not None:
                uploads.remove(uploads.steps())
            with suppress(OSError):
                folder.parent.rmdir()  # where no other training has checkpoints in it
        return replace(found, digest=digest)


def _refuse_empty(train: pa.Table, validation: pa.Table, settings: TrainSettings) -> None:
    for name, table in (("training", train), ("validation", validation)):
        if table.num_rows == table["target"].null_count:
            raise InputError(
                f"fine-tuning: no {name} examples (reports with findings and impression); see"
                " split.validation_fraction and the split of the reports"
            )
    scored = validation["reference"].drop_null().to_pylist()
    if settings.best_by != "val_loss" and not any(is_normal(reference) is False for reference in scored):
        raise InputError(
            f"fine-tuning: train.best_by={settings.best_by}, and none of the {len(scored):,} validation reports that"
            " are scored has an abnormal impression: use val_loss, or a larger train.rouge_reports"
        )


@contextmanager
def held_alone(folder: Path) -> Iterator[None]:
    """Hold `folder` (made if need be) for this process; ConflictError where another one on this machine holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".held").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConflictError(f"fine-tuning: another process trains this very model in {folder} now") from None
        shutil.rmtree(folder / _RAY, ignore_errors=True)
        yield


def _run_config(storage: Path, settings: TrainSettings) -> RunConfig:
    return RunConfig(
        # a name of its own: Ray would resume a run of the same name from its own checkpoints, of which there are none
        name=uuid.uuid4().hex,
        storage_path=str(storage),
        failure_config=FailureConfig(
            # a worker that died (a killed process, a lost node, a broken connection): start all again, from the last
            # checkpoint. Finite, because what fails so often fails for a reason; what is known to fail again (a loss
            # that is not finite, a full disk) does not come here, see `run_worker`
            max_failures=settings.max_failures,
            # workers that could not be placed or started; Ray's default is to try for ever
            controller_failure_limit=settings.max_failures,
            # a spot node that is taken away is nobody's fault, and costs minutes each time; finite, because a market
            # that takes so many in one training has no room for it
            max_preemption_failures=_PREEMPTIONS,
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
