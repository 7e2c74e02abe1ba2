"""One night, whole: prepared where there is a source, then its impressions and answers, a commit for each model."""

import datetime
from collections.abc import Callable, Sequence
from functools import partial

from rich.console import Console

from radray.console import print_line
from radray.errors import ConfigError, GateError
from radray.evaluation.deferral.decision import Deferral
from radray.models.exemplars import fixed_exemplars
from radray.models.families.registry import family_name
from radray.models.folder import ModelFolder
from radray.models.neighbours import has_neighbours
from radray.nights.answers.night import answer_night
from radray.nights.arrivals import unanswered
from radray.nights.dataset_splits import find_dataset_splits, refuse_other_cut, sample_prompts
from radray.nights.dated import is_nightly
from radray.nights.engine_choice import EngineOfModel
from radray.nights.examples_run import prepare_examples
from radray.nights.failures import worst_at_end
from radray.nights.final_line import FinalLine
from radray.nights.predictions_partition import freeze_partition
from radray.nights.predictions_run import generate_partition
from radray.nights.reports_run import prepare_night
from radray.pipelines.whole_night import read_calibration
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.tasks.answering import AskedTask
from radray.tasks.registry import Asked, asks_impression, choose, find_tasks


def asked_of(settings: Settings, models: Sequence[ModelFolder]) -> list[tuple[ModelFolder, Asked]]:
    """Return each model with what it is asked: what it was trained for, else what `settings` say.

    Raises ConfigError, as `choose` and `fixed_exemplars`, for settings that differ from what one of them was trained
    for, and for a prompt that shows training reports, or a consensus with them, to a model that has none; InputError
    for a model of a family that is not known.
    """
    storage, asked = Storage.of(settings.warehouse.s3), []
    for model in models:
        trained = model.manifest.provenance
        fixed = fixed_exemplars(settings.model.exemplars_file, storage, model.path)
        its = choose(settings.model, model.name, family_name(model.path), trained).showing(fixed, model.name, trained)
        asked.append(its)
        if its.exemplars and not has_neighbours(model.path):
            raise ConfigError(
                f"model.prompt={its.prompt.id} shows training reports, and model {model.name} has none: fine-tune it"
                " under that prompt, name pairs in model.exemplars_file, or set another prompt"
            )
        if settings.generate.consensus and settings.generate.consensus_neighbours and not has_neighbours(model.path):
            raise ConfigError(
                f"generate.consensus_neighbours={settings.generate.consensus_neighbours}, and model {model.name} has no"
                " training reports: fine-tune it with train.store_neighbours=true, or set"
                " generate.consensus_neighbours=0"
            )
    return list(zip(models, asked, strict=True))


def generate_night(
    settings: Settings,
    models: Sequence[tuple[ModelFolder, Asked]],
    start_ray: Callable[[], None],
    console: Console,
    line: FinalLine,
    tasks: Sequence[tuple[ModelFolder, Sequence[AskedTask]]] = (),
) -> None:
    """Prepare a night where there is a source, write the impressions of its datasets and splits, and answer `tasks`.

    `models` are those of `asked_of`, `tasks` of `tasks_of`; their examples are made where they are not there.

    A task whose examples are refused is not answered; the others are.

    Raises as `prepare_night`, `read_calibration`, `generate_partition`, `prepare_examples` and `answer_night`;
    ConfigError for a calibration of another model, prompt or dataset, and for thresholds that do not go with it, before
    any impression is written; GateError, or what else refused a part, as `worst_at_end`.
    """
    calibration = read_calibration(settings.score, Storage.of(settings.warehouse.s3))
    Deferral.of(settings.score, calibration)  # that the rules go together
    if calibration is not None:
        for model, asked in models:
            own = {"model_digest": model.digest, "prompt_id": asked.prompt.id}
            calibration.refuse_other(own, str(settings.score.calibration))
    if settings.source.uri is not None:
        # a night whose date was forgotten must not take the place of a corpus
        may_replace = settings.date != CORPUS_DATE
        prepare_night(settings, console, line=line, start_ray=start_ray, may_replace=may_replace)
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    splits = find_dataset_splits(warehouse, settings)
    for dataset_split in splits:
        if calibration is not None:
            calibration.refuse_other({"dataset": dataset_split.dataset}, str(settings.score.calibration))
        for model, _ in models:
            refuse_other_cut(settings, dataset_split.split, model)
    reports = sum(dataset_split.reports for dataset_split in splits)
    engines = [
        EngineOfModel(
            *(model, asked.task.decode(settings.generate), reports),
            partial(sample_prompts, warehouse, settings, splits, asked, model=model),
            chat=asked.prompt.chat,
        )
        for model, asked in models
    ]
    with worst_at_end(console) as refused:
        for dataset_split in splits:
            for engine, (model, asked) in zip(engines, models, strict=True):
                partition = freeze_partition(warehouse, settings, dataset_split, model, asked, calibration)
                try:
                    generate_partition(partition, engine, start_ray, console, line)
                except GateError as error:  # the nights of other hospitals and models are not its business
                    refused.append(error)
        if tasks:
            missing = prepare_examples(settings, [asked.task for asked in tasks[0][1]], start_ray, console, line)
            refused += missing.values()
            for refusal in answer_night(settings, splits, tasks, start_ray, console, line, missing):
                refused.append(refusal)  # one by one: what ends the answers leaves those before it


def print_unanswered(settings: Settings, console: Console, line: FinalLine) -> None:
    """Print which other nights of a nightly source were prepared and lack answers: nobody else would.

    Of each of the tasks that are asked for, the impression among them where no task is named.
    """
    if settings.source.dataset is None or not is_nightly(settings):
        return
    warehouse = Warehouse(settings.warehouse)
    asked = {task.id: f"answers of task {task.id}" for task in find_tasks(settings.tasks)}
    impressions = {None: "impressions"} if asks_impression(settings.tasks) else {}
    lacking: set[datetime.date] = set()
    for task, noun in (impressions | asked).items():
        nights = unanswered(warehouse, settings.source.dataset, task) - set(settings.nights)
        lacking |= nights
        if nights:
            listed = ", ".join(map(str, sorted(nights)))
            print_line(console, f"generate: nights with reports and without {noun}: {listed}; run them with date=")
    line.unanswered = sorted(lacking)
