"""Reports → a fine-tuned model folder: safetensors, tokenizer and a manifest of how it was trained."""

from __future__ import annotations

import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from jobs import cli
from radray.console import print_line
from radray.settings.root import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from radray.tables.catalog import Warehouse
    from radray.tables.runs import RunRow
    from radray.training.driver.job import FinetuneJob, FinetuneResult

USES = ("date", "source.dataset", "split", "model", "train", "node", "corpus", "generate", "cluster", "warehouse")


def check(settings: Settings) -> None:
    """Raise ConfigError for an unknown prompt or task, or a `model.out` that is something other than a model."""
    from radray.training.lessons import refuse_unknown_lessons
    from radray.training.places import refuse_other_than_model

    refuse_unknown_lessons(settings)
    refuse_other_than_model(settings)


def describe(settings: Settings) -> list[str]:
    """Return what the job would do. Raises ConfigError for a training that does not fit the node."""
    from radray.training.lessons import describe_lessons
    from radray.training.plan import describe_plan

    return [
        *(f"plan: {line}" for line in describe_plan(settings)),
        *describe_lessons(settings),
        f"fine-tune {settings.model.init} for {settings.train.epochs} epochs on {settings.train.workers} worker(s)",
        f"write {settings.model.out} and table training_metrics",
    ]


def finetune(settings: Settings, console: Console) -> FinetuneResult:
    """Fine-tune on examples of `date` (and `source.dataset`); keep the best weights in `model.out`.

    Raises ConfigError for a training that does not fit the node, InputError for a warehouse, reports or a model that
    are missing, and what `training.driver.trainer.finetune` raises.
    """
    from radray.cluster.connection import ray_cluster
    from radray.tables.catalog import Warehouse
    from radray.tables.runs import recorded
    from radray.training.base_model import lessons_of_base, planned_model
    from radray.training.dataset import read_examples
    from radray.training.places import refuse_missing_bucket
    from radray.training.precision import with_precision
    from radray.training.recording import describe_base, describe_data, describe_result
    from radray.training.run import finetune_job, run_row

    settings, line = with_precision(settings)
    warehouse = Warehouse(settings.warehouse, must_exist=settings.train.reads_reports)
    refuse_missing_bucket(settings, warehouse.storage)
    ask = cache(partial(lessons_of_base, settings, warehouse.storage))
    data = read_examples(warehouse, settings, ask)  # prompts and cleaned targets: training, validation
    for text in filter(None, (line, *describe_data(data))):
        print_line(console, f"finetune: {text}")
    base, plan = planned_model(settings, warehouse.storage, data, ask())  # the model to start from, verified
    for text in describe_base(base, plan):
        print_line(console, f"finetune: {text}")
    row = run_row(settings, data, base)  # its key: examples, base model and all that decides what is learnt
    job = finetune_job(settings, warehouse.storage, data, base, plan, row, ask())
    with recorded(warehouse, row) as counts, ray_cluster(settings.cluster):
        result = train(job, warehouse, row, console)  # the model folder, training_metrics
        counts |= {"input_units": data.train_reports + data.validation.num_rows, "model_digest": result.digest}
        counts["units_per_second"] = result.examples_per_second
    for line in describe_result(result, settings, job.checkpoints):
        print_line(console, f"finetune: {line}")
    return result


def train(job: FinetuneJob, warehouse: Warehouse, row: RunRow, console: Console) -> FinetuneResult:
    """Do `job`; its metrics go to a progress bar, to `training_metrics` and, where set, to `train.tensorboard`."""
    from radray.pipelines.progress import progress_bar
    from radray.training.delivery.event_files import event_files
    from radray.training.driver import trainer
    from radray.training.progress import Metric
    from radray.training.recording import describe_metric, recorded_metrics

    events = job.settings.tensorboard
    with (
        recorded_metrics(warehouse, row.run_id, job.out.name) as metrics,
        event_files(None if events is None else Path(events).expanduser() / row.run_id) as write_event,
        progress_bar(console, "steps") as bar,
    ):
        task = bar.add_task("finetune", total=None)

        def on_metric(metric: Metric) -> None:
            metrics.append(metric)
            write_event(metric)
            if metric.name == "steps_total":
                bar.update(task, total=metric.value)
            bar.update(task, completed=metric.step)
            if metric.name == "train_loss":
                bar.update(task, description=f"finetune, train_loss {metric.value:.3f}")
            for line in describe_metric(metric, metrics):
                print_line(bar.console, f"  {line}")

        return trainer.finetune(job, on_metric, lambda line: print_line(bar.console, f"  {line}"))


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(finetune, check, describe, __doc__, uses=USES, audit="finetune")


if __name__ == "__main__":
    sys.exit(main())
