"""Multiple choice: which of four radiologists' impressions fits these findings? A figure that style does not move.

The wrong choices are the impressions of near reports (see `similarity`) that assert another set of concepts: all four
were written by radiologists about like chests, and only what they state decides. A model answers by the likelihood of
each choice after its prompt, as models answer the questions of MMLU (Hendrycks et al. 2021) in the harnesses; nothing
is generated, so a model that words impressions poorly may still answer well.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np

from radray.evaluation.concept_f1 import Statement, statements
from radray.evaluation.similarity import TIE, FindingsSimilarity
from radray.language.mentions import State

CHOICES = 4
NEAR = 50
"""Nearest reports that wrong choices are taken from: the body part alone rules farther ones out."""


class Question(NamedTuple):
    """A report's own impression among those of others, in random order; `right` is its place."""

    choices: tuple[str, ...]
    right: int


def ask(findings: Sequence[str], impressions: Sequence[str], keys: Sequence[str], seed: int) -> list[Question | None]:
    """Return a question about each report, in order; None where there are no three fitting wrong choices.

    `keys` are alike for reports that may not serve each other: one patient's, or of equal findings. A fitting choice is
    the impression of one of the NEAR nearest of another key that names a concept, asserts another set of concepts than
    the right one and than the other choices, and does not assert all of a set that is not empty and more: where the
    radiologist left something out, that would fit as well. The nearest are taken, ties in order; the order of the
    choices depends on `seed` and the place of the report. An impression that names no concept is not asked about. No
    reports: an empty list. Raises InputError when there is no word in the findings.
    """
    if not findings:
        return []
    stated = [statements(text) for text in impressions]
    asserted = [_asserted(each) for each in stated]
    groups = np.unique(np.array(keys, dtype=np.str_), return_inverse=True)[1]
    questions: list[Question | None] = []
    for place, cosines in enumerate(FindingsSimilarity(findings).cosines(findings)):
        near = np.round(cosines / TIE) * TIE
        near[groups == groups[place]] = -1.0
        order = np.argsort(-near, kind="stable")[:NEAR]
        wrong: dict[frozenset[Statement], str] = {}
        own = asserted[place]
        for other in order[near[order] >= 0].tolist():
            its = asserted[other]
            if stated[other] and its != own and its not in wrong and not (own and own < its):
                wrong[its] = impressions[other]
            if len(wrong) == CHOICES - 1:
                break
        if not stated[place] or len(wrong) < CHOICES - 1:
            questions.append(None)
            continue
        choices = [impressions[place], *wrong.values()]
        order_of_choices = Random(f"{seed}:{place}").sample(range(CHOICES), CHOICES)
        questions.append(Question(tuple(choices[i] for i in order_of_choices), order_of_choices.index(0)))
    return questions


def _asserted(stated: Sequence[Statement]) -> frozenset[Statement]:
    """Return what is stated as present or possible: a normal impression asserts nothing, whatever it denies."""
    return frozenset(statement for statement in stated if statement.state is not State.ABSENT)
