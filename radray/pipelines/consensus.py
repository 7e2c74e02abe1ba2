"""Which of a report's candidates is written: the one that agrees most with the beam, samples and similar reports."""

import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from radray.checks.form import find_masks
from radray.evaluation.agreement import agreements, most_agreed_first
from radray.models.engines.engine import Generation
from radray.models.neighbours import Neighbour
from radray.settings.generate import GenerateSettings
from radray.tasks.task import Task

DIGITS = 4
"""Decimals of the figures of candidates."""


class Candidate(NamedTuple):
    """A text that might be written for a report, and where it comes from.

    score: of the beam and of samples as `Hypothesis` has it; of a neighbour the cosine of the findings.
    """

    source: Literal["beam", "sample", "neighbour"]
    text: str
    score: float
    unit_id: str | None = None
    """The training report, of a neighbour."""

    def describe(self, agreement: float | None) -> dict[str, Any]:
        """Return what is kept of it: of a neighbour where its text is, and not the text, which is another patient's."""
        origin = {"text": self.text} if self.unit_id is None else {"unit_id": self.unit_id}
        rounded = None if agreement is None else round(agreement, DIGITS)
        return {"source": self.source, **origin, "score": round(self.score, DIGITS), "agreement": rounded}


class Chosen(NamedTuple):
    """The most agreed candidate's text, all candidates as JSON, most agreed first, and its mean agreement with them."""

    text: str
    candidates: str
    agreement: float | None


class Consensus:
    """Chooses the most agreed candidate of each report: of equals the beam's, then a sample, then the nearest's.

    No candidate is a text that is no answer, one that was cut before its end, or a training report's with a mask where
    the model may write none.
    """

    def __init__(self, settings: GenerateSettings, task: Task) -> None:
        """Choose as `settings` say. Raises ValueError where these have no `consensus`."""
        if settings.consensus is None:
            raise ValueError("generate.consensus is off")
        self._utility = settings.consensus
        self._neighbours = settings.consensus_neighbours
        self._masks = not settings.suppress_masks
        self._parse = task.parse

    def choose(self, generation: Generation, near: Sequence[Neighbour]) -> Chosen | None:
        """Return the choice among `generation` and the nearest of `near`.

        None where there is no candidate, and where the model's best is no answer: a text of another report does not
        hide that.
        """
        candidates = self._candidates(generation, near)
        if not candidates or self._parse(generation.hypotheses[0].text) is None:
            return None
        values = agreements([candidate.text for candidate in candidates], self._utility)
        order = most_agreed_first(values)
        best = order[0]
        described = [candidates[place].describe(values[place]) for place in order]
        return Chosen(candidates[best].text, json.dumps(described, ensure_ascii=False), values[best])

    def _candidates(self, generation: Generation, near: Sequence[Neighbour]) -> list[Candidate]:
        written = [
            *(Candidate("beam", each.text, each.score) for each in generation.hypotheses if each.ended),
            *(Candidate("sample", each.text, each.score) for each in generation.samples if each.ended),
        ]
        parsed = [each._replace(text=text) for each in written if (text := self._parse(each.text)) is not None]
        return parsed + [
            Candidate("neighbour", each.impression, each.cosine, each.unit_id)
            for each in near[: self._neighbours]
            if self._masks or not find_masks(each.impression)
        ]
