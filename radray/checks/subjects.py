"""What a number of a text belongs to: the words beside a measurement, a grade or a level, with sides and places."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from radray.checks.spans import sentence_spans
from radray.language.lexicon.attributes import SIDES
from radray.language.lexicon.concept import words_of
from radray.language.lexicon.cues import DENIALS, WELL, words

_WORDS = words_of("subjects.toml")
_SAME: dict[str, tuple[str, ...]] = {
    word: tuple(meaning.split()) for meaning, alike in _WORDS["meanings"].items() for word in alike
}
"""Words of reports with the words that they mean, so that "renal calculus" shares both with "stone of the kidney"."""

_LOBES = {
    "lingula": ("left", "middle"),
    "lingular": ("left", "middle"),
    "rul": ("right", "upper"),
    "rml": ("right", "middle"),
    "rll": ("right", "lower"),
    "lul": ("left", "upper"),
    "lll": ("left", "lower"),
}
_GROUPS: dict[str, tuple[str, str]] = {
    word: (group, name) for group, names in _WORDS["places"].items() for name, alike in names.items() for word in alike
}
"""Places of which two in a group exclude each other: a nodule of an upper lobe is none of a lower lobe."""
_SIDES: dict[str, tuple[str, ...]] = {
    **{word: tuple(sorted(sides)) for word, sides in SIDES.items() if word not in _GROUPS and word not in _LOBES},
    **{"l": ("left",), "r": ("right",)},
}
_NAMING = frozenset({"organ", "aorta"})
"""Groups whose places name a thing: an ascending aorta, and not an upper part of something."""
KNOWN = frozenset(word for meaning in _SAME.values() for word in meaning) - {"lesion"}
"""Words of which it is known that they mean different things; "lesion" may be any."""
OF_A_KIND = frozenset(_WORDS["words"]["of_a_kind"])
"""Words of which a report may have many, and which therefore do not say which one a number belongs to."""
ORGANS = frozenset(word for word, (group, _) in _GROUPS.items() if group == "organ") - {"lung"}
"""Organs that have a size of their own, which is no size of a lesion in them."""

_EMPTY = frozenset(_WORDS["words"]["of_any"])
"""Words that accompany any finding, or a number of any, and so do not say which it is."""
_PREPOSITIONS = words("in of at within from along on over involving through throughout near adjacent beside into")
_VERBS = words("is are was were has have measures measure measuring measured contains containing shows there it and")
_SEPARATOR = re.compile(r"[;,()]|\b(?:and|with|while|whereas|but|plus|versus|despite)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_SPACES = re.compile(r"\s*+")
_NORMAL = re.compile(rf"\b(?:{'|'.join(sorted(WELL))})\b", re.IGNORECASE)
_ENDED = frozenset({"ss", "is", "us"})


class Subject(NamedTuple):
    """What the number at one place of a text belongs to."""

    head: frozenset[str]
    """The words that name it: "nodule" in "8 mm nodule in the right kidney"."""
    beside: frozenset[str]
    """The words after a preposition: where it is, "kidney"."""
    places: frozenset[tuple[str, str]]
    """Sides and places, each with its group: ("side", "right"), ("height", "upper")."""
    denied: frozenset[str]
    """Those of the words that stand after "no" or "without" in their phrase."""
    normal: bool
    """Whether its part of the sentence calls something normal, intact or clear."""
    start: int
    end: int
    """The characters of its part of the sentence."""


def conflict(first: Subject, second: Subject, among: frozenset[str] | None = None) -> bool:
    """Return whether two subjects exclude each other by a place that both state: side, lobe, organ or another.

    `among` names the groups of places that are compared; all by default.
    """
    groups = {group for group, _ in first.places} & {group for group, _ in second.places}
    if among is not None:
        groups &= among
    return any(
        {name for other, name in first.places if other == group}.isdisjoint(
            name for other, name in second.places if other == group
        )
        for group in groups
    )


def shared(first: Subject, second: Subject) -> int:
    """Return how many naming words two subjects share."""
    return len(first.head & second.head)


def subjects(text: str, spans: Sequence[tuple[int, int]]) -> list[Subject]:
    """Return the subject of each of `spans`, places of numbers in `text` in order; [] for none.

    A sentence with several numbers is cut between them at commas and joining words; where these leave open to which of
    two a word belongs, it belongs to neither. A part without a noun ("and 2.0 cm on the left", "It measures 4 mm") has
    those of the part before it.
    """
    bound: list[Subject] = []
    sentences = sentence_spans(text)
    at = 0
    before: Subject | None = None
    for number, (start, end) in enumerate(sentences):
        inside = []
        while at < len(spans) and spans[at][0] < end:
            inside.append(spans[at])
            at += 1
        if not inside:
            continue
        first = start
        for index, span in enumerate(inside):
            last, following = _cut(text, span[1], inside[index + 1][0]) if index + 1 < len(inside) else (end, end)
            if index + 1 == len(inside):
                stop = text.find(";", span[1], end)
                last = stop if stop >= 0 else end
            subject = _read(text, first, last, span, inside)
            if not subject.head:
                earlier = before if index else _previous(text, sentences, number)
                subject = _inherit(subject, earlier) if earlier else subject
            bound.append(subject)
            before = subject
            first = following
        bound[-len(inside) :] = _with_common_side(bound[-len(inside) :])
    return bound


def _with_common_side(parts: list[Subject]) -> list[Subject]:
    """Return the parts of a sentence, those without a side with the only one that the others have."""
    sides = {place for part in parts for place in part.places if place[0] == "side"}
    if len(sides) != 1 or len(parts) == 1:
        return parts
    return [part._replace(places=part.places | sides) for part in parts]


def sides_between(text: str, start: int, end: int) -> frozenset[str]:
    """Return the sides that `text` names from `start` to `end`: "left", "right", both or none."""
    return frozenset(name for group, name in _read_phrase(text, start, end, ())[2] if group == "side")


def _cut(text: str, end: int, start: int) -> tuple[int, int]:
    """Return where the part of a number that ends at `end` ends, and where that of the next, at `start`, begins."""
    separators = list(_SEPARATOR.finditer(text, end, start))
    if len(separators) > 1 and not text[separators[-1].end() : start].strip():
        separators.pop()  # "left lower lobe (7 mm)", "left lower lobe, 7 mm"
    if separators:
        return separators[0].start(), separators[-1].end()
    return start, end


def _previous(text: str, sentences: Sequence[tuple[int, int]], number: int) -> Subject | None:
    if not number:
        return None
    start, end = sentences[number - 1]
    return _read(text, start, end, (end, end), ())


def _inherit(subject: Subject, earlier: Subject) -> Subject:
    groups = {group for group, _ in subject.places}
    places = subject.places | {place for place in earlier.places if place[0] not in groups}
    return subject._replace(head=earlier.head, beside=subject.beside | earlier.beside, places=places)


def _read(text: str, start: int, end: int, number: tuple[int, int], numbers: Sequence[tuple[int, int]]) -> Subject:
    """Return the subject of the `number` in the part `start` to `end`: named in its own phrase, else the nearest one.

    The words of the other phrases of the part stand beside it; a place in any of them is its own.
    """
    phrases = [(start, end)]
    for separator in _SEPARATOR.finditer(text, start, end):
        phrases[-1:] = [(phrases[-1][0], separator.start()), (separator.end(), end)]
    own = next((at for at, (first, last) in enumerate(phrases) if first <= number[0] <= last), 0)
    read = [_read_phrase(text, first, last, numbers) for first, last in phrases]
    order = sorted(range(len(read)), key=lambda at: (at != own, at > own, abs(at - own)))
    head = next((read[at][0] for at in order if read[at][0]), frozenset[str]())
    return Subject(
        head,
        frozenset[str]().union(*(words for names, beside, *_ in read for words in (names, beside))) - head,
        frozenset[tuple[str, str]]().union(*(places for _, _, places, _ in read)),
        frozenset[str]().union(*(denied for *_, denied in read)),
        _NORMAL.search(text, start, end) is not None,
        start,
        end,
    )


def _read_phrase(
    text: str, start: int, end: int, numbers: Sequence[tuple[int, int]]
) -> tuple[frozenset[str], frozenset[str], frozenset[tuple[str, str]], frozenset[str]]:
    """Return the words that name something, those after a preposition, the places and the denied words of a phrase."""
    head: set[str] = set()
    beside: set[str] = set()
    places: set[tuple[str, str]] = set()
    denied: set[str] = set()
    under = no = False
    begins = [first for first, _ in numbers]
    ends = list(accumulate((last for _, last in numbers), max))
    tokens: list[re.Match[str]] = []
    ordinals: list[int] = []  # of each token, the numbers that begin before it or at it
    for token in _WORD.finditer(text, start, end):
        ordinal = bisect_right(begins, token.start())
        if not ordinal or token.start() >= ends[ordinal - 1]:
            tokens.append(token)
            ordinals.append(ordinal)
    for index, token in enumerate(tokens):
        if index and ordinals[index - 1] < ordinals[index]:
            under = False
        word = token[0].lower()
        following = tokens[index + 1][0].lower() if index + 1 < len(tokens) else ""
        if word in _LOBES:
            side, height = _LOBES[word]
            places |= {("side", side), ("height", height)}
        elif word in _SIDES:
            if (len(word) > 1 or token[0].isupper()) and following not in ("to", "ward"):
                places |= {("side", side) for side in _SIDES[word]}
        else:
            of_number = word == "of" and bool(ends) and _follows(text, ends[-1], token.start())
            under = (word in _PREPOSITIONS and not of_number) or (under and word not in _VERBS)
            no = no or word in DENIALS
            for plain in normal_words(word):
                group = _GROUPS.get(plain)
                if group is not None:
                    places.add(group)
                if (group is None or group[0] in _NAMING) and plain not in _EMPTY and not plain[-1].isdigit():
                    (beside if under else head).add(plain)
                    if no:
                        denied.add(plain)
    return frozenset(head), frozenset(beside), frozenset(places), frozenset(denied)


def _follows(text: str, end: int, at: int) -> bool:
    """Return whether `at` lies before `end`, or after it with nothing but white space between."""
    return end >= at or _SPACES.fullmatch(text, end, at) is not None


@lru_cache(maxsize=4096)
def normal_words(word: str) -> tuple[str, ...]:
    """Return the words that the lower-case `word` stands for: singular, American, and one for synonyms."""
    if word in _EMPTY:
        return (word,)
    plain = word.replace("ae", "e").replace("oe", "e")
    for form in (word, plain, *_singular(plain)):
        if form in _SAME:
            return _SAME[form]
    return (next(iter(_singular(plain)), plain),)


def _singular(word: str) -> tuple[str, ...]:
    if len(word) < 4 or not word.endswith("s") or word[-2:] in _ENDED:
        return ()
    if word.endswith("ies"):
        return (f"{word[:-3]}y",)
    return (word[:-1], word[:-2]) if word.endswith(("ses", "xes", "shes", "ches")) else (word[:-1],)
