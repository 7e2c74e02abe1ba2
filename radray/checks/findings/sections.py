"""Reports of two exams: what the impression asserts or denies under the heading of another one."""

from bisect import bisect_left

from radray.checks.context import ReportContext, is_finding, place
from radray.checks.exams import exam_sections
from radray.checks.spans import FINDINGS, Hit
from radray.language.lexicon.concepts import ancestors
from radray.language.lexicon.cues import words
from radray.language.mentions import Mention, State

_NO_NAME = words("ct mr mri us xr x ray the of and with without contrast two three views view ap pa")
"""Words of a heading that do not say of what the exam is."""


_OPPOSITE = {State.PRESENT: State.ABSENT, State.ABSENT: State.PRESENT}


def find_exchanged_sections(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return the findings that `impression` has under a heading whose findings deny them, or the reverse; [] for none.

    Both texts must have the heading, "left wrist", and another one.
    """
    ours = _sections(impression)
    theirs = _sections(context.findings) if len(ours) > 1 else []
    if len(theirs) < 2:
        return []
    under: dict[frozenset[str], list[tuple[int, int]]] = {}
    for heading, first, last in theirs:
        under.setdefault(heading, []).append((first, last))
    hits: list[Hit] = []
    starts = sorted(mention.start for mention in mentions)
    for heading, start, end in ours:
        there = under.get(heading, [])
        if len(there) != 1 or bisect_left(starts, start) == bisect_left(starts, end):
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


def _sections(text: str) -> list[tuple[frozenset[str], int, int]]:
    """Return (what the exam is of, start, end) of the parts of `text` under headings; [] for none."""
    return [(frozenset(section.heading) - _NO_NAME, section.body, section.end) for section in exam_sections(text)]
