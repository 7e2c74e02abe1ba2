"""Positions in the texts of a report: sentences, and the places that checks give as evidence."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from radray.language.alternation import alternation, lower

IMPRESSION, FINDINGS, BACKGROUND = "impression", "findings", "background"
"""The text forms that places refer to: the checked text, and findings and background as the model was given them."""

CACHED_TEXTS = 1024
"""Texts whose results are cached: findings recur with each model and with the reference, normal impressions all the
time."""

MAX_PLACES = 12
"""Most hits of one class in the evidence: enough to look at, and bounded for any text."""

_TITLE = "".join(rf"(?<!\b(?i:{title})[.!?])" for title in ("dr", "drs", "mr", "mrs", "ms", "vs"))
_STOP = re.compile(rf"[.!?](?<![.!?][.!?])(?:[.!?]++|{_TITLE})(?=\s|$|[A-Z_])|\n")
"""The first stop of a run, and what it must not follow after it: looking back from every character took six times as
long, and from every stop of a long run the whole run each time."""


class Place(NamedTuple):
    """Characters `start` to `end` of a text form; the text itself is never kept."""

    form: str
    start: int
    end: int


Hit = tuple[Place, ...]
"""The places behind one hit of a class, that of the impression first."""


@lru_cache(maxsize=CACHED_TEXTS)
def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return start and end of the sentences of `text` without blank ones; () for blank text.

    Coarser than `split_sentences`, which changes the text that it splits: a stop before white space, a capital or a
    mask ends a sentence, except after titles and "vs.".
    """
    spans = []
    start = 0
    for stop in _STOP.finditer(text):
        if text[start : stop.end()].strip():
            spans.append((start, stop.end()))
        start = stop.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return tuple(spans)


def sentence_of(text: str, position: int) -> tuple[int, int]:
    """Return start and end of the sentence of `text` at `position`; of the whole text where there is none."""
    spans = sentence_spans(text)
    place = bisect_right(spans, (position, len(text))) - 1
    if place >= 0 and position < spans[place][1]:
        return spans[place]
    return 0, len(text)


def sentence_has(words: re.Pattern[str], text: str, position: int) -> bool:
    """Return whether the sentence of `text` at `position` has a match of `words`; False for an empty text.

    A sentence is searched once, whatever number of its findings and measurements ask: they may be thousands.
    """
    return _has(words, text, *sentence_of(text, position))


@lru_cache(maxsize=CACHED_TEXTS)
def _has(words: re.Pattern[str], text: str, start: int, end: int) -> bool:
    return words.search(text, start, end) is not None


def stems(words: str) -> re.Pattern[str]:
    """Return a pattern for the beginnings of words in `words`, which spaces separate; a "~" stands for a space.

    It is for texts in lower case: a quick first test before a pattern whose matches contain one of them.
    """
    return re.compile(rf"\b{alternation(stem.replace('~', ' ') for stem in words.split())}")


def matches(
    pattern: re.Pattern[str], wanted: re.Pattern[str], text: str
) -> Iterator[tuple[re.Match[str], tuple[int, int]]]:
    """Yield the first match of `pattern` in each sentence of `text`, with the span of the sentence.

    Every match of `pattern` must contain one of the stems `wanted`, which are looked for first.
    """
    lowered = lower(text)
    if wanted.search(lowered) is None:
        return
    for start, end in sentence_spans(text):
        if wanted.search(lowered, start, end):
            match = pattern.search(text, start, end)
            if match is not None:
                yield match, (start, end)


def write_evidence(hits: Iterable[tuple[str, Sequence[Hit]]]) -> str:
    """Return the evidence for (class, hits) in order, at most MAX_PLACES hits per class; '' for none.

    ``side impression:12-25 findings:40-61; polarity impression:0-11 findings:5-16``: characters of the named form.
    """
    return "; ".join(
        f"{name} " + " ".join(f"{form}:{start}-{end}" for form, start, end in places)
        for name, of_class in hits
        for places in of_class[:MAX_PLACES]
    )
