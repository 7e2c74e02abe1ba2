"""The floors of changes: words of comparison in the report alone, and our rules on it and on the prior report."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from radray.language.lexicon.attributes import SEVERITIES
from radray.language.mentions import State, find_mentions
from radray.reports.synthetic.courses import CONCEPTS
from radray.tasks.answering import Entry, Example, Parsed

_WORDS = {
    "gone": r"resolved|no longer|cleared|gone",
    "better": r"decreased|improved|smaller|less",
    "worse": r"increased|worsened|worse|larger|more",
    "new": r"new|newly",
    "unchanged": r"unchanged|stable|again|similar",
}
"""Words of comparison by what they say, the first that a sentence has counts."""
_STATES = {state: re.compile(rf"\b(?:{words})\b") for state, words in _WORDS.items()}
_STATED = {"new": "new", "resolved": "gone", "decreased": "better", "increased": "worse", "unchanged": "unchanged"}
"""States by the change of a mention."""
_NAMES = {name: name.replace("_", " ") for name in CONCEPTS}


def by_words(text: str) -> tuple[Entry, ...]:
    """Return each concept that a sentence of `text` names beside a word of comparison; () for none."""
    states: dict[str, str] = {}
    for sentence in text.lower().split("."):
        state = next((state for state, words in _STATES.items() if words.search(sentence)), None)
        if state is not None:
            states |= {concept: state for concept, name in _NAMES.items() if name in sentence}
    return tuple(Entry(concept, states[concept]) for concept in CONCEPTS if concept in states)


def words(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Answer what `by_words` reads in the findings of each of `asked`; nothing is learnt."""
    return [Parsed(entries=by_words(example.inputs["findings"])) for example in asked]


@dataclass(slots=True)
class _Reading:
    """What a report has of a concept."""

    present: bool = False
    severity: int | None = None
    """Place in SEVERITIES of the greatest that is named; None: none is."""
    state: str | None = None
    """What the report calls its change; None: nothing."""


def by_both(prior: Iterable[str], texts: Iterable[str]) -> tuple[Entry, ...]:
    """Return how each concept changed from the texts of the `prior` report to those of this one; () for none in both.

    What this report calls a change counts. Else presence is compared, and the severity of what both have; it is
    unchanged where either names none.
    """
    before, now = _read(prior), _read(texts)
    states = {name: _compare(before[name], now[name]) for name in CONCEPTS}
    return tuple(Entry(name, state) for name, state in states.items() if state is not None)


def _read(texts: Iterable[str]) -> dict[str, _Reading]:
    readings = {name: _Reading() for name in CONCEPTS}
    for mention in (mention for text in texts for mention in find_mentions(text)):
        reading = readings.get(mention.concept)
        if reading is None or mention.historical:
            continue
        reading.state = reading.state or _STATED.get(mention.change or "")
        if mention.state != State.ABSENT:
            reading.present = True
            if mention.severity is not None:
                reading.severity = max(reading.severity or 0, SEVERITIES.index(mention.severity))
    return readings


def _compare(before: _Reading, now: _Reading) -> str | None:
    if now.state is not None:
        return now.state
    if before.present != now.present:
        return "new" if now.present else "gone"
    if not now.present:
        return None
    if before.severity is None or now.severity is None or before.severity == now.severity:
        return "unchanged"
    return "worse" if now.severity > before.severity else "better"


def both_reports(training: Sequence[Example], asked: Sequence[Example]) -> list[Parsed]:
    """Answer what `by_both` reads in each of `asked`; nothing is learnt."""
    return [
        Parsed(entries=by_both([its["prior"]], [text for name, text in its.items() if name != "prior"]))
        for its in (example.inputs for example in asked)
    ]
