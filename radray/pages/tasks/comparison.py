"""The tasks of an evaluation compared: their rows of both tables, their sentences, and what is shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from radray.analytics.answer_rows import TaskSide
from radray.evaluation.answers.differences import comparisons
from radray.evaluation.answers.figures import evaluations
from radray.evaluation.answers.tally import SENSITIVITY
from radray.evaluation.strata import ALL
from radray.pages.conclusions import BETTER, WORSE, Comparison, Conclusion, scores, verdict_of
from radray.pages.tasks.tables import METRICS, TaskTables
from radray.settings.root import Settings

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaskEvaluation:
    """The evaluation of one task on one dataset and split."""

    tables: TaskTables
    cautions: Sequence[str]
    """What a reader must know: what is missing, and whose the right answers are."""
    figures: Sequence[Row]
    """Rows of `evaluations`."""
    differences: Sequence[Row]
    """Rows of `comparisons`."""

    @property
    def remarks(self) -> list[str]:
        """What a reader must know, and whether each model is better than every floor."""
        return [*self.cautions, *(conclusion.sentence for conclusion in self.conclusions())]

    def conclusions(self) -> Iterator[Conclusion]:
        """Yield whether each model is better than every floor, with each difference; nothing without a figure."""
        tables = self.tables
        for metric, model in product(tables.decisive, tables.models):
            rows = {floor: tables.difference(model, floor, ALL, metric) for floor in tables.floors}
            known = {floor: row for floor, row in rows.items() if row is not None}
            if known:
                verdicts = {floor: verdict_of(row) for floor, row in known.items()}
                compared = [
                    Comparison(
                        f"against {floor}",
                        verdicts[floor],
                        scores(row, "error" if metric == SENSITIVITY else "example"),
                    )
                    for floor, row in known.items()
                ]
                yield Conclusion(f"{tables.task}, by {METRICS[metric]}: {_verdict(model, verdicts)}", compared)


def _verdict(model: str, verdicts: Mapping[str, str]) -> str:
    worse = [floor for floor, verdict in verdicts.items() if verdict == WORSE]
    unclear = [floor for floor, verdict in verdicts.items() if verdict not in (BETTER, WORSE)]
    if worse:
        verbs = ("needs", "beats") if len(worse) == 1 else ("need", "beat")
        return f"{' and '.join(worse)}, which {verbs[0]} no model, {verbs[1]} {model}."
    if unclear:
        return f"{model} is not shown to be better than {' and '.join(unclear)}."
    return f"{model} is better than every floor."


def evaluate_tasks(sides: Iterable[TaskSide], settings: Settings, run_id: str) -> Iterator[TaskEvaluation]:
    """Yield the evaluation of each of `sides` in turn."""
    draws = {"resamples": settings.evaluate.resamples, "seed": settings.evaluate.seed}
    about = {"run_id": run_id, "batch_date": settings.date}
    for task, side, remarks in sides:
        figures = [{**about, **row} for row in evaluations(side, **draws)]
        differences = [{**about, **row} for row in comparisons(side, **draws)]
        tables = TaskTables(task.id, side, figures, differences)
        yield TaskEvaluation(tables, remarks, figures, differences)
