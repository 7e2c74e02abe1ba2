"""Fine-tuning on the driver: data in, metrics as they come, and the best checkpoint as a model folder."""

import fcntl
import math
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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
from radray.models.engines.isolation.owner import IDLE_THREADS_SLEEP
from radray.models.exemplars import write_exemplars
from radray.models.families.registry import open_family
from radray.models.neighbours import write_neighbours
from radray.settings.train import IMPRESSION, TrainSettings
from radray.storage.walk import files_below
from radray.training.checkpoints.files import steps_in
from radray.training.checkpoints.store import Checkpoints
from radray.training.delivery.card import write_card
from radray.training.delivery.export import export_checkpoint
from radray.training.delivery.folder import publish
from radray.training.driver.entry import enter
from radray.training.driver.job import FinetuneJob, FinetuneResult, Outcome
from radray.training.driver.stopping import sigterm_kept
from radray.training.driver.tokens import tokenised
from radray.training.loop.sharding import Worker
from radray.training.loop.team import Team
from radray.training.progress import Metric, MetricStream

_VERSIONED = ("radray", "ray", "tokenizers", "torch", "transformers")
_RAY, _EXPORT = ".ray", ".export"
"""Folders beside the checkpoints: the files of Ray Train, and the model while it is written."""
WORKER_ENVIRONMENT = IDLE_THREADS_SLEEP | {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64", "LRU_CACHE_CAPACITY": "64"}
"""Environment of the processes that train; one of the user's own stays.

On a CPU, oneDNN and torch's layer over it each keep what they made for the last 1,024 shapes, and batches of a
training have ever other shapes: three linear layers of SmolLM2's size in bf16, forward and backward at 300 lengths,
left a process 1.0 GB larger; with 64 it was 0.1 GB, in the same time. A model call has fewer than 64, which its layers
share."""
_PREEMPTIONS = 30
_NEEDED = {"val_rouge1_abnormal": (False,), "val_rouge1_standardised": (False, True)}
"""What `is_normal` must find among the references of the sample, by `train.best_by`."""


def finetune(
    job: FinetuneJob, on_metric: Callable[[Metric], None], on_note: Callable[[str], None] = lambda line: None
) -> FinetuneResult:
    """Do `job` and return its result: the best weights by ``train.best_by`` are in `job.out`.

    Ray is initialised by the caller. `on_metric` gets each value once, as it comes, and `on_note` lines for a person to
    read; both are called from a thread. Raises InputError for a table without examples, a sample that
    ``train.best_by`` cannot be taken of, or a model folder without a tokenizer; ConflictError while another process
    trains in `job.checkpoints`; and RadrayError when the training fails or is stopped by SIGTERM, after a last
    checkpoint.
    """
    if "copy" not in job.train.column_names:
        zeros = pa.array([0] * job.train.num_rows, pa.int32())
        job = replace(job, train=job.train.append_column("copy", zeros))
    if "task" not in job.train.column_names:
        job = replace(job, train=_of_impressions(job.train), validation=_of_impressions(job.validation))
    if "reference" not in job.validation.column_names:
        nulls = pa.nulls(job.validation.num_rows, pa.string())
        job = replace(job, validation=job.validation.append_column("reference", nulls))
    _refuse_empty(job)
    job = replace(job, checkpoints=job.checkpoints.resolve())
    heard: dict[tuple[str, int], Metric] = {}

    def hear(metric: Metric) -> None:
        # workers that were started again report the values of before once more
        if (metric.name, metric.step) not in heard:
            heard[metric.name, metric.step] = metric
            on_metric(metric)

    with held_alone(job.checkpoints):
        _note_other_trainings(job.checkpoints, on_note)
        datasets = _datasets(job)
        started = time.monotonic()
        outcome = _train(job, datasets, hear, on_note)
        seconds = time.monotonic() - started
        checkpoints = Checkpoints(
            job.checkpoints, Team(Worker()), kept=job.settings.checkpoints_kept, note=on_note, uploads=job.uploads
        )
        best = checkpoints.best()
        if best is None:
            raise RadrayError(
                f"fine-tuning: no checkpoint in {job.checkpoints} is whole and has a {job.settings.best_by}"
            )
        step, state = best
        result = FinetuneResult(
            best_val_loss=float(state.val_loss or 0.0),
            best_epoch=step / math.ceil(job.train.num_rows / job.settings.batch_size),
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
        result = replace(result, digest=_write_model(job, checkpoints, step, result, heard.values()))
        job.deliver(job.out)
        if outcome.why != "max_hours":
            _remove_checkpoints(job)
    return result


def _of_impressions(table: pa.Table) -> pa.Table:
    return table.append_column("task", pa.array([IMPRESSION] * table.num_rows, pa.string()))


def _refuse_empty(job: FinetuneJob) -> None:
    for name, table in (("training", job.train), ("validation", job.validation)):
        if table.num_rows == table["target"].null_count:
            raise InputError(
                f"fine-tuning: no {name} examples (reports with findings and impression); see"
                " split.validation_fraction and the split of the reports"
            )
    references = job.validation["reference"].drop_null().to_pylist()
    kinds = {is_normal(reference) for reference in references}
    for normal in _NEEDED.get(job.settings.best_by, ()):
        if normal not in kinds:
            raise InputError(
                f"fine-tuning: train.best_by={job.settings.best_by}, but none of the {len(references):,} validation"
                f" reports that are scored has {'a normal' if normal else 'an abnormal'} impression: use val_loss, or a"
                " larger train.rouge_reports"
            )


def _note_other_trainings(folder: Path, on_note: Callable[[str], None]) -> None:
    """Name the folders beside `folder` that hold checkpoints: nobody else removes those of a job that was given up."""
    for other in sorted(folder.parent.iterdir()):
        if other != folder and other.is_dir() and steps_in(other):
            gigabytes = sum(os.stat(file).st_size for file in files_below(other)) / 1e9
            on_note(
                f"{other} holds checkpoints of another training, {gigabytes:,.1f} GB: remove it if it is finished with"
            )


def _datasets(job: FinetuneJob) -> dict[str, ray.data.Dataset]:
    """Return the data of the workers: token ids, and the references of the sample."""
    family = open_family(job.init)
    tokenizer = family.load_tokenizer(job.init)
    columns = {
        "train": ["task", "unit_id", "copy", "input", "target"],
        "validation": ["task", "unit_id", "input", "target", "reference"],
    }
    tables = {"train": job.train, "validation": job.validation}
    return {
        name: ray.data.from_arrow(tokenised(table.select(columns[name]), family, tokenizer, chat=job.chat))
        for name, table in tables.items()
    }


def _train(
    job: FinetuneJob,
    datasets: dict[str, ray.data.Dataset],
    on_metric: Callable[[Metric], None],
    on_note: Callable[[str], None],
) -> Outcome:
    """Train on Ray's workers until the last step, or one of the reasons to end before it."""
    # the controller polls for reports this often and a worker waits for it: 2 s (the default) is longer than an epoch
    # of a small model
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.25")
    with sigterm_kept() as stop, MetricStream(on_metric, on_note, stop) as stream:
        trainer = ray.train.torch.TorchTrainer(
            enter,
            train_loop_config={
                "init": str(job.init.resolve()),
                "settings": job.settings,
                "box": stream.box,
                "checkpoints": str(job.checkpoints),
                "uploads": job.uploads,
                "scoring": job.scoring,
            },
            scaling_config=ScalingConfig(num_workers=job.settings.workers, use_gpu=job.settings.use_gpu),
            run_config=run_config(job.checkpoints / _RAY, job.settings),
            datasets=datasets,
            # every worker sees all examples and takes its share of each global batch, see `loop.train`: which examples
            # meet in a step, and so the model, does not depend on the number of workers
            dataset_config=DataConfig(datasets_to_split=[]),
        )
        try:
            outcome: Outcome | RadrayError = trainer.fit().return_value
        except TrainingFailedError as error:
            raise _cause(error) from None
        finally:
            shutil.rmtree(job.checkpoints / _RAY, ignore_errors=True)
    if isinstance(outcome, RadrayError):
        raise outcome
    if outcome.why == "stopped":
        raise RadrayError(
            f"fine-tuning was stopped by SIGTERM after step {outcome.steps}; its checkpoint is in {job.checkpoints}:"
            " run the same job again to resume"
        )
    return outcome


def _write_model(
    job: FinetuneJob, checkpoints: Checkpoints, step: int, result: FinetuneResult, metrics: Iterable[Metric]
) -> str:
    """Write the model of the checkpoint of `step` to `job.out`; return the digest of its manifest.

    Raises RadrayError where there is no room for it; the checkpoints stay.
    """
    # charts take half a second to import, which a job that trains nothing need not spend
    from radray.training.delivery.curves import write_curves

    export = job.checkpoints / _EXPORT
    shutil.rmtree(export, ignore_errors=True)
    provenance = {
        **job.provenance,
        "metrics": {name: value for name, value in asdict(result).items() if name != "digest"},
        "versions": {package: _version(package) for package in _VERSIONED},
    }
    try:
        export_checkpoint(job.init, job.base_name or str(job.init), job.settings, checkpoints, step, export)
        write_curves(export, metrics)
        if job.neighbours is not None:
            write_neighbours(job.neighbours, export)
        if job.exemplars:
            write_exemplars(job.exemplars, export)
        write_card(export, job.out.name, provenance)
        return publish(export, job.out, provenance)
    except (OSError, SafetensorError) as error:
        cause = getattr(error, "strerror", None) or type(error).__name__
        free = shutil.disk_usage(job.checkpoints).free >> 20
        raise RadrayError(
            f"fine-tuning: the model cannot be written to {job.out}: {cause}; make room ({free:,} MB are free) and run"
            " the same job again: its checkpoints are whole"
        ) from None
    finally:
        shutil.rmtree(export, ignore_errors=True)


def _remove_checkpoints(job: FinetuneJob) -> None:
    shutil.rmtree(job.checkpoints, ignore_errors=True)
    if job.uploads is not None:
        job.uploads.remove(job.uploads.steps())
    with suppress(OSError):
        job.checkpoints.parent.rmdir()  # fails while other trainings have checkpoints in it


@contextmanager
def held_alone(folder: Path) -> Iterator[None]:
    """Hold `folder`, created if need be, for this process.

    Raises ConflictError where another process on this machine holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".held").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConflictError(f"fine-tuning: another process trains this very model in {folder} now") from None
        shutil.rmtree(folder / _RAY, ignore_errors=True)
        yield


def run_config(storage: Path, settings: TrainSettings) -> RunConfig:
    """Return how Ray Train runs the workers: after which failures again, and with which environment."""
    own = {name: os.environ[name] for name in WORKER_ENVIRONMENT if name in os.environ}
    return RunConfig(
        # a new name each time: Ray would resume a run of the same name from its own checkpoints, and there are none
        name=uuid.uuid4().hex,
        storage_path=str(storage),
        failure_config=FailureConfig(
            # a worker died (a killed process, a lost node, a broken connection): all start again from the last
            # checkpoint. Finite, because a worker that dies so often dies for a reason; an error that is known to
            # recur (a loss that is not finite, a full disk) does not come here, see `run_worker`
            max_failures=settings.max_failures,
            # workers could not be placed or started; Ray's default is to try for ever
            controller_failure_limit=settings.max_failures,
            # a spot node was reclaimed: no fault of the job, and it costs minutes each time; finite, because a market
            # that reclaims so many in one training has no room for it
            max_preemption_failures=_PREEMPTIONS,
        ),
        logging_config=LoggingConfig(log_level="ERROR"),
        worker_runtime_env={"env_vars": WORKER_ENVIRONMENT | own},
    )


def _cause(error: TrainingFailedError) -> RadrayError:
    """Return the error of ours that a worker raised, else an error that names the worker and the exception's class.

    Messages of other exceptions are left out: a library may have put report text into them.
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
