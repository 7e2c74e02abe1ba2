"""Reports → a fine-tuned model folder: safetensors, tokenizer and a manifest of what made it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from jobs import cli
from radray.config import Settings, dump_settings
from radray.errors import ConfigError, InputError
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import MANIFEST, write_manifest
from radray.models.tiny import build_tiny
from radray.reports.prompts import get_prompt
from radray.schemas import REPORTS, TRAINING_METRICS, ReportStatus
from radray.stages.cluster import ray_cluster
from radray.stages.progress import progress_bar
from radray.stages.report_rows import SplitCut
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import digest, new_run_id, run_key
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow, recorded
from radray.tables.storage import absolute_uri, is_s3
from radray.training.checkpoint_uploads import Uploads
from radray.training.plan import initial_shape, plan_training, refuse, with_this_machine
from radray.training.progress import Metric
from radray.training.trainer import FinetuneResult, finetune

PACE = frozenset(
    {"workers", "threads_per_worker", "use_gpu", "log_every_steps", "sharding", "micro_batch_tokens", "max_hours"}
    | {"activation_checkpointing", "checkpoint_every_steps", "checkpoint_every_minutes", "checkpoints_kept"}
    | {"checkpoint_uri", "max_failures"}
)
"""Settings of `train` that decide how fast, and not what, is learnt: a training goes on under others."""

RECORDED = ("train_loss", "val_loss", "learning_rate", "examples_per_second")
"""Metrics that go into the table."""


def steps(settings: Settings) -> list[str]:
    """Return what the job would do. Raises ConfigError for a `model.out` that is something else than a model."""
    get_prompt(settings.model.prompt)
    for folder in (out_folder(settings), untrained_folder(settings)):
        if folder.exists() and not (folder / MANIFEST).is_file() and (folder.is_file() or any(folder.iterdir())):
            raise ConfigError(
                f"model.out={settings.model.out}: {folder} is there and is not a model folder; it would be replaced:"
                " name another one"
            )
    shape = initial_shape(settings)
    if shape is None:
        said = [f"memory and time: not told for {settings.model.init} before it is here"]
    else:
        plan = plan_training(settings, shape)
        refuse(with_this_machine(settings), plan)
        said = plan.lines()
    return [
        *(f"plan: {line}" for line in said),
        f"read {settings.warehouse.uri}: reports, batch_date={settings.date}, split=train",
        f"hold out {settings.split.validation_fraction:.0%} of the split keys for validation",
        f"fine-tune {settings.model.init} for {settings.train.epochs} epochs on {settings.train.workers} worker(s)",
        f"write {settings.model.out} and table training_metrics",
    ]


def out_folder(settings: Settings) -> Path:
    """Return the folder of the fine-tuned model."""
    return Path(settings.model.out).expanduser().resolve()


def untrained_folder(settings: Settings) -> Path:
    """Return the folder, beside `model.out`, of the model that ``model.init=tiny`` starts from."""
    out = out_folder(settings)
    return out.with_name(f"{out.name}-untrained")


def checkpoint_place(settings: Settings, warehouse: Warehouse, key: str) -> tuple[Path, Uploads | None]:
    """Return the folder of the checkpoints of the training `key`, and where they are uploaded to, if anywhere.

    A run of the same key finds them: after a crash it goes on from there.
    """
    uri, out = settings.train.checkpoint_uri, out_folder(settings)
    beside = out.with_name(f"{out.name}-checkpoints") / key[:16]
    if uri is None:
        return beside, None
    if is_s3(uri):
        return beside, Uploads(warehouse.storage, f"{absolute_uri(uri)}/{key[:16]}")
    return Path(absolute_uri(uri)) / key[:16], None


def run(settings: Settings, console: Console) -> FinetuneResult:
    """Fine-tune on the reports of `date` (and `source.dataset`), keep the best epoch in `model.out`."""
    steps(settings)
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    train, validation = read_examples(warehouse, settings)
    cli.say(console, f"finetune: {train.num_rows:,} training and {validation.num_rows:,} validation examples")
    data_digest = digest([table.to_pydict() for table in (train, validation)])
    out = out_folder(settings)
    init = initial_model(settings, train)
    learning = settings.train.model_dump(exclude=set(PACE))
    row = RunRow(
        run_id=new_run_id("finetune"),
        job="finetune",
        run_key=run_key(
            "finetune",
            {"data": data_digest, "init": init.digest, "train": learning},
        ),
        config=dump_settings(settings),
        about={
            "batch_date": settings.date,
            "dataset": settings.source.dataset,
            "model_name": out.name,
            "input_digest": data_digest,
        },
    )
    shape = initial_shape(settings)
    plan = plan_training(settings, shape, examples=train.num_rows).lines() if shape else []
    for line in plan:
        cli.say(console, f"finetune: plan: {line}")
    made = {
        "plan": plan,
        "base": {"name": init.name, "digest": init.digest},
        "data_digest": data_digest,
        "examples": {"train": train.num_rows, "validation": validation.num_rows},
        "prompt_id": settings.model.prompt,
        "run_id": row.run_id,
        "settings": settings.train.model_dump(mode="json"),
        "split": {"seed": settings.split.seed, "validation_fraction": settings.split.validation_fraction},
    }
    folder, uploads = checkpoint_place(settings, warehouse, row.run_key)
    with recorded(warehouse, row) as counts, ray_cluster(settings.cluster):
        with recorded_metrics(warehouse, row.run_id, out.name) as metrics, progress_bar(console, "steps") as bar:
            task = bar.add_task("finetune", total=None)

            def on_metric(metric: Metric) -> None:
                metrics.append(metric)
                if metric.name == "steps_total":
                    bar.update(task, total=metric.value)
                bar.update(task, completed=metric.step)
                if metric.name == "train_loss":
                    bar.update(task, description=f"finetune, train_loss {metric.value:.3f}")
                elif metric.name.endswith("_truncated") and metric.value:
                    bar.print(f"  {metric.name}: {metric.value:,.0f} examples lost their end (see train.max_*_tokens)")
                elif metric.name == "val_loss":
                    bar.print(f"  epoch {metric.epoch:5.2f}  step {metric.step:>6,}  val_loss {metric.value:.4f}")

            result = finetune(
                train=train,
                validation=validation,
                init=init.path,
                out=out,
                settings=settings.train,
                folder=folder,
                uploads=uploads,
                base_name=settings.model.init,
                made=made,
                on_metric=on_metric,
                on_note=lambda line: bar.print(f"  {line}"),
            )
        counts["input_units"] = train.num_rows + validation.num_rows
        counts["units_per_second"] = result.examples_per_second
        counts["model_digest"] = result.digest
    if result.ended == "max_hours":
        cli.say(
            console,
            f"finetune: ended after step {result.steps:,} by train.max_hours={settings.train.max_hours:g}; the model is"
            f" the best so far, checkpoints are kept in {folder}: the same job, run again, goes on",
        )
    cli.say(
        console,
        f"finetune: best val_loss {result.best_val_loss:.4f} at epoch {result.best_epoch:g};"
        f" {result.examples_per_second:,.0f} examples/s; model {result.digest[:12]} in {settings.model.out}",
    )
    return result


def read_examples(warehouse: Warehouse, settings: Settings) -> tuple[pa.Table, pa.Table]:
    """Return training and validation examples: columns unit_id, input (the prompt) and target (the impression)."""
    where = {"batch_date": settings.date, "status": ReportStatus.OK.value}
    if settings.source.dataset is not None:
        where["dataset"] = settings.source.dataset
    columns = ["unit_id", "split", "split_key", "background", "findings", "reference"]
    reports = [row for row in warehouse.read(REPORTS, columns, where).to_pylist() if row["reference"]]
    reports.sort(key=lambda row: row["unit_id"])
    prompt = get_prompt(settings.model.prompt)
    cut = SplitCut(settings.split.validation_fraction, settings.split.seed)
    tables = []
    for name in ("train", "validation"):
        kept = [row for row in reports if cut.split_of(row["split"], row["split_key"]) == name]
        if not kept:
            raise InputError(
                f"no {name} reports with findings and impression on batch_date={settings.date}"
                f" (dataset {settings.source.dataset or 'any'}) in {settings.warehouse.uri}: run jobs.prepare first,"
                " or set split.validation_fraction"
            )
        tables.append(
            pa.table(
                {
                    "unit_id": [row["unit_id"] for row in kept],
                    "input": [prompt.fill(row["findings"], row["background"]) for row in kept],
                    "target": [row["reference"] for row in kept],
                }
            )
        )
    return tables[0], tables[1]


def initial_model(settings: Settings, train: pa.Table) -> ModelFolder:
    """Return the model to start from; `tiny` is built from the training text and kept beside `model.out`."""
    if settings.model.init != "tiny":
        return open_model(settings.model.init)
    folder = untrained_folder(settings)
    texts = train.column("input").to_pylist() + train.column("target").to_pylist()
    build_tiny(texts, folder, size=settings.model.tiny, seed=settings.train.seed)
    write_manifest(
        folder,
        folder.name,
        {"base": {"name": "tiny"}, "prompt_id": settings.model.prompt, "settings": settings.model.tiny.model_dump()},
    )
    return open_model(str(folder))


@contextmanager
def recorded_metrics(warehouse: Warehouse, run_id: str, model_name: str) -> Iterator[list[Metric]]:
    """Yield a list; what the block puts into it goes into `training_metrics`, of a training that fails too."""
    metrics: list[Metric] = []
    try:
        yield metrics
    finally:
        rows = [
            {"run_id": run_id, "model_name": model_name}
            | {name: getattr(metric, name) for name in ("step", "epoch", "time", "name", "value")}
            for metric in metrics
            if metric.name in RECORDED
        ]
        append_rows(warehouse, TRAINING_METRICS, to_arrow(rows, TRAINING_METRICS))


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(run, steps, __doc__)


if __name__ == "__main__":
    sys.exit(main())
