"""Reports, or raw files, and one or several models → `predictions`, scored: the nightly job."""

import sys
from collections.abc import Callable, Sequence
from functools import partial

from rich.console import Console

from jobs import cli
from jobs.prepare import check as check_prepare
from jobs.prepare import describe as describe_prepare
from jobs.prepare import prepare_night
from radray.cluster.actors import NodeResources, plan_actors
from radray.cluster.connection import local_cores, local_cpus, ray_on_demand
from radray.errors import ConfigError, GateError
from radray.models.engines.engine import engine_name
from radray.models.folder import ModelFolder
from radray.models.store import open_stored
from radray.nights.arrivals import is_nightly, unanswered
from radray.nights.console import print_line
from radray.nights.engine_choice import EngineOfModel
from radray.nights.final_line import FinalLine
from radray.nights.parts import find_parts, refuse_other_cut, sample_prompts
from radray.nights.predictions_run import PredictionsRun
from radray.nights.range import each_night
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tasks.impression.prompts import get_prompt


def check(settings: Settings) -> None:
    """Raise ConfigError for settings that the job needs and does not have, or that no engine has."""
    if not settings.model.uri:
        raise ConfigError("model.uri is not set: generate needs a model folder or hub id, or a list of them")
    get_prompt(settings.model.prompt)
    if settings.generate.engine != "auto":
        engine_name(settings.generate)
    if settings.source.uri is not None:
        check_prepare(settings)
    planned(settings)


def describe(settings: Settings) -> list[str]:
    """Return what the job would do."""
    first = describe_prepare(settings) if settings.source.uri is not None else []
    dataset, split = settings.source.dataset or "each", settings.split.name or "each"
    nights = f"{settings.date} to {settings.until}, one after the other" if settings.until else settings.date
    where = f"batch_date={nights}, dataset={dataset}, split={split}"
    return [
        *first,
        f"read {settings.warehouse.uri}: reports, {where}",
        *(f"write {settings.warehouse.uri}: predictions, {where}, model={uri}" for uri in settings.model.uri),
        f"plan: {planned(settings)}",
    ]


def planned(settings: Settings) -> str:
    """Return the actors that the job would start, in words, as far as they are known without a cluster.

    Raises ConfigError for actors that do not fit this machine.
    """
    cpus = local_cpus(settings.cluster)
    if cpus is None or settings.generate.use_gpu:
        return f"{settings.generate.actors} actors, computed from the cluster at the start"
    return plan_actors(
        [NodeResources(cpus, cores=local_cores(settings.cluster))], settings.generate, memory=1
    ).describe()


def generate(settings: Settings, console: Console, line: FinalLine | None = None) -> None:
    """Write, score and commit the impressions of each night, dataset and split under each model; a commit for each.

    A night that is refused stops no other, see `each_night`. What came of them is added to `line`.
    """
    line = line or FinalLine("generate")
    line.price_per_hour = settings.cluster.price_per_hour
    storage = Storage.of(settings.warehouse.s3)
    models = [open_stored(uri, storage) for uri in settings.model.uri]
    with ray_on_demand(settings.cluster) as start_ray:
        each_night(settings, console, line, lambda night: generate_night(night, models, start_ray, console, line))
        say_unanswered(settings, console, line)


def generate_night(
    settings: Settings, models: Sequence[ModelFolder], start_ray: Callable[[], None], console: Console, line: FinalLine
) -> None:
    """Prepare one night where there is a source, and write the impressions of its datasets and splits."""
    if settings.source.uri is not None:
        # a night whose date was forgotten must not take the place of a corpus
        may_replace = settings.date != CORPUS_DATE
        prepare_night(settings, console, line=line, start_ray=start_ray, may_replace=may_replace)
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
                generate_partition(run, engine, start_ray, console, line)
            except GateError as error:  # the nights of other hospitals and models are not its business
                refused.append(str(error))
    if refused:
        raise GateError("; ".join(refused))


def say_unanswered(settings: Settings, console: Console, line: FinalLine) -> None:
    """Say which other nights of a nightly source were prepared and have no impressions: nobody else would."""
    if settings.source.dataset is None or not is_nightly(settings):
        return
    nights = unanswered(Warehouse(settings.warehouse), settings.source.dataset)
    line.unanswered = sorted(nights - set(settings.nights))
    if line.unanswered:
        listed = ", ".join(map(str, line.unanswered))
        print_line(console, f"generate: nights with reports and without impressions: {listed}; run them with date=")


def generate_partition(
    run: PredictionsRun, engine: EngineOfModel, start_ray: Callable[[], None], console: Console, line: FinalLine
) -> None:
    """Write one partition of `predictions`; nothing when it holds what this run would make already."""
    possible = engine.possible(run.reports)
    if run.is_committed(possible):
        print_line(console, f"generate: {run.where} is there already, made from the same input; nothing written")
        line.there += 1
        return
    with run.leased(possible):
        chosen = run.choose(engine, start_ray)
        print_line(console, f"generate: {run.where}: engine {chosen.name}: {chosen.reason}")
        with run.recorded(chosen):
            if replaced := run.rows_replaced():
                other = "from other input, by other settings, code or engine"
                print_line(
                    console, f"generate: {run.where} holds {replaced:,} rows made {other}; they will be replaced"
                )
            staged, copied = run.resume()
            if staged:
                print_line(console, f"generate: {run.where}: {staged:,} reports are staged by an earlier attempt")
            if run.left:
                start_ray()
                plan = run.plan()
                print_line(console, f"plan: {plan.describe()}")
                run.stage(plan, console)
            merged = run.commit(lambda said: print_line(console, f"generate: {said}"))
    made = run.outcome()
    kept = f"{staged:,} resumed, {copied:,} copied, {made.repeated:,} repeats answered once"
    print_line(console, f"generate: {run.where}: {merged.rows:,} reports, {merged.rows_ok:,} ok{made.said()}, {kept}")
    print_line(console, f"generate: {run.where}: {made.times()}")
    line.generated(run.run_id, made)


def main() -> int:
    """Run the job as a command and return its exit code."""
    line = FinalLine("generate")
    return cli.run(partial(generate, line=line), check, describe, __doc__, line)


if __name__ == "__main__":
    sys.exit(main())
