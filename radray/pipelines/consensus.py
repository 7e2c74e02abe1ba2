"""Which of a report's candidates is written: the one that agrees most with the beam, samples and similar reports."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from radray.checks.form import find_masks
from radray.checks.identifiers.written import invents_identifier
from radray.evaluation.agreement import agreements, most_agreed_first
from radray.models.engines.engine import Generation
from radray.models.neighbours import Neighbour
from radray.settings.generate import GenerateSettings
from radray.tasks.task import ImpressionTask

DIGITS = 4
"""Decimals of the figures of candidates."""
POWER = 6
"""Of a cosine, as a vote: cosines are alike, and the sixth power tells near from far."""


class Candidate(NamedTuple):
    """A text that might be written for a report, and where it comes from.

    score: of the beam and of samples as `Hypothesis` has it; of a neighbour the cosine of the findings.
    """

    source: Literal["beam", "sample", "neighbour"]
    text: str
    score: float
    unit_id: str | None = None
    """The training report, of a neighbour."""

    def describe(self, agreement: float | None, faults: int | None) -> dict[str, Any]:
        """Return what is kept of it: of a neighbour where its text is, and not the text, which is another patient's."""
        origin = {"text": self.text} if self.unit_id is None else {"unit_id": self.unit_id}
        rounded = None if agreement is None else round(agreement, DIGITS)
        figures = {"score": round(self.score, DIGITS), "agreement": rounded, "faults": faults}
        return {"source": self.source, **origin, **figures}


class Chosen(NamedTuple):
    """The text of the candidate that is written, all candidates as JSON, that one first, and its agreement."""

    text: str
    candidates: str
    agreement: float | None


class Consensus:
    """Chooses the candidate of each report that the checks fault least, and of these the most agreed one.

    Of equals the beam's, then a sample, then the nearest's. The model's candidates share `consensus_model_share` of the
    votes, the neighbours the rest by their cosines: with a vote each, ten neighbours outvoted the model, and of 69
    abnormal reports of Open-i 68 % were passed off as normal, where 26 % were without a consensus.

    No candidate is a text that is no answer, one that was cut before its end, one with an identifier that the report
    does not have, or a training report's with a mask where the model may write none.
    """

    def __init__(self, settings: GenerateSettings, task: ImpressionTask) -> None:
        """Choose as `settings` say. Raises ValueError where these have no `consensus`."""
        if settings.consensus is None:
            raise ValueError("generate.consensus is off")
        self._utility = settings.consensus
        self._neighbours = settings.consensus_neighbours
        self._share = settings.consensus_model_share
        self._masks = not settings.suppress_masks
        self._parse = task.parse
        self._faults = task.faults if settings.consensus_checks else None

    def choose(self, report: Mapping[str, Any], generation: Generation, near: Sequence[Neighbour]) -> Chosen | None:
        """Return the choice among `generation` and the nearest of `near` for `report`, which has FAULTED_BY.

        None where there is no candidate, and where the model's best is no answer: a text of another report does not
        hide that.
        """
        given = (report["findings"], report["background"] or "")
        candidates = [
            each for each in self._candidates(generation, near) if not invents_identifier(each.text, (), given)
        ]
        if not candidates or self._parse(generation.hypotheses[0].text) is None:
            return None
        texts = [candidate.text for candidate in candidates]
        values = agreements(texts, self._utility, self._votes(candidates))
        faults: list[int] | None = None
        if self._faults is not None:
            of_text = {text: self._faults(report, text) for text in set(texts)}
            faults = [of_text[text] for text in texts]
        order = most_agreed_first(values, faults)
        best = order[0]
        described = [
            candidates[place].describe(values[place], None if faults is None else faults[place]) for place in order
        ]
        return Chosen(candidates[best].text, json.dumps(described, ensure_ascii=False), values[best])

    def _votes(self, candidates: Sequence[Candidate]) -> list[float]:
        """Return the weight of each candidate; without the model's or without neighbours the others share all."""
        weights = [1.0 if each.unit_id is None else max(each.score, 1e-3) ** POWER for each in candidates]
        of_model = sum(weight for weight, each in zip(weights, candidates, strict=True) if each.unit_id is None)
        of_near = sum(weights) - of_model
        return [
            weight * self._share / of_model if each.unit_id is None else weight * (1 - self._share) / of_near
            for weight, each in zip(weights, candidates, strict=True)
        ]

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
