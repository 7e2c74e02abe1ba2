"""The examples of one task, and how often an epoch draws each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from radray.settings.root import Settings

Row = dict[str, Any]
"""An example, with the columns of `dataset.EXAMPLES` but task."""


@dataclass(frozen=True, slots=True)
class TaskExamples:
    """The examples of a task, in the order of unit_id and copy."""

    task: str
    train: Sequence[Row]
    """As an epoch has them: each as often as it is drawn, its copies numbered."""
    validation: Sequence[Row]
    """Each once."""
    patients: Sequence[str]
    """The split key of each training row: whose text it is."""
    examples: int
    """Training examples of which `train` was drawn."""
    gold: Mapping[str, int] = field(default_factory=dict)
    """Training examples by where their right answer is from; {} for impressions, which people wrote."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Rows of the training and validation reports that are not learnt from, by reason."""


def times_drawn(count: int, task: str, settings: Settings) -> list[int]:
    """Return how often an epoch draws each of `count` training examples of `task`, by its weight in `train.tasks`.

    The whole part of the weight each; of its fraction as many as that are drawn by train.seed, at least one where that
    is all there is. No examples: an empty list.
    """
    weight = settings.train.weights[task]
    times = [int(weight)] * count
    more = round((weight - int(weight)) * count)
    if count and not times[0]:
        more = max(more, 1)
    for place in Random(f"{settings.train.seed}:{task}").sample(range(count), more):
        times[place] += 1
    return times


def drawn_units(unit_ids: Iterable[str], settings: Settings) -> frozenset[str]:
    """Return those of the training reports `unit_ids` that are learnt from: `train.examples`, by `split.seed`."""
    units, count = sorted(set(unit_ids)), settings.train.examples
    if count is None or count >= len(units):
        return frozenset(units)
    return frozenset(Random(settings.split.seed).sample(units, count))
