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
from tests.benchmarks.openi_figures import flags_of
from tests.benchmarks.openi_folds import Report

MOST_NEIGHBOURS = 20


class Choice(NamedTuple):
    """Settings of a consensus.

    `share` of the votes are the model's, the rest the neighbours'; None: each candidate has one. `abnormal_from`: one
    that reads abnormal is written where those have at least this share of the votes; None: there is no such rule.
    """

    neighbours: int
    utility: Utility
    share: float | None = None
    abnormal_from: float | None = None


DEFAULT = Choice(10, "rouge_l")
"""What a fold takes when there is no other to choose by; not chosen by any figure."""
AGREED = tuple(
    Choice(count, utility, share)
    for count, utility, share in itertools.product((1, 3, 5, 10, 20), UTILITIES, (None, 0.25, 0.5, 0.75))
)
VOTED = tuple(
    Choice(count, "rouge_l", share, least)
    for count, share, least in itertools.product((3, 5, 10, 20), (0.5, 0.75), (0.5, 0.4, 0.3, 0.2))
)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What might be written for a report: a model's texts, its greedy one first, and its neighbours', nearest first."""

    report: Report
    written: Sequence[str]
    near: Sequence[str]

    def texts(self, neighbours: int) -> list[str]:
        """Return the model's texts and those of so many neighbours."""
        return [*self.written, *self.near[:neighbours]]

    def unflagged(self) -> npt.NDArray[np.bool_]:
        """Return which texts read normal over no abnormal finding and omit no urgent one, by the findings alone."""
        return np.array([not _worst(self.report, text) for text in self.texts(MOST_NEIGHBOURS)], dtype=np.bool_)

    def chosen(self, choice: Choice, *, unflagged_first: bool) -> str:
        """Return the candidate with the highest mean agreement, the first of equals.

        `unflagged_first`: of those without the flags, if there are any.
        """
        texts = self.texts(choice.neighbours)
        votes = _votes(len(self.written), len(texts) - len(self.written), choice.share)
        agreement = _agreements(tuple(texts), choice.utility) @ votes
        may = np.ones(len(texts), dtype=np.bool_)
        if unflagged_first:
            may = self.unflagged()[: len(texts)]
            may = may if may.any() else ~may
        if choice.abnormal_from is not None:
            abnormal = np.array([is_normal(text) is False for text in texts])
            if votes[abnormal].sum() >= choice.abnormal_from and (may & abnormal).any():
                may &= abnormal
        return texts[int(np.argmax(np.where(may, agreement, -1.0)))]


def guarded(candidates: Candidates, choice: Choice) -> str:
    """Return the model's greedy text, unless it has a flag: then the most agreed candidate without, if there is one."""
    first = candidates.written[0]
    if not _worst(candidates.report, first):
        return first
    return candidates.chosen(choice, unflagged_first=True) if candidates.unflagged().any() else first


def choose(
    folds: Mapping[int, Sequence[Candidates]], choices: Sequence[Choice], *, unflagged_first: bool
) -> dict[int, Choice]:
    """Return for each fold the choice that is best on the others: mean of ROUGE-1 over normal and over abnormal.

    A single fold has DEFAULT, since nothing may be chosen on what is counted.
    """
    if len(folds) < 2:
        return dict.fromkeys(folds, DEFAULT)
    by_fold = {
        number: [_sums(reports, choice, unflagged_first=unflagged_first) for choice in choices]
        for number, reports in folds.items()
    }
    best = {}
    for number in folds:
        sums = np.sum([by_fold[other] for other in folds if other != number], axis=0)  # (choices, 2, 2)
        best[number] = choices[int(np.argmax((sums[:, :, 0] / np.maximum(sums[:, :, 1], 1)).mean(axis=1)))]
    return best


def _sums(reports: Sequence[Candidates], choice: Choice, *, unflagged_first: bool) -> list[list[float]]:
    """Return the sum of ROUGE-1 and the number of reports, of normal references and of abnormal ones."""
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for candidates in reports:
        normal = is_normal(candidates.report.reference)
        if normal is not None:
            text = candidates.chosen(choice, unflagged_first=unflagged_first)
            sums[normal][0] += _rouge1(candidates.report.reference, text)
            sums[normal][1] += 1
    return [sums[True], sums[False]]


def _votes(written: int, near: int, share: float | None) -> npt.NDArray[np.float64]:
    if share is None or not near:
        return np.full(written + near, 1 / (written + near))
    return np.concatenate([np.full(written, share / written), np.full(near, (1 - share) / near)])


@functools.cache
def _agreements(texts: tuple[str, ...], utility: Utility) -> npt.NDArray[np.float64]:
    if utility == "both":
        return (_agreements(texts, "rouge_l") + _agreements(texts, "concepts")) / 2
    return np.array([[1.0 if a == b else _agreement(*sorted((a, b)), utility) for b in texts] for a in texts])


@functools.cache
def _agreement(first: str, second: str, utility: Utility) -> float:
    return (rouge_l if utility == "rouge_l" else concept_agreement)(first, second)


@functools.cache
def _worst(report: Report, text: str) -> bool:
    flags = flags_of(report, text)
    return flags["flag_normal_over_abnormal"] or flags["flag_omission"]


@functools.cache
def _rouge1(reference: str, text: str) -> float:
    return Scorer(stemmer=True).score(reference, text)["rouge1_f"]
