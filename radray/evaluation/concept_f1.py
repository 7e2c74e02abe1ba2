"""Concept F1: which findings two impressions have in common, whatever words they use; no model takes part.

An impression is read as **statements** (`statements`): each concept that `find_mentions` finds, once for each state
(present, uncertain, absent), with the union of its sides. "Normal chest" states that there is no abnormality. Severity,
place and change are left out: two radiologists often give them differently, and classes of flags look at them.

A statement **counts** by the urgency of its concept: critical 4, urgent 2, any other 1; a denied one half, whatever it
denies, since an impression may leave denials out. The ratios are our choice: each step is worth two of the next, as
the ACR's categories go from minutes to hours to days (Larson et al. 2014); `tests/benchmarks/concept_f1.py` measures
them beside equal weights.

Its **credit** is that of the best statement of the other text: 1, and half for each of these:

- one concept is a kind of the other (pneumonia, opacity), or a general denial ("no acute disease") meets a special one;
- one is certain, the other possible;
- only one has a side, or one has both sides and the other one.

There is none for another concept, for asserted against denied, for the opposite side. Precision is the mean credit of
the prediction's statements by what they count, recall that of the reference's, and F1 their harmonic mean.
"""

from collections.abc import Sequence
from functools import lru_cache
from operator import mul
from typing import NamedTuple

from radray.checks.context import mentions_of, related
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.lexicon.vocabulary import forgets
from radray.language.mentions import KEPT_TEXTS, State

CONCEPT_F1 = "concept_f1"
"""The name of the metric, and of the column of `predictions`."""

WEIGHTS = {"critical": 4.0, "urgent": 2.0, None: 1.0}
"""How much an asserted statement counts, by the urgency of its concept."""
DENIED = 0.5
"""How much a denied statement counts."""
HALF = 0.5

_ABNORMALITY = "abnormality"
_OPPOSITE = {State.PRESENT: State.ABSENT, State.ABSENT: State.PRESENT, State.UNCERTAIN: State.UNCERTAIN}


class Statement(NamedTuple):
    """A concept as an impression states it."""

    concept: str
    state: State
    sides: frozenset[str]

    @property
    def weight(self) -> float:
        """How much it counts."""
        return DENIED if self.state is State.ABSENT else WEIGHTS[CONCEPTS[self.concept].urgency]


@forgets
@lru_cache(maxsize=KEPT_TEXTS)
def statements(text: str) -> tuple[Statement, ...]:
    """Return the statements of an impression, in order of their first mention; () where it names no concept."""
    sides_of: dict[tuple[str, State], frozenset[str]] = {}
    for mention in mentions_of(text):
        concept, state = mention.concept, mention.state
        if CONCEPTS[concept].normal:  # "normal chest" is "no abnormality"
            concept, state = _ABNORMALITY, _OPPOSITE[state]
        sides_of[concept, state] = sides_of.get((concept, state), frozenset()) | mention.sides
    return tuple(Statement(concept, state, sides) for (concept, state), sides in sides_of.items())


def credit(first: Statement, second: Statement) -> float:
    """Return how far two statements agree, 0 to 1; the same either way round."""
    share = 1.0
    if first.concept != second.concept:
        denials = first.state is second.state is State.ABSENT and _ABNORMALITY in (first.concept, second.concept)
        if not denials and not related(first.concept, second.concept):
            return 0.0
        share *= HALF
    if first.state is not second.state:
        if State.ABSENT in (first.state, second.state):
            return 0.0
        share *= HALF
    if first.sides != second.sides:
        if first.sides and second.sides and first.sides.isdisjoint(second.sides):
            return 0.0
        share *= HALF
    return share


def concept_f1(reference: str | None, prediction: str | None) -> float | None:
    """Return the concept F1 of `prediction`, 0 to 1; 0 for None or for one that names no concept.

    None where the reference names no concept: there is nothing to find again, and what the prediction says cannot be
    judged by it.
    """
    wanted = statements(reference or "")
    if not wanted:
        return None
    written = statements(prediction or "")
    if written == wanted:
        return 1.0
    credits = [[credit(own, other) for other in wanted] for own in written]
    precision = _mean(written, [max(row) for row in credits])
    recall = _mean(wanted, [max(column) for column in zip(*credits, strict=True)])
    return 2 * precision * recall / (precision + recall) if precision and recall else 0.0


def _mean(of: Sequence[Statement], credits: Sequence[float]) -> float:
    """Return the mean of the `credits` of statements by what they count; 0 for none."""
    weights = [statement.weight for statement in of]
    return sum(map(mul, weights, credits)) / sum(weights) if credits else 0.0
