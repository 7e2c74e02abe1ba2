"""Side conflicts: what the impression puts on one side and its input on the other, by concept and by words."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from radray.checks.context import VAGUE, ReportContext, akin, is_current, place, related, sides_meet
from radray.checks.spans import BACKGROUND, FINDINGS, IMPRESSION, Hit, Place
from radray.language.mentions import Mention, State


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEFT, _RIGHT, _BOTH = "left", "right", "both"
_OTHER = {_LEFT: _RIGHT, _RIGHT: _LEFT}
_SIDES = {
    **dict.fromkeys(["left", "lt", "left-sided", "leftward", "lul", "lll", "lingula", "lingular"], _LEFT),
    **dict.fromkeys(["right", "rt", "right-sided", "rightward", "rul", "rml", "rll"], _RIGHT),
    **dict.fromkeys(
        [
            "bilateral",
            "bilaterally",
            "both",
            "either",
            "bibasilar",
            "bibasal",
            "biapical",
            "bihilar",
            "diffuse",
            "diffusely",
        ],
        _BOTH,
    ),
}
_LETTERS = {"L": "left", "R": "right"}
"""Letters that stand for a side, only as capitals; "L4" is another word."""
_PLACES = {
    "lul": ("upper", "lobe"),
    "lll": ("lower", "lobe"),
    "rul": ("upper", "lobe"),
    "rml": ("middle", "lobe"),
    "rll": ("lower", "lobe"),
    "bibasilar": ("base",),
    "bibasal": ("base",),
    "biapical": ("apex",),
    "bihilar": ("hilum",),
    "lingula": ("lingula",),
    "lingular": ("lingula",),
}
"""The location that a word of a side implies."""
_SAME_WORD = {
    "apical": "apex",
    "apices": "apex",
    "basilar": "base",
    "basal": "base",
    "hilar": "hilum",
    "hila": "hilum",
    "perihilar": "hilum",
    "suprahilar": "hilum",
    "infrahilar": "hilum",
}
# Words that accompany any finding and so do not distinguish one from another.
_EMPTY = _words(
    "the a an of in on at to is are was were be been with and or for from by as that this which there has have had"
    " may might could can no not without than seen noted identified most likely probably possibly consistent"
    " compatible due given again stable unchanged new mild moderate small large minimal severe slight slightly mildly"
    " area region side sided appears appear represent represents representing suggesting suggestive suggest some"
    " within into near over more less greater worse lesser it its also which interval increased decreased improved"
    " change changes acute chronic lung lungs"
)
_NEGATIONS = frozenset({"no", "not", "without", "negative", "absent", "never", "neither", "nor"})
_JOINS = frozenset({"and", "with", "or", "versus", "but", "while"})
_WORD = re.compile(r"[a-z0-9]+(?:[-/'][a-z]+)*|[,;:.!?\n()]", re.IGNORECASE)
_MAY_HOLD = re.compile(r"\b(?:left|right|[lr]t\b|[lr][ulm]l\b|lingul)|(?-i:\b[LR]\b)", re.IGNORECASE)
_MOST = 64
"""Words of a side that are read in one text: no report has more, and each is compared with each."""


class SideWord(NamedTuple):
    """A word of a side, with the words of its clause."""

    side: str
    negated: bool
    beside: frozenset[str]
    start: int
    end: int


def find_side_conflicts(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> list[Hit]:
    """Return what `impression` puts on one side and findings and background only on the other; [] for none.

    By concept: there are mentions of the concept, its parents or its children, and all are on the other side. By words,
    whatever the concept: the words beside "left" are in the findings beside "right" and not beside "left" or
    "bilateral", or more of them are, at least two; or the findings know only "right" and nothing knows "left".
    Bilateral counts as each side. A side where the findings state none is no conflict (see Tier B, location).
    """
    if _MAY_HOLD.search(impression) is None:
        return []
    hits: list[Hit] = []
    for mention in mentions:
        if len(mention.sides) != 1 or not is_current(mention) or mention.concept in VAGUE:
            continue
        kin = [
            (form, other)
            for form, other in context.mentions()
            if related(other.concept, mention.concept) and other.state is not State.ABSENT
        ]
        if kin and not any(sides_meet(other, mention) for _, other in kin):
            form, nearest = next((pair for pair in kin if pair[1].concept == mention.concept), kin[0])
            hits.append((place(mention), place(nearest, form)))
    return hits or list(_by_words(impression, mentions, context))


def _by_words(impression: str, mentions: tuple[Mention, ...], context: ReportContext) -> Iterator[Hit]:
    in_findings = [(FINDINGS, word) for word in find_sides(context.findings)]
    in_background = [(BACKGROUND, word) for word in find_sides(context.background)]
    sides = {word.side for _, word in (*in_findings, *in_background)}
    for word in find_sides(impression):
        if word.side == _BOTH or word.negated:
            continue
        against = [
            (len(word.beside & other.beside), form, other)
            for form, other in in_findings
            if other.side == _OTHER[word.side] and not other.negated
        ]
        if not against:
            continue
        shared, form, nearest = max(against, key=lambda pair: pair[0])
        agreeing = max(
            (
                len(word.beside & other.beside)
                for _, other in (*in_findings, *in_background)
                if other.side != nearest.side
            ),
            default=0,
        )
        named = (shared >= 1 and agreeing == 0) or (shared >= 2 and agreeing < shared)
        if named or (sides == {nearest.side} and _has_kin(word.side, mentions, context)):
            yield Place(IMPRESSION, word.start, word.end), Place(form, nearest.start, nearest.end)


def _has_kin(side: str, mentions: tuple[Mention, ...], context: ReportContext) -> bool:
    """Return whether a finding of the impression on `side` is akin to one of the findings on the other side."""
    return any(
        akin(mention.concept, other.concept) and is_current(mention) and is_current(other)
        for mention in mentions
        if mention.sides == {side}
        for other in context.in_findings
        if other.sides == {_OTHER[side]}
    )


@lru_cache(maxsize=256)
def find_sides(text: str) -> tuple[SideWord, ...]:
    """Return the words of a side in `text`, at most `_MOST`; "worse than left" and "shifted to the left" do not count.

    The words beside a side are those of its clause, between stops and commas, and between "and"s where sides differ.
    """
    if _MAY_HOLD.search(text) is None and "bi" not in text and "both" not in text:
        return ()
    sides: list[SideWord] = []
    clause: list[tuple[str, int]] = []
    for match in _WORD.finditer(text):
        word = _LETTERS.get(match[0]) or match[0].lower()
        if word[0].isalnum():
            clause.append((word, match.start()))
            continue
        sides += _read(clause)
        clause = []
        if len(sides) >= _MOST:
            break
    return tuple([*sides, *_read(clause)][:_MOST])


def _read(clause: list[tuple[str, int]]) -> list[SideWord]:
    sides = {_SIDES[word] for word, _ in clause if word in _SIDES}
    if not sides:
        return []
    parts: list[list[tuple[str, int]]] = [[]]
    for word, start in clause:
        if len(sides) > 1 and word in _JOINS:
            parts.append([])
        else:
            parts[-1].append((word, start))
    return [side_word for part in parts for side_word in _read_part(part)]


def _read_part(part: list[tuple[str, int]]) -> Iterator[SideWord]:
    words = [word for word, _ in part]
    if not any(word in _SIDES for word in words):
        return
    beside = frozenset(_plain(word) for word in words if word not in _EMPTY and word not in _SIDES)
    for index, (word, start) in enumerate(part):
        if word not in _SIDES or _is_compared(words, index):
            continue
        negated = not _NEGATIONS.isdisjoint(words[:index])
        yield SideWord(_SIDES[word], negated, beside.union(_PLACES.get(word, ())), start, start + len(word))


def _is_compared(words: list[str], index: int) -> bool:
    """Return whether the side at `index` is only one that another is compared with or moved towards."""
    before, after = words[max(0, index - 2) : index], words[index + 1 : index + 2]
    if after and after[0] in ("greater", "worse", "more", "less", "larger", "lesser"):
        return True
    return bool(before) and (before[-1] in ("than", "to") or before == ["to", "the"] or before == ["than", "the"])


def _plain(word: str) -> str:
    word = _SAME_WORD.get(word, word)
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "is")):
        return word[:-1]
    return word
