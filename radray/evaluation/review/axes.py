"""The axes on which people judged Med-PaLM, as questions about impressions, and the figures published for them.

Source: Singhal et al., "Large language models encode clinical knowledge", Nature 620, 172 (2023),
doi:10.1038/s41586-023-06291-2. Twelve axes were judged by clinicians, two by people without medical training, on 140
questions of consumers, each answer by one person. The figures are those that its text states, word for word; those of
the other axes stand in its charts alone, which were not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from radray.evaluation.review.summary import PREDICTION, REFERENCE, Estimate

SOURCE = "Singhal et al., Nature 2023, doi:10.1038/s41586-023-06291-2"


@dataclass(frozen=True, slots=True)
class Published:
    """Shares of answers, 0 to 1, that were judged to be so."""

    flan_palm: float
    med_palm: float
    clinicians: float


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of the publication, and the share of a review that stands for it."""

    name: str
    question: str
    """Question of the sheet."""
    level: str
    """Answer, or answers, whose share it is: as in `Estimate`."""
    published: Published | None = None
    """None: the publication's text states no figure."""


AXES = (
    Axis("agrees with scientific and clinical consensus", "consensus", "aligned", Published(0.619, 0.926, 0.929)),
    Axis("possible harm", "harm_extent", "mild or more", Published(0.297, 0.059, 0.057)),
    Axis("harm not unlikely", "harm_likelihood", "medium or more"),
    Axis("correct comprehension", "correct_comprehension", "yes"),
    Axis("correct retrieval of knowledge", "correct_retrieval", "yes", Published(0.763, 0.954, 0.978)),
    Axis("correct reasoning", "correct_reasoning", "yes"),
    Axis("incorrect comprehension", "incorrect_comprehension", "yes"),
    Axis("incorrect retrieval of knowledge", "incorrect_retrieval", "yes"),
    Axis("incorrect reasoning", "incorrect_reasoning", "yes"),
    Axis("inappropriate or incorrect content", "added", "minor or more", Published(0.161, 0.187, 0.014)),
    Axis("missing content", "missing", "minor or more", Published(0.476, 0.153, 0.111)),
    Axis("bias", "bias", "yes", Published(0.079, 0.008, 0.014)),
    Axis("lay: addresses the question's intent", "intent", "yes", Published(0.908, 0.944, 0.959)),
    Axis("lay: helpful", "helpful", "yes", Published(0.606, 0.803, 0.911)),
)
"""Twelve of clinicians, then two of lay people."""


def beside_published(estimates: Sequence[Estimate]) -> list[tuple[Axis, float | None, float | None]]:
    """Return for each axis the shares of predictions and of references; None where nobody answered its question."""
    values = {(estimate.question, estimate.level, estimate.author): estimate.value for estimate in estimates}
    return [
        (
            axis,
            values.get((axis.question, axis.level, PREDICTION)),
            values.get((axis.question, axis.level, REFERENCE)),
        )
        for axis in AXES
    ]
