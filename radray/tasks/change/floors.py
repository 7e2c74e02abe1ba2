"""The floor of changes: the words of comparison in the report alone, whatever the prior report says."""

import re
from collections.abc import Sequence

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
