"""Systems side by side on the examples of one task, dataset and split: how each answer compares with the right one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from radray.evaluation.bootstrap import Codes, codes_of
from radray.evaluation.strata import ALL, Bools
from radray.evaluation.systems import MODEL

GOLD, PART, LABEL = "gold:", "part:", "label:"
"""What the strata of a source of gold, of a part of the examples, and of a label, begin with."""
RULES, AGREED = "rules", "agreed"
"""The sources of gold that is our own rules, and that has their consent: neither judges them."""


class Outcome(Protocol):
    """How an answer compares with the right one, see `radray.tasks.answering.Outcome`."""

    @property
    def correct(self) -> bool:
        """Whether all of it is right."""
        ...

    @property
    def counts(self) -> Mapping[str, tuple[int, int, int]]:
        """True positives, false positives and false negatives by label."""
        ...


@dataclass(frozen=True, slots=True)
class Answers:
    """The outcomes of one system's answers: a model's or a floor's."""

    name: str
    kind: str
    """`systems.MODEL` or `systems.FLOOR`."""
    outcomes: Sequence[Outcome | None]
    """(examples,); None: the system has no answer to it. A failed answer has the outcome of a wrong one."""
    failed: int = 0
    """Answers that failed, those that could not be parsed included."""
    by_rules: bool = False
    """Whether it answers by our rules: then right answers that the rules have a part in do not judge it."""
    suspicions: Sequence[float] = ()
    """(examples,): how much each answer suspects an error, of any scale, NaN without one; (): looks for none."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The systems on the examples of one task, dataset and split."""

    dataset: str
    split: str
    scorer_id: str
    """Version of the task."""
    units: Sequence[str]
    """(examples,): the report that each is about."""
    split_keys: Sequence[str]
    """(examples,)."""
    gold_sources: Sequence[str]
    """(examples,): where the right answer is from."""
    systems: Sequence[Answers] = field(default=())
    """Models first, the base before the others; then floors."""
    errors: Sequence[bool] = ()
    """(examples,): which have an error to be found; (): the task looks for none."""
    parts: Sequence[str | None] = ()
    """(examples,): the part that each is of, None without one; (): the task has no parts."""

    def strata(self) -> dict[str, Bools]:
        """Return the examples of each stratum, (examples,): `ALL`, those of a source of gold or a part that is not all.

        `ALL` leaves out gold of our own rules: an agreement with rules says nothing about what is right.
        """
        sources = np.array(self.gold_sources, dtype=np.str_)
        whole = sources != RULES
        by_source = {f"{GOLD}{source}": sources == source for source in sorted(set(self.gold_sources))}
        parts = np.array([part or "" for part in self.parts], dtype=np.str_)
        by_part = {f"{PART}{part}": (parts == part) & whole for part in sorted(set(filter(None, self.parts)))}
        strata = by_source | by_part
        return {ALL: whole} | {name: members for name, members in strata.items() if (members != whole).any()}

    def known(self, *systems: Answers) -> Bools:
        """Return the examples to which all `systems` have an answer that the right one may judge, (examples,)."""
        known = np.ones(len(self.units), dtype=np.bool_)
        for system in systems:
            known &= self.answered(system)
            if system.by_rules:
                known &= ~np.isin(np.array(self.gold_sources, dtype=np.str_), (RULES, AGREED))
        return known

    def answered(self, system: Answers) -> Bools:
        """Return the examples that `system` has an answer to, (examples,)."""
        return np.array([outcome is not None for outcome in system.outcomes], dtype=np.bool_)

    def clusters(self, known: Bools) -> Codes:
        """Return the clusters of the examples `known`, numbered from 0, (known,)."""
        return codes_of(np.array(self.split_keys, dtype=np.str_)[known])

    def of(self, kind: str) -> list[Answers]:
        """Return the systems of a kind, in order."""
        return [system for system in self.systems if system.kind == kind]


def pairs(side: Answered) -> list[tuple[Answers, Answers]]:
    """Return the pairs to compare: each model with those before it, the base first, and with each floor."""
    models = side.of(MODEL)
    floors = [system for system in side.systems if system.kind != MODEL]
    return [(model, earlier) for place, model in enumerate(models) for earlier in models[:place]] + [
        (model, floor) for model in models for floor in floors
    ]
