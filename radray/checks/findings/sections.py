"""Reports of two exams: what the impression asserts or denies under the heading of another one."""

import re
from functools import lru_cache

from radray.checks.context import ReportContext, is_finding, place
from radray.checks.form import EXAM_WORDS, MAX_HEADING
from radray.checks.spans import FINDINGS, Hit
from radray.language.lexicon.concepts import ancestors
from radray.language.lexicon.cues import words
from radray.language.mentions import Mention, State

_END = re.compile(r"[.!?;:\n]+")
_WORD = re.compile(r"[^\W_]+")
_NO_NAME = words("ct mr mri us xr x ray the of and with without contrast two three views view ap pa")
"""Words of a heading that do not say of what the exam is."""


_OPPOSITE = {State.PRESENT: State.ABSENT, State.ABSENT: State.PRESENT}


def find_exchanged_sections(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings that `impression` has under a heading whose findings deny them, or the reverse; [] for none.

    Both texts must have the heading, "left wrist", and another one.
    """
    ours = _sections(impression)
    theirs = _sections(context.findings) if len(ours) > 1 else ()
    if len(theirs) < 2:
        return []
    hits: list[Hit] = []
    for heading, start, end in ours:
        there = [(first, last) for other, first, last in theirs if other == heading]
        if len(there) != 1:
            continue
        first, last = there[0]
        inside = [other for other in context.in_findings if first <= other.start < last and not other.historical]
        for mention in mentions:
            if not start <= mention.start < end or not is_finding(mention) or mention.historical:
                continue
            known = [
                other
                for other in inside
                if other.concept == mention.concept
                or (mention.state is State.ABSENT and mention.concept in ancestors(other.concept))
            ]
            if known and {other.state for other in known} == {_OPPOSITE.get(mention.state)}:
                hits.append((place(mention), place(known[0], FINDINGS)))
    return hits


@lru_cache(maxsize=512)
def _sections(text: str) -> tuple[tuple[frozenset[str], int, int], ...]:
    """Return (heading, start, end) of the parts of `text` under headings that name an exam; () for none."""
    sections: list[tuple[frozenset[str], int, int]] = []
    start = 0
    for stop in [*(match.span() for match in _END.finditer(text)), (len(text), len(text))]:
        named = [word[0].lower() for word in _WORD.finditer(text, start, stop[0]) if not word[0].isdigit()]
        if 0 < len(named) <= MAX_HEADING and EXAM_WORDS.issuperset(named):
            if sections:
                sections[-1] = (*sections[-1][:2], start)
            sections.append((frozenset(named) - _NO_NAME, stop[1], len(text)))
        start = stop[1]
    return tuple(sections)
