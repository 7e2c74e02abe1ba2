"""The floors of `sections`: the commonest section, that of a sentence's place, and that of its words."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence

from radray.tasks.answering import Entry, Example, Floor, Parsed
from radray.tasks.sections.numbered import sentences_of

_COMMONEST = "findings"
"""Without training."""
_NEAR_AN_END = 4
"""Places from the beginning, and to the end, that differ."""

# the first that a sentence has; chosen on the training part of Open-i (tests/benchmarks/task_split.py)
_KEYWORDS = {
    "comparison": r"^(?:none|no (?:prior|comparison)|not (?:available|given|provided)|n/a)\b"
    r"|\b(?:comparison|compared|dated|prior (?:exam|study|film|chest))"
    r"|^(?:(?:two|pa|ap|chest|ct|and|lateral|views?|radiographs?|x-?___|x-?rays?|___|of|the|from|at|[\d/.,-]++)\W*+)++$",
    "technique": r"\b(?:views? (?:of|were)|obtained|acquired|performed|axial|contrast|technique|sequences)\b",
    "indication": r"\b(?:years?|yo|y/o|months?)\b|\b(?:rule out|r/o|eval|evaluate|history of|hx|h/o|preop|preoperative"
    r"|pain|cough|dyspnea|sob|shortness of breath|fever|ppd|smoker|smoking|trauma|mva|fall|s/p|weakness|clearance"
    r"|physical|screening)\b",
    "impression": r"^(?:no (?:evidence of )?(?:acute|active)(?! (?:bon|oss))|normal chest|stable chest|negative chest"
    r"|recommend)\b|\b(?:cardiopulmonary|recommended|suggest\w*|concerning|suspicious)\b",
}
_PATTERNS = {section: re.compile(pattern, re.IGNORECASE) for section, pattern in _KEYWORDS.items()}


def majority(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Put each sentence into the commonest section of `training`; without any, into the findings."""
    return _commonest(training, asked, lambda sentences: [None] * len(sentences))


def position(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Put each sentence into the commonest section at its place, counted from both ends."""
    return _commonest(training, asked, _places)


def keywords(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Put each sentence where its words usually stand, as written rules have it; other sentences into the findings."""
    return [_answer([_section_of(sentence) for sentence in sentences_of(example.inputs)]) for example in asked]


def keywords_by_place(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Put each sentence into the commonest section at its place among those of the same `keywords`."""
    return _commonest(
        training, asked, lambda sentences: list(zip(_places(sentences), map(_section_of, sentences), strict=True))
    )


def _commonest(
    training: Sequence[Example], asked: Sequence[Example], keys_of: Callable[[Sequence[str]], Sequence[Hashable]]
) -> list[Parsed]:
    """Put each sentence into the commonest section of its key; one of a new key into the findings."""
    counts: dict[Hashable, Counter[str]] = {}
    for example in training:
        right = [entry.state for entry in (example.gold and example.gold.entries) or ()]
        for key, section in zip(keys_of(sentences_of(example.inputs)), right, strict=True):
            counts.setdefault(key, Counter())[section] += 1
    commonest = {key: max(its, key=lambda section: (its[section], section)) for key, its in counts.items()}
    return [
        _answer([commonest.get(key, _COMMONEST) for key in keys_of(sentences_of(example.inputs))]) for example in asked
    ]


def _section_of(sentence: str) -> str:
    return next((section for section, pattern in _PATTERNS.items() if pattern.search(sentence)), _COMMONEST)


def _places(sentences: Sequence[str]) -> list[tuple[int, int]]:
    """Return (from the beginning, to the end) of each of `sentences`, both at most _NEAR_AN_END."""
    last = len(sentences) - 1
    return [(min(place, _NEAR_AN_END), min(last - place, _NEAR_AN_END)) for place in range(last + 1)]


def _answer(sections: Sequence[str]) -> Parsed:
    return Parsed(entries=tuple(Entry(str(place), section) for place, section in enumerate(sections, start=1)))


FLOORS: Mapping[str, Floor] = {
    "majority": majority,
    "position": position,
    "keywords": keywords,
    "keywords by place": keywords_by_place,
}
"""By name, as `evaluations` has it."""
