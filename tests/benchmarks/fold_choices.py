"""Which candidate of a report is written: the most agreed one, with settings that other folds choose."""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radray.evaluation.agreement import UTILITIES, Utility, concept_agreement, rouge_l
from radray.evaluation.rouge import Scorer
from radray.language.normality import is_normal
from radray.tasks.impression.scores import faults
from radray.tasks.task import FAULTED_BY
from tests.benchmarks.openi_folds import Report

MOST_NEIGHBOURS = 20


class Choice(NamedTuple):
    """Settings of a consensus.

    `share` of the votes are the model's, the rest the neighbours'; None: each candidate has one. `power`: a neighbour
    has its cosine to that power of the neighbours' votes; cosines are alike, and the sixth power tells near from far.
    `abnormal_from`: one that reads abnormal is written where those have at least this share of the votes; None: there
    is no such rule.
    """

    neighbours: int
    utility: Utility
    share: float | None = None
    power: int = 0
    abnormal_from: float | None = None


DEFAULT = Choice(10, "rouge_l")
"""What a fold takes when there is no other to choose by; not chosen by any figure."""
AGREED = tuple(
    Choice(count, utility, share, power)
    for count, utility, share, power in itertools.product((1, 3, 5, 10, 20), UTILITIES, (None, 0.25, 0.5, 0.75), (0, 6))
)
VOTED = tuple(
    Choice(count, "rouge_l", share, 6, least)
    for count, share, least in itertools.product((3, 5, 10, 20), (0.5, 0.75), (0.5, 0.4, 0.3, 0.2))
)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What might be written for a report: a model's texts, its greedy one first, and its neighbours', nearest first."""

    report: Report
    written: Sequence[str]
    near: Sequence[tuple[str, float]]
    """With their cosines."""

    def texts(self, neighbours: int) -> list[str]:
        """Return the model's texts and those of so many neighbours."""
        return [*self.written, *(text for text, _ in self.near[:neighbours])]

    def least_flagged(self, neighbours: int = MOST_NEIGHBOURS) -> npt.NDArray[np.bool_]:
        """Return which of the texts have the least `degree` of flags."""
        degrees = np.array([degree(self.report, text) for text in self.texts(neighbours)])
        return np.asarray(degrees == degrees.min())

    def chosen(self, choice: Choice, *, least_flagged: bool) -> str:
        """Return the candidate with the highest mean agreement, the first of equals.

        `least_flagged`: of those with the least `degree` of flags.
        """
        texts = self.texts(choice.neighbours)
        votes = _votes(len(self.written), [cosine for _, cosine in self.near[: choice.neighbours]], choice)
        agreement = _agreements(tuple(texts), choice.utility) @ votes
        may = self.least_flagged(choice.neighbours) if least_flagged else np.ones(len(texts), dtype=np.bool_)
        if choice.abnormal_from is not None:
            abnormal = np.array([is_normal(text) is False for text in texts])
            if votes[abnormal].sum() >= choice.abnormal_from and (may & abnormal).any():
                may &= abnormal
        return texts[int(np.argmax(np.where(may, agreement, -1.0)))]


def first_of_least_flagged(candidates: Candidates) -> str:
    """Return the first candidate with the least degree of flags: the model's before neighbours, nearest first."""
    return candidates.texts(MOST_NEIGHBOURS)[int(np.argmax(candidates.least_flagged()))]


def guarded(candidates: Candidates, choice: Choice) -> str:
    """Return the model's greedy text where no candidate has a lesser degree of flags, else the most agreed of those."""
    if candidates.least_flagged(choice.neighbours)[0]:
        return candidates.written[0]
    return candidates.chosen(choice, least_flagged=True)


def choose(
    folds: Mapping[int, Sequence[Candidates]], choices: Sequence[Choice], *, least_flagged: bool
) -> dict[int, Choice]:
    """Return for each fold the choice that is best on the others: mean of ROUGE-1 over normal and over abnormal.

    A single fold has DEFAULT, since nothing may be chosen on what is counted.
    """
    if len(folds) < 2:
        return dict.fromkeys(folds, DEFAULT)
    by_fold = {
        number: [_sums(reports, choice, least_flagged=least_flagged) for choice in choices]
        for number, reports in folds.items()
    }
    best = {}
    for number in folds:
        sums = np.sum([by_fold[other] for other in folds if other != number], axis=0)  # (choices, 2, 2)
        best[number] = choices[int(np.argmax((sums[:, :, 0] / np.maximum(sums[:, :, 1], 1)).mean(axis=1)))]
    return best


def _sums(reports: Sequence[Candidates], choice: Choice, *, least_flagged: bool) -> list[list[float]]:
    """Return the sum of ROUGE-1 and the number of reports, of normal references and of abnormal ones."""
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for candidates in reports:
        normal = is_normal(candidates.report.reference)
        if normal is not None:
            text = candidates.chosen(choice, least_flagged=least_flagged)
            sums[normal][0] += _rouge1(candidates.report.reference, text)
            sums[normal][1] += 1
    return [sums[True], sums[False]]


def _votes(written: int, cosines: Sequence[float], choice: Choice) -> npt.NDArray[np.float64]:
    """Return the share of the votes of each candidate, the model's first."""
    near = np.array(cosines) ** choice.power
    near = near / near.sum() if near.sum() else np.full(len(near), 1 / max(1, len(near)))
    share = written / (written + len(near)) if choice.share is None else choice.share
    if not written or not len(near):
        share = float(bool(written))
    return np.concatenate([np.full(written, share / max(1, written)), (1 - share) * near])


@functools.cache
def _agreements(texts: tuple[str, ...], utility: Utility) -> npt.NDArray[np.float64]:
    if utility == "both":
        return (_agreements(texts, "rouge_l") + _agreements(texts, "concepts")) / 2
    return np.array([[1.0 if a == b else _agreement(*sorted((a, b)), utility) for b in texts] for a in texts])


@functools.cache
def _agreement(first: str, second: str, utility: Utility) -> float:
    return (rouge_l if utility == "rouge_l" else concept_agreement)(first, second)


@functools.cache
def degree(report: Report, text: str) -> int:
    """Return how badly `text` is flagged by the checks: what goes first in a consensus."""
    return faults({name: getattr(report, name) for name in FAULTED_BY}, text)


@functools.cache
def _rouge1(reference: str, text: str) -> float:
    return Scorer(stemmer=True).score(reference, text)["rouge1_f"]
