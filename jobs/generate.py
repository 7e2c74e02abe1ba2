"""Reports, or raw files, and one or several models → `predictions`, scored: the nightly job."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, cast, get_args

from pyiceberg.expressions import And, In
from rich.console import Console

from jobs import cli
from jobs.prepare import default_split, prepare
from jobs.prepare import steps as prepare_steps
from radray.config import CORPUS_DATE, Settings, SplitName, dump_settings
from radray.errors import ConfigError, GateError, InputError
from radray.metrics.rouge import Scorer
from radray.models.engines import DECIDES
from radray.models.folder import ModelFolder, open_model
from radray.reports.prompts import get_prompt
from radray.schemas import PREDICTIONS, REPORTS, RUNS, ReportStatus, RunStatus
from radray.stages.cluster import ray_cluster
from radray.stages.engine_choice import EngineChoice, choose_engine
from radray.stages.generate import stage_predictions
from radray.stages.night_gate import NightGate
from radray.stages.progress import staged_rows
from radray.stages.report_rows import SplitCut, report_units
from radray.stages.score_predictions import checks_id
from radray.tables.catalog import Warehouse, equal_to
from radray.tables.commit import pin
from radray.tables.identity import ROWS_VERSION, digest, new_run_id, run_key
from radray.tables.partition import PartitionRun
from radray.tables.runs import RunRow

INPUT_COLUMNS = (
    *("unit_id", "status", "split", "split_key", "study_id", "subject_id", "text_digest", "reference"),
    *("modality", "body_part", "comparison_state"),
)
"""Columns of `reports` that are frozen as a run's input; text_digest stands for background and findings."""


def steps(settings: Settings) -> list[str]:
    """Return what the job would do."""
    if not settings.model.uri:
        raise ConfigError("model.uri is not set: generate needs a model folder or hub id, or a list of them")
    get_prompt(settings.model.prompt)
    first = prepare_steps(settings) if settings.source.uri is not None else []
    dataset, split = settings.source.dataset or "each", settings.split.name or "each"
    where = f"batch_date={settings.date}, dataset={dataset}, split={split}"
    return [
        *first,
        f"read {settings.warehouse.uri}: reports, {where}",
        *(f"write {settings.warehouse.uri}: predictions, {where}, model={uri}" for uri in settings.model.uri),
    ]


def generate(settings: Settings, console: Console) -> None:
    """Write, score and commit the impressions of each dataset and split under each model; one commit for each."""
    steps(settings)
    models = [open_model(uri) for uri in settings.model.uri]
    with ExitStack() as stack:
        if settings.source.uri is not None:
            stack.enter_context(ray_cluster(settings.cluster))
            # a night whose date was forgotten must not take the place of a corpus
            prepare(settings, console, may_replace=settings.date != CORPUS_DATE)
        warehouse = Warehouse(settings.warehouse, must_exist=True)
        chosen = [(*one, model) for one in partitions(warehouse, settings) for model in models]
        for _, split, model in chosen:
            refuse_other_cut(settings, split, model)
        refused: list[str] = []
        for dataset, split, model in chosen:
            try:
                generate_partition(warehouse, settings, dataset, split, model, console)
            except GateError as error:  # the nights of other hospitals and models are not its business
                refused.append(str(error))
        if refused:
            raise GateError("; ".join(refused))


def generate_partition(
    warehouse: Warehouse, settings: Settings, dataset: str, split: SplitName, model: ModelFolder, console: Console
) -> None:
    """Write one partition of `predictions`; nothing when it holds what this run would make already."""
    where = f"{dataset} {settings.date} {split}, model {model.name} {model.digest[:12]}"
    partition = {"batch_date": settings.date, "dataset": dataset, "split": split, "model_digest": model.digest}
    base = pin(warehouse, PREDICTIONS, partition)
    source = warehouse.load(REPORTS).scan(row_filter=equal_to({"batch_date": settings.date, "dataset": dataset}))
    cut = SplitCut(settings.split.validation_fraction, settings.split.seed)
    units = report_units(source.select(*INPUT_COLUMNS).to_arrow(), cut, split)
    unit_ids = units.column("unit_id").to_pylist()
    refuse_other_splits(warehouse, partition, unit_ids)

    chosen = resolve_engine(warehouse, settings, dataset, model, unit_ids)
    cli.say(console, f"generate: {where}: engine {chosen.name}: {chosen.reason}")
    generation = settings.generate.model_dump(include=set(DECIDES))
    scorer_id = Scorer(stemmer=settings.score.stemmer).scorer_id
    alike = {
        "prompt_id": settings.model.prompt,
        # with the version of the rows: those of older code are not copied
        "settings_digest": digest({"rows_version": ROWS_VERSION, **generation})[:16],
        "engine": chosen.name,
        "checks_id": checks_id(settings.score),
    }
    # all that is copied into the rows, not the texts alone: a corrected study id makes another night
    input_digest = digest([units.column(name).to_pylist() for name in INPUT_COLUMNS])
    key = run_key(
        "generate",
        {
            **{name: str(value) for name, value in partition.items()},
            "input": input_digest,
            "prompt": settings.model.prompt,
            "generation": generation,
            "scorer": [scorer_id, checks_id(settings.score)],
            "engine": chosen.name,
        },
    )
    resolved = settings.model_copy(update={"generate": chosen.settings})
    row = RunRow(
        run_id=new_run_id("generate"),
        job="generate",
        run_key=key,
        config=f"{dump_settings(resolved)}# {chosen.name}: {chosen.reason}\n",
        about={**partition, "model_name": model.name, "input_digest": input_digest},
    )
    run = PartitionRun(warehouse, base, row)
    if run.is_committed():
        cli.say(console, f"generate: {where} is there already, made from the same input; nothing written")
        return
    with run.leased(), run.recorded():
        staged = run.staged_ids()
        if staged:
            cli.say(console, f"generate: {where}: {len(staged):,} reports are staged by an earlier attempt")
        copied = run.stage_unchanged(units, alike, scorer_id, frozenset(staged))
        constants: dict[str, Any] = {
            **partition,
            "model_name": model.name,
            **alike,
            "run_key": key,
            "run_id": row.run_id,
        }
        if len(staged) + len(copied) < len(unit_ids):
            bar = staged_rows(console, f"generate {split} {model.name}", warehouse.storage, run.staging, len(unit_ids))
            with ray_cluster(settings.cluster), bar:
                stage_predictions(
                    storage=warehouse.storage,
                    files=[task.file.file_path for task in source.plan_files()],
                    cut=cut,
                    split=split,
                    model=model,
                    prompt_id=settings.model.prompt,
                    settings=chosen.settings,
                    score=settings.score,
                    constants=constants,
                    staging=run.staging,
                    staged=frozenset([*staged, *copied]),
                    converted=chosen.converted,
                )
        gate = NightGate(
            warehouse=warehouse,
            settings=settings.gates,
            normal_weight=settings.evaluate.normal_weight,
            partition=partition,
            model_name=model.name,
            say=lambda line: cli.say(console, f"generate: {line}"),
        )
        merged = run.commit(unit_ids, gate)
    mine = {**partition, "run_id": row.run_id, "repeated": True}
    repeated = warehouse.read(PREDICTIONS, ["unit_id"], mine).num_rows
    kept = f"{len(staged):,} resumed, {len(copied):,} copied, {repeated:,} repeats answered once"
    cli.say(console, f"generate: {where}: {merged.rows:,} reports, {merged.rows_ok:,} ok, {kept}")


def resolve_engine(
    warehouse: Warehouse, settings: Settings, dataset: str, model: ModelFolder, unit_ids: Sequence[str]
) -> EngineChoice:
    """Return the engine of the run; the first of `unit_ids`, digests in order and so a sample, are held against."""

    def prompts(count: int) -> list[str]:
        among = In("unit_id", set(unit_ids[:count]))  # type: ignore  # pydantic hides its __init__
        where = And(equal_to({"batch_date": settings.date, "dataset": dataset}), among)
        found = warehouse.load(REPORTS).scan(row_filter=where, selected_fields=("findings", "background")).to_arrow()
        prompt = get_prompt(settings.model.prompt)
        columns = (found.column(name).to_pylist() for name in ("findings", "background"))
        return sorted(prompt.fill(findings, background) for findings, background in zip(*columns, strict=True))

    return choose_engine(model, settings.generate, settings.cluster, len(unit_ids), prompts)


def partitions(warehouse: Warehouse, settings: Settings) -> list[tuple[str, SplitName]]:
    """Return the datasets and splits to work on, sorted: those of `settings`, or all that `reports` has.

    A night that was prepared and has no ok report is there too: it is committed empty. Raises InputError for a
    date (and dataset) that was never prepared, and where there are ok reports but none in a split that is asked for.
    """
    where: dict[str, Any] = {"batch_date": settings.date}
    if settings.source.dataset is not None:
        where["dataset"] = settings.source.dataset
    columns = ["dataset", "split", "split_key"]
    reports = warehouse.read(REPORTS, columns, {**where, "status": ReportStatus.OK.value}).to_pylist()
    cut = SplitCut(settings.split.validation_fraction, settings.split.seed)
    counts = Counter((row["dataset"], cut.split_of(row["split"], row["split_key"])) for row in reports)
    prepared = warehouse.read(RUNS, ["dataset"], {**where, "job": "prepare", "status": RunStatus.FINISHED.value})
    datasets = {dataset for dataset, _ in counts} | set(prepared.column("dataset").to_pylist())
    if not datasets:
        raise InputError(
            f"no reports of dataset {settings.source.dataset or 'any'} on batch_date={settings.date} in"
            f" {settings.warehouse.uri}: run jobs.prepare first, or give source.uri and source.format"
        )
    wanted = settings.split.name
    empty = datasets - {dataset for dataset, _ in counts}
    named = {
        (dataset, cast(SplitName, split))
        for dataset, split in counts
        if split in ((wanted,) if wanted else get_args(SplitName))
    }
    if reports and not named:
        has = ", ".join(f"{count:,} in {split or 'no split'}" for (_, split), count in sorted(counts.items(), key=str))
        raise InputError(
            f"no ok report on batch_date={settings.date} is in split {wanted or 'any'} ({has}); see date, split and"
            " split.file"
        )
    return sorted(named | {(dataset, wanted or default_split(settings)) for dataset in empty})


def refuse_other_splits(warehouse: Warehouse, partition: Mapping[str, Any], unit_ids: Sequence[str]) -> None:
    """Raise InputError when some units stand in `predictions` under another split: each must be there once a model."""
    where = {name: value for name, value in partition.items() if name != "split"}
    rows = warehouse.read(PREDICTIONS, ["unit_id", "split"], where).to_pylist()
    wanted = set(unit_ids)
    elsewhere = Counter(row["split"] for row in rows if row["split"] != partition["split"] and row["unit_id"] in wanted)
    if elsewhere:
        raise InputError(
            f"{elsewhere.total():,} of the {len(unit_ids):,} reports of split {partition['split']} have predictions of"
            f" this model in split {', '.join(sorted(elsewhere))}: they were split in another way then; use the same"
            " split.file, split.seed and split.validation_fraction"
        )


def refuse_other_cut(settings: Settings, split: SplitName, model: ModelFolder) -> None:
    """Raise ConfigError when the model was trained with another validation cut than `settings`: it would leak."""
    trained = model.manifest.made.get("split")
    ours = {"seed": settings.split.seed, "validation_fraction": settings.split.validation_fraction}
    if trained is not None and split in ("train", "validation") and trained != ours:
        raise ConfigError(
            f"model {model.name} was fine-tuned with split {trained}, the settings say {ours}: its training"
            " reports would stand in validation; set split.seed and split.validation_fraction as it has them"
        )


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(generate, steps, __doc__)


if __name__ == "__main__":
    sys.exit(main())
