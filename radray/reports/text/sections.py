"""From free report text to sections: "FINDINGS: ..." and the like.

`radray.reports.text.heading_places` finds the headings, line by line (rules 1 to 4); then the whole report decides:

5. An addendum or wet read is one section whatever headings it contains, so that its findings never join those of the
   report. It ends at FINAL REPORT or a rule of underscores if one follows; else at the end, or, if the report's
   findings and impression are still to come, at the next heading. It never overrides the report.
6. Sections with one name are joined in order, also those of two studies in one file: findings and impression remain
   those of the same studies. A section that repeats another is left out.
7. Text under the name of the exam or "REPORT:", and paragraphs without a heading between the background and the
   impression, are the findings if there is an impression under its own heading, which they then do not contain. If
   there is none, they may contain both: BOTH or LAST_PARAGRAPH, neither input nor reference.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from radray.reports.text.heading_places import Heading, find_headings
from radray.reports.text.headings import ASIDES, BACKGROUND, BOTH, LAST_PARAGRAPH, MAIN, PREAMBLE, REPORT

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]|<[ ]?[bB][rR][ ]?/?[ ]?>|\\\.br\\")
_PARAGRAPHS = re.compile(r"\n[ \t]*+\n")
_ASKS = re.compile(
    r"(?:evaluate|eval|please|assess|rule|question|patient|history|reason|comparison|technique|dictated|signed)\b",
    re.IGNORECASE,
)
_AGE = re.compile(r"\b(?:year|month|week|day)s?[- ]old\b|\by/?o\b", re.IGNORECASE)
_TAKEN = re.compile(r"[^.]*\b(?:was|were) (?:obtained|performed|acquired|provided|submitted|reviewed)\b[^.]*\.")
_LEAST_WORDS = 8
"""A paragraph without a heading can be findings only with this many words: titles and dates have fewer."""


class Section(NamedTuple):
    """A span of the text: from its heading to the next one."""

    name: str
    """Normalised name: findings, impression, ..., or preamble."""
    start: int
    """Where the span begins, heading included."""
    text_start: int
    """Where the text after the heading begins."""
    end: int


@dataclass(frozen=True, slots=True)
class Sections:
    """A report's text and its sections, in order; the spans cover the text and do not overlap."""

    text: str
    spans: tuple[Section, ...]

    def get(self, name: str) -> str | None:
        """Return the text of all sections called `name`, stripped, a blank line between; None if there is none.

        Blank sections, and repetitions of another one, are left out.
        """
        texts = (self.text[span.text_start : span.end].strip() for span in self.spans if span.name == name)
        return "\n\n".join(part for part in dict.fromkeys(texts) if part) or None

    @property
    def has_headings(self) -> bool:
        """Whether any heading was found."""
        return any(span.name != PREAMBLE for span in self.spans)


def parse(text: str) -> Sections:
    """Return the sections of `text`: none for empty text, one preamble for text without headings."""
    # one character is put before: every line follows "\n", which is found fastest; the length stays, and so do places
    lines = "\n" + _with_plain_line_ends(text)
    headings = _without_asides(find_headings(lines))
    spans: list[Section] = []
    name, start, text_start = PREAMBLE, 0, 0
    for heading_start, heading_end, next_name in headings:
        if heading_start - 1 > start:
            spans.append(Section(name, start, text_start, heading_start - 1))
        name, start, text_start = next_name, max(heading_start - 1, 0), heading_end - 1
    if len(text) > start:
        spans.append(Section(name, start, text_start, len(text)))
    names = {span.name for span in spans}
    if REPORT in names:
        spans = _named(spans, BOTH if "impression" not in names else "findings")
    if "findings" not in names and REPORT not in names and BOTH not in names and names - {PREAMBLE}:
        spans = _with_paragraphs(lines[1:], spans, "impression" in names)
    return Sections(text, tuple(spans))


def _with_plain_line_ends(text: str) -> str:
    if "\r" in text or "<" in text or "\\" in text or "\x0b" in text or "\x0c" in text or not text.isascii():
        return _LINE_ENDS.sub(lambda match: "\n".rjust(len(match.group())), text)
    return text


def _without_asides(headings: list[Heading]) -> list[Heading]:
    """Return `headings` without those inside an addendum or wet read (rule 5)."""
    if ASIDES.isdisjoint([name for _, _, name in headings]):
        return headings
    kept: list[Heading] = []
    wait_for_report = False
    had_main = False
    last_main = max((i for i, heading in enumerate(headings) if heading[2] in MAIN), default=0)
    last_begin = max((i for i, heading in enumerate(headings[:last_main]) if heading[2] == PREAMBLE), default=-1)
    for place, heading in enumerate(headings):
        name = heading[2]
        if wait_for_report and name != PREAMBLE and name not in ASIDES:
            continue
        kept.append(heading)
        had_main = had_main or name in MAIN
        wait_for_report = name in ASIDES and (had_main or place < last_begin)
    return kept


def _named(spans: list[Section], name: str) -> list[Section]:
    return [Section(name, s.start, s.text_start, s.end) if s.name == REPORT else s for s in spans]


def _with_paragraphs(text: str, spans: list[Section], has_impression: bool) -> list[Section]:
    """Return `spans` with paragraphs without a heading separated from the last section before the impression."""
    place = None
    for i, span in enumerate(spans):
        if span.name == "impression":
            break
        if span.name in BACKGROUND:
            place = i
    if place is None:
        return spans
    span = spans[place]
    at = span.text_start
    if span.name != PREAMBLE:
        # the first paragraph belongs to the section; if the heading is alone on its line, it follows a blank line
        while at < span.end and text[at].isspace():
            at += 1
        first = _PARAGRAPHS.search(text, at, span.end)
        if first is None:
            return spans
        at = first.end()
    while at < span.end:
        following = _PARAGRAPHS.search(text, at, span.end)
        paragraph = text[at : following.start() if following else span.end].strip()
        if _may_be_findings(paragraph):
            name = "findings" if has_impression else LAST_PARAGRAPH
            cut = [Section(span.name, span.start, span.text_start, at)] if at > span.start else []
            return [*spans[:place], *cut, Section(name, at, at, span.end), *spans[place + 1 :]]
        if following is None:
            break
        at = following.end()
    return spans


def _may_be_findings(paragraph: str) -> bool:
    """Return whether a paragraph can be findings, not a title, more of the indication or the technique."""
    return (
        len(paragraph.split()) >= _LEAST_WORDS
        and paragraph[-1] in ".!?"
        and not paragraph[0].islower()
        and not paragraph.isupper()
        and _ASKS.match(paragraph) is None
        and _AGE.search(paragraph) is None
        and _TAKEN.fullmatch(paragraph) is None
    )
