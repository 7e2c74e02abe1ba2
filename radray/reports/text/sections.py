"""From free report text to sections: "FINDINGS: ..." and the like.

`radray.reports.text.headings.places` finds the headings, line by line (rules 1 to 5); then the whole report decides:

6. An addendum or wet read is one section whatever headings it contains, so that its findings never join those of the
   report. It ends at FINAL REPORT or a rule of underscores if one follows; else at the end, or, if the report's
   findings and impression are still to come, at the next heading. It never overrides the report.
7. Sections with one name are joined in order, also those of two studies in one file: findings and impression remain
   those of the same studies. A section that repeats another is left out.
8. Text under the name of the exam or "REPORT:", and paragraphs without a heading between the background and the
   impression, are the findings if there is an impression under its own heading, which they then do not contain. If
   there is none, they may contain both: BOTH or LAST_PARAGRAPH, neither input nor reference. So is text under "RESULTS"
   or "DESCRIPTION", where there are no findings.
9. "INTERPRETATION", "SUMMARY", "DIAGNOSIS" and the like are the impression where nothing else is and there are
   findings; beside an impression they are apart, without findings BOTH. A diagnosis before the findings is
   an indication.
10. A text without line ends has lost them: two spaces stand for one, three or more for a blank line.
11. What a page break puts into the text, and names and footers in findings and impression, are sections of their
   own; the text around goes on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from radray.reports.text.comparison import comparison_state
from radray.reports.text.exams import modality
from radray.reports.text.footers import find_footers
from radray.reports.text.headings.addenda import Heading
from radray.reports.text.headings.names import (
    ASIDES,
    BACKGROUND,
    BOTH,
    DIAGNOSIS,
    LAST_PARAGRAPH,
    MAIN,
    PREAMBLE,
    REPORT,
    RESULTS,
    SUMMARY,
)
from radray.reports.text.headings.places import find_headings
from radray.reports.text.page_breaks import find_page_breaks

PAGE_BREAK, FOOTER = "page_break", "attestation"

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]|<[ ]?[bB][rR][ ]?/?[ ]?>|\\\.br\\|\\X0[AaDd]\\")
_SPACES = str.maketrans(
    dict.fromkeys(map(chr, (0xA0, 0x1680, *range(0x2000, 0x200C), 0x202F, 0x205F, 0x3000, 0xFEFF)), " ")
)
_RULE_BELOW = re.compile(r"[ \t]*+\n[ \t]*+(?:[=~*-]{3,}+|_{4,}+)[ \t]*+(?=\n)")
_RUN_OF_SPACES = re.compile(r"[ \t]{2,}")
_WITH_FOOTERS = frozenset({"findings", "impression", BOTH, LAST_PARAGRAPH})
_OF_NEXT_EXAM = frozenset({"findings", "examination", "indication", "history", "technique", "comparison"})
_MOST_TITLE_WORDS = 8
_DECIDED = frozenset({REPORT, RESULTS, SUMMARY, DIAGNOSIS})
_PARAGRAPHS = re.compile(r"\n[ \t]*+\n")
_ASKS = re.compile(
    r"(?:evaluate|eval|please|assess|rule|question|patient|history|reason|comparison|technique|dictated|signed)\b",
    re.IGNORECASE,
)
_AGE = re.compile(r"\b(?:year|month|week|day)s?[- ]old\b|\by/?o\b", re.IGNORECASE)
_TAKEN = re.compile(r"\b(?:was|were) (?:obtained|performed|acquired|provided|submitted|reviewed)\b")
"""Of a paragraph of one sentence."""
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

        Blank sections, and repetitions of another one, are left out. Across a page break the text goes on.
        """
        texts: dict[str, None] = {}
        pages: list[str] = []  # of one text
        for place, span in enumerate(self.spans):
            text = self.text[span.text_start : span.end].strip() if span.name == name else ""
            if not text:
                continue
            goes_on = place > 1 and self.spans[place - 1].name == PAGE_BREAK and self.spans[place - 2].name == name
            if pages and goes_on:
                texts.pop(pages[0], None)
            elif pages:
                texts.setdefault("\n".join(pages))
                pages = []
            pages.append(text)
        if pages:
            texts.setdefault("\n".join(pages))
        return "\n\n".join(texts) or None

    @property
    def has_headings(self) -> bool:
        """Whether any heading was found."""
        return any(span.name != PREAMBLE for span in self.spans)


def parse(text: str, within: str = PREAMBLE, *, has_impression: bool = False) -> Sections:
    """Return the sections of `text`: none for empty text, one preamble for text without headings.

    `within` is the section that the text's source names, findings or impression: then text before the first heading is
    in it, unless it has a heading of its own, and paragraphs without a heading are findings. An impression named
    "SUMMARY:" is one then, and findings named "Report:" are, if the source `has_impression` beside them.
    """
    # one character is put before: every line follows "\n", which is found fastest; the length stays, and so do places
    lines = "\n" + _with_plain_line_ends(text)
    breaks = find_page_breaks(lines)
    lines = _blanked(lines, breaks)
    headings = _without_asides(find_headings(lines))
    ruled = "===" in text or "---" in text or "~~~" in text or "***" in text or "____" in text
    spans: list[Section] = []
    name, start, text_start = PREAMBLE, 0, 0
    for heading_start, heading_end, next_name in headings:
        if heading_start - 1 > start:
            spans.append(Section(name, start, text_start, heading_start - 1))
        name, start, text_start = next_name, max(heading_start - 1, 0), heading_end - 1
        if ruled and (rule := _RULE_BELOW.match(lines, heading_end)):
            text_start = rule.end() - 1
    if len(text) > start:
        spans.append(Section(name, start, text_start, len(text)))
    if ruled:
        spans = [Section(span.name, span.start, min(span.text_start, span.end), span.end) for span in spans]
    names = {span.name for span in spans}
    if within != PREAMBLE and spans and spans[0].name == PREAMBLE and names.isdisjoint((within, BOTH)):
        spans[0] = Section(within, *spans[0][1:])
        names.add(within)
    if not names.isdisjoint(_DECIDED):
        spans = _decided(spans, within, has_impression)
        names = {span.name for span in spans}
    if "findings" not in names and BOTH not in names and names - {PREAMBLE}:
        if within == "findings":
            spans = _with_rest(lines[1:], _with_paragraphs(lines[1:], spans, True, least_words=1))
        else:
            spans = _with_paragraphs(lines[1:], spans, "impression" in names)
    # most reports have one impression, at the end
    if spans and (len(spans) > len(names) or spans[-1].name != "impression") and _has_next_exam(spans):
        spans = _with_titles(lines[1:], spans)
    if breaks:
        spans = list(_without(spans, [(begin - 1, end - 1) for begin, end in breaks], PAGE_BREAK))
    footers = [
        (span.text_start + begin, span.text_start + end)
        for span in spans
        if span.name in _WITH_FOOTERS
        for begin, end in find_footers(lines[span.text_start + 1 : span.end + 1])
    ]
    return Sections(text, tuple(_without(spans, footers, FOOTER) if footers else spans))


def _blanked(text: str, places: list[tuple[int, int]]) -> str:
    """Return `text` with spaces at `places`, which are in order and apart."""
    if not places:
        return text
    edges = [0, *(edge for place in places for edge in place), len(text)]
    kept = (text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    blanks = (" " * (end - start) for start, end in [*places, (0, 0)])
    return "".join(part for pair in zip(kept, blanks, strict=True) for part in pair)


def _with_plain_line_ends(text: str) -> str:
    """Return `text` with a line feed for each line end and " " for each other space, of the same length."""
    is_ascii = text.isascii()
    if not is_ascii:
        text = text.translate(_SPACES)
    if not is_ascii or "\r" in text or "<" in text or "\\" in text or "\x0b" in text or "\x0c" in text:
        text = _LINE_ENDS.sub(lambda match: "\n".rjust(len(match.group())), text)
    if "  " in text and "\n" not in text.strip():
        return _RUN_OF_SPACES.sub(_line_end, text)
    return text


def _line_end(spaces: re.Match[str]) -> str:
    length = len(spaces.group())
    return "\n " if length == 2 else "\n" + " " * (length - 2) + "\n"


def _without(spans: list[Section], places: list[tuple[int, int]], name: str) -> Iterator[Section]:
    """Yield `spans` with a section `name` at each of `places`, in the middle of another or over several.

    Both are in order and apart.
    """
    following = 0
    last = -1  # the place that was yielded last
    for span in spans:
        rest: Section | None = span
        while rest is not None and following < len(places) and places[following][0] < rest.end:
            start, end = places[following]
            if end <= rest.start:
                following += 1
                continue
            if rest.start < start:
                yield Section(rest.name, rest.start, min(rest.text_start, start), start)
            if last != following:
                yield Section(name, start, start, end)
                last = following
            rest = Section(rest.name, end, end, rest.end) if rest.end > end else None
        if rest is not None:
            yield rest


def _without_asides(headings: list[Heading]) -> list[Heading]:
    """Return `headings` without those inside an addendum or wet read (rule 6)."""
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


def _decided(spans: list[Section], within: str, has_impression: bool) -> list[Section]:
    """Return `spans` with names for those whose headings depend on the others (rules 8 and 9)."""
    names = [span.name for span in spans]
    has_impression = has_impression or "impression" in names
    if within == "impression" and not has_impression and "findings" not in names and BOTH not in names:
        own = next((name for name in (DIAGNOSIS, SUMMARY) if name in names), None)
        return [Section("impression" if span.name == own else span.name, *span[1:]) for span in spans]
    finding = {"findings", BOTH} if "findings" in names or BOTH in names else {REPORT, RESULTS}
    first = next((place for place, name in enumerate(names) if name in finding), None)
    decided = []
    for place, span in enumerate(spans):
        name = span.name
        if name == DIAGNOSIS and (first is None or place < first):
            name = "indication"
        elif name in (SUMMARY, DIAGNOSIS):
            name = SUMMARY if has_impression else BOTH if first is None else "impression"
        decided.append(Section(name, *span[1:]))
    has_impression = has_impression or any(span.name == "impression" for span in decided)
    named = "findings" if has_impression else BOTH
    asides = {REPORT} if RESULTS not in finding else {REPORT, RESULTS}
    return [Section(named, *span[1:]) if span.name in asides else span for span in decided]


def _with_rest(text: str, spans: list[Section]) -> list[Section]:
    """Return `spans` with what follows "Comparison: None." on its line as findings, where there are no others."""
    last = spans[-1]
    if any(span.name == "findings" for span in spans) or last.name != "comparison":
        return spans
    at = last.text_start + len(text[last.text_start : last.end]) - len(text[last.text_start : last.end].lstrip())
    stop = text.find(". ", at, last.end)
    if stop < 0 or "\n" in text[at:stop] or comparison_state(text[at : stop + 1]) != "none":
        return spans
    rest = Section("findings", stop + 2, stop + 2, last.end)
    return [*spans[:-1], Section(last.name, last.start, last.text_start, stop + 2), rest]


def _has_next_exam(spans: list[Section]) -> bool:
    return any(span.name == "impression" and following.name in _OF_NEXT_EXAM for span, following in pairwise(spans))


def _with_titles(text: str, spans: list[Section]) -> list[Section]:
    """Return `spans` with the name of the next exam at the end of an impression apart ("CT SPINE", "MRI Knee:")."""
    titled: list[Section] = []
    for span, following in zip(spans, [*spans[1:], None], strict=True):
        begin = text.rfind("\n", span.text_start, _end(text, span)) + 1
        if span.name == "impression" and following and following.name in _OF_NEXT_EXAM and begin > span.text_start:
            title = text[begin : span.end].strip().rstrip(":")
            is_title = title.isupper() or all(word[:1].isupper() for word in title.split() if len(word) > 3)
            if is_title and len(title.split()) <= _MOST_TITLE_WORDS and title[-1:] not in ".!?" and modality(title):
                titled += [Section(span.name, span.start, span.text_start, begin)]
                titled += [Section("examination", begin, begin, span.end)]
                continue
        titled.append(span)
    return titled


def _end(text: str, span: Section) -> int:
    """Return where the text of `span` ends, white space aside."""
    return span.text_start + len(text[span.text_start : span.end].rstrip())


def _with_paragraphs(
    text: str, spans: list[Section], has_impression: bool, least_words: int = _LEAST_WORDS
) -> list[Section]:
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
        if _may_be_findings(paragraph, least_words):
            name = "findings" if has_impression else LAST_PARAGRAPH
            cut = [Section(span.name, span.start, span.text_start, at)] if at > span.start else []
            return [*spans[:place], *cut, Section(name, at, at, span.end), *spans[place + 1 :]]
        if following is None:
            break
        at = following.end()
    return spans


def _may_be_findings(paragraph: str, least_words: int) -> bool:
    """Return whether a paragraph can be findings, not a title, more of the indication or the technique."""
    return (
        len(paragraph.split()) >= least_words
        and paragraph[-1] in ".!?"
        and not paragraph[0].islower()
        and not paragraph.isupper()
        and _ASKS.match(paragraph) is None
        and _AGE.search(paragraph) is None
        and not (paragraph.find(".") == len(paragraph) - 1 and _TAKEN.search(paragraph))
    )
