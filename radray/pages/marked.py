"""Report texts cut into marked pieces: words that differ, and places that a check gives as its evidence."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from radray.language.sentences import split_sentences

Span = tuple[int, int]

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\(?\d{1,2}[.)]\s*(?=\D)")
"""A list number at the start of an item: the page numbers the items itself."""
_PLACE = re.compile(r"(\w+):(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters that carry the same marks."""

    text: str
    differs: bool
    flags: tuple[str, ...]
    """Classes of checks whose evidence covers this place."""


def different_words(text: str, other: str) -> list[Span]:
    """Return the spans of words of `text` that `other` lacks in this order, ignoring case and punctuation."""
    spans = [match.span() for match in _WORD.finditer(text)]
    words = [text[start:end].casefold() for start, end in spans]
    others = [word.casefold() for word in _WORD.findall(other)]
    matched: set[int] = set()
    for block in SequenceMatcher(None, words, others, autojunk=False).get_matching_blocks():
        matched.update(range(block.a, block.a + block.size))
    return joined(text, [span for place, span in enumerate(spans) if place not in matched])


def joined(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return `spans` of words, in order, joined where only space and punctuation lie between them."""
    stretches: list[Span] = []
    for start, end in spans:
        if stretches and not _WORD.search(text, stretches[-1][1], start):
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
    return stretches


def evidence_places(evidence: str | None, form: str) -> dict[str, list[Span]]:
    """Return the places in `form` (impression, findings, background) that the column `evidence` names, by class."""
    by_class: dict[str, list[Span]] = {}
    for hit in (evidence or "").split("; "):
        name, _, places = hit.partition(" ")
        for named, start, end in _PLACE.findall(places):
            if named == form:
                by_class.setdefault(name, []).append((int(start), int(end)))
    return by_class


def items_of(text: str) -> list[Span]:
    """Return the spans of the items of an impression `text`: its sentences, without list numbers.

    The sentences are those of ROUGE-Lsum, located by their characters without white space, which splitting may
    change. [] for a text without a word.
    """
    places = [place for place, character in enumerate(text) if not character.isspace()]
    squeezed = "".join(text[place] for place in places)
    spans: list[Span] = []
    cursor = 0
    for sentence in split_sentences(text):
        wanted = "".join(sentence.split())
        start = squeezed.find(wanted, cursor)
        if start < 0:  # cannot happen: sentences consist of the text's own characters, in order
            return [(0, len(text))]
        cursor = start + len(wanted)
        span = (places[start], places[cursor - 1] + 1)
        number = _NUMBER.match(text, *span)
        spans.append((number.end() if number else span[0], span[1]))
    return spans


def pieces(
    text: str, span: Span, differing: Iterable[Span] = (), flagged: Mapping[str, Sequence[Span]] | None = None
) -> list[Piece]:
    """Return the characters of `span` in pieces, cut wherever a mark begins or ends; places outside are ignored."""
    start, end = span
    marks: list[tuple[Span, str]] = [(place, "") for place in differing]
    marks += [(place, name) for name, places in (flagged or {}).items() for place in places]
    inside = [((max(a, start), min(b, end)), name) for (a, b), name in marks if a < end and b > start and a < b]
    cuts = sorted({start, end, *(edge for place, _ in inside for edge in place)})
    result = []
    for left, right in pairwise(cuts):
        names = [name for (a, b), name in inside if a <= left and right <= b]
        result.append(Piece(text[left:right], "" in names, tuple(dict.fromkeys(name for name in names if name))))
    return result
