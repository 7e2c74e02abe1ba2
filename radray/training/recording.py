"""What a fine-tuning reports: metrics for the table `training_metrics`, and lines for a person to read."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from radray.language.normality import is_normal
from radray.models.folder import ModelFolder, erased_lines
from radray.schema.runs import TRAINING_METRICS
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.rows import to_arrow
from radray.training.dataset import TrainingData
from radray.training.driver.job import FinetuneResult
from radray.training.loop.validation import FIGURES
from radray.training.plan import TrainingPlan
from radray.training.progress import Metric
from radray.training.scoring import BY_TASK

RECORDED = ("train_loss", "val_loss", "learning_rate", "examples_per_second", *FIGURES)
"""Names of the metrics that go into the table, beside the loss of each task, which begins with BY_TASK."""


@contextmanager
def recorded_metrics(warehouse: Warehouse, run_id: str, model_name: str) -> Iterator[list[Metric]]:
    """Yield a list; on leaving, its metrics that are RECORDED or of a task are appended to `training_metrics`.

    After a failure too.
    """
    metrics: list[Metric] = []
    try:
        yield metrics
    finally:
        rows = [
            {"run_id": run_id, "model_name": model_name}
            | {name: getattr(metric, name) for name in ("step", "epoch", "time", "name", "value")}
            for metric in metrics
            if metric.name in RECORDED or metric.name.startswith(BY_TASK)
        ]
        append_rows(warehouse, TRAINING_METRICS, to_arrow(rows, TRAINING_METRICS))


def describe_data(data: TrainingData) -> Iterator[str]:
    """Yield lines: the number of examples, what was removed from the targets, how many reports ROUGE is scored on."""
    yield f"{data.train_reports:,} training and {data.validation_targets:,} validation examples"
    if data.train.num_rows > data.train_reports:
        yield (f"an epoch learns {data.train.num_rows:,} examples of them (train.abnormal_copies, train.augment)")
    for task, counts in data.tasks.items():
        gold, left_out = (
            ", ".join(f"{name} {count:,}" for name, count in counts[kind].items()) for kind in ("gold", "left out")
        )
        yield (
            f"task {task}: {counts['train']:,} training examples{f' (answers: {gold})' if gold else ''}, of which an"
            f" epoch learns {counts['epoch']:,} (train.tasks: {counts['weight']:g}); {counts['validation']:,}"
            f" validation examples{f'; left out: {left_out}' if left_out else ''}"
        )
    for split, targets in data.target_counts.items():
        if targets.masks or targets.communications:
            yield (
                f"{split} targets: masks removed from {targets.masks:,}, sentences of communication from"
                f" {targets.communications:,}; {targets.empty:,} had nothing left and are left out (train.keep_masks,"
                " train.keep_communications)"
            )
    references = data.validation["reference"].drop_null().to_pylist()
    if references:
        abnormal = sum(is_normal(reference) is False for reference in references)
        yield f"ROUGE on {len(references):,} of the validation reports, {abnormal:,} of them abnormal"


def describe_base(base: ModelFolder, plan: TrainingPlan | None) -> Iterator[str]:
    """Yield lines: what must be known of the model to start from, and the plan of training it, where there is one."""
    yield from erased_lines(base)
    yield from (f"plan: {line}" for line in ([] if plan is None else plan.lines()))


def describe_metric(metric: Metric, metrics: Iterable[Metric]) -> Iterator[str]:
    """Yield the line that a person reads of `metric`, if there is one; `metrics` are all so far, this one included."""
    if metric.name.endswith("_truncated") and metric.value:
        yield f"{metric.name}: {metric.value:,.0f} examples lost their end (see train.max_*_tokens)"
    if metric.name == "val_loss":
        line = f"epoch {metric.epoch:5.2f}  step {metric.step:>6,}  val_loss {metric.value:.4f}"
        figures = {other.name: other.value for other in metrics if other.step == metric.step}
        if "val_rouge1" in figures:
            line += f"  ROUGE-1 {figures['val_rouge1']:.3f}"
        if "val_rouge1_abnormal" in figures:
            line += f", abnormal {figures['val_rouge1_abnormal']:.3f}"
        by_task = {name.removeprefix(BY_TASK): value for name, value in figures.items() if name.startswith(BY_TASK)}
        if by_task:
            line += "  loss by task: " + ", ".join(f"{task} {value:.4f}" for task, value in by_task.items())
        yield line


def describe_result(result: FinetuneResult, settings: Settings, checkpoints: Path) -> Iterator[str]:
    """Yield lines: why the training ended before its last step, if it did, and the model that was kept."""
    train = settings.train
    if result.ended == "early_stop":
        yield (
            f"ended after step {result.steps:,}: {train.best_by} did not improve {train.early_stop_after} times in a"
            " row (train.early_stop_after)"
        )
    if result.ended == "max_hours":
        yield (
            f"ended after step {result.steps:,}, at train.max_hours={train.max_hours:g}; the model is the best so far,"
            f" the checkpoints are kept in {checkpoints}: run the same job again to resume"
        )
    yield (
        f"best val_loss {result.best_val_loss:.4f} at epoch {result.best_epoch:g};"
        f" {result.examples_per_second:,.0f} examples/s; model {result.digest[:12]} in {settings.model.out}"
    )
