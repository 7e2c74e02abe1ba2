"""The training reports nearest to a report, and the candidate that most others agree with: for cross_validation.py."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radray.evaluation.floors import NearestNeighbour
from radray.evaluation.rouge import Tokenizer
from radray.models.engines.engine import Generation
from radray.reports.record.identity import split_key
from radray.reports.record.record import Record


@dataclass(frozen=True, slots=True)
class Report:
    """A report with findings and an impression, and the key of its findings text."""

    findings: str
    background: str | None
    reference: str
    key: str


def report_of(record: Record) -> Report:
    """Return the used fields of a record that has findings and a reference."""
    key = split_key("openi", record.study_id or "", record.subject_id, record.findings)
    return Report(record.findings or "", record.background, record.reference or "", key)


class Neighbours(NearestNeighbour):
    """The nearest neighbour's floor, asked for several: training reports of another findings text."""

    def __init__(self, known: Sequence[Report]) -> None:
        super().__init__([report.findings for report in known], [report.reference for report in known])
        self._keys = np.array([report.key for report in known])

    def nearest(self, asked: Sequence[Report], count: int) -> list[list[tuple[str, float]]]:
        """Return the impressions of the `count` nearest with their cosines, best first, for each of `asked`."""
        cosines = self._similarity.cosines([report.findings for report in asked])
        nearest = []
        for report, row in zip(asked, cosines, strict=True):
            order = np.argsort(-np.where(self._keys == report.key, -1.0, row), kind="stable")[:count]
            nearest.append([(self._references[place], float(row[place])) for place in order])
        return nearest


def overlap(bag: Counter[str], other: Counter[str]) -> float:
    """Return ROUGE-1 F of two bags of words."""
    return 2 * (bag & other).total() / max(1, bag.total() + other.total())


class Consensus:
    """Of the candidates of a report the one that has most in common with all of them."""

    def __init__(self, near: list[tuple[str, float]], written: Generation | None) -> None:
        words = Tokenizer(stemmer=True)
        beam = [] if written is None else [(hypothesis.text, hypothesis.score) for hypothesis in written.hypotheses]
        self._texts = [text for text, _ in [*near, *beam]]
        self._near = len(near)
        bags = [Counter(words.tokenize(text)) for text in self._texts]
        self._overlaps = np.array([[overlap(bag, other) for other in bags] for bag in bags])
        # cosines are all alike: their sixth power tells the near from the far; the beam's by their log-probability
        near_votes = np.array([cosine**6 for _, cosine in near])
        votes = np.exp([score for _, score in beam])
        self._near_votes = near_votes / max(near_votes.sum(), 1e-12)
        self._votes = votes / max(votes.sum(), 1e-12)

    def text(self, share: float) -> str:
        """Return the candidate where the model's have `share` of the votes."""
        votes = np.concatenate([self._near_votes * (1 - share), self._votes * share])
        return self._texts[int(np.argmax(self._overlaps @ votes))]
