"""Positions in a report's texts: sentences, and the places that a check leaves as evidence."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

IMPRESSION, FINDINGS, BACKGROUND = "impression", "findings", "background"
"""The text forms that places are in: the checked text, and findings and background as the model was given them."""

CACHED_TEXTS = 1024
"""Texts of which what was found is kept: findings come again with each model and with the reference, and normal
impressions all the time."""

MAX_PLACES = 12
"""Hits of one class that evidence names: enough to look at, and bounded whatever the text."""

_STOP = re.compile(
    r"(?<!\b(?i:dr))(?<!\b(?i:drs))(?<!\b(?i:mr))(?<!\b(?i:mrs))(?<!\b(?i:ms))(?<!\b(?i:vs))"
    r"[.!?]++(?=\s|$|[A-Z_])|\n"
)


class Place(NamedTuple):
    """Characters `start` to `end` of a text form; the text itself is never kept."""

    form: str
    start: int
    end: int


Hit = tuple[Place, ...]
"""What one hit of a class rests on, the impression's place first."""


@lru_cache(maxsize=CACHED_TEXTS)
def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return start and end of the sentences of `text`, blank ones left out; blank text gives ().

    Coarser than `split_sentences`, which changes the text that it splits: a stop before white space, a capital or a
    mask ends a sentence, but for titles and "vs.".
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


def stems(words: str) -> tuple[str, ...]:
    """Return the stems of `words`, apart by spaces: what `matches` looks for first. In one a "~" is a space."""
    return tuple(stem.replace("~", " ") for stem in words.split())


def matches(
    pattern: re.Pattern[str], wanted: Sequence[str], text: str
) -> Iterator[tuple[re.Match[str], tuple[int, int]]]:
    """Yield the first match of `pattern` in each sentence of `text`, with the sentence's span.

    Every match of `pattern` has one of `wanted`, in lower case: looking for these first takes a tenth of its time.
    """
    lowered = f" {' '.join(text.lower().split())}"
    for stem in wanted:
        if stem in lowered:
            break
    else:
        return
    for span in sentence_spans(text):
        match = pattern.search(text, *span)
        if match is not None:
            yield match, span


def write_evidence(hits: Iterable[tuple[str, Sequence[Hit]]]) -> str:
    """Return the evidence of the classes of `hits` in order, at most MAX_PLACES each; '' for none.

    ``side impression:12-25 findings:40-61; polarity impression:0-11 findings:5-16``: characters of the named form.
    """
    return "; ".join(
        f"{name} " + " ".join(f"{form}:{start}-{end}" for form, start, end in places)
        for name, found in hits
        for places in found[:MAX_PLACES]
    )
