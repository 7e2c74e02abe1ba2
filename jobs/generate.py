"""Reports, or raw files, and one or several models → `predictions` and `answers`, scored: the nightly job."""

import sys
from functools import partial
from typing import TYPE_CHECKING

from jobs import cli
from jobs import prepare as prepare_job
from radray.errors import ConfigError
from radray.settings.root import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from radray.nights.final_line import FinalLine

USES = (
    *("model.uri", "model.task", "model.prompt", "tasks", "date", "until", "source", "split", "generate", "score"),
    *("gates", "warehouse", "cluster", "notify", "evaluate.normal_weight"),
)


def check(settings: Settings) -> None:
    """Raise ConfigError for settings that the job needs and does not have, or that no engine or machine has."""
    from radray.models.engines.engine import engine_name
    from radray.models.store import refuse_unpinned
    from radray.tasks.registry import find_tasks, refuse_unknown

    if not settings.model.uri:
        raise ConfigError("model.uri is not set: generate needs a model folder, or a list of them")
    refuse_unpinned(settings.model)
    refuse_unknown(settings.model)
    find_tasks(settings.tasks)
    if settings.generate.engine != "auto":
        engine_name(settings.generate)
    if settings.source.uri is not None:
        prepare_job.check(settings)
    describe_actors(settings)


def describe(settings: Settings) -> list[str]:
    """Return what the job would do."""
    from radray.tasks.registry import asks_impression, find_tasks

    tasks = find_tasks(settings.tasks)
    lines = prepare_job.describe(settings) if settings.source.uri is not None or tasks else []
    dataset, split = settings.source.dataset or "each", settings.split.name or "each"
    nights = f"{settings.date} to {settings.until}, one after the other" if settings.until else settings.date
    place, where = settings.warehouse.uri, f"batch_date={nights}, dataset={dataset}, split={split}"
    lines.append(f"read {place}: reports, {where}")
    if settings.score.calibration:
        lines.append(f"read {settings.score.calibration}: which predictions a person should write")
    for uri in settings.model.uri:
        lines += [f"write {place}: predictions, {where}, model={uri}"] if asks_impression(settings.tasks) else []
        lines += [f"write {place}: answers, {where}, model={uri}, task={task.id}" for task in tasks]
    return [*lines, f"plan: {describe_actors(settings)}"]


def describe_actors(settings: Settings) -> str:
    """Return in words the actors that the job would start, as far as they are known without a cluster.

    Raises ConfigError for actors that do not fit this machine.
    """
    from radray.cluster.actors import NodeResources, plan_actors
    from radray.cluster.connection import local_cores, local_cpus

    cpus = local_cpus(settings.cluster)
    if cpus is None or settings.generate.use_gpu:
        return f"{settings.generate.actors} actors, computed from the cluster at the start"
    return plan_actors(
        [NodeResources(cpus, cores=local_cores(settings.cluster))], settings.generate, memory=1
    ).describe()


def generate(settings: Settings, console: "Console", line: "FinalLine | None" = None) -> None:
    """Write, score and commit the impressions and answers of each night, dataset and split, a commit for each model.

    A night that is refused stops no other, see `each_night`. What was done is added to `line`.
    """
    from radray.cluster.connection import ray_on_demand
    from radray.console import print_line
    from radray.models.folder import erased_lines
    from radray.models.store import open_models
    from radray.nights.answers.night import tasks_of
    from radray.nights.final_line import FinalLine
    from radray.nights.night import asked_of, generate_night, print_unanswered
    from radray.nights.range import each_night
    from radray.storage.files import Storage
    from radray.tasks.registry import asks_impression

    line = line or FinalLine("generate")
    line.price_per_hour = settings.cluster.price_per_hour
    storage = Storage.of(settings.warehouse.s3)
    opened = open_models(settings.model, storage)
    models = asked_of(settings, opened) if asks_impression(settings.tasks) else []
    tasks = tasks_of(settings, opened)
    for text in (text for model in opened for text in erased_lines(model)):
        print_line(console, f"generate: {text}")
    with ray_on_demand(settings.cluster) as start_ray:

        def work(night: Settings) -> None:
            generate_night(night, models, start_ray, console, line, tasks)

        each_night(settings, console, line, work)
        print_unanswered(settings, console, line)


def main() -> int:
    """Run the job as a command and return its exit code."""
    from radray.nights.final_line import FinalLine

    line = FinalLine("generate")
    return cli.run(partial(generate, line=line), check, describe, __doc__, line, uses=USES, audit="generate")


if __name__ == "__main__":
    sys.exit(main())
