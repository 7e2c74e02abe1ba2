"""The task `sections`: a text without headings, and the section of each of its sentences.

The right answer is where the report's author put a sentence. Examples are made by leaving the headings out: from
`reports.sections`, in the author's order; of a source with columns (Open-i), in the order indication, comparison,
findings, impression, which says nothing of where the author had them. Text under other headings (an addendum, a
signature) is left out. What is left is one text with a blank line where each heading stood, cleaned and split into
sentences as any report without headings: a section that ends without a full stop gets one where a capital begins the
next, and else its last sentence goes on into the next section. A sentence is of the section in which it begins.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from typing import Any

from radray.language.sentences import split_sentences
from radray.reports.text.cleaning import clean
from radray.schema.statuses import NotAskedReason
from radray.tasks.answering import AnswerTask, Counts, Entry, Example, GoldSource, Outcome, Parsed
from radray.tasks.sections.floors import FLOORS
from radray.tasks.sections.numbered import number
from radray.tasks.sections.prompts import DEFAULTS, PROMPTS

_AS = {
    "examination": "examination",
    "indication": "indication",
    "history": "indication",
    "technique": "technique",
    "comparison": "comparison",
    "findings": "findings",
    "impression": "impression",
}
"""What a section of `reports.sections` is called in answers."""
_COLUMNS = {"indication": "indication", "comparison": "comparison", "findings": "findings", "reference": "impression"}
"""Sections by column, where a report has no headings."""
_BEFORE = ("indication", "comparison")
"""Sections that come before a text with headings."""
SECTIONS = frozenset(_AS.values())
"""Sections that a sentence can be of."""

MOST_SENTENCES = 40
"""Sentences asked about at a time: a report with more is asked in parts, items ``part-1``, ``part-2``, ... Of Open-i's
1,390 reports none has more than 19."""

MOST_SECTIONS = 100
"""Sections that are cleaned with all that precede them, which may decide what is the number of an item: the time grows
as their square. In a report with more, which nobody dictates, each is measured by itself."""

_WORDS = re.compile(r"\w+")
_RUN = re.compile(r"(\d{1,3})(?:\s*-\s*(\d{1,3}))?\s*:?\s+([a-z]+)")


def make_examples(report: Mapping[str, Any]) -> list[Example]:
    """Return what is asked of `report`: one example, or one for each part; one with a reason where there is no text."""
    placed = list(_placed(report))
    if not placed:
        return [Example(reason=NotAskedReason.NO_TEXT)]
    parts = [placed[start : start + MOST_SENTENCES] for start in range(0, len(placed), MOST_SENTENCES)]
    return [
        Example(
            item=f"part-{place}" if len(parts) > 1 else "",
            inputs={"text": number([sentence for _, sentence in part])},
            gold=_parsed(section for section, _ in part),
            gold_source=GoldSource.HEADINGS,
        )
        for place, part in enumerate(parts, start=1)
    ]


def _placed(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (section, sentence) in order."""
    headed = [(_AS.get(section["name"]), section["text"]) for section in report["sections"] or ()]
    # a source with columns may have a text with headings in one of them
    columns = [(section, report[column]) for column, section in _COLUMNS.items() if section not in dict(headed)]
    before = [(section, text) for section, text in columns if section in _BEFORE]
    ordered = (*before, *headed, *(its for its in columns if its not in before))
    parts = [(section, text) for section, text in ordered if section is not None and text]
    texts = [text for _, text in parts]
    # splitting moves and drops spaces and marks, but no letter, digit or mask
    if len(parts) <= MOST_SECTIONS:
        ends = [_characters(_joined(texts[:end])) for end in range(1, len(parts))]
    else:
        ends = list(accumulate(_characters(clean(text)) for text in texts[:-1]))
    begin = 0
    for sentence in split_sentences(_joined(texts)) if parts else ():
        yield parts[bisect_right(ends, begin)][0], sentence
        begin += _characters(sentence)


def _joined(texts: Sequence[str]) -> str:
    return clean("\n\n".join(texts))


def _characters(text: str) -> int:
    """Return the number of characters of words in `text`."""
    return sum(map(len, _WORDS.findall(text)))


def _parsed(sections: Iterator[str]) -> Parsed:
    return Parsed(entries=tuple(Entry(str(place), section) for place, section in enumerate(sections, start=1)))


def write(answer: Parsed) -> str:
    """Return the entries, sentences of one section that follow one another together: ``1 indication; 2-9 findings``."""
    runs = groupby(enumerate(answer.entries or ()), key=lambda its: (int(its[1].name) - its[0], its[1].state))
    return "; ".join(
        f"{first if first == last else f'{first}-{last}'} {section}"
        for (_, section), entries in runs
        for names in [[entry.name for _, entry in entries]]
        for first, last in [(names[0], names[-1])]
    )


def parse(text: str) -> Parsed | None:
    """Return the section of each sentence that `text` names, by number.

    None where it is no such list, or gives a sentence two sections.
    """
    sections: dict[int, str] = {}
    for run in text.strip().rstrip(".;").casefold().split(";"):
        match = _RUN.fullmatch(run.strip())
        if match is None or match[3] not in SECTIONS:
            return None
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= MOST_SENTENCES or not sections.keys().isdisjoint(range(first, last + 1)):
            return None
        sections |= dict.fromkeys(range(first, last + 1), match[3])
    return Parsed(entries=tuple(Entry(str(place), sections[place]) for place in sorted(sections)))


def score(example: Example, answer: Parsed | None) -> Outcome:
    """Return how many sentences of each section are rightly placed. A sentence without a section is missed."""
    right = _by_number(example.gold)
    given = _by_number(answer)
    counts = {
        section: Counts(
            sum(given.get(place) == section for place, its in right.items() if its == section),
            sum(right.get(place) != section for place, its in given.items() if its == section),
            sum(given.get(place) != section for place, its in right.items() if its == section),
        )
        for section in sorted({*right.values(), *given.values()})
    }
    return Outcome(given == right, counts)


def _by_number(answer: Parsed | None) -> dict[str, str]:
    return {entry.name: entry.state for entry in (answer and answer.entries) or ()}


TASK = AnswerTask(
    id="sections",
    reads=("sections", *_COLUMNS),
    prompts=PROMPTS,
    defaults=DEFAULTS,
    probe={"text": number(["Cough.", "The lungs are clear.", "No acute disease."])},
    version="sections-2",
    make_examples=make_examples,
    write=write,
    parse=parse,
    score=score,
    floors=FLOORS,
)
"""The section of each sentence."""
