"""Texts of a report in pieces that carry marks: words that differ, and places that a check named as its evidence."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from radray.language.sentences import split_sentences

Span = tuple[int, int]

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\(?\d{1,2}[.)]\s*(?=\D)")
"""A list number at the head of an item: the page numbers the items itself."""
_PLACE = re.compile(r"(\w+):(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters that carry the same marks."""

    text: str
    differs: bool
    flags: tuple[str, ...]
    """Classes of checks that name this place."""


def different_words(text: str, other: str) -> list[Span]:
    """Return the runs of words of `text` that `other` does not have in this order, case and punctuation aside."""
    spans = [match.span() for match in _WORD.finditer(text)]
    words = [text[start:end].casefold() for start, end in spans]
    others = [word.casefold() for word in _WORD.findall(other)]
    matched: set[int] = set()
    for block in SequenceMatcher(None, words, others, autojunk=False).get_matching_blocks():
        matched.update(range(block.a, block.a + block.size))
    return joined(text, [span for place, span in enumerate(spans) if place not in matched])


def joined(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return `spans` of words, in order, as runs: those with nothing but space and punctuation between are one."""
    runs: list[Span] = []
    for start, end in spans:
        if runs and not _WORD.search(text, runs[-1][1], start):
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def evidence_places(evidence: str | None, form: str) -> dict[str, list[Span]]:
    """Return the places of `form` (impression, findings, background) in the column `evidence`, by class of flag."""
    found: dict[str, list[Span]] = {}
    for hit in (evidence or "").split("; "):
        name, _, places = hit.partition(" ")
        for named, start, end in _PLACE.findall(places):
            if named == form:
                found.setdefault(name, []).append((int(start), int(end)))
    return found


def items_of(text: str) -> list[Span]:
    """Return where the items of an impression stand in `text`: its sentences, list numbers left out.

    The sentences are those that ROUGE-Lsum is made of, found again by their characters but for white space, which
    splitting may change. A text without a word has none.
    """
    places = [place for place, character in enumerate(text) if not character.isspace()]
    squeezed = "".join(text[place] for place in places)
    found: list[Span] = []
    cursor = 0
    for sentence in split_sentences(text):
        wanted = "".join(sentence.split())
        start = squeezed.find(wanted, cursor)
        if start < 0:  # cannot be: sentences are made of the text's own characters in order
            return [(0, len(text))]
        cursor = start + len(wanted)
        span = (places[start], places[cursor - 1] + 1)
        number = _NUMBER.match(text, *span)
        found.append((number.end() if number else span[0], span[1]))
    return found


def pieces(
    text: str, span: Span, differing: Iterable[Span] = (), flagged: Mapping[str, Sequence[Span]] | None = None
) -> list[Piece]:
    """Return the characters of `span` in pieces: cut wherever a mark begins or ends. Places outside mark nothing."""
    start, end = span
    marks: list[tuple[Span, str]] = [(place, "") for place in differing]
    marks += [(place, name) for name, places in (flagged or {}).items() for place in places]
    inside = [((max(a, start), min(b, end)), name) for (a, b), name in marks if a < end and b > start and a < b]
    cuts = sorted({start, end, *(cut for place, _ in inside for cut in place)})
    found = []
    for left, right in pairwise(cuts):
        names = [name for (a, b), name in inside if a <= left and right <= b]
        found.append(Piece(text[left:right], "" in names, tuple(dict.fromkeys(name for name in names if name))))
    return found
