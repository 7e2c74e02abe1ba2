"""Reports → a fine-tuned model folder: safetensors, tokenizer and a manifest of what made it."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pyarrow as pa
from rich.console import Console

from jobs import cli
from radray.cluster.connection import ray_cluster
from radray.errors import ConfigError, InputError
from radray.language.normality import is_normal
from radray.models.engines.engine import DECIDES
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import MANIFEST, write_manifest
from radray.models.store import open_stored, put_model
from radray.nights.console import print_line
from radray.pipelines.progress import progress_bar
from radray.reports.splits import SplitCut
from radray.schema.reports import REPORTS
from radray.schema.runs import TRAINING_METRICS
from radray.schema.statuses import ReportStatus
from radray.settings.loading import dump_settings
from radray.settings.root import Settings
from radray.storage.files import Storage, absolute_uri, is_s3
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import digest, new_run_id, run_key
from radray.tables.rows import to_arrow
from radray.tables.runs import RunRow, recorded
from radray.tasks.impression.prompts import get_prompt
from radray.tasks.impression.targets import TargetCounts, make_targets
from radray.training.checkpoints.uploads import Uploads
from radray.training.delivery.event_files import event_files
from radray.training.driver.trainer import FinetuneResult, finetune
from radray.training.loop.validation import FIGURES, Scoring
from radray.training.plan import initial_shape, plan_training, refuse, with_this_machine
from radray.training.progress import Metric

PACE = frozenset(
    {"workers", "threads_per_worker", "use_gpu", "log_every_steps", "sharding", "micro_batch_tokens", "max_hours"}
    | {"activation_checkpointing", "checkpoint_every_steps", "checkpoint_every_minutes", "checkpoints_kept"}
    | {"checkpoint_uri", "max_failures", "tensorboard"}
)
"""Settings of `train` that decide how fast, and not what, is learnt: a training goes on under others."""

EXAMPLES = pa.schema([(name, pa.string()) for name in ("unit_id", "input", "target", "reference")])

RECORDED = ("train_loss", "val_loss", "learning_rate", "examples_per_second", *FIGURES)
"""Metrics that go into the table."""


def check(settings: Settings) -> None:
    """Raise ConfigError for a `model.out` that is something else than a model, and for a training that cannot fit."""
    get_prompt(settings.model.prompt)
    for folder in (out_folder(settings), untrained_folder(settings)):
        if folder.exists() and not (folder / MANIFEST).is_file() and (folder.is_file() or any(folder.iterdir())):
            raise ConfigError(
                f"model.out={settings.model.out}: {folder} is there and is not a model folder; it would be replaced:"
                " name another one"
            )
    shape = initial_shape(settings)
    if shape is not None:
        refuse(with_this_machine(settings), plan_training(settings, shape))


def describe(settings: Settings) -> list[str]:
    """Return what the job would do, with the memory and time of the training where its model is at hand."""
    shape = initial_shape(settings)
    if shape is None:
        said = [f"memory and time: not told for {settings.model.init} before it is here"]
    else:
        said = plan_training(settings, shape).lines()
    return [
        *(f"plan: {line}" for line in said),
        f"read {settings.warehouse.uri}: reports, batch_date={settings.date}, split=train",
        f"hold out {settings.split.validation_fraction:.0%} of the split keys for validation",
        "take masks and sentences of communication out of targets, where train.keep_masks and"
        " train.keep_communications do not keep them",
        f"fine-tune {settings.model.init} for {settings.train.epochs} epochs on {settings.train.workers} worker(s)",
        f"write {settings.model.out} and table training_metrics",
    ]


def out_folder(settings: Settings) -> Path:
    """Return the local folder of the fine-tuned model; of one for S3 that is ``out/<its last name>``."""
    out = settings.model.out
    if is_s3(out):
        return Path("out").resolve() / absolute_uri(out).rsplit("/", 1)[-1]
    return Path(out).expanduser().resolve()


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
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    if is_s3(settings.model.out):
        warehouse.storage.list_files(settings.model.out)  # not first heard of after hours: a bucket that is not there
    train, validation, taken = read_examples(warehouse, settings)
    for line in told(train, validation, taken):
        print_line(console, f"finetune: {line}")
    data_digest = digest([table.to_pydict() for table in (train, validation)])
    out = out_folder(settings)
    init = initial_model(settings, warehouse.storage, train)
    learning = settings.train.model_dump(exclude=set(PACE))
    scoring = Scoring(settings.generate, settings.score.stemmer)
    if settings.train.rouge_every_epochs is not None:
        learning["scoring"] = {"stemmer": scoring.stemmer, **settings.generate.model_dump(include=set(DECIDES))}
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
    # the model is here now, whatever was known of it before
    at_hand = settings.model.model_copy(update={"init": str(init.path)})
    shape = initial_shape(settings.model_copy(update={"model": at_hand}))
    plan = []
    if shape is not None:
        planned = plan_training(settings, shape, examples=train.num_rows)
        refuse(with_this_machine(settings), planned)
        plan = planned.lines()
    for line in plan:
        print_line(console, f"finetune: plan: {line}")
    made = {
        "plan": plan,
        "base": {"name": init.name, "digest": init.digest},
        "batch_date": settings.date.isoformat(),
        "data_digest": data_digest,
        "dataset": settings.source.dataset,
        "examples": {"train": train.num_rows, "validation": len(validation["target"].drop_null())},
        "prompt_id": settings.model.prompt,
        "run_id": row.run_id,
        "settings": settings.train.model_dump(mode="json"),
        "targets": {
            name: {"without masks": one.masks, "without communications": one.communications, "left out": one.empty}
            for name, one in taken.items()
        },
        "split": {"seed": settings.split.seed, "validation_fraction": settings.split.validation_fraction},
    }
    folder, uploads = checkpoint_place(settings, warehouse, row.run_key)
    with recorded(warehouse, row) as counts, ray_cluster(settings.cluster):
        events = settings.train.tensorboard
        with (
            recorded_metrics(warehouse, row.run_id, out.name) as metrics,
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
                for line in said(metric, metrics):
                    bar.print(f"  {line}")

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
                scoring=scoring,
                deliver=lambda folder: deliver(folder, settings.model.out, warehouse),
                on_metric=on_metric,
                on_note=lambda line: bar.print(f"  {line}"),
            )
        counts["input_units"] = train.num_rows + validation.num_rows
        counts["units_per_second"] = result.examples_per_second
        counts["model_digest"] = result.digest
    if result.ended == "early_stop":
        print_line(
            console,
            f"finetune: ended after step {result.steps:,}: {settings.train.best_by} was no better"
            f" {settings.train.early_stop_after} times in a row (train.early_stop_after)",
        )
    if result.ended == "max_hours":
        print_line(
            console,
            f"finetune: ended after step {result.steps:,} by train.max_hours={settings.train.max_hours:g}; the model is"
            f" the best so far, checkpoints are kept in {folder}: the same job, run again, goes on",
        )
    print_line(
        console,
        f"finetune: best val_loss {result.best_val_loss:.4f} at epoch {result.best_epoch:g};"
        f" {result.examples_per_second:,.0f} examples/s; model {result.digest[:12]} in {settings.model.out}",
    )
    return result


def told(train: pa.Table, validation: pa.Table, taken: Mapping[str, TargetCounts]) -> Iterator[str]:
    """Yield lines that say what is trained on, what was taken out of targets, and what ROUGE is of."""
    yield f"{train.num_rows:,} training and {len(validation['target'].drop_null()):,} validation examples"
    for name, one in taken.items():
        if one.masks or one.communications:
            yield (
                f"{name} targets: masks taken out of {one.masks:,}, sentences of communication out of"
                f" {one.communications:,}; {one.empty:,} had nothing left and are left out (train.keep_masks,"
                " train.keep_communications)"
            )
    scored = validation["reference"].drop_null().to_pylist()
    if scored:
        abnormal = sum(is_normal(reference) is False for reference in scored)
        yield f"ROUGE on {len(scored):,} of the validation reports, {abnormal:,} of them abnormal"


def said(metric: Metric, before: Iterable[Metric]) -> Iterator[str]:
    """Yield what a person should read of `metric`, if anything; `before` are those so far, with it."""
    if metric.name.endswith("_truncated") and metric.value:
        yield f"{metric.name}: {metric.value:,.0f} examples lost their end (see train.max_*_tokens)"
    if metric.name == "val_loss":
        line = f"epoch {metric.epoch:5.2f}  step {metric.step:>6,}  val_loss {metric.value:.4f}"
        figures = {one.name: one.value for one in before if one.step == metric.step}
        if "val_rouge1" in figures:
            line += f"  ROUGE-1 {figures['val_rouge1']:.3f}"
        if "val_rouge1_abnormal" in figures:
            line += f", abnormal {figures['val_rouge1_abnormal']:.3f}"
        yield line


def read_examples(warehouse: Warehouse, settings: Settings) -> tuple[pa.Table, pa.Table, dict[str, TargetCounts]]:
    """Return training and validation examples, and what was taken out of the targets of each.

    Columns: unit_id, input (the prompt), target (what is learnt of the impression), and reference: of a sample of the
    validation reports the impression as it is scored against, else null. A report without a target is left out, but
    for one of the sample, whose target is null.
    """
    where = {"batch_date": settings.date, "status": ReportStatus.OK.value}
    if settings.source.dataset is not None:
        where["dataset"] = settings.source.dataset
    columns = ["unit_id", "split", "split_key", "background", "findings", "reference"]
    reports = [row for row in warehouse.read(REPORTS, columns, where).to_pylist() if row["reference"]]
    reports.sort(key=lambda row: row["unit_id"])
    prompt = get_prompt(settings.model.prompt)
    cut = SplitCut(settings.split.validation_fraction, settings.split.seed)
    keep = {"keep_masks": settings.train.keep_masks, "keep_communications": settings.train.keep_communications}
    tables, taken = {}, {}
    for name in ("train", "validation"):
        found = [row for row in reports if cut.split_of(row["split"], row["split_key"]) == name]
        targets, taken[name] = make_targets([row["reference"] for row in found], **keep)
        sample = frozenset[str]()
        if name == "validation" and settings.train.rouge_every_epochs is not None:
            ids = [row["unit_id"] for row in found]
            sample = frozenset(Random(settings.split.seed).sample(ids, min(settings.train.rouge_reports, len(ids))))
        kept = [
            {
                "unit_id": row["unit_id"],
                "input": prompt.fill(row["findings"], row["background"]),
                "target": target,
                "reference": row["reference"] if row["unit_id"] in sample else None,
            }
            for row, target in zip(found, targets, strict=True)
            if target or row["unit_id"] in sample
        ]
        if not any(row["target"] for row in kept):
            raise InputError(
                f"no {name} reports with findings and impression on batch_date={settings.date}"
                f" (dataset {settings.source.dataset or 'any'}) in {settings.warehouse.uri}: run jobs.prepare first,"
                " or set split.validation_fraction"
            )
        tables[name] = pa.Table.from_pylist(kept, schema=EXAMPLES)
    return tables["train"], tables["validation"], taken


def initial_model(settings: Settings, storage: Storage, train: pa.Table) -> ModelFolder:
    """Return the model to start from; `tiny` is built from the training text and kept beside `model.out`."""
    if settings.model.init != "tiny":
        return open_stored(settings.model.init, storage)
    folder = untrained_folder(settings)
    texts = train.column("input").to_pylist() + train.column("target").to_pylist()
    build_tiny(texts, folder, size=settings.model.tiny, seed=settings.train.seed)
    write_manifest(
        folder,
        folder.name,
        {"base": {"name": "tiny"}, "prompt_id": settings.model.prompt, "settings": settings.model.tiny.model_dump()},
    )
    return open_model(str(folder))


def deliver(folder: Path, out: str, warehouse: Warehouse) -> None:
    """Upload the model of `folder` to `out` where that is on S3. Raises RadrayError."""
    if is_s3(out):
        put_model(folder, out, warehouse.storage)


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
    return cli.run(run, check, describe, __doc__)


if __name__ == "__main__":
    sys.exit(main())
