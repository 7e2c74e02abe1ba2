"""Reports, or raw files, and one or several models → `predictions`, scored: the nightly job."""

import sys
from collections.abc import Callable
from functools import partial

from rich.console import Console

from jobs import cli
from jobs.prepare import prepare
from jobs.prepare import steps as prepare_steps
from radray.config import CORPUS_DATE, Settings
from radray.errors import ConfigError, GateError
from radray.models.engines import engine_name
from radray.reports.prompts import get_prompt
from radray.stages.cluster import local_cores, local_cpus, ray_on_demand
from radray.stages.engine_choice import EngineOfModel
from radray.stages.model_store import open_stored
from radray.stages.partitions import find_parts, refuse_other_cut, sample_prompts
from radray.stages.plan import NodeResources, plan_actors
from radray.stages.predictions_run import PredictionsRun
from radray.tables.catalog import Warehouse
from radray.tables.storage import Storage


def steps(settings: Settings) -> list[str]:
    """Return what the job would do. Raises ConfigError for settings that it needs and does not have."""
    if not settings.model.uri:
        raise ConfigError("model.uri is not set: generate needs a model folder or hub id, or a list of them")
    get_prompt(settings.model.prompt)
    if settings.generate.engine != "auto":
        engine_name(settings.generate)
    first = prepare_steps(settings) if settings.source.uri is not None else []
    dataset, split = settings.source.dataset or "each", settings.split.name or "each"
    where = f"batch_date={settings.date}, dataset={dataset}, split={split}"
    return [
        *first,
        f"read {settings.warehouse.uri}: reports, {where}",
        *(f"write {settings.warehouse.uri}: predictions, {where}, model={uri}" for uri in settings.model.uri),
        f"plan: {planned(settings)}",
    ]


def planned(settings: Settings) -> str:
    """Return the actors that the job would start, in words, as far as they are known without a cluster."""
    cpus = local_cpus(settings.cluster)
    if cpus is None or settings.generate.use_gpu:
        return f"{settings.generate.actors} actors, computed from the cluster at the start"
    return plan_actors([NodeResources(cpus, cores=local_cores(settings.cluster))], settings.generate, memory=1).said()


def generate(settings: Settings, console: Console) -> None:
    """Write, score and commit the impressions of each dataset and split under each model; one commit for each."""
    steps(settings)
    storage = Storage.of(settings.warehouse.s3)
    models = [open_stored(uri, storage) for uri in settings.model.uri]
    with ray_on_demand(settings.cluster) as start_ray:
        if settings.source.uri is not None:
            start_ray()
            # a night whose date was forgotten must not take the place of a corpus
            prepare(settings, console, may_replace=settings.date != CORPUS_DATE)
        warehouse = Warehouse(settings.warehouse, must_exist=True)
        parts = find_parts(warehouse, settings)
        for part in parts:
            for model in models:
                refuse_other_cut(settings, part.split, model)
        reports = sum(part.reports for part in parts)
        prompts = partial(sample_prompts, warehouse, settings, parts)
        engines = [EngineOfModel(model, settings.generate, reports, prompts) for model in models]
        refused: list[str] = []
        for part in parts:
            for engine in engines:
                run = PredictionsRun(warehouse, settings, part, engine.model)
                try:
                    generate_partition(run, engine, start_ray, console)
                except GateError as error:  # the nights of other hospitals and models are not its business
                    refused.append(str(error))
        if refused:
            raise GateError("; ".join(refused))


def generate_partition(
    run: PredictionsRun, engine: EngineOfModel, start_ray: Callable[[], None], console: Console
) -> None:
    """Write one partition of `predictions`; nothing when it holds what this run would make already."""
    possible = engine.possible(run.reports)
    if run.is_committed(possible):
        cli.say(console, f"generate: {run.where} is there already, made from the same input; nothing written")
        return
    with run.leased(possible):
        chosen = engine.choose(run.reports, start_ray)
        cli.say(console, f"generate: {run.where}: engine {chosen.name}: {chosen.reason}")
        with run.recorded(chosen):
            staged, copied = run.resume()
            if staged:
                cli.say(console, f"generate: {run.where}: {staged:,} reports are staged by an earlier attempt")
            if run.left:
                start_ray()
                plan = run.plan()
                cli.say(console, f"plan: {plan.said()}")
                run.stage(plan, console)
            merged = run.commit(lambda line: cli.say(console, f"generate: {line}"))
    kept = f"{staged:,} resumed, {copied:,} copied, {run.repeated():,} repeats answered once"
    cli.say(console, f"generate: {run.where}: {merged.rows:,} reports, {merged.rows_ok:,} ok, {kept}")


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(generate, steps, __doc__)


if __name__ == "__main__":
    sys.exit(main())
