"""Impressions without a model, from the training reports or from the findings themselves."""

from collections.abc import Sequence

from radray.evaluation.floors import Floor, NearestNeighbour, Training, best_constant, first_sentence
from radray.evaluation.systems import CONSTANT, FIRST, NEAREST


def _constant(training: Training, findings: Sequence[str], *, stemmer: bool) -> list[str] | None:
    if not training.findings:
        return None
    return [best_constant(training.references, stemmer=stemmer)] * len(findings)


def _first_sentence(training: Training, findings: Sequence[str], *, stemmer: bool) -> list[str]:
    return [first_sentence(text) for text in findings]


def _nearest(training: Training, findings: Sequence[str], *, stemmer: bool) -> list[str] | None:
    if not training.findings:
        return None
    return NearestNeighbour(training.findings, training.references).predict(findings)


FLOORS: dict[str, Floor] = {CONSTANT: _constant, FIRST: _first_sentence, NEAREST: _nearest}
"""By the name that each has in figures."""
