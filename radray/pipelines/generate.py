"""The generation pipeline: rows of `reports` → impressions by beam search → ROUGE → rows of `predictions`, staged."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.annotations import RayDeprecationWarning

from radray.cluster.actors import ActorPlan
from radray.evaluation.deferral.calibration import Calibration
from radray.models.folder import ModelFolder
from radray.pipelines.report_rows import ReadRows, SelectReports
from radray.pipelines.score_predictions import ScorePredictions
from radray.pipelines.stage import Stage
from radray.pipelines.write_impressions import WriteImpressions
from radray.reports.splits import SplitCut
from radray.settings.generate import GenerateSettings, ScoreSettings
from radray.settings.section import SplitName
from radray.storage.files import Storage, is_s3
from radray.tasks.registry import Asked

ACTOR_RESTARTS = 8
"""Times that an actor is started again, on another machine if its own is gone. No report ends an actor, only the
process of its engine: what does is a machine that is taken away, or Ray's guard of a machine's memory."""
BLOCK_RETRIES = 3
"""Times that a block is begun again whose actor ended: one that goes down with four is not unlucky."""


@dataclass(frozen=True, slots=True)
class GenerationJob:
    """What the pipeline is to make of a partition of `reports`, however often it is begun."""

    storage: Storage
    files: Sequence[str]
    """Data files of `reports` that hold the reports, among others."""
    cut: SplitCut
    split: SplitName
    """Reports of other splits are passed over."""
    model: ModelFolder
    asked: Asked
    """What the model is asked."""
    settings: GenerateSettings
    score: ScoreSettings
    constants: Mapping[str, Any]
    """Columns that all rows share: batch_date, dataset, split, model, prompt, run."""
    staging: str
    """Folder that the rows are written below, as Parquet."""
    converted: str | None = None
    """Digest of the converted copy that the engine was chosen with; None: the engine needs none."""
    calibration: Calibration | None = None
    """What score.calibration holds."""


def stage_predictions(
    job: GenerationJob, plan: ActorPlan, staged: Collection[str] = (), writer: type[Stage] = WriteImpressions
) -> None:
    """Run the generation pipeline of `job` with the actors of `plan`, each of which holds a `writer`.

    Reports whose unit_id is in `staged` have their row already and are passed over. Raises what Ray ends a pipeline
    with: RayTaskError around an error of a stage, RayActorError and its like where a machine was lost.
    """
    settings = job.settings
    reads, scores = limit_waiting(plan, settings, len(job.files))
    reading, scoring = ray.data.TaskPoolStrategy(size=reads), ray.data.TaskPoolStrategy(size=scores)
    data = ray.data.from_items([{"uri": uri} for uri in job.files], override_num_blocks=len(job.files))
    read, select = ReadRows(job.storage).__call__, SelectReports(job.cut, job.split, staged).__call__
    data = data.map_batches(read, batch_format="pyarrow", batch_size=1, compute=reading)
    data = data.map_batches(select, batch_format="pyarrow", batch_size=None, compute=reading)
    # a data file is one task's: this is what spreads its rows over actors
    data = data.repartition(target_num_rows_per_block=settings.block_rows)
    with warnings.catch_warnings():
        # Ray 2.60 deprecates the one way to say max_restarts and has no other yet; its default is without limit
        warnings.simplefilter("ignore", RayDeprecationWarning)
        data = data.map_batches(
            writer,
            fn_constructor_args=(
                *(job.model, job.asked, settings, job.converted, job.constants["run_id"]),
                job.score.vocabulary,
            ),
            batch_format="pyarrow",
            batch_size=settings.block_rows,
            compute=actor_pool(plan),
            num_cpus=plan.cpus,
            num_gpus=plan.gpus,
            memory=plan.memory,
            max_restarts=ACTOR_RESTARTS,
            max_task_retries=BLOCK_RETRIES,
        )
    scored = ScorePredictions(job.score, job.constants, job.calibration, settings.order).__call__
    data = data.map_batches(scored, batch_format="pyarrow", batch_size=None, compute=scoring)
    fs, path = job.storage.filesystem(job.staging)
    with warnings.catch_warnings():
        # a small night has fewer blocks than may be scored at once: nothing to tell
        warnings.filterwarnings("ignore", "The maximum number of concurrent tasks", UserWarning)
        data.write_parquet(path, filesystem=fs, try_create_dir=not is_s3(job.staging), concurrency=scores)


def limit_waiting(plan: ActorPlan, settings: GenerateSettings, files: int) -> tuple[int | None, int | None]:
    """Set how long Ray Data waits, and return how many tasks may read `files`, and score, at once; None: no limit."""
    # Ray ends a run in which no block moves for 30 minutes, and FLAN-T5 XL on a CPU takes longer for 200 reports; a
    # call that hangs is ended by its own limit, and an actor whose machine is gone and finds no other by this one
    context = ray.data.DataContext.get_current()
    context.execution_no_progress_timeout_s = settings.load_timeout_s + settings.call_timeout_s
    # of what a node brings that joins, Ray Data gives half to tasks that have no limit, used or not: then actors get
    # less than one, and there is none. The tasks that read and score are few beside any model
    context.op_resource_reservation_ratio = 0.1 if plan.grows else 0.5
    return (min(plan.cpus_kept, files), max(2, plan.actors)) if plan.grows else (None, None)


def actor_pool(plan: ActorPlan) -> ray.data.ActorPoolStrategy:
    """Return the pool of the plan's actors, to which Ray Data may add others where the plan grows."""
    if plan.grows:
        return ray.data.ActorPoolStrategy(min_size=plan.actors, max_size=None)
    return ray.data.ActorPoolStrategy(size=plan.actors)
