"""The answers of a night: what each task asks of its reports, answered by each model."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from pyiceberg.expressions import And, In
from rich.console import Console

from radray.errors import ConfigError, RadrayError
from radray.models.families.registry import family_name
from radray.models.folder import ModelFolder
from radray.nights.answers.partition import AnswersPartition, freeze_partition
from radray.nights.answers.run import answer_partitions
from radray.nights.dataset_splits import DatasetSplit, refuse_other_cut
from radray.nights.engine_choice import EngineOfModel
from radray.nights.final_line import FinalLine
from radray.schema.examples import EXAMPLES
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse, equal_to
from radray.tasks.answering import AskedTask
from radray.tasks.example_rows import example_of
from radray.tasks.registry import choose_tasks


def tasks_of(settings: Settings, models: Sequence[ModelFolder]) -> list[tuple[ModelFolder, list[AskedTask]]]:
    """Return each model with those of `tasks` whose rows are `answers`, as it is asked them; [] where there are none.

    Raises ConfigError as `choose_tasks`, and for prompts of which some are in a chat template and some are not, or
    whose answers are decoded in several ways: one loaded model has one form of prompts and one search.
    """
    asked = []
    for model in models:
        its = choose_tasks(settings.tasks, model.name, family_name(model.path), model.manifest.provenance)
        if len({each.prompt.chat for each in its}) > 1:
            raise ConfigError(
                f"tasks: some prompts of model {model.name} are in its chat template and some are not: run the tasks"
                " apart"
            )
        if len({each.task.decode(settings.generate) for each in its}) > 1:
            raise ConfigError("tasks: their answers are decoded in several ways: run the tasks apart")
        if its:
            asked.append((model, its))
    return asked


def answer_night(
    settings: Settings,
    splits: Sequence[DatasetSplit],
    models: Sequence[tuple[ModelFolder, Sequence[AskedTask]]],
    start_ray: Callable[[], None],
    console: Console,
    line: FinalLine,
    missing: Collection[tuple[str, str]] = (),
) -> Iterator[RadrayError]:
    """Answer the examples of the datasets and splits of a night with each of `models`; yield what refused some.

    The examples are there, but those of the datasets and tasks of `missing`, which are left as they are. Raises as
    `freeze_partition`, `refuse_other_cut` and `answer_partitions`.
    """
    warehouse = Warehouse(settings.warehouse, must_exist=True)
    for model, tasks in models:
        for dataset_split in splits:
            refuse_other_cut(settings, dataset_split.split, model)
        by_split = [
            [
                freeze_partition(warehouse, settings, dataset_split, model, asked)
                for asked in tasks
                if (dataset_split.dataset, asked.task.id) not in missing
            ]
            for dataset_split in splits
        ]
        nights = [night for some in by_split for night in some]
        engine = EngineOfModel(
            *(model, tasks[0].task.decode(settings.generate), sum(len(night.input.asked) for night in nights)),
            partial(sample_prompts, nights),
            chat=tasks[0].prompt.chat,
        )
        for some in by_split:
            yield from answer_partitions(some, engine, start_ray, console, line)


def sample_prompts(nights: Sequence[AnswersPartition], count: int) -> list[str]:
    """Return `count` prompts of the examples of `nights`, as many of each task as can be, sorted; fewer: all.

    They are those of the first examples by id, which begins with a digest: a sample that any machine repeats.
    """
    by_task: dict[str, list[tuple[str, AnswersPartition]]] = {}
    for night in nights:
        by_task.setdefault(night.asked.task.id, []).extend((id_, night) for id_ in sorted(night.input.asked)[:count])
    queues = [sorted(some, key=lambda each: each[0]) for _, some in sorted(by_task.items())]
    drawn = [queue[place] for place in range(count) for queue in queues if place < len(queue)][:count]
    prompts: list[str] = []
    for night in nights:
        ids = {id_ for id_, its in drawn if its is night}
        if ids:
            within = In("example_id", ids)  # type: ignore  # pydantic hides its __init__
            where = And(equal_to({"batch_date": night.settings.date, "task": night.asked.task.id}), within)
            rows = night.warehouse.load(EXAMPLES).scan(row_filter=where).to_arrow().to_pylist()
            prompts += [night.asked.fill(example_of(row).inputs) for row in rows]
    return sorted(prompts)
