"""What `jobs.evaluate` would read and write, in words."""

from radray.analytics.calibrating import describe_calibration
from radray.analytics.evaluation_rows import check_files, of_impressions
from radray.evaluation.systems import FLOORS
from radray.settings.root import Settings
from radray.tasks.registry import find_tasks


def describe_evaluation(settings: Settings) -> list[str]:
    """Return it, a line each. Raises ConfigError or InputError for a file or a task that cannot be used."""
    options = settings.evaluate
    check_files(options)
    dataset, split = settings.source.dataset or "each", settings.split.name or "each"
    where = f"batch_date={settings.date}, dataset={dataset}, split={split}"
    floors = f"score floors from the training reports of the dataset, or else of a model: {', '.join(FLOORS)}"
    tasks = [
        line
        for task in find_tasks(settings.tasks)
        for line in (
            f"read {settings.warehouse.uri}: answers, task={task.id}, {where}",
            f"score floors from the examples of split train of the dataset: {', '.join(task.floors)}",
        )
    ]
    return [
        *([f"read {settings.warehouse.uri}: predictions, {where}", floors] if of_impressions(settings) else []),
        *tasks,
        f"write {settings.warehouse.uri}: evaluations, comparisons",
        *([f"read {options.scores}: scores of another program"] if options.scores else []),
        *describe_calibration(settings),
        *([f"write {options.csv}: the same as CSV"] if options.csv else []),
        *([f"write {options.page}: the page"] if options.page else []),
        *([f"write {options.review_out}: a blinded sheet for each model"] if options.review else []),
    ]
