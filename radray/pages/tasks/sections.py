"""The sections of the page on tasks: sentences first, then tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from radray.evaluation.answers.tally import ENOUGH, SENSITIVITY
from radray.evaluation.systems import FLOOR
from radray.pages.conclusions import Conclusion
from radray.pages.grids import Grid, from_rich
from radray.pages.tasks.comparison import TaskEvaluation

NOTES = (
    "Floors need no model. From 0 to 1; an answer that failed or could not be parsed is wrong, a missing one is left "
    "out. Right by: the source of the right answers; all leaves out those of our own rules.",
    "Points out of 100 on the examples that both answered, with 95 % intervals by split key; p is not corrected for "
    "multiple comparisons.",
    "F1 of the counts of all examples; n: right answers with the label. Macro F1 is the mean of those with "
    f"n >= {ENOUGH}.",
)

SEEN = (
    " Errors seen at 5 % false alarms: the likeliest raise an alarm, by decision, then by how sure the answer is "
    "(floors: by decision alone), until 5 % of what is fine raise one; equal ones by lot, so to find nothing is 5 %."
)
"""Follows the first note where a task looks for errors."""


@dataclass(frozen=True, slots=True)
class TaskSection:
    """One task on one dataset and split as the template walks it."""

    where: str
    examples: int
    reports: int
    conclusions: Sequence[Conclusion]
    cautions: Sequence[str]
    tables: Sequence[Grid]


def task_sections(evaluations: Iterable[TaskEvaluation]) -> Iterator[TaskSection]:
    """Yield a section for each evaluation of a task."""
    for evaluation in evaluations:
        tables, side = evaluation.tables, evaluation.tables.side
        first = NOTES[0] + (SEEN if SENSITIVITY in tables.metrics else "")
        shown = (tables.headline(), tables.differences(), tables.labels())
        notes = zip(shown, (first, *NOTES[1:]), strict=True)
        yield TaskSection(
            where=f"{tables.task}: {side.dataset}, {side.split}",
            examples=len(side.units),
            reports=len(set(side.units)),
            conclusions=list(evaluation.conclusions()),
            cautions=[
                *(f"{caution}." for caution in evaluation.cautions),
                *([] if side.of(FLOOR) else ["No floor was scored: what needs no model is not known."]),
            ],
            tables=[from_rich(table, note) for table, note in notes if table.row_count],
        )
